#!/usr/bin/python3
"""hbus-sim over a real socket, with nothing but Python's standard library between: smoke.py HBUS-SIM."""
import gzip
import json
import signal
import subprocess
import sys
import tempfile

from client import ETH, TIMEOUT_S, Client, Closed, Simulator, run_tests


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
    run_tests(globals(), sys.argv[1])
