"""Holds the vectors to Python's msgpack: each `hex` is the shortest form of its `json`, and reads as it."""

import json
import pathlib
import re
import sys

try:
    import msgpack
except ImportError:
    print("skipped: python3-msgpack is not installed")
    sys.exit(77)

HERE = pathlib.Path(__file__).resolve().parent
WRITTEN = ("events", "commands", "replies")  # by us; the other groups are only read


def vectors(group):
    return [json.loads(line) for line in (HERE / f"{group}.jsonl").read_text(encoding="utf-8").splitlines()]


def main():
    names = set()
    for group in WRITTEN + ("tolerated", "refused", "topics"):
        for vector in vectors(group):
            name = vector["name"]
            assert re.fullmatch(r"[a-z0-9_]+", name) and name not in names, f"{name}: its name"
            names.add(name)
            if "json" not in vector:
                continue
            frame = bytes.fromhex(vector["hex"])
            assert msgpack.unpackb(frame, strict_map_key=False) == vector["json"], f"{name}: reads as something else"
            if group in WRITTEN:
                assert msgpack.packb(vector["json"]) == frame, f"{name}: is not in shortest form"
    print(f"{len(names)} vectors")


main()
