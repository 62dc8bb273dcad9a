"""A reader written from PROTOCOL.md alone, against the real broker: it loses events, and still has every one."""

import decimal
import os
import sys
import unittest

try:
    import msgpack
    import zmq  # pylint: disable=unused-import
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

import document
from hbus_peer import Peer, Refused, new_order_id
from hbus_reader import HEARTBEAT, Notice, Reader, State
from programs import Programs, await_link, until

EXCHANGE = "binance"
MARKET = "BTC-USDT"
HERE = {"exchange": EXCHANGE, "market": MARKET}
TICKER = f"market_data/ticker/{EXCHANGE}/{MARKET}/"
WAIT_S = 30
LINGER_MS = 50
SETTINGS = f"""\
events: {{ heartbeat_ms: 50, linger_ms: {LINGER_MS}, slow_events: 3, publish_per_second: 0, repair_per_second: 0 }}
"""

programs = None


def setUpModule():
    global programs
    programs = start(SETTINGS)


def tearDownModule():
    status = programs.stop()
    assert status == 0, f"hbusd ended with {status}"


def start(settings, **options):
    started = Programs(os.environ["HBUS_BIN_DIR"], settings=settings, ipc=True, **options)
    peer = Peer("setup", **started.endpoints)
    await_link(peer)
    peer.close()
    return started


