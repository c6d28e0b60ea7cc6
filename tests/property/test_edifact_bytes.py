"""EDIFACT, for any bytes: only findings, nothing lost, and every cut of the input gives the same result."""

from __future__ import annotations

import io
import warnings

from hypothesis import given, settings
from hypothesis import strategies as st

from edi_bridge import syntax
from edi_bridge.interchange import Delimiters, escape
from edi_bridge.syntax import edifact

TOKENS = [
    b"UNA:+.? '",
    b"UNB+UNOC:3+A+B+260301:1200+1",
    b"UNB+UNOA:4+A+B+260301:1200+2",
    b"UNG+ORDERS+S+R+260301:1405+G1+UN+D:96A",
    b"UNH+1+ORDERS:D:96A:UN",
    b"UNH+2+INVOIC:D:01B:UN",
    b"UNT+3+1",
    b"UNT+2+2",
    b"UNE+1+G1",
    b"UNZ+1+1",
    b"UNZ+2+2",
    b"UNO+P+A:1+1+3",
    b"UNP+3+P",
    b"UIB+UNOA:4+D",
    b"UIZ+D+1",
    b"BGM+220+1",
    b"FTX+AAI+++x",
    b"UN",
    b"UNT",
    b"'",
    b"'",
    b"'",
    b"'",
    b"+",
    b":",
    b"?",
    b"?'",
    b"??",
    b"*",
    b"\n",
    b"\r\n",
    b"'\n",
    b" ",
    b"\t",
    b"\0",
    b"\x01",
    b"\x1a",
    b"\xe9",
    b"\xc3\xa9",
    b"\x80",
    b"\xef\xbb\xbf",
    b"text",
    b"UNA*|.\\ ~",
    b"~",
    b"x" * 90,
    b"ISA*00*",
]
SOUP = st.lists(st.sampled_from(TOKENS), max_size=40).map(b"".join)
QUICK = settings(max_examples=150, deadline=None)


class Cut(io.RawIOBase):
    """A stream that gives its bytes in pieces of the given sizes, over and over."""

    def __init__(self, content: bytes, sizes: list[int]):
        self.content, self.sizes, self.at, self.turn = content, sizes, 0, 0

    def read(self, size: int = -1) -> bytes:
        size = min(size if size >= 0 else len(self.content), self.sizes[self.turn % len(self.sizes)])
        self.turn += 1
        piece = self.content[self.at : self.at + size]
        self.at += len(piece)
        return piece


def everything(stream: object, **options: int) -> list[object]:
    """All that reading gives, to compare two readings."""
    result: list[object] = []
    for interchange in edifact.read(stream, **options):  # type: ignore[arg-type]
        for part in interchange.parts:
            fields = ("text", "raw", "offset", "reference", "ordinal", "header", "trailer", "source")
            result.append([type(part).__name__, *(getattr(part, name, None) for name in fields)])
        result.append(
            (
                interchange.ordinal,
                interchange.offset,
                interchange.header,
                interchange.trailer,
                interchange.layout,
                interchange.findings,
            )
        )
    return result


@QUICK
@given(st.one_of(st.binary(max_size=300), SOUP))
def test_any_bytes_only_give_findings_and_whole_messages(content: bytes) -> None:
    for interchange in syntax.read(content):
        if interchange.standard != "edifact":
            break
        for message in interchange.messages:
            assert message.text.endswith(message.delimiters.terminator)  # type: ignore[union-attr]
            assert content[message.offset : message.offset + len(message.raw)] == message.raw
            assert all(segment and segment[0] for segment in message.segments if segment[0])  # type: ignore[union-attr]
            for number in range(1, len(message.segments) + 1):  # type: ignore[union-attr]
                message.locate(number, 1, 1)  # type: ignore[union-attr]
        for finding in interchange.findings:
            finding.sentence()
            assert finding.position.offset is None or 0 <= finding.position.offset <= len(content)


@QUICK
@given(SOUP)
def test_nothing_is_lost_but_line_breaks(content: bytes) -> None:
    content = b"UNB+UNOC:3+A+B+260301:1200+1'" + content
    out = io.BytesIO()
    for interchange in edifact.read(io.BytesIO(content)):
        edifact.write_to(interchange, out)
    assert out.getvalue().translate(None, b"\r\n\t ") == content.translate(None, b"\r\n\t ")


@QUICK
@given(st.one_of(SOUP, st.binary(max_size=200)), st.lists(st.integers(1, 20), min_size=1, max_size=5))
def test_any_cut_of_the_input_gives_the_same(content: bytes, sizes: list[int]) -> None:
    assert everything(Cut(content, sizes)) == everything(io.BytesIO(content))


@QUICK
@given(SOUP, st.integers(1, 64))
def test_any_size_of_the_window_gives_the_same(content: bytes, chunk: int) -> None:
    assert everything(io.BytesIO(content), chunk=chunk) == everything(io.BytesIO(content))


VALUE = st.text(st.sampled_from("AB9 .,-+:'?*éß"), max_size=12)
SEGMENT = st.tuples(
    st.sampled_from(["BGM", "FTX", "LIN", "NAD"]),
    st.lists(st.lists(VALUE, min_size=1, max_size=4), min_size=1, max_size=5),
)


@QUICK
@given(st.lists(SEGMENT, max_size=8), st.sampled_from(["", "\n", "\r\n"]), st.booleans())
def test_values_come_back_as_they_were_and_as_pydifact_reads_them(
    segments: list[tuple[str, list[list[str]]]], gap: str, una: bool
) -> None:
    d = Delimiters()
    rows = [
        "+".join([tag, *(":".join(escape(part, d) for part in element) for element in elements)])
        for tag, elements in segments
    ]
    text = f"{gap}".join(
        [
            *(["UNA:+.? '"] if una else []),
            "UNB+UNOC:3+A+B+260301:1200+1'",
            "UNH+1+ORDERS:D:96A:UN'",
            *(row + "'" for row in rows),
            f"UNT+{len(rows) + 2}+1'",
            "UNZ+1+1'",
        ]
    )
    interchange = next(edifact.read(io.BytesIO(text.encode("latin-1"))))
    [message] = interchange.messages
    for number, (_, elements) in enumerate(segments, 2):
        for index, element in enumerate(elements, 1):
            for component, value in enumerate(element, 1):
                assert message.value(number, index, component) == value  # type: ignore[union-attr]
    assert interchange.findings == []
    theirs = pydifact_segments(text)
    ours = [
        [
            segment[0],
            *(
                [
                    message.value(number, index, c + 1)  # type: ignore[union-attr]
                    for c in range(element.count(":") + 1)
                ]
                for index, element in enumerate(segment[1:], 1)
            ),
        ]
        for number, segment in enumerate(message.segments, 1)
    ]  # type: ignore[union-attr]
    assert [[stripped(e) for e in row] for row in ours] == [[stripped(e) for e in row] for row in theirs]


def pydifact_segments(text: str) -> list[list[object]]:
    from pydifact.segmentcollection import Interchange

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        segments = Interchange.from_str(text).segments
    return [[segment.tag, *segment.elements] for segment in segments if segment.tag != "UNZ"]


def stripped(element: object) -> object:
    """An element without empty components at its end, which pydifact drops; a single one as text."""
    parts = [element] if isinstance(element, str) else list(element)  # type: ignore[call-overload]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts
