"""The tables of docs/codecs.md, made from the code, so that a test can keep the page equal to it."""

from __future__ import annotations

from edi_bridge.mapping.code_table import STANDARDS, load_table
from edi_bridge.mapping.codec import CODECS
from edi_bridge.mapping.codec_date import UNCL_2379, X12_623, X12_1250
from edi_bridge.yamltext import Block


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (heads, tuple("---" for _ in heads), *rows)]
    return "\n".join(lines) + "\n"


def tables(blocks: list[Block]) -> dict[str, str]:
    """Each table's name and its text; `blocks` are the parsed files of `mappings/codes/`."""
    codes: list[tuple[str, ...]] = []
    for block in blocks:
        counts = [f"{one} {len(load_table(block, one).reads)}" for one in STANDARDS if one in block]
        codes.append((f"`{block['codes']}`", str(block["of"]), str(len(block["values"])), ", ".join(counts)))
    return {
        "codecs": _table(("written in a map", "what it does"),
                         [(", ".join(f"`{one}`" for one in recipe.written.split(" · ")), recipe.sentence)
                          for recipe in CODECS.values()]),
        "2379": _table(("code", "form"), [(code, picture.upper()) for code, picture in UNCL_2379.items()]),
        "1250": _table(("code", "form"), [(code, picture.upper()) for code, picture in X12_1250.items()]),
        "623": _table(("code", "offset"), [(code, offset or "local time") for code, offset in X12_623.items()]),
        "codes": _table(("table", "of", "values", "codes read"), codes),
    }
