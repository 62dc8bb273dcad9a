"""A reader of one event stream that misses nothing silently, written from proto/PROTOCOL.md ("What a reader must do").

Copy this file and hbus_peer.py into your strategy and change them as you like.

    reader = Reader(peer, "market", endpoint, "market_data/ticker/binance/BTC-USDT/")
    reader.join(exchange="binance", market="BTC-USDT")
    while True:
        news = reader.next()  # an event, a Notice, a State, or None in time

ZeroMQ drops what is not read in time, and says nothing. Here every event of a topic comes once and in order; what was
dropped is asked for again, and what cannot be had any more is told by a Notice in its place. The questions are asked
with `peer`, of the same thread; while one waits for its answer, the stream waits in ZeroMQ's queue.
"""

import collections
import dataclasses
import hashlib
import time

import msgpack
import zmq

from hbus_peer import OutcomeUnknown, Refused

HEARTBEAT = "system/heartbeat/"
SILENT_AFTER_INTERVALS = 3
ASK_AGAIN_S = 0.02
AGAIN = (None, "RATE_LIMITED", "OVERLOADED", "INTERNAL", "UNAUTHENTICATED")  # None: there was no answer


@dataclasses.dataclass(frozen=True)
class Notice:
    """`kind` is one of: "repaired", events of `topic` that just came were dropped on the way; "lost", they cannot be
    had, and with `first` 0 nobody knows how many; "restarted", the broker was: say hello; "silent" and "back", the
    stream is."""

    kind: str
    topic: str = ""
    first: int = 0
    last: int = 0


@dataclasses.dataclass(frozen=True)
class State:
    """The pages of a snapshot. What comes after it is what it does not include."""

    pages: list

    def all(self, key):
        """The records of a list of all pages: `orders`, `positions`, `balances`."""
        return [record for page in self.pages for record in page.get(key, ())]

    def last(self, key):
        """The last event of a market's `book` or `ticker`; None: there is none."""
        body = self.pages[0].get(key)
        return body and msgpack.unpackb(body)

    def orders_hash(self):
        """What a private state says in `orders_hash`, made of the orders that it has."""
        total = 0
        for order in self.all("orders"):
            keys = ("owner", "client_order_id", "exchange", "market", "order_id", "rev", "status", "filled")
            text = "".join(f"{order.get(key, 0 if key == 'rev' else '')}\n" for key in keys)
            total += int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        return f"{total % 2**64:016x}"

    def stamps(self, stream):
        """{topic: number}: the state includes its events up to there. The first page that names a topic counts."""
        stamps = {}
        for page in self.pages:
            for stamp in page["stamps"]:
                if stamp["stream"] == stream:
                    stamps.setdefault(stamp["topic"], stamp["seq"])
        return stamps


