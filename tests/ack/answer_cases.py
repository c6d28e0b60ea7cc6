"""The samples of answers: a message, who sent it, and what goes out. One folder each in samples/acks.

    python -m tests.ack.answer_cases        # writes the expected files anew: read each one that changes
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import replace
from functools import cache
from pathlib import Path

from edi_bridge import answering, partner, pipeline, yamltext
from edi_bridge.catalog import Catalog

FOLDER = Path(__file__).parents[2] / "samples" / "acks"
CASES = sorted(path.parent for path in FOLDER.glob("*/partner.yaml"))
PREPARED = "2026-11-03T09:30"


SHIPPED = Catalog()  # guides and maps are compiled once for all cases


def catalog(folder: Path) -> Catalog:
    """What is shipped, but with the case's partner as the only one, until the next call; each has the name of its folder."""
    path = folder / "partner.yaml"
    known = partner.load(yamltext.parse(path.read_text("utf-8"), path.name))
    SHIPPED.__dict__["partners"] = [replace(known, name=str(folder))]
    return SHIPPED


def answered(content: bytes, known: Catalog) -> list[answering.Answered]:
    """What answers the content, with control numbers from 9001 (interchanges) and 501 (groups)."""
    numbers = {"interchange": itertools.count(9001), "group": itertools.count(501)}
    suspended = pipeline.suspended(content, known)
    outcomes = pipeline.inbound(content, known, suspended=suspended)
    return list(answering.answers(outcomes, known, draw=lambda kind: next(numbers[kind]), prepared=PREPARED))


@cache
def of(folder: Path) -> list[answering.Answered]:
    """What answers the message of a case."""
    return answered((folder / "message.edi").read_bytes(), catalog(folder))


def segments(found: list[answering.Answered]) -> str:
    """The answers as a person reads them: one segment a line."""
    return "".join(f"{line}\n" for one in found for answer in one.answers for line in answer.lines())


def words(found: list[answering.Answered]) -> str:
    """What is said of them: the answers, why something does not go out, and what a person must do."""
    lines = []
    for one in found:
        lines += [f"out: {answer.name}, {answer.verdict.value}: {answer.words}" for answer in one.answers]
        lines += [f"silent: {text}" for text in one.silent]
        lines += [f"person: {text}" for text in one.told]
    return "".join(f"{line}\n" for line in lines)


if __name__ == "__main__":
    counts: dict[str, int] = defaultdict(int)
    for case in CASES:
        made = of(case)
        for name, text in (("ack.txt", segments(made)), ("words.txt", words(made))):
            path = case / "expected" / name
            path.parent.mkdir(exist_ok=True)
            old = path.read_text("utf-8") if path.exists() else None
            path.write_text(text, "utf-8")
            counts["changed" if old != text else "same"] += 1
    print(dict(counts))