class Lossy(Reader):
    """A reader that throws away some of what it receives, as a queue does that is full. It says which."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.loses = lambda topic, event: False
        self.lost = []  # (topic, seq)

    def _receive(self, timeout_ms):
        message = super()._receive(timeout_ms)
        while message is not None and self.loses(*message):
            self.lost.append((message[0], message[1]["seq"]))
            message = super()._receive(timeout_ms)
        return message


class Busy(Reader):
    """A reader to whose stream something happens before and after each of its questions."""

    def __init__(self, *arguments, happen, **options):
        super().__init__(*arguments, **options)
        self._happen = happen

    def _ask(self, cmd, **arguments):
        self._happen()
        reply = super()._ask(cmd, **arguments)
        self._happen()
        return reply


class ReaderTest(unittest.TestCase):
    def setUp(self):
        self.programs = programs
        self.peer = self.make_peer(self.id()[-64:])

    def make_peer(self, name):
        peer = Peer(name, timeout_ms=WAIT_S * 1000, **self.programs.endpoints)
        self.addCleanup(peer.close)
        peer.hello()
        return peer

    def make_reader(self, stream, *prefixes, kind=Lossy, **options):
        """A reader, and the peer that asks its questions: another than the one that the test acts with."""
        peer = self.make_peer(f"reader of {self.id()[-50:]}")
        reader = kind(peer, stream, self.programs.endpoints[stream], *prefixes, **options)
        self.addCleanup(reader.close)
        return reader

    def signal(self, name, data):
        return self.peer.call("publish", name=name, data=data)["seen"]

    def topic(self, name):
        return f"strategy_update/{self.peer.name}/{name}/"

    def read_until(self, reader, is_last):
        """All news up to the one that is the last."""
        news = []

        def has_come():
            item = reader.next(50)
            news.extend([item] if item else [])
            return item is not None and is_last(item)

        until(has_come, lambda: f"the news, after {len(news)}, the last of them {news[-3:]}")
        return news

    def read_events(self, reader, topic, last):
        """The events and notices of this topic up to the event of that number."""
        news = self.read_until(reader, lambda item: isinstance(item, dict) and item["topic"] == topic
                               and item["seq"] >= last)
        return ([item for item in news if isinstance(item, dict) and item["topic"] == topic],
                [item for item in news if isinstance(item, Notice) and item.topic == topic])

    def assert_whole(self, events, first):
        self.assertEqual([event["seq"] for event in events], list(range(first, first + len(events))))


class Joining(ReaderTest):
    def test_a_private_reader_joins_between_events(self):
        told = []
        name = "joining"

        def happen():
            told.append(self.signal(name, len(told) + 1)["seq"])

        happen()
        reader = self.make_reader("private", self.topic(name), kind=Busy, happen=happen)
        reader.join()
        happen()
        state = reader.next()
        self.assertIsInstance(state, State)
        base = state.stamps("private")[self.topic(name)]
        self.assertGreater(base, 1)
        self.assertGreater(told[-1], base + 1)
        events, notices = self.read_events(reader, self.topic(name), told[-1])
        self.assert_whole(events, base + 1)
        self.assertEqual([event["data"]["data"] for event in events], [event["seq"] for event in events])
        self.assertTrue(all(notice.kind == "repaired" for notice in notices), notices)

    def test_a_market_reader_joins_between_events(self):
        witness = self.make_reader("market", TICKER)
        witness.join(state=False)
        first = self.read_until(witness, lambda item: isinstance(item, dict))[-1]
        reader = self.make_reader("market", TICKER)
        reader.join(**HERE)
        state = reader.next()
        base = state.stamps("market")[TICKER]
        self.assertGreaterEqual(base, first["seq"])
        self.assertEqual(state.last("ticker")["seq"], base)
        events, _ = self.read_events(reader, TICKER, base + 5)
        self.assert_whole(events, base + 1)
        witnessed, _ = self.read_events(witness, TICKER, base + 5)
        seen = {event["seq"]: event for event in (first, *witnessed)}
        self.assertEqual(events, [seen[event["seq"]] for event in events])
        self.assertEqual({**state.last("ticker"), "topic": TICKER}, seen[base])

    def test_a_private_state_has_the_orders_of_every_page(self):
        await_link(self.peer)
        orders = [self.peer.create_order(new_order_id(), side="buy", order_type="limit", amount="0.0100",
                                         price=self.price_far_below(), **HERE)["data"] for _ in range(3)]
        reader = self.make_reader("private", "order_update/")
        reader.join()
        state = reader.next()
        self.assertEqual(state.orders_hash(), state.pages[0]["orders_hash"])
        listed = {order["order_id"]: order["rev"] for order in state.all("orders")}
        self.assertEqual({order["order_id"]: listed.get(order["order_id"]) for order in orders},
                         {order["order_id"]: order["rev"] for order in orders})
        self.peer.cancel_all()
        ends = set()

        def all_have_ended():
            event = reader.next(50)
            if isinstance(event, dict) and event["data"]["status"] == "cancelled":
                self.assertGreater(event["rev"], listed[event["data"]["order_id"]])
                ends.add(event["data"]["order_id"])
            return ends == {order["order_id"] for order in orders}

        until(all_have_ended, "the end of each order of the state")

    def price_far_below(self):
        bid = decimal.Decimal(self.peer.call("get_ticker", **HERE)["data"]["bid"])
        return (bid * decimal.Decimal("0.9")).quantize(bid)


    def test_the_hash_of_orders_is_that_of_the_document(self):
        expected, text = document.orders_hash()
        keys = ("owner", "client_order_id", "exchange", "market", "order_id", "rev", "status", "filled")
        order = dict(zip(keys, text.split("\n")))
        self.assertEqual(State([{"orders": [order]}]).orders_hash(), expected)
        self.assertNotEqual(State([{"orders": [order, order]}]).orders_hash(), expected)


class Repairing(ReaderTest):
    def joined(self, stream, topic, **options):
        reader = self.make_reader(stream, topic, **options)
        reader.join(state=False)
        return reader

    def test_a_gap_of_the_market_stream_is_repaired(self):
        reader = self.joined("market", TICKER)
        first = self.read_until(reader, lambda item: isinstance(item, dict))[-1]["seq"]
        reader.loses = lambda topic, event: topic == TICKER and event["seq"] in (first + 2, first + 3, first + 5)
        events, notices = self.read_events(reader, TICKER, first + 7)
        self.assert_whole(events, first + 1)
        # The last one may have been repaired together with the others, before it came by itself.
        self.assertIn([seq for _, seq in reader.lost], ([first + 2, first + 3], [first + 2, first + 3, first + 5]))
        repaired = [seq for notice in notices for seq in range(notice.first, notice.last + 1)]
        self.assertTrue({first + 2, first + 3, first + 5} <= set(repaired), notices)
        self.assertEqual({notice.kind for notice in notices}, {"repaired"})
        times = [event["tx"] for event in events]
        self.assertEqual(times, sorted(times))

    def test_a_gap_of_the_private_stream_is_repaired(self):
        topic = self.topic("gap")
        reader = self.joined("private", topic)
        reader.loses = lambda name, event: name == topic and event["seq"] in (1, 3)
        for number in range(1, 5):
            self.signal("gap", {"number": number})
        events, _ = self.read_events(reader, topic, 4)
        self.assert_whole(events, 1)
        self.assertEqual([event["data"]["data"]["number"] for event in events], [1, 2, 3, 4])
        self.assertEqual(reader.lost, [(topic, 1), (topic, 3)])

    def test_fills_and_states_of_an_order_come_through_a_lossy_queue(self):
        reader = self.make_reader("private", "order_update/", "trade_update/")
        reader.join(state=False)
        reader.loses = lambda topic, event: topic != HEARTBEAT
        client_order_id = new_order_id()
        self.peer.create_order(client_order_id, side="buy", order_type="market", amount="3", **HERE)
        news = self.read_until(reader, lambda item: isinstance(item, dict) and item["kind"] == "order_update"
                               and item["data"]["status"] == "filled"
                               and item["client_order_id"] == client_order_id)
        self.assertTrue(reader.lost)
        revs = [item["rev"] for item in news if isinstance(item, dict) and item["kind"] == "order_update"
                and item["client_order_id"] == client_order_id]
        self.assertEqual(revs, sorted(set(revs)))

    def test_a_lost_tail_is_found_by_the_heartbeat(self):
        topic = self.topic("tail")
        reader = self.joined("private", topic)
        reader.loses = lambda name, event: name == topic
        for number in (1, 2, 3):
            self.signal("tail", number)
        events, notices = self.read_events(reader, topic, 3)
        self.assert_whole(events, 1)
        self.assertEqual(reader.lost, [(topic, 1), (topic, 2), (topic, 3)])
        self.assertEqual(notices, [])  # it comes behind what it speaks of
        self.assertEqual(reader.next().kind, "repaired")

    def test_a_tail_that_is_lost_with_its_heartbeat_is_found(self):
        topic = self.topic("beat")
        reader = self.joined("private", topic)
        named = []

        def loses(name, event):
            if name == HEARTBEAT and topic in dict(event["data"]["topics"]):
                named.append(event["seq"])
                return True
            return name == topic

        reader.loses = loses
        self.signal("beat", "unheard")
        events, _ = self.read_events(reader, topic, 1)
        self.assert_whole(events, 1)
        self.assertEqual(reader.lost, [(topic, 1), (HEARTBEAT, named[0])])

    def test_silence_is_noticed_and_its_events_come(self):
        topic = self.topic("silence")
        reader = self.joined("private", topic)
        reader.loses = lambda name, event: True
        self.assertEqual(self.read_until(reader, lambda item: isinstance(item, Notice))[-1].kind, "silent")
        self.signal("silence", 1)
        reader.loses = lambda name, event: name == topic
        news = self.read_until(reader, lambda item: isinstance(item, dict))
        self.assertEqual(news[0].kind, "back")
        self.assertEqual((news[-1]["topic"], news[-1]["seq"]), (topic, 1))

    def test_what_a_reply_names_is_shown_before_one_acts(self):
        topic = self.topic("seen")
        reader = self.joined("private", topic)
        seen = self.signal("seen", 1)
        self.assertFalse(reader.has_shown(seen))
        self.read_events(reader, topic, 1)
        self.assertTrue(reader.has_shown(seen))

    def test_who_is_behind_is_called_slow_until_it_is_not(self):
        topic = self.topic("slow")
        reader = self.joined("private", topic, kind=Reader)
        watcher = self.joined("private", "system/slow/")
        self.signal("slow", 1)
        self.read_events(reader, topic, 1)
        for number in (2, 3, 4, 5):
            last = self.signal("slow", number)
        self.peer.call("ping", acks=reader.acks())
        event = self.read_until(watcher, lambda item: isinstance(item, dict))[-1]["data"]
        self.assertEqual((event["name"], event["stream"], event["topic"], event["lag"]),
                         (self.peer.name, "private", topic, 4))
        self.assertIn(self.peer.name, [slow["name"] for slow in self.peer.call("status")["data"]["slow"]])
        self.read_events(reader, topic, last["seq"])
        self.peer.call("ping", acks=reader.acks())
        event = self.read_until(watcher, lambda item: isinstance(item, dict))[-1]["data"]
        self.assertEqual((event["name"], event["lag"]), (self.peer.name, 0))
        self.assertEqual(self.peer.call("status")["data"]["slow"], [])


class Crash(ReaderTest):
    def test_both_streams_go_on_after_kill_9(self):
        topic = self.topic("crash")
        private = self.make_reader("private", topic)
        private.join(state=False)
        market = self.make_reader("market", TICKER)
        market.join(state=False)
        self.read_until(market, lambda item: isinstance(item, dict))
        self.signal("crash", 1)
        self.read_events(private, topic, 1)
        private.loses = lambda name, event: name == topic
        for number in (2, 3):
            self.signal("crash", number)
        epoch = self.peer.hello()["data"]["epoch"]
        programs.restart_broker()
        until(self.says_hello, "the broker again")
        self.signal("crash", 4)
        news = self.read_until(private, lambda item: isinstance(item, dict) and item["seq"] == 4)
        events = [item for item in news if isinstance(item, dict)]
        self.assert_whole(events, 2)
        self.assertEqual([event["data"]["data"] for event in events], [2, 3, 4])
        self.assertEqual([event["epoch"] > epoch for event in events], [False, False, True])
        self.assertIn(Notice("restarted"), news)
        news = self.read_until(market, lambda item: isinstance(item, dict) and item["epoch"] > epoch
                               and item["seq"] == 3)
        events = [item for item in news[news.index(Notice("restarted")):] if isinstance(item, dict)]
        self.assert_whole(events, 1)
        self.assertEqual({event["epoch"] for event in events}, {events[-1]["epoch"]})

    def says_hello(self):
        try:
            return self.peer.hello()
        except (ConnectionError, Refused):
            return None

    def test_an_epoch_that_has_ended_cannot_be_asked_for(self):
        epoch = self.peer.hello()["data"]["epoch"]
        with self.assertRaises(Refused) as caught:
            self.peer.call("replay", stream="market", topic=TICKER, epoch=epoch - 1, **{"from": 1, "to": 1})
        self.assertEqual(caught.exception.code, "EXPIRED")


class Signals(ReaderTest):
    def test_a_signal_reaches_another_peer_as_it_was(self):
        topic = self.topic("mood")
        reader = self.make_reader("private", topic)
        reader.join(state=False)
        data = {"level": 0.25, "nothing": None, "bytes": b"\x00\xff", "own": msgpack.ExtType(7, b"x"), "list": [-1, "é"]}
        seen = self.signal("mood", data)
        event = self.read_events(reader, topic, 1)[0][0]
        self.assertEqual((event["type"], event["kind"], event["owner"]),
                         ("STRATEGY_UPDATE", "strategy_update", self.peer.name))
        self.assertEqual(event["data"], {"name": "mood", "data": data})
        self.assertEqual(seen, {"stream": "private", "topic": topic, "epoch": event["epoch"], "seq": 1})

    def test_a_signal_without_a_hello_is_refused(self):
        stranger = Peer("stranger", timeout_ms=WAIT_S * 1000, **programs.endpoints)
        self.addCleanup(stranger.close)
        with self.assertRaises(Refused) as caught:
            stranger.call("publish", name="mood", data=1)
        self.assertEqual(caught.exception.code, "UNAUTHENTICATED")


class Demand(ReaderTest):
    BOOK = "market_data/order_book/coinbase/ETH-USD/"

    def subscriptions(self):
        return self.peer.call("status")["data"]["subscriptions"]

    def test_a_subscription_is_a_demand_as_long_as_it_lasts(self):
        wanted = {"channel": "order_book", "exchange": "coinbase", "market": "ETH-USD"}
        self.assertNotIn(wanted, self.subscriptions())
        reader = self.make_reader("market", self.BOOK)
        reader.join(state=False)
        event = self.read_until(reader, lambda item: isinstance(item, dict))[-1]
        self.assertEqual((event["kind"], event["topic"]), ("order_book_update", self.BOOK))
        self.assertIn(wanted, self.subscriptions())
        reader.close()
        until(lambda: wanted not in self.subscriptions(), "its end")

    def test_a_market_that_is_not_there_is_said_to_be_so(self):
        errors = self.make_reader("market", "error/hbusd/")
        errors.join(state=False)
        reader = self.make_reader("market", "market_data/ticker/coinbase/NO-SUCH/")
        reader.join(state=False)
        event = self.read_until(errors, lambda item: isinstance(item, dict) and item["data"].get("market") == "NO-SUCH")
        self.assertEqual((event[-1]["data"]["code"], event[-1]["data"]["exchange"]), ("UNKNOWN_MARKET", "coinbase"))
        with self.assertRaises(Refused) as caught:
            self.peer.call("snapshot", exchange="coinbase", market="NO-SUCH")
        self.assertEqual(caught.exception.code, "UNKNOWN_MARKET")


class Overrun(ReaderTest):
    """A broker with short queues, and no memory of market events."""

    @classmethod
    def setUpClass(cls):
        cls.own = start("events: { heartbeat_ms: 50, ring_mb: 0, publish_per_second: 0, repair_per_second: 0 }\n",
                        high_water_mark=1)
        cls.addClassCleanup(cls.own.stop)

    def setUp(self):
        self.programs = self.own
        self.peer = self.make_peer(self.id()[-64:])

    def test_what_overran_the_queues_is_repaired(self):
        topic = self.topic("flood")
        reader = self.make_reader("private", topic, kind=Reader, high_water_mark=1)
        reader.join(state=False)
        flood = 100
        for number in range(flood):  # 3 MB, of which the queues hold a few: nobody reads
            last = self.signal("flood", bytes([number]) * 32_000)
        events, notices = self.read_events(reader, topic, last["seq"])
        self.assert_whole(events, 1)
        self.assertEqual([event["data"]["data"][0] for event in events], list(range(flood)))
        self.assertTrue(notices or reader.next().kind == "repaired")

    def test_what_cannot_be_had_is_told_by_number(self):
        reader = self.make_reader("market", TICKER)
        reader.join(state=False)
        first = self.read_until(reader, lambda item: isinstance(item, dict))[-1]["seq"]
        reader.loses = lambda topic, event: topic == TICKER and event["seq"] in (first + 1, first + 2)
        news = self.read_until(reader, lambda item: isinstance(item, dict) and item["seq"] >= first + 4)
        notices = [item for item in news if isinstance(item, Notice) and item.topic]
        missing = {seq for notice in notices for seq in range(notice.first, notice.last + 1)}
        self.assertEqual({notice.kind for notice in notices}, {"lost"})
        shown = [item["seq"] for item in news if isinstance(item, dict)]
        self.assertEqual(sorted([*missing, *shown]), list(range(first + 1, shown[-1] + 1)))
        self.assertTrue({first + 1, first + 2} <= missing)


if __name__ == "__main__":
    unittest.main()