class Reader:
    """One connection to one stream. `peer` asks the questions, and must have said hello."""

    def __init__(self, peer, stream, endpoint, *prefixes, high_water_mark=100_000, patience_s=30):
        self.stream = stream
        self._peer = peer
        self._prefixes = prefixes
        self._patience_s = patience_s
        self._market = None  # which State to begin with; None: none
        self._shown = {}  # topic: the number shown last, and its epoch; absent is 0
        self._epoch = 0
        self._beat = 0  # the number of the last heartbeat
        self._heard_at = time.monotonic()
        self._interval_ms = 1000
        self._is_silent = False
        self._ready = collections.deque()  # what next() gives
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.linger = 0
        self._socket.rcvhwm = high_water_mark
        self._socket.connect(endpoint)

    def close(self):
        self._context.destroy(linger=0)

    # Joining

    def join(self, state=True, **market):
        """Begins to read. The first news is a State, of this market or of all that is private, unless `state` is
        False. Everything after it is news; nothing in between is missing."""
        for prefix in (*self._prefixes, HEARTBEAT):  # in this order: with a heartbeat, all of them hold
            self._socket.subscribe(prefix)
        heartbeat = self._first_heartbeat()
        self._market = market if state else None
        self._begin()  # meanwhile the events that follow wait in ZeroMQ's queue
        self._beat = heartbeat["seq"] - 1
        self._take(HEARTBEAT, heartbeat)

    def _first_heartbeat(self):
        """What comes before it is in the base that is asked for after it."""
        deadline = time.monotonic() + self._patience_s
        topic, event = "", {}
        while topic != HEARTBEAT:
            message = self._receive(max(0, int((deadline - time.monotonic()) * 1000)))
            if message is None:
                raise TimeoutError(f"no heartbeat on the stream {self.stream}")
            topic, event = message
        return event

    def _begin(self):
        """Sets each topic's base: what was before it is in the state, or of no interest."""
        epoch, bases = self._sequences()
        if self._market is not None:
            state = self._snapshot(self._market)
            bases.update(state.stamps(self.stream))
            self._ready.append(state)
        self._epoch = epoch
        self._shown = {topic: (seq, epoch) for topic, seq in bases.items()}

    # Reading

    def next(self, timeout_ms=1000):
        """The next event, Notice or State; None: there is none in time. An event has its `topic` in it."""
        deadline = time.monotonic() + timeout_ms / 1000
        while not self._ready:
            left_ms = max(0, int((deadline - time.monotonic()) * 1000))
            message = self._receive(min(left_ms, self._interval_ms))
            if message is not None:
                self._take(*message)
                continue
            self._notice_silence()
            if left_ms == 0 and not self._ready:
                return None
        return self._ready.popleft()

    def has_shown(self, seen):
        """Whether the event that a reply's `seen` names has been given by next(), or told of as lost."""
        seq, epoch = self._shown.get(seen["topic"], (0, 0))
        return not self._ready and (epoch, seq) >= (seen["epoch"], seen["seq"])

    def acks(self):
        """What `ping` tells the broker, so that it calls this reader slow when it is."""
        return [{"stream": self.stream, "topic": topic, "seq": seq} for topic, (seq, _) in self._shown.items()][:256]

    def _receive(self, timeout_ms):
        """The next topic and event of the stream; None: there is none in time."""
        if not self._socket.poll(timeout_ms):
            return None
        topic, body = self._socket.recv_multipart()
        return topic.decode(), msgpack.unpackb(body)

    def _take(self, topic, event):
        if self.stream == "market" and event["epoch"] < self._epoch:
            return  # of a broker that is no more
        if event["epoch"] > self._epoch:
            self._on_restart(event["epoch"])
        if topic == HEARTBEAT:
            self._take_heartbeat(event)
            return
        shown, epoch = self._shown.get(topic, (0, 0))
        if event["seq"] <= shown and event["epoch"] > epoch:  # on the market stream they were forgotten
            self._on_numbers_lost()
            shown = self._shown.get(topic, (0, 0))[0]
        if event["seq"] > shown + 1:
            self._repair(topic, event["seq"] - 1)
        if event["seq"] > self._shown.get(topic, (0, 0))[0]:
            self._show(topic, event)

    def _show(self, topic, event):
        self._shown[topic] = (event["seq"], event["epoch"])
        self._ready.append({**event, "topic": topic})

    # Finding what is missing

    def _take_heartbeat(self, event):
        goes_on = event["seq"] == self._beat + 1
        if event["seq"] <= self._beat and self.stream == "private":
            self._on_numbers_lost()
        self._beat = event["seq"]
        self._interval_ms = event["data"]["interval_ms"]
        self._heard_at = time.monotonic()
        if self._is_silent:
            self._ready.append(Notice("back"))
        if self._is_silent or not goes_on:
            self._compare(self._sequences()[1])
        self._is_silent = False
        self._compare(dict(event["data"]["topics"]))

    def _compare(self, numbers):
        """Repairs each topic of ours that has events up to a number, which were not shown."""
        for topic, seq in numbers.items():
            if seq > self._shown.get(topic, (0, 0))[0] and topic.startswith(self._prefixes) and topic != HEARTBEAT:
                self._repair(topic, seq)

    def _notice_silence(self):
        silent_s = time.monotonic() - self._heard_at
        if not self._is_silent and silent_s * 1000 > SILENT_AFTER_INTERVALS * self._interval_ms:
            self._is_silent = True
            self._ready.append(Notice("silent"))

    def _on_restart(self, epoch):
        """The market stream's numbers start anew, the private stream's go on. Some may be missing on either."""
        self._epoch = epoch
        self._ready.append(Notice("restarted"))
        if self.stream == "market":
            self._shown.clear()
            self._beat = 0
        self._compare(self._sequences()[1])

    def _on_numbers_lost(self):
        self._ready.append(Notice("lost"))
        self._begin()

    # Repairing

    def _repair(self, topic, last):
        """Shows the events of a topic from the one after the last shown up to `last`, as far as they can be had."""
        first = self._shown.get(topic, (0, 0))[0] + 1
        at, is_whole = first, True
        while at is not None and at <= last:
            replay = self._replay(topic, at, last)
            for event in map(msgpack.unpackb, replay["items"]):
                is_whole &= self._show_repaired(topic, event)
            at = replay.get("next")
        is_whole &= self._skip_to(topic, last + 1)
        if is_whole:
            self._ready.append(Notice("repaired", topic, first, last))
        elif self.stream == "private":
            self._ready.append(self._snapshot({}))

    def _replay(self, topic, first, last):
        try:
            epoch = {"epoch": self._epoch} if self.stream == "market" else {}
            question = {"stream": self.stream, "topic": topic, "from": first, "to": last}
            return self._ask("replay", **question, **epoch)["data"]
        except Refused as refused:
            if refused.code != "EXPIRED":  # another broker is there; the first event of its epoch will say so
                raise
        return {"items": []}

    def _show_repaired(self, topic, event):
        is_next = self._skip_to(topic, event["seq"])
        self._show(topic, event)
        return is_next

    def _skip_to(self, topic, seq):
        """Says that the numbers before this one are lost, unless they have been shown; whether they have."""
        shown = self._shown.get(topic, (0, 0))[0]
        if seq == shown + 1:
            return True
        self._ready.append(Notice("lost", topic, shown + 1, seq - 1))
        self._shown[topic] = (seq - 1, self._epoch)
        return False

    # Questions

    def _sequences(self):
        """The present epoch, and the last number of each topic that we follow."""
        numbers, cursor = {}, None
        while True:
            data = self._ask("sequences", stream=self.stream, prefixes=list(self._prefixes), cursor=cursor)["data"]
            numbers.update((item["topic"], item["seq"]) for item in data["items"])
            cursor = data.get("cursor")
            if cursor is None:
                return data["epoch"], numbers

    def _snapshot(self, market):
        pages = [self._ask("snapshot", **market)["data"]]
        while "cursor" in pages[-1]:
            pages.append(self._ask("snapshot", cursor=pages[-1]["cursor"], **market)["data"])
        return State(pages)

    def _ask(self, cmd, **arguments):
        """Asks until there is an answer. A broker that is away comes back; one that is asked too much says so."""
        deadline = time.monotonic() + self._patience_s
        while True:
            try:
                return self._peer.call(cmd, **arguments)
            except (Refused, OutcomeUnknown, ConnectionError) as failure:
                code = failure.code if isinstance(failure, Refused) else None
                if time.monotonic() > deadline or code not in AGAIN:
                    raise
            if code == "UNAUTHENTICATED":
                self._peer.hello()
            else:
                time.sleep(ASK_AGAIN_S)
