"""A peer written from PROTOCOL.md alone, against the real broker and the simulated Hummingbot."""

import decimal
import itertools
import os
import re
import sys
import time
import unittest

try:
    import msgpack
    import zmq
except ImportError as missing:
    print(f"skipped: {missing}")
    sys.exit(77)

import document
from hbus_peer import OutcomeUnknown, Peer, Refused, new_order_id, newer
from programs import Programs, await_link, until

EXCHANGE = "binance"
MARKET = "BTC-USDT"
HERE = {"exchange": EXCHANGE, "market": MARKET}
UNANSWERED = "get_positions"  # the simulator never answers it
WAIT_S = 30
DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z")

programs = None
numbers = itertools.count(1)


def setUpModule():
    global programs
    programs = Programs(os.environ["HBUS_BIN_DIR"], "--fault", f"no-answer={UNANSWERED}")
    peer = Peer("setup", **programs.endpoints)
    try:
        await_link(peer)
    finally:
        peer.close()


def tearDownModule():
    status = programs.stop()
    assert status == 0, f"hbusd ended with {status}"


def new_id():
    return f"test-{next(numbers)}"


class PeerTest(unittest.TestCase):
    """A peer that has said hello, and the events that it has read."""

    def setUp(self):
        self.peer = Peer(self.id()[-64:], timeout_ms=WAIT_S * 1000, **programs.endpoints)
        self.addCleanup(self.peer.close)
        self.hello = self.peer.hello()["data"]
        self.events = []

    def await_event(self, wanted, what):
        """Reads events into self.events until one of them, also of those read before, is wanted."""
        for event in self.events:
            if wanted(event):
                return event
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            event = self.peer.next_event(1000)
            if event:
                self.assertIn(event["missed"], (None, 0), event)
                self.events.append(event)
                if wanted(event):
                    return event
        self.fail(f"{what}: no such event in {WAIT_S} s")

    def await_order(self, client_order_id, status):
        return self.await_event(lambda event: event["kind"] == "order_update" and event["data"]["status"] == status
                                and event.get("client_order_id") == client_order_id, f"{client_order_id} {status}")

    def follow_private(self):
        """Subscribes to all private events, and returns when that stands: a create that upstream refuses is told there."""
        self.peer.follow("private", "")

        def refused_create_is_told():
            self.refused("UNKNOWN_MARKET", "create_order", client_order_id=new_id(), exchange=EXCHANGE, market="NO-SUCH",
                         side="buy", order_type="market", amount="1")
            return self.peer.next_event(20)

        until(refused_create_is_told, "the private stream")

    def refused(self, code, cmd, **arguments):
        with self.assertRaises(Refused) as caught:
            self.peer.call(cmd, **arguments)
        self.assertEqual(caught.exception.code, code, caught.exception)
        return caught.exception.reply

    def price_far_below(self):
        bid = decimal.Decimal(self.peer.call("get_ticker", **HERE)["data"]["bid"])
        return (bid * decimal.Decimal("0.9")).quantize(bid)

    def resting_order(self):
        return {**HERE, "side": "buy", "order_type": "limit", "amount": decimal.Decimal("0.0100"),
                "price": self.price_far_below()}


