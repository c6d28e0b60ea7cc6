"""Stated outcomes: what becomes of traffic that is legal or common, but is not (only) read. One folder each in samples/outcomes.

    python -m tests.test_outcomes        # writes the expected files anew: read each one that changes
"""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_bridge import syntax

FOLDER = Path(__file__).parent.parent / "samples" / "outcomes"
CASES = sorted(path.parent for path in FOLDER.glob("*/outcome.yaml"))


def outcome(folder: Path) -> str:
    """What the reader says: the interchange in a line, its messages, its findings."""
    (file,) = folder.glob("message.*")
    lines = []
    for interchange in syntax.read(file.read_bytes()):
        messages = [f"  message {one.ordinal}: {one.type}, {len(one.segments)} segments, {one.encoding}" for one in interchange.messages]
        lines.append(f"{interchange.standard} {interchange.syntax or '-'} from {interchange.sender or '-'} to {interchange.receiver or '-'}")
        lines += messages
        lines += [f"  {one.position.words()} | {one.sentence()}" for one in interchange.findings]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("folder", CASES, ids=lambda path: path.name)
def test_the_outcome_is_the_one_that_is_stated(folder: Path) -> None:
    assert outcome(folder) == (folder / "expected" / "outcome.txt").read_text("utf-8")


@pytest.mark.parametrize("folder", [path for path in CASES if path.name != "edifact-ebcdic"], ids=lambda path: path.name)
def test_nothing_of_it_is_lost(folder: Path) -> None:
    """Whatever it is, writing gives the bytes back; EBCDIC is not opened at all and kept as the raw file."""
    (file,) = folder.glob("message.*")
    raw = file.read_bytes()
    assert b"".join(syntax.write(one) for one in syntax.read(raw)) == raw


def test_there_is_a_sample_of_every_stated_outcome() -> None:
    assert {path.name for path in CASES} >= {
        "edifact-unox", "edifact-package-uno-unp", "edifact-utf8-declared-as-unoc", "x12-ta3", "x12-isb-ise", "edifact-ebcdic",
        "edifact-interactive-uib", "edifact-unoy-utf8"}


if __name__ == "__main__":
    for path in CASES:
        (path / "expected" / "outcome.txt").write_text(outcome(path), "utf-8")
