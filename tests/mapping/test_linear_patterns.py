"""The patterns that are learned from a partner's lines meet a worst case of 1 MB: they run in linear time or this never ends."""

from __future__ import annotations

import io
import signal

import pytest

from benchmarks import generate
from edi_bridge import syntax
from edi_bridge.catalog import Catalog

CASES = {"order.edifact-d96a": generate.orders_d96a, "invoice.edifact-d96a": generate.invoic_d96a,
         "order.x12-4010-850": generate.x12_850, "invoice.x12-4010-810": generate.x12_810}
SIZE = 1_000_000


@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_learned_patterns_are_linear_on_hostile_text(name: str, guided: bool, no_hang: None) -> None:
    """`guided`: those that also demand what the guide demands of each value."""
    catalog = Catalog()
    compiled = catalog.map_named(name)
    texts = []
    for interchange in syntax.read(io.BytesIO(b"".join(CASES[name](30)))):
        for message in interchange.messages:
            if guided:
                assert compiled.read_good(message, catalog.checker_for(message.type, None).pieces) is not None
            else:
                compiled.read(message)
            texts.append(message.text)
    templates = [template for pair in compiled.reader.by_lines.readers() for reader in pair for template in reader.templates.kept]
    assert len(templates) >= 3, "nothing was learned: nothing is proven"
    delimiters = message.delimiters
    signs = [sign for sign in (delimiters.element, delimiters.component, delimiters.terminator) if sign]
    for template in templates:
        match = template[0]
        for filling in ["A", "1", *signs, "".join(signs), "A" + signs[0], "\x01\x02"]:
            match(filling * (SIZE // len(filling)))
            for text in texts[:3]:  # a good beginning, then the worst case
                line = text[text.find(delimiters.terminator, len(text) // 2) + 1:]
                for cut in (4, 12, 40, 120):
                    match(line[:cut] + filling * (SIZE // len(filling)))


def test_the_guard_sees_a_quadratic_pattern(no_hang: None) -> None:
    import re

    signal.alarm(1)
    with pytest.raises(TimeoutError):
        for _ in range(100):
            re.compile(r"(?:A+)+B").match("A" * 40)
