#!/usr/bin/python3
"""hbus-sim over a real socket, with nothing but Python's standard library between: smoke.py HBUS-SIM."""
import base64
import gzip
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile

TIMEOUT_S = 60
KEY = "smoke-key"
ETH = {"exchange": "binance", "market": "ETH-USDT"}


class Closed(Exception):
    """The server ended the connection: code and reason of its close frame, or None."""


class Client:
    """As much of a WebSocket client (RFC 6455) as the tests need."""

    def __init__(self, port, path="/ws"):
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.last_id = 0
        nonce = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n"
                             "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.received:
            self._fill()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        self.accepted = b" 101 " in head.split(b"\r\n")[0]

    def _fill(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise Closed(None)
        self.received += data

    def _take(self, size):
        while len(self.received) < size:
            self._fill()
        taken, self.received = self.received[:size], self.received[size:]
        return taken

    def write_frame(self, first_byte, payload):
        mask, size = os.urandom(4), len(payload)
        if size < 126:
            head = bytes([first_byte, 0x80 | size])
        elif size < 65536:
            head = bytes([first_byte, 0x80 | 126]) + struct.pack(">H", size)
        else:
            head = bytes([first_byte, 0x80 | 127]) + struct.pack(">Q", size)
        self.socket.sendall(head + mask + bytes(byte ^ mask[i & 3] for i, byte in enumerate(payload)))

    def send(self, text):
        self.write_frame(0x81, text.encode())

    def frame(self):
        """The next text frame's bytes."""
        first, size = self._take(2)
        if size == 126:
            size, = struct.unpack(">H", self._take(2))
        elif size == 127:
            size, = struct.unpack(">Q", self._take(8))
        payload = self._take(size)
        if first & 15 == 8:
            raise Closed((struct.unpack(">H", payload[:2])[0], payload[2:].decode()) if payload else None)
        return payload if first & 15 == 1 else self.frame()

    def ask(self, kind, **fields):
        """A request's answer; the events before it are dropped."""
        self.last_id += 1
        self.send(json.dumps({"id": str(self.last_id), "type": kind, **fields}))
        while True:
            answer = json.loads(self.frame())
            if answer.get("id") == str(self.last_id):
                return answer

    def closed_with(self):
        """Reads to the end, and tells how it ended."""
        try:
            while True:
                self.frame()
        except Closed as closed:
            return closed.args[0]


class Simulator:
    def __init__(self, program, *arguments):
        environment = {**os.environ, "HUMMINGBOT_API_KEY": KEY}
        self.process = subprocess.Popen([program, "--port", "0", *arguments], stdout=subprocess.PIPE, env=environment)
        ready = self.process.stdout.readline().decode()
        assert re.fullmatch(r"hbus-sim ready ws://127\.0\.0\.1:\d+/ws\n", ready), ready
        self.port = int(ready.split(":")[2].split("/")[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def client(self):
        client = Client(self.port)
        assert client.ask("authenticate", api_key=KEY)["status"] == "success"
        return client


def test_orders_and_goodbye(program):
    with Simulator(program, "--rate", "100") as simulator:
        client = simulator.client()
        order = client.ask("create_order", side="buy", order_type="limit", amount="1", price="1500",
                           client_order_id="mine", **ETH)["data"]
        assert order["status"] == "open" and order["client_order_id"] == "mine", order
        assert client.ask("cancel_order", order_id=order["order_id"], **ETH)["data"]["cancelled"] is True
        assert client.ask("subscribe", channel="order_book", **ETH)["status"] == "success"
        for _ in range(20):  # the random market moves
            assert json.loads(client.frame())["type"] == "order_book_update"
        simulator.process.send_signal(signal.SIGTERM)
        assert client.closed_with() == (1001, "hbus-sim stops")
        client.socket.close()
        assert simulator.process.wait(TIMEOUT_S) == 0


def test_bad_clients(program):
    with Simulator(program, "--rate", "0") as simulator:
        stranger = Client(simulator.port)
        assert stranger.ask("authenticate", api_key="wrong")["message"] == "Authentication failed"
        assert stranger.closed_with() == (1008, "authentication failed")
        try:
            assert not Client(simulator.port, "/other").accepted
        except Closed:
            pass
        client = simulator.client()
        client.write_frame(0x01, b'{"id":"x","type":')  # in two fragments
        client.write_frame(0x80, b'"get_ticker","exchange":"binance","market":"ETH-USDT"}')
        assert json.loads(client.frame())["data"]["symbol"] == "ETH-USDT"
        client.write_frame(0x81, b"[" * 1100000)
        assert client.closed_with() == (1009, "the request is too big")
        simulator.client()


def test_faults(program):
    with Simulator(program, "--rate", "0", "--fault", "bad-utf8", "--fault", "oversize=2000000") as simulator:
        client = simulator.client()
        assert b"\xff\xfe" in client.frame()
        assert len(client.frame()) == 2000000
        assert client.ask("get_ticker", **ETH)["status"] == "success"
    with Simulator(program, "--rate", "0", "--fault", "drop-after=2") as simulator:
        client = simulator.client()
        client.send(json.dumps({"id": "x", "type": "get_ticker", **ETH}))
        assert json.loads(client.frame())["id"] == "x"
        assert client.closed_with() is None
    with Simulator(program, "--rate", "0", "--fault", "late=500,get_ticker") as simulator:
        client = simulator.client()
        client.send(json.dumps({"id": "late", "type": "get_ticker", **ETH}))
        client.send(json.dumps({"id": "prompt", "type": "get_balances", "exchange": "binance"}))
        assert [json.loads(client.frame())["id"] for _ in range(2)] == ["prompt", "late"]


def test_replay(program):
    frames = [f'{{"type":"trade","data":{{"trade_id":"{i}","symbol":"A-B","exchange":"x","price":"1.{i:05}",'
              f'"amount":"1.0","side":"buy","timestamp":1.5}}}}' for i in range(20000)]
    with tempfile.NamedTemporaryFile(suffix=".gz") as file:
        with gzip.open(file, "wt") as out:
            for i, frame in enumerate(frames):
                out.write(f'{{"t":{i}.0,"frame":{frame}}}\n')
        file.flush()
        with Simulator(program, "--replay", file.name, "--speed", "max", "--replay-repeat", "2") as simulator:
            client = simulator.client()
            assert client.ask("subscribe", channel="trades", exchange="x", market="A-B")["status"] == "success"
            for frame in frames * 2:
                assert client.frame().decode() == frame
            assert json.loads(client.frame())["data"] == {"message": "replay finished", "frames": 40000}


def test_bad_starts(program):
    with Simulator(program) as simulator:
        for arguments, status in ((["--port", str(simulator.port)], 1), (["--replay", "/nowhere"], 1),
                                  (["--nonsense"], 2), (["--ledger", "/nowhere/at/all"], 1)):
            done = subprocess.run([program, *arguments], capture_output=True, timeout=TIMEOUT_S, check=False)
            assert done.returncode == status and done.stdout == b"", (arguments, done)
            assert done.stderr.count(b"\n") == 1 and done.stderr.startswith(b"hbus-sim: "), (arguments, done)


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test(sys.argv[1])
            print(name, "passed", flush=True)
