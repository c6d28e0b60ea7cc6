"""YAML that is meant to do harm: each is refused with its place, and the process lives (nested nodes once ended it in C)."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal

import pytest

from edi_bridge.fault import ConfigFault
from edi_bridge.yamltext import MAX_DEPTH, parse

DEEP = {
    "brackets": "'[' * 200_000",
    "braces": "'{a: ' * 200_000",
    "dashes": "'- ' * 200_000 + 'x'",
    "question marks": "'? ' * 200_000",
    "closed": "'a: ' + '[' * 100_000 + ']' * 100_000",
}


@pytest.mark.parametrize("name", DEEP)
def test_nesting_without_end_is_refused_and_kills_nobody(name: str) -> None:
    script = f"from edi_bridge.yamltext import parse\nfrom edi_bridge.fault import ConfigFault\ntry:\n parse({DEEP[name]}, 'p.yaml')\nexcept ConfigFault as fault:\n print(fault)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("p.yaml:1:") and done.stdout.rstrip().endswith(f"nested more than {MAX_DEPTH} deep")


def test_nesting_up_to_the_limit_is_read() -> None:
    value = parse("[" * MAX_DEPTH + "x" + "]" * MAX_DEPTH, "p.yaml")
    for _ in range(MAX_DEPTH):
        (value,) = value
    assert value == "x"


@pytest.mark.parametrize("text", ["9" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000, "9" * 5000 + ".5", "1e999999999999", "1.5E-999999"])
def test_a_number_without_end_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ConfigFault, match=r"p\.yaml:2:4: a number of more than 4000 digits; a text stands in quotes"):
        parse(f"b: 1\na: {text}\n", "p.yaml")
    assert parse(f'a: "{text}"', "p.yaml") == {"a": text}


def test_ordinary_numbers_stay_what_they_are() -> None:
    assert parse("[12, 1.50, 1e3, 0x1F, -7, 1e, 0123]", "p.yaml") == [12, Decimal("1.50"), Decimal("1e3"), 31, -7, "1e", 123]


def test_aliases_tags_and_second_keys_are_refused() -> None:
    for text, why in (("a: &x [1]\nb: *x", "aliases"), ("a: &x [*x]", "aliases"), ("a: !!python/name:os.system", "tags"), ("a: 1\na: 2", "given twice")):
        with pytest.raises(ConfigFault, match=why):
            parse(text, "p.yaml")
