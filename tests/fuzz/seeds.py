"""seeds.py DIRECTORY: writes the first inputs of each fuzzer from the vectors, one folder a target."""

import json
import pathlib
import sys

VECTORS = pathlib.Path(__file__).resolve().parents[1] / "vectors"
TARGETS = {"events": ("event", "frame"), "commands": ("command", "frame"), "replies": ("reply", "frame", "repair")}
REPAIR = ("sequences", "replay", "snapshot")  # decoders of a reply's data
DECIMALS = (b"\x02" b"62345.12\n0.01234500", b"\x00" b"-99999999999999999999999999999999999999\n1",
            b"\x24" b"0.000000000000000000000000000000000001\n-3", b"\x05" b"007.50\n-0.00")


def write(directory, target, name, data):
    folder = directory / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def main(directory):
    for path in VECTORS.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            vector = json.loads(line)
            if "hex" in vector:
                decoder = vector.get("decoder")
                targets = TARGETS.get(path.stem) or ("repair" if decoder in REPAIR else decoder, "frame")
                for target in targets:
                    write(directory, target, vector["name"], bytes.fromhex(vector["hex"]))
            else:
                write(directory, "topic", vector["name"], vector.get("topic", vector.get("text")).encode())
    for i, data in enumerate(DECIMALS):
        write(directory, "decimal", f"decimal_{i}", data)


main(pathlib.Path(sys.argv[1]))
