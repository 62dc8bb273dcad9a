"""Reads PROTOCOL.md: what it says in tables and examples is what the tests hold the broker and the vectors to."""

import json
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXT = (ROOT / "proto" / "PROTOCOL.md").read_text(encoding="utf-8")


def _section(title):
    return re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL).group(1)


def _words(cell):
    return re.findall(r"`([a-z0-9_]+)`", cell)


def commands():
    """Each command's arguments, required and optional: {"get_balances": (["exchange"], ["limit", …]), …}."""
    rows = [line.split("|")[1:-1] for line in _section("Each command").split("\n\n")[0].splitlines() if "|" in line]
    return {_words(row[0])[0]: (_words(row[1]), _words(row[2])) for row in rows if _words(row[0])}


def status_keys():
    """The keys of the reply to `status`."""
    table = re.search(r"^\*\*status\*\*.*?\n\n(.*?)\n\n", _section("Each command"), re.MULTILINE | re.DOTALL).group(1)
    return {word for line in table.splitlines()[2:] for word in _words(line.split("|")[1])}


def orders_hash():
    """The hash of an order, and the text that it is made of."""
    text = re.search(r"gives `([0-9a-f]{16})`, of\s+```\n(.*?)\n```", _section("Numbers, order and loss"), re.DOTALL)
    return text.group(1), text.group(2).replace("\\n", "\n")


def reserved_commands():
    """The names of the commands that are answered with UNSUPPORTED."""
    return _words(re.search(r"answer\s+`UNSUPPORTED`:(.*?)\n\n", _section("Each command"), re.DOTALL).group(1))


def first_session():
    """The Python program of "A first session"."""
    return re.search(r"```python\n(.*?)```", _section("A first session"), re.DOTALL).group(1)


def codes():
    """The codes, in the order of their table."""
    return re.findall(r"^\| `([A-Z_]+)` \|", _section("Codes"), re.MULTILINE)


def limits():
    """The numbers of the table of limits."""
    table = _section("Limits").strip().split("\n\n")[0]
    return [int(cell.replace(",", "")) for cell in re.findall(r"\| ([0-9,]+)", table)]


def examples():
    """The byte-exact examples: {vector's name: its bytes}."""
    return {name: bytes.fromhex("".join(line.split("#")[0] for line in body.splitlines()))
            for name, body in _hex_blocks()}


def example_remarks():
    """What is said beside the bytes: {vector's name: lines}."""
    return {name: "\n".join(line.partition("#")[2] for line in body.splitlines()) for name, body in _hex_blocks()}


def _hex_blocks():
    return re.findall(r"```hex ([a-z0-9_]+)\n(.*?)```", TEXT, re.DOTALL)


def vectors(*groups):
    """The vectors of these groups, as tests/vectors/README.md describes them."""
    for group in groups:
        lines = (ROOT / "tests" / "vectors" / f"{group}.jsonl").read_text(encoding="utf-8").splitlines()
        yield from (json.loads(line) for line in lines)
