"""A peer of hbusd in Python, written from proto/PROTOCOL.md alone: pyzmq and msgpack, nothing else.

Copy this file into your strategy and change it as you like.

    peer = Peer("my-strategy")
    peer.follow("private", "order_update/binance/BTC-USDT/")
    peer.hello(cancel_on_disconnect=True)
    left_from_before = peer.live_orders()
    reply = peer.create_order(new_order_id(), exchange="binance", market="BTC-USDT", side="buy",
                              order_type="limit", amount=Decimal("0.01"), price=Decimal("30000.00"))
    event = peer.next_event()

A peer belongs to one thread. Prices and amounts are decimal.Decimal or text, never float.
"""

import decimal
import itertools
import secrets
import time

import msgpack
import zmq


class Refused(Exception):
    """The reply was `error`: the command was not done. `code` says why, `reply` is the whole reply."""

    def __init__(self, reply):
        super().__init__(f"{reply['code']}: {reply.get('message', '')}")
        self.code = reply["code"]
        self.reply = reply


class OutcomeUnknown(Exception):
    """The reply was `unknown`, or none came: it may have been done. Treat an order as live, and find out."""

    def __init__(self, text, reply=None):
        super().__init__(text)
        self.reply = reply


class Peer:
    def __init__(self, name, commands="tcp://127.0.0.1:5570", market="tcp://127.0.0.1:5571",
                 private="tcp://127.0.0.1:5572", timeout_ms=5000):
        self.name = name
        self.timeout_ms = timeout_ms
        self._context = zmq.Context()
        self._commands = self._connect(zmq.DEALER, commands)
        # Private first: an order's news does not wait for a busy market's.
        self._streams = {"private": self._connect(zmq.SUB, private), "market": self._connect(zmq.SUB, market)}
        self._poller = zmq.Poller()
        for socket in self._streams.values():
            self._poller.register(socket, zmq.POLLIN)
        self._ids = itertools.count(1)
        self._last = {}  # (stream, topic): epoch and seq of the event read last
        self._broker_ahead_ms = 0  # the broker's clock less ours

    def _connect(self, kind, endpoint):
        socket = self._context.socket(kind)  # its routing id stays unset
        socket.linger = 0
        if kind == zmq.DEALER:
            socket.immediate = True  # no queue of old orders for a broker that is away
            socket.sndtimeo = self.timeout_ms
            socket.setsockopt(zmq.HEARTBEAT_TTL, 15000)  # the broker notices when this machine vanishes
            socket.setsockopt(zmq.HEARTBEAT_IVL, 5000)
            socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 15000)
        else:
            socket.rcvhwm = 100_000
            socket.setsockopt(zmq.TCP_KEEPALIVE, 1)
        socket.connect(endpoint)
        return socket

    def close(self):
        self._context.destroy(linger=0)

    # Commands

    def call(self, cmd, **arguments):
        """Sends a command and returns its reply when that is `ok`. Arguments that are None are left out."""
        command_id = str(next(self._ids))
        command = {"v": 1, "id": command_id, "cmd": cmd}
        command.update((key, _plain(value)) for key, value in arguments.items() if value is not None)
        try:
            self._commands.send(msgpack.packb(command))
        except zmq.Again:
            raise ConnectionError("no broker there; nothing was sent") from None
        reply = self._reply_to(command_id)
        if reply["status"] == "ok":
            return reply
        if reply["status"] == "error":
            raise Refused(reply)
        raise OutcomeUnknown(f"{reply['code']}: {reply.get('message', '')}", reply)

    def _reply_to(self, command_id):
        deadline = _now_ms() + self.timeout_ms
        while self._commands.poll(max(0, deadline - _now_ms())):
            reply = msgpack.unpackb(self._commands.recv())
            if reply["id"] == command_id:  # else it answers a command that we gave up on
                return reply
        raise OutcomeUnknown("no reply in time")

    def hello(self, cancel_on_disconnect=None, grace_ms=None):
        """Comes first on a connection, and again after the broker was started anew; live_orders() comes next. With
        cancel_on_disconnect=True the broker cancels the orders of this name when it is gone for grace_ms."""
        before_ms = _now_ms()
        reply = self.call("hello", name=self.name, cancel_on_disconnect=cancel_on_disconnect, grace_ms=grace_ms)
        self._broker_ahead_ms = reply["data"]["now"] - (before_ms + _now_ms()) // 2
        return reply

    def live_orders(self):
        """Every order of ours that is not finished, in all markets; `pending` and `unknown` ones may be live too."""
        return list(self.pages("get_open_orders"))

    def create_order(self, client_order_id, valid_ms=5000, **order):
        """Places an order, or tells what became of it if this client_order_id was used for it before. After an
        OutcomeUnknown call it again with the same arguments: nothing is ever placed twice."""
        expires = _now_ms() + self._broker_ahead_ms + valid_ms
        return self.call("create_order", client_order_id=client_order_id, expires=expires, **order)

    def cancel_all(self, **which):
        """Cancels all live orders of ours, or those of an `exchange`, a `market`, a `side`; events tell how each ends."""
        return self.call("cancel_all", **which)

    def pages(self, cmd, **arguments):
        """Yields every record of a list: orders, balances, positions."""
        cursor = None
        while True:
            data = self.call(cmd, cursor=cursor, **arguments)["data"]
            yield from data["items"]
            cursor = data.get("cursor")
            if cursor is None:
                return

    # Events

    def follow(self, stream, *prefixes):
        """Subscribes to topics of the stream `market` or `private`; each is a prefix."""
        for prefix in prefixes:
            self._streams[stream].subscribe(prefix)

    def next_event(self, timeout_ms=None):
        """The next event of any stream, or None in time. Three keys are added to it: `stream`, `topic`, and `missed`:
        how many events of its topic were lost before it, or None when that cannot be told: it is the first of its topic
        here, or of a broker started anew whose numbers do not go on. Unless `missed` is 0, ask for the state again."""
        ready = dict(self._poller.poll(self.timeout_ms if timeout_ms is None else timeout_ms))
        for stream, socket in self._streams.items():
            if socket in ready:
                topic, body = socket.recv_multipart()
                return self._numbered(stream, topic.decode(), msgpack.unpackb(body))
        return None

    def _numbered(self, stream, topic, event):
        if event["v"] != 1:
            raise ValueError(f"an event of version {event['v']}; this peer speaks 1")
        last_epoch, last_seq = self._last.get((stream, topic), (0, 0))
        self._last[(stream, topic)] = (event["epoch"], event["seq"])
        goes_on = event["epoch"] == last_epoch or stream == "private" and event["seq"] > last_seq > 0
        missed = event["seq"] - last_seq - 1 if goes_on else None
        return {**event, "stream": stream, "topic": topic, "missed": missed}

    def has_seen(self, seen):
        """Whether the event that a reply's `seen` names has been read here."""
        return self._last.get((seen["stream"], seen["topic"]), (0, 0)) >= (seen["epoch"], seen["seq"])


def new_order_id(prefix=""):
    """A client_order_id that never recurs. Write it down before you use it, if it has to outlive your program."""
    return prefix + secrets.token_hex(16)


def newer(known, heard):
    """The newer of two pictures of one order; `known` may be None."""
    return heard if known is None or heard.get("rev", 0) > known.get("rev", 0) else known


def _plain(value):
    if isinstance(value, float):
        raise TypeError("a float is no price and no amount: use decimal.Decimal or text")
    return format(value, "f") if isinstance(value, decimal.Decimal) else value


def _now_ms():
    return time.time_ns() // 1_000_000
