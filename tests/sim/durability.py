#!/usr/bin/python3
"""hbus-sim killed again and again under a flow of orders: what it has told anyone it remembers. durability.py HBUS-SIM."""
import json
import os
import random
import sys
import tempfile
from decimal import Decimal

from client import ETH, Closed, Simulator, ledger, run_tests

KILLS = 150
AHEAD = 8  # requests under way


class Told:
    """What a client was told of its orders."""

    def __init__(self):
        self.orders = {}  # id: status
        self.fills = {}  # (order id, trade id): amount

    def take(self, frame):
        kind, data = frame.get("type"), frame.get("data") or {}
        if kind == "trade" and data.get("order_id"):
            self.fills[data["order_id"], data["trade_id"]] = Decimal(data["amount"])
        elif "order_id" in data and "status" in data:
            self.orders[data["order_id"]] = data["status"]
        elif data.get("cancelled"):
            self.orders[data["order_id"]] = "cancelled"


def act(client, lot, told):
    lives = [order for order, status in told.orders.items() if status in ("open", "partially_filled")]
    if lives and lot.random() < 0.3:
        return client.request("cancel_order", order_id=lot.choice(lives), **ETH)
    order = {"side": lot.choice(["buy", "sell"]), "amount": f"{lot.randrange(1, 400)}.00"}
    if lot.random() < 0.5:
        return client.request("create_order", order_type="market", **order, **ETH)
    price = lot.choice(["1500", "1799", "1800", "1801", "2100"])
    return client.request("create_order", order_type="limit", price=price, **order, **ETH)


def trade_until_killed(simulator, lot, told):
    """Kills it when so many more frames have come; reads what it had sent before."""
    client, frames = simulator.client(), lot.randrange(1, 60)
    for _ in range(AHEAD):
        act(client, lot, told)
    try:
        while True:
            frame = json.loads(client.frame())
            told.take(frame)
            frames -= 1
            if frames == 0:
                simulator.process.kill()
            if frame.get("id") and frames > 0:
                act(client, lot, told)
    except (Closed, BrokenPipeError, ConnectionResetError):
        client.socket.close()


def check(simulator, truth, told):
    filled, statuses = {}, {}
    for line in truth:
        if line["event"] == "create" and line["outcome"] == "accepted":
            assert line["order_id"] not in statuses, line
            statuses[line["order_id"]] = line
        elif line["event"] == "fill":
            order = line["order_id"]
            filled[order] = filled.get(order, 0) + Decimal(line["amount"])
            assert filled[order] == Decimal(line["filled"]), line
    client = simulator.client()
    known = {order["order_id"]: order for order in client.ask("get_order_history", limit=1000, **ETH)["data"]}
    for order in known.values():
        assert Decimal(order["filled"]) == filled.get(order["order_id"], 0), order
    newest = sorted(known)
    for order, status in told.orders.items():
        assert order in statuses, f"{order} was told, and is not in the ledger"
        assert order in known or order < newest[0], f"{order} was told, and is forgotten"
        if order in known and status in ("filled", "cancelled"):
            assert known[order]["status"] == status, (known[order], status)
    fills = {(line["order_id"], line["trade_id"]) for line in truth if line["event"] == "fill"}
    assert len(fills) == sum(line["event"] == "fill" for line in truth), "a fill stands twice in the ledger"
    assert told.fills.keys() <= fills, "a fill was told that is not in the ledger"
    client.socket.close()


def test_killed_under_flow(program):
    lot, told = random.Random(1), Told()
    with tempfile.TemporaryDirectory() as folder:
        state, truth = os.path.join(folder, "state"), os.path.join(folder, "ledger")
        arguments = ("--rate", "200", "--state", state, "--ledger", truth)
        for _ in range(KILLS):
            with Simulator(program, *arguments) as simulator:
                trade_until_killed(simulator, lot, told)
        with Simulator(program, "--rate", "0", *arguments[2:]) as simulator:
            check(simulator, ledger(truth), told)
    assert len(told.orders) > KILLS and len(told.fills) > KILLS, (len(told.orders), len(told.fills))


if __name__ == "__main__":
    run_tests(globals(), sys.argv[1])
