"""PROTOCOL.md against what it describes: its examples are vectors, its codes and limits those of the headers."""

import json
import re
import unittest

import document


class Document(unittest.TestCase):
    def test_examples_are_vectors(self):
        vectors = {vector["name"]: vector for vector in document.vectors("commands", "replies", "events")}
        examples = document.examples()
        self.assertGreaterEqual(len(examples), 6)
        for name, frame in examples.items():
            self.assertEqual(frame.hex(), vectors[name]["hex"], name)

    def test_what_the_examples_say_is_in_their_bytes(self):
        vectors = {vector["name"]: vector for vector in document.vectors("commands", "replies", "events")}
        for name, lines in document.example_remarks().items():
            for key, value in re.findall(r"^ *(\w+): (\"[^\n]*\"|\d+)$", lines, re.MULTILINE):
                self.assertIn((key, json.loads(value)), set(_leaves(vectors[name]["json"])), name)

    def test_codes_are_those_of_the_header(self):
        header = (document.ROOT / "include" / "hbus" / "status.h").read_text(encoding="utf-8")
        wire = header.partition("HBUS_OK = 0,")[2].partition("HBUS_WIRE_CODES")[0]
        codes = re.findall(r"^  HBUS_([A-Z_]+),", wire, re.MULTILINE)
        self.assertEqual(document.codes(), codes)

    def test_limits_are_those_of_the_header(self):
        header = (document.ROOT / "include" / "hbus" / "limits.h").read_text(encoding="utf-8")
        limits = [int(number) for number in re.findall(r"_MAX(?:_MS)? +(\d+)", header)]
        self.assertEqual(sorted(document.limits()), sorted(limits))


def _leaves(value):
    """Every key and plain value in nested maps."""
    for key, child in value.items():
        if isinstance(child, dict):
            yield from _leaves(child)
        elif not isinstance(child, list):
            yield key, child


if __name__ == "__main__":
    unittest.main()
