#!/usr/bin/python3
"""Each fault of hbus-sim that shows on the socket, as a client meets it: faults.py HBUS-SIM."""
import contextlib
import json
import os
import socket
import ssl
import struct
import sys
import tempfile
import time

from client import ETH, KEY, Client, Closed, Control, Simulator, ledger, run_tests, trusting

ORDER = {"side": "buy", "order_type": "limit", "amount": "1", "price": "1500", **ETH}


@contextlib.contextmanager
def controlled(program, *arguments):
    """A simulator with a still market, its control, and the path of its ledger."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "ledger")
        with Simulator(program, "--rate", "0", "--control", os.path.join(folder, "control"), "--ledger", path,
                       *arguments) as simulator:
            yield simulator, Control(os.path.join(folder, "control")), path


def is_quiet(client, seconds=0.3):
    """Nothing comes, not even the end."""
    client.socket.settimeout(seconds)
    try:
        client.frame()
    except TimeoutError:
        return True
    except Closed:
        pass
    return False


def test_control(program):
    with controlled(program) as (_, control, path):
        assert control("nonsense x") == {"ok": False, "error": "unknown command 'nonsense'"}
        assert control("cut all") == {"ok": False, "error": "cut takes nothing more"}
        assert control("fault")["ok"] is False
        assert control("fault gremlin") == {"ok": False, "error": "unknown fault 'gremlin'"}
        assert control("fault late=5,get_ticker") == {"ok": True}
        assert control("fault twice") == {"ok": True}
        assert control("faults") == {"ok": True, "faults": ["late=5,get_ticker", "twice"]}
        assert control("fault clear late") == {"ok": True, "cleared": 1}
        assert control("fault clear") == {"ok": True, "cleared": 1}
        assert control("faults") == {"ok": True, "faults": []}
        assert control("stats")["up"] is True
        assert [(line["outcome"], line["detail"]) for line in ledger(path)] == [
            ("set", "late=5,get_ticker"), ("set", "twice"), ("cleared", "late"), ("cleared", "all")]
        many = Control(control.socket.getpeername())
        many.lines.write("stats\n" * 1000)
        many.lines.flush()
        assert all(json.loads(many.lines.readline())["ok"] for _ in range(1000))
        many.socket.sendall(b"x" * 2000)
        with contextlib.suppress(ConnectionResetError):
            assert many.lines.readline() == ""
        assert control("orders") == {"ok": True, "orders": []}


def test_cut_and_orders(program):
    with controlled(program, "--no-client-ids") as (simulator, control, path):
        client, other = simulator.client(), simulator.client()
        created = client.ask("create_order", client_order_id="mine", **ORDER)["data"]
        assert "client_order_id" not in created
        order = control("orders")["orders"][0]
        assert (order["order_id"], order["client_order_id"], order["status"]) == (created["order_id"], "mine", "open")
        assert control("cut") == {"ok": True, "cut": 2}
        assert client.closed_with() is None and other.closed_with() is None
        assert control("stats")["cuts"] == 2
        again = simulator.client()
        assert again.ask("get_order", order_id=created["order_id"], **ETH)["data"]["status"] == "open"
        told = [line for line in ledger(path) if line["event"] in ("create", "cancel")]
        assert told[0]["client_order_id"] == "mine" and told[0]["order_id"] == created["order_id"]
        assert told[0]["connection"] == 1 and told[0]["outcome"] == "accepted"


def test_refuse(program):
    with controlled(program) as (simulator, control, _):
        client = simulator.client()
        control("fault refuse")
        try:
            Client(simulator.port)
            assert False, "it took a connection"
        except (Closed, ConnectionError):
            pass
        assert client.ask("get_ticker", **ETH)["status"] == "success"
        control("fault clear refuse")
        simulator.client()


def test_close_with_a_code(program):
    with controlled(program) as (simulator, control, path):
        client = simulator.client()
        control("fault close=1012,2")
        client.ask("get_ticker", **ETH)
        client.ask("get_ticker", **ETH)
        assert client.closed_with() == (1012, "a fault")
        control("fault clear")
        control("fault close=4001")
        assert Client(simulator.port).closed_with() == (4001, "a fault")
        assert [line["outcome"] for line in ledger(path) if line["event"] == "connection"].count("closed") == 2


def test_silence(program):
    with controlled(program) as (simulator, control, path):
        client = simulator.client()
        control("fault silent-after=1")
        assert client.ask("get_ticker", **ETH)["status"] == "success"
        client.write_frame(0x89, b"ping")
        client.request("create_order", **ORDER)
        for _ in range(200):  # more than any buffer between holds: all of it is taken
            client.write_frame(0x81, b" " * 100000)
        assert is_quiet(client)
        control("fault clear")
        other = simulator.client()
        assert other.ask("get_open_orders", **ETH)["data"] == []
        assert control("stats")["connections"] == 2
        client.socket.close()
        while control("stats")["connections"] > 1:
            time.sleep(0.01)
        assert [line["detail"] for line in ledger(path) if line.get("outcome") == "muted"] == ["silent"]


def test_half_open(program):
    with controlled(program) as (simulator, control, path):
        client = simulator.client()
        control("fault half-open")
        client.write_frame(0x89, b"ping")
        client.socket.settimeout(0.5)
        try:
            for _ in range(1000):
                client.write_frame(0x81, b" " * 100000)
            assert False, "somebody reads"
        except TimeoutError:
            pass
        assert is_quiet(client)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()  # a reset: an end behind what is not read would not arrive
        while control("stats")["connections"] > 0:
            time.sleep(0.01)
        assert [line["detail"] for line in ledger(path) if line.get("outcome") == "muted"] == ["half-open"]


def test_fragments(program):
    with controlled(program) as (simulator, control, _):
        client = simulator.client()
        control("fault fragments")
        size = len(json.dumps(client.ask("get_ticker", **ETH), separators=(",", ":")))
        splits = set()
        for _ in range(4 * size):
            assert client.ask("get_ticker", **ETH)["status"] == "success"
            assert len(client.fragments) == 2
            splits.add(client.fragments[0])
        assert splits >= set(range(size)), sorted(set(range(size)) - splits)
        assert client.pings > size / 4
        control("fault clear")
        control("fault fragments=9")
        for _ in range(50):
            assert client.ask("get_order_book", **ETH)["status"] == "success" and len(client.fragments) == 9


def test_slow_reader(program):
    with controlled(program) as (simulator, control, _):
        control("fault slow-reader=20000")
        client = simulator.client(receive_buffer=4096)
        start = time.monotonic()
        asked = [client.request("get_ticker", pad="x" * 1000, **ETH) for _ in range(20)]
        answers = [json.loads(client.frame())["id"] for _ in asked]
        assert answers == asked and time.monotonic() - start > 0.5


def test_rate_limit(program):
    with controlled(program) as (simulator, control, path):
        client = simulator.client()
        control("fault rate-limit=3")
        answers = [client.ask("create_order", client_order_id=str(i), **ORDER) for i in range(20)]
        refused = [answer for answer in answers if answer["status"] == "error"]
        assert refused and all((a["message"], a["code"]) == ("Too many requests", "429") for a in refused)
        creates = [line["outcome"] for line in ledger(path) if line["event"] == "create"]
        assert creates.count("rejected") == len(refused) and len(creates) == 20


def test_answers(program):
    with controlled(program) as (simulator, control, _):
        client = simulator.client()
        control("fault garbage-answer=get_ticker")
        client.request("get_ticker", **ETH)
        assert client.frame() == b'{"id": this was an answer'
        assert client.ask("get_order_book", **ETH)["status"] == "success"


def restart(program, fault, kept):
    with controlled(program, "--fault", fault + ",4") as (simulator, control, path):
        client = simulator.client()
        order = client.ask("create_order", client_order_id="mine", **ORDER)["data"]
        client.request("get_ticker", **ETH)
        assert client.closed_with() is None
        try:
            while control("stats")["up"]:
                time.sleep(0.001)
            socket.create_connection(("127.0.0.1", simulator.port), 5)
            assert False, "it listens"
        except ConnectionRefusedError:
            pass
        control("fault clear restart")
        assert control("stats")["up"]
        answer = simulator.client().ask("get_order", order_id=order["order_id"], **ETH)
        assert (answer["status"] == "success") == kept, answer
        told = [line for line in ledger(path) if line["event"] in ("restart", "lost")]
        assert [line["outcome"] for line in told if line["event"] == "restart"] == [
            "orders kept" if kept else "orders lost", "up"]
        assert [line["client_order_id"] for line in told if line["event"] == "lost"] == ([] if kept else ["mine"])
        assert control("stats")["restarts"] == 1 and control("faults")["faults"] == []
        assert simulator.client().ask("get_balances", exchange="binance")["data"]["binance"]["USDT"]["available"] == (
            "998498.50" if kept else "1000000.00")


def test_kill(program):
    with tempfile.TemporaryDirectory() as folder:
        kept, told = os.path.join(folder, "state"), os.path.join(folder, "ledger")
        ids = []
        for start in range(3):
            with Simulator(program, "--rate", "0", "--state", kept, "--ledger", told) as simulator:
                client = simulator.client()
                listed = client.ask("get_open_orders", **ETH)["data"]
                assert [order["client_order_id"] for order in listed] == [f"order-{i}" for i in reversed(range(start))]
                assert [order["order_id"] for order in listed] == ids
                answer = client.ask("create_order", client_order_id=f"order-{start}", **ORDER)
                ids.insert(0, answer["data"]["order_id"])
                simulator.kill()
        with open(told, encoding="utf-8") as lines:
            created = [line for line in map(json.loads, lines) if line["event"] == "create"]
        assert [line["order_id"] for line in created] == ids[::-1]


def test_restarts(program):
    restart(program, "restart=600000", True)
    restart(program, "restart-lost=600000", False)
    with controlled(program, "--fault", "restart=50,1") as (simulator, control, _):  # comes back by itself
        client = Client(simulator.port)
        client.request("authenticate", api_key=KEY)
        assert client.closed_with() is None
        while not control("stats")["up"]:
            time.sleep(0.01)
        simulator.client()


def cut_story(program, seed):
    """Sends creates one after another through random cuts; returns what the ledger says, without times."""
    with controlled(program, "--seed", seed, "--fault", "cut-every=6") as (simulator, _, path):
        client, sent = None, 0
        while sent < 150:
            try:
                client = client or simulator.client()
                sent += 1
                client.ask("create_order", client_order_id=f"order-{sent}", **ORDER)
            except (Closed, ConnectionError):
                client = None
        lines = ledger(path)
    creates = [line for line in lines if line["event"] == "create"]
    assert sorted(line["client_order_id"] for line in creates) == sorted(f"order-{i}" for i in range(1, sent + 1))
    return [(line["event"], line["outcome"], line.get("client_order_id"), line.get("detail")) for line in lines
            if line["event"] != "connection" or line["outcome"] == "cut"]


def test_random_cuts(program):
    story = cut_story(program, "1")
    assert story == cut_story(program, "1")
    assert story != cut_story(program, "2")
    where = [line[3] for line in story if line[1] == "cut"]
    assert set(where) == {"before the request", "before the answer", "before the events", "in a frame"}, where
    assert len(where) > 40
    assert 0 < sum(line[1] == "dropped" for line in story) <= where.count("before the request")


def test_tls(program):
    with tempfile.TemporaryDirectory() as folder:
        authority = os.path.join(folder, "ca.pem")
        with controlled(program, "--tls", "--ca-out", authority) as (simulator, control, _):
            tls = trusting(authority)
            client = simulator.client(tls=tls)
            assert client.socket.version() == "TLSv1.3"
            control("fault cut-every=1")
            client.request("get_ticker", **ETH)
            assert client.closed_with() is None
            control("fault clear")
            for fault, reason in (("wrong-cert", "Hostname mismatch"), ("expired-cert", "certificate has expired")):
                control("fault " + fault)
                try:
                    simulator.client(tls=tls)
                    assert False, fault + " was accepted"
                except ssl.SSLCertVerificationError as refused:
                    assert reason in str(refused), refused
                control("fault clear")
            simulator.client(tls=tls)
            try:
                simulator.client(tls=ssl.create_default_context())
                assert False, "the authority is unknown"
            except ssl.SSLCertVerificationError:
                pass


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1])
