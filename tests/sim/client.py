"""What the tests of hbus-sim over a real socket share, with nothing but Python's standard library between."""
import base64
import json
import os
import re
import socket
import ssl
import struct
import subprocess

TIMEOUT_S = 60
KEY = "smoke-key"
ETH = {"exchange": "binance", "market": "ETH-USDT"}


class Closed(Exception):
    """The server ended the connection: code and reason of its close frame, or None."""


class Client:
    """As much of a WebSocket client (RFC 6455) as the tests need."""

    def __init__(self, port, path="/ws", tls=None, receive_buffer=None):
        self.socket = socket.socket()
        self.socket.settimeout(TIMEOUT_S)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.received = b""
        self.last_id = 0
        self.fragments = []  # how many bytes each fragment of the last text had
        self.pings = 0
        nonce = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n"
                             "Sec-WebSocket-Version: 13\r\n\r\n").encode())
        while b"\r\n\r\n" not in self.received:
            self._fill()
        head, self.received = self.received.split(b"\r\n\r\n", 1)
        self.accepted = b" 101 " in head.split(b"\r\n")[0]

    def _fill(self):
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
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
        masked = (int.from_bytes(payload, "big") ^
                  int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")
        self.socket.sendall(head + mask + masked)

    def send(self, text):
        self.write_frame(0x81, text.encode())

    def read_frame(self):
        """The next frame, whatever it is: its first byte and its payload."""
        first, size = self._take(2)
        if size == 126:
            size, = struct.unpack(">H", self._take(2))
        elif size == 127:
            size, = struct.unpack(">Q", self._take(8))
        return first, self._take(size)

    def frame(self):
        """The next text's bytes; its fragments are put together."""
        text, self.fragments = b"", []
        while True:
            first, payload = self.read_frame()
            if first & 15 == 8:
                raise Closed((struct.unpack(">H", payload[:2])[0], payload[2:].decode()) if payload else None)
            if first & 15 == 9:
                self.pings += 1
            if first & 15 in (0, 1):
                assert (first & 15 == 1) == (not self.fragments), "a fragment out of place"
                text += payload
                self.fragments.append(len(payload))
                if first & 0x80:
                    return text

    def request(self, kind, **fields):
        """Sends a request, and tells its id."""
        self.last_id += 1
        self.send(json.dumps({"id": str(self.last_id), "type": kind, **fields}))
        return str(self.last_id)

    def ask(self, kind, **fields):
        """A request's answer; the events before it are dropped."""
        asked = self.request(kind, **fields)
        while True:
            answer = json.loads(self.frame())
            if answer.get("id") == asked:
                return answer

    def closed_with(self):
        """Reads to the end, and tells how it ended."""
        try:
            while True:
                self.frame()
        except Closed as closed:
            return closed.args[0]


class Control:
    """The socket that takes commands."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rw")

    def __call__(self, command):
        self.lines.write(command + "\n")
        self.lines.flush()
        return json.loads(self.lines.readline())


class Simulator:
    def __init__(self, program, *arguments):
        environment = {**os.environ, "HUMMINGBOT_API_KEY": KEY}
        self.process = subprocess.Popen([program, "--port", "0", *arguments], stdout=subprocess.PIPE, env=environment)
        ready = self.process.stdout.readline().decode()
        assert re.fullmatch(r"hbus-sim ready wss?://127\.0\.0\.1:\d+/ws\n", ready), ready
        self.port = int(ready.split(":")[2].split("/")[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def client(self, **how):
        client = Client(self.port, **how)
        assert client.ask("authenticate", api_key=KEY)["status"] == "success"
        return client


def trusting(path):
    """A TLS context that trusts the authority in a file, and nobody else."""
    return ssl.create_default_context(cafile=path)


def ledger(path):
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert [line["n"] for line in lines] == list(range(1, len(lines) + 1))
    return lines


def run_tests(tests, program):
    for name, test in list(tests.items()):
        if name.startswith("test_"):
            test(program)
            print(name, "passed", flush=True)