class Reading(PeerTest):
    def test_hello_tells_name_time_and_version(self):
        self.assertEqual(self.hello["name"], self.peer.name)
        self.assertEqual(self.hello["protocol"], 1)
        self.assertLess(abs(self.hello["now"] - time.time_ns() // 1_000_000), 60_000)
        self.assertGreater(self.hello["epoch"], 0)
        self.assertGreaterEqual(self.peer.call("ping")["data"]["now"], self.hello["now"])

    def test_status_has_every_field(self):
        self.peer.call("subscribe", channel="trades", **HERE)
        status = self.peer.call("status")["data"]
        self.assertEqual(set(status), document.status_keys())
        self.assertEqual(status["epoch"], self.hello["epoch"])
        self.assertEqual(status["link"]["status"], "connected")
        self.assertLessEqual(status["link"]["since"], status["now"])
        self.assertGreaterEqual(status["peers"], 1)
        self.assertIn({"channel": "trades", **HERE}, status["subscriptions"])
        for key in ("uptime_ms", "orders", "commands"):
            self.assertIsInstance(status[key], int, key)
        self.assertTrue(status["counters"])
        self.assertTrue(all(isinstance(count, int) for count in status["counters"].values()))

    def test_order_book(self):
        book = self.peer.call("get_order_book", depth=5, **HERE)["data"]
        self.assertEqual((book["exchange"], book["market"]), (EXCHANGE, MARKET))
        for side, backwards in (("bids", True), ("asks", False)):
            self.assertTrue(1 <= len(book[side]) <= 5)
            prices = [decimal.Decimal(price) for price, _ in book[side]]
            self.assertEqual(prices, sorted(prices, reverse=backwards))
            self.assertTrue(all(DECIMAL.match(text) for level in book[side] for text in level))
        self.assertGreater(book["ts"], 1_500_000_000 * 10**9)

    def test_ticker(self):
        ticker = self.peer.call("get_ticker", **HERE)["data"]
        self.assertLess(decimal.Decimal(ticker["bid"]), decimal.Decimal(ticker["ask"]))
        self.assertTrue(all(DECIMAL.match(ticker[key]) for key in ("bid", "ask", "last", "volume")))

    def test_balances(self):
        balances = list(self.peer.pages("get_balances", exchange=EXCHANGE))
        self.assertGreater(len(balances), 1)
        for balance in balances:
            self.assertEqual(sorted(balance), ["asset", "available", "exchange", "total"])
            self.assertLessEqual(decimal.Decimal(balance["available"]), decimal.Decimal(balance["total"]))

    def test_unknown_market_is_refused(self):
        self.refused("UNKNOWN_MARKET", "get_ticker", exchange=EXCHANGE, market="NO-SUCH")
        self.refused("UNKNOWN_MARKET", "subscribe", channel="ticker", exchange=EXCHANGE, market="NO-SUCH")

    def test_market_data_is_numbered_without_gaps(self):
        self.peer.follow("market", "market_data/", f"trade_update/{EXCHANGE}/")
        for channel in ("order_book", "ticker", "trades"):
            self.peer.call("subscribe", channel=channel, **HERE)

        def seen(topic):
            return sum(event["topic"] == topic for event in self.events)

        topics = [f"market_data/order_book/{EXCHANGE}/{MARKET}/", f"market_data/ticker/{EXCHANGE}/{MARKET}/"]
        self.await_event(lambda _: all(seen(topic) >= 5 for topic in topics), "five books and five tickers")
        for event in self.events:
            self.assertEqual((event["v"], event["src"], event["epoch"]), (1, "hummingbot", self.hello["epoch"]))
            self.assertLessEqual(event["rx"], event["tx"])
            self.assertIn(event["kind"], ("order_book_update", "ticker_update", "trade"))
            self.assertNotIn("order_id", event["data"])


class Trading(PeerTest):
    def test_life_of_a_limit_order(self):
        self.follow_private()
        order_id, order = new_id(), self.resting_order()
        reply = self.peer.create_order(order_id, **order)
        placed = reply["data"]
        self.assertEqual((placed["status"], placed["owner"]), ("open", self.peer.name))
        self.assertEqual(placed["client_order_id"], order_id)
        self.assertEqual(placed["price"], str(order["price"]))
        self.assertNotIn("repeat", reply)

        event = self.await_order(order_id, "open")
        self.assertEqual((event["topic"], event["owner"]), (f"order_update/{EXCHANGE}/{MARKET}/", self.peer.name))
        self.assertEqual((event["type"], event["origin"], event["rev"]), ("ORDER_UPDATE", "pushed", placed["rev"]))
        self.assertEqual(event["data"]["order_id"], placed["order_id"])
        self.assertEqual(reply["seen"], {key: event[key] for key in ("stream", "topic", "epoch", "seq")})

        repeated = self.peer.create_order(order_id, **{**order, "amount": "0.01"})
        self.assertIs(repeated["repeat"], True)
        self.assertEqual(repeated["data"]["order_id"], placed["order_id"])
        self.refused("DUPLICATE_ORDER", "create_order", client_order_id=order_id, **{**order, "amount": "0.02"})
        listed = {item["order_id"]: item for item in self.peer.pages("get_open_orders", **HERE)}
        self.assertEqual(listed[placed["order_id"]]["client_order_id"], order_id)

        cancelled = self.peer.call("cancel_order", client_order_id=order_id, **HERE)
        self.assertIs(cancelled["data"]["cancelled"], True)
        end = self.await_order(order_id, "cancelled")
        self.assertGreater(end["rev"], event["rev"])
        self.assertTrue(self.peer.has_seen(cancelled["seen"]))
        self.assertEqual(self.peer.call("get_order", client_order_id=order_id, **HERE)["data"]["status"], "cancelled")

    def test_lists_come_in_pages(self):
        order_ids = [self.peer.create_order(new_id(), **self.resting_order())["data"]["order_id"] for _ in range(3)]
        for cmd in ("get_open_orders", "get_order_history"):
            whole = [order["order_id"] for order in self.peer.pages(cmd, **HERE)]
            self.assertTrue(set(order_ids) <= set(whole), cmd)
            self.assertEqual([order["order_id"] for order in self.peer.pages(cmd, limit=2, **HERE)], whole)
        for order_id in order_ids:
            self.peer.call("cancel_order", order_id=order_id, **HERE)

    def test_fills_come_before_the_state_that_includes_them(self):
        self.follow_private()
        order_id, amount = new_id(), decimal.Decimal("3")
        placed = self.peer.create_order(order_id, side="buy", order_type="market", amount=amount, **HERE)["data"]
        self.assertNotIn("price", placed)
        end = self.await_order(order_id, "filled")
        self.assertEqual(decimal.Decimal(end["data"]["filled"]), amount)
        traded, rev, fills = 0, 0, 0
        for event in self.events:
            if event["data"].get("order_id") != placed["order_id"]:
                continue
            if event["kind"] == "trade":
                traded += decimal.Decimal(event["data"]["amount"])
                fills += 1
                self.assertEqual(event.get("owner"), self.peer.name)
                self.assertEqual(event.get("client_order_id"), order_id)
                self.assertEqual(event["data"]["side"], "buy")
            else:
                self.assertGreaterEqual(traded, decimal.Decimal(event["data"].get("filled", "0")))
                self.assertGreater(event["rev"], rev)
                rev = event["rev"]
        self.assertGreater(fills, 1)
        self.assertEqual(traded, amount)
        history = list(self.peer.pages("get_order_history", **HERE))
        self.assertIn(placed["order_id"], [item["order_id"] for item in history])

    def test_a_refused_create_is_told_three_times(self):
        self.follow_private()
        order_id = new_id()
        reply = self.refused("INSUFFICIENT_FUNDS", "create_order", client_order_id=order_id,
                             **{**self.resting_order(), "amount": "1000000"})
        self.await_order(order_id, "failed")
        self.await_event(lambda event: event["kind"] == "error" and event["data"]["code"] == "INSUFFICIENT_FUNDS"
                         and event["data"]["market"] == MARKET, "the error's event")
        self.assertTrue(self.peer.has_seen(reply["seen"]))

    def test_what_upstream_refuses_gets_its_code(self):
        order = self.resting_order()
        for code, change in (("MIN_ORDER_SIZE", {"amount": "0.00001"}), ("PRICE_OUT_OF_RANGE", {"price": "1.00"}),
                             ("MARKET_CLOSED", {"exchange": "coinbase", "market": "LUNA-USD", "price": "1.0000"}),
                             ("UNKNOWN_MARKET", {"market": "NO-SUCH"})):
            self.refused(code, "create_order", client_order_id=new_id(), **{**order, **change})

    def test_an_order_that_makes_no_sense_is_refused_by_field(self):
        order = self.resting_order()
        for field, value in (("price", None), ("price", "0"), ("price", "-1"), ("price", "1e5"), ("amount", "0"),
                             ("stop_price", "5"), ("side", "long"), ("order_type", "iceberg"), ("market", "x" * 65)):
            reply = self.refused("INVALID_ORDER", "create_order", client_order_id=new_id(), **{**order, field: value})
            self.assertIn(field, reply["message"])

    def test_a_create_past_its_time_is_not_sent(self):
        order = {"client_order_id": new_id(), **self.resting_order()}
        self.refused("EXPIRED", "create_order", expires=self.hello["now"] - 1, **order)
        reply = self.peer.call("create_order", **order)  # its id stayed free
        self.assertNotIn("repeat", reply)
        self.peer.call("cancel_order", order_id=reply["data"]["order_id"], **HERE)

    def test_two_connections_of_one_name_share_their_orders(self):
        other = Peer(self.peer.name, timeout_ms=WAIT_S * 1000, **programs.endpoints)
        self.addCleanup(other.close)
        other.hello()
        order_id, order = new_id(), self.resting_order()
        self.peer.create_order(order_id, **order)
        self.assertIs(other.create_order(order_id, **order)["repeat"], True)
        other.call("cancel_order", client_order_id=order_id, **HERE)

    def test_hello_comes_first(self):
        stranger = Peer("stranger", timeout_ms=WAIT_S * 1000, **programs.endpoints)
        self.addCleanup(stranger.close)
        self.assertIn("now", stranger.call("ping")["data"])
        for cmd, arguments in (("create_order", {"client_order_id": new_id(), **self.resting_order()}),
                               ("cancel_order", {"order_id": "1", **HERE}),
                               ("subscribe", {"channel": "ticker", **HERE}),
                               ("unsubscribe", {"channel": "ticker", **HERE})):
            with self.assertRaises(Refused) as caught:
                stranger.call(cmd, **arguments)
            self.assertEqual(caught.exception.code, "UNAUTHENTICATED", cmd)


class Surviving(PeerTest):
    """Orders that outlive the peer, or the broker."""

    def other(self, **hello):
        """A second peer, which says hello under the name of its own that it has for the whole test."""
        peer = Peer(f"other-{self.id()[-50:]}", timeout_ms=WAIT_S * 1000, **programs.endpoints)
        self.addCleanup(peer.close)
        peer.hello(**hello)
        return peer

    def test_rule_16_orders_of_a_peer_that_is_gone_are_cancelled(self):
        self.follow_private()
        other = self.other(cancel_on_disconnect=True, grace_ms=50)
        kept = self.peer.create_order(new_order_id(), **self.resting_order())["data"]
        gone = other.create_order(new_order_id(), **self.resting_order())["data"]
        other.close()
        event = self.await_order(gone["client_order_id"], "cancelled")
        self.assertEqual(event["owner"], other.name)
        self.assertEqual([order["order_id"] for order in self.peer.live_orders()], [kept["order_id"]])
        self.peer.cancel_all()
        self.await_order(kept["client_order_id"], "cancelled")

    def test_rule_16_who_comes_back_in_time_has_its_orders(self):
        other = self.other(cancel_on_disconnect=True, grace_ms=600_000)
        order = other.create_order(new_order_id(), **self.resting_order())["data"]
        other.close()
        self.other()  # a look at them, which does not ask for it
        again = self.other(cancel_on_disconnect=True, grace_ms=600_000)
        self.assertEqual([found["order_id"] for found in again.live_orders()], [order["order_id"]])
        self.assertEqual(again.cancel_all()["data"], {"requested": 1})

    def test_rule_5_a_create_repeated_after_a_crash_of_the_broker_is_one_order(self):
        self.follow_private()
        create = {"client_order_id": new_order_id(), **self.resting_order()}
        placed = self.peer.create_order(**create)["data"]
        last = self.await_order(create["client_order_id"], "open")
        name, epoch = self.peer.name, self.hello["epoch"]
        programs.restart_broker()
        self.peer = Peer(name, timeout_ms=WAIT_S * 1000, **programs.endpoints)
        self.addCleanup(self.peer.close)
        self.events = []
        self.assertGreater(self.peer.hello()["data"]["epoch"], epoch)
        repeat = self.peer.create_order(**create)  # whether the link is there yet or not
        self.assertTrue(repeat["repeat"])
        self.assertEqual(repeat["data"]["order_id"], placed["order_id"])
        self.assertEqual(newer(repeat["data"], placed), repeat["data"], "an older picture does not win")
        self.assertEqual([order["order_id"] for order in self.peer.live_orders()], [placed["order_id"]])
        self.peer.follow("private", last["topic"])
        self.peer.call("cancel_order", client_order_id=create["client_order_id"], **HERE)
        until(lambda: not self.peer.live_orders(), "the end of the order")
        await_link(self.peer)  # new orders wait for it, cancels and repeats did not
        self.peer.create_order(new_order_id(), **self.resting_order())
        event = self.await_event(lambda event: event["topic"] == last["topic"], "an event after the restart")
        self.assertGreater(event["seq"], last["seq"], "private numbers go on")
        self.peer.cancel_all()


class Frames(PeerTest):
    """Bytes that are no good command, straight from a socket."""

    def setUp(self):
        super().setUp()
        self.socket = self.raw_socket(zmq.DEALER)

    def raw_socket(self, kind):
        context = zmq.Context()
        self.addCleanup(context.destroy, linger=0)
        socket = context.socket(kind)
        self.addCleanup(socket.close)
        socket.rcvtimeo = WAIT_S * 1000
        socket.connect(programs.endpoints["commands"])
        return socket

    def answer(self, frame):
        self.socket.send(frame)
        return msgpack.unpackb(self.socket.recv())

    def assert_refused(self, frame, code, word=""):
        reply = self.answer(frame)
        self.assertEqual((reply["v"], reply["id"], reply["status"], reply["code"]), (1, "7", "error", code), reply)
        self.assertIn(word, reply["message"])

    def test_frames_without_an_id_are_dropped_and_counted(self):
        def counted():
            return sum(self.peer.call("status")["data"]["counters"].values())

        for frame in (b"", b"\xc1", b"no msgpack", b"\x81", msgpack.packb([1, 2]), msgpack.packb({"v": 1})):
            self.socket.send(frame)
        before = counted()
        self.assertEqual(self.answer(msgpack.packb({"v": 1, "id": "8", "cmd": "ping"}))["id"], "8")  # still served
        self.assertGreater(counted(), before)

    def test_frames_with_an_id_are_answered(self):
        head = msgpack.packb({"v": 1, "id": "7", "cmd": "ping"})
        deep = 1
        for _ in range(20):
            deep = [deep]
        self.assert_refused(msgpack.packb({"v": 1, "id": "7", "cmd": "ping", "x": deep}), "INVALID_REQUEST")
        self.assert_refused(head + b"\x00", "INVALID_REQUEST")
        self.assert_refused(b"\x84" + head[1:] + b"\xa1x", "INVALID_REQUEST")  # one pair more than there is
        self.assert_refused(msgpack.packb({"id": "7", "cmd": "ping"}), "INVALID_REQUEST", "v")
        self.assert_refused(msgpack.packb({"v": 2, "id": "7", "cmd": "ping"}), "INVALID_REQUEST", "v")
        self.assert_refused(msgpack.packb({"v": 1, "id": "7"}), "INVALID_REQUEST", "cmd")
        self.assert_refused(msgpack.packb({"v": 1, "id": "7", "cmd": 5}), "INVALID_REQUEST", "cmd")
        self.assert_refused(msgpack.packb({"v": 1, "id": "7", "cmd": "dance"}), "UNSUPPORTED")
        self.assert_refused(msgpack.packb({"v": 1, "id": "7", "cmd": "hello", "name": None}), "INVALID_REQUEST", "name")
        self.assert_refused(msgpack.packb({"v": 1, "id": "7", "cmd": "hello", "name": b"x"}), "INVALID_REQUEST", "name")
        self.assert_refused(b"\x84" + head[1:] + b"\xa3cmd\xa4ping", "INVALID_REQUEST", "cmd")  # twice the same key
        self.assert_refused(msgpack.packb({"v": 1, "id": "7", "cmd": "ping", "x": "x" * 65536}), "INVALID_REQUEST")

    def test_each_refused_vector_is_refused(self):
        answered = 0
        for vector in document.vectors("refused"):
            if vector["decoder"] != "command":
                continue
            self.socket.send(bytes.fromhex(vector["hex"]))
            reply = self.answer(msgpack.packb({"v": 1, "id": "sentinel", "cmd": "ping"}))
            if reply["id"] == "sentinel":
                continue  # no id could be read
            self.assertEqual(msgpack.unpackb(self.socket.recv())["id"], "sentinel")
            code = vector["code"] if vector["code"] in document.codes() else "INVALID_REQUEST"
            self.assertEqual((reply["status"], reply["code"]), ("error", code), vector["name"])
            self.assertIn(vector.get("error", ""), reply["message"])
            answered += 1
        self.assertGreater(answered, 30)

    def test_unknown_keys_are_ignored(self):
        reply = self.answer(msgpack.packb({"v": 1, "id": "7", "cmd": "ping", "colour": {"red": [1, 2, 3]}}))
        self.assertEqual(reply["status"], "ok")

    def some(self, cmd, arguments):
        """A command with these arguments, which would be refused as EXPIRED were there nothing else to refuse."""
        some = {"name": "x", "client_order_id": "x", "side": "buy", "order_type": "market", "amount": "1",
                "order_id": "x", "channel": "ticker", "source": "fills", "stream": "market", "prefixes": [""],
                "topic": "system/link/", "from": 1, "to": 1, "data": [], **HERE}
        return {"v": 1, "id": "7", "cmd": cmd, "expires": 1, **{key: some[key] for key in arguments}}

    def test_each_command_takes_the_arguments_of_its_row(self):
        commands = document.commands()
        self.assertGreater(len(commands), 10)
        every = {argument for required, optional in commands.values() for argument in required + optional}
        self.answer(msgpack.packb({"v": 1, "id": "7", "cmd": "hello", "name": "x"}))
        for cmd, (required, optional) in commands.items():
            either = [argument for argument in ("order_id", "source") if argument in optional]
            command = self.some(cmd, required + either)
            code = "INVALID_ORDER" if cmd == "create_order" else "INVALID_REQUEST"
            with self.subTest(cmd=cmd):
                self.assert_refused(msgpack.packb(command), "EXPIRED")
            for argument in required + either:
                with self.subTest(cmd=cmd, missing=argument):
                    missing = {key: value for key, value in command.items() if key != argument}
                    self.assert_refused(msgpack.packb(missing), code, argument)
            for argument in every - {"data"}:  # which takes any value
                with self.subTest(cmd=cmd, wrong=argument):
                    wrong = msgpack.packb({**command, argument: {} if argument in ("prefixes", "acks") else []})
                    taken = argument in required + optional
                    self.assert_refused(wrong, code if taken else "EXPIRED", argument if taken else "")

    def test_reserved_commands_are_unsupported(self):
        reserved = document.reserved_commands()
        self.assertEqual(len(reserved), 6)
        for cmd in reserved:
            self.assert_refused(msgpack.packb({"v": 1, "id": "7", "cmd": cmd}), "UNSUPPORTED")

    def test_an_id_under_way_is_refused(self):
        command = msgpack.packb({"v": 1, "id": "7", "cmd": UNANSWERED, "exchange": "binance_perpetual"})
        self.socket.send(command)
        self.assert_refused(command, "INVALID_REQUEST", "under way")
        late = msgpack.unpackb(self.socket.recv())
        self.assertEqual((late["id"], late["status"], late["code"]), ("7", "error", "TIMEOUT"))

    def test_req_sockets_are_served(self):
        socket = self.raw_socket(zmq.REQ)
        for number in ("1", "2"):
            socket.send(msgpack.packb({"v": 1, "id": number, "cmd": "ping"}))
            self.assertEqual(msgpack.unpackb(socket.recv())["id"], number)


class FirstSession(unittest.TestCase):
    def test_the_program_in_the_document_runs(self):
        text = document.first_session()
        for default, stream in (("5570", "commands"), ("5571", "market")):
            self.assertIn(f"tcp://127.0.0.1:{default}", text)
            text = text.replace(f"tcp://127.0.0.1:{default}", programs.endpoints[stream])
        printed = []
        variables = {"print": lambda *words: printed.append(words)}
        exec(compile(text, "PROTOCOL.md", "exec"), variables)  # pylint: disable=exec-used
        variables["context"].destroy(linger=0)
        self.assertEqual([reply["status"] for reply, in printed[:3]], ["ok", "ok", "ok"])
        first = printed[3][1]
        self.assertEqual([words[1] for words in printed[3:]], [first, first + 1, first + 2])


if __name__ == "__main__":
    unittest.main()
