"""Whatever the bytes: X12 reading never raises, does not depend on where the stream is cut, and loses nothing."""

from __future__ import annotations

import io

from hypothesis import example, given, settings
from hypothesis import strategies as st

from edi_bridge.interchange import Group, GroupEnd, Message, Stray
from edi_bridge.syntax.limits import Limits
from edi_bridge.syntax.x12 import read, write_to

ISA = b"ISA*00*          *00*          *ZZ*BIGSTORE       *01*123456789      *240501*1230*U*00401*000000905*1*T*>~"
NEW_ISA = ISA.replace(b"*U*00401", b"*^*00704")
GS = b"GS*PO*STORE*SUPPLIER*20240501*1230*17*X*004010VICS~"
MESSAGE = b"ST*850*0001~BEG*00*SA*PO-1~SE*3*0001~"
END = b"GE*1*17~IEA*1*000000905~"

TOKENS = [ISA, NEW_ISA, ISA[:70], ISA[:104], ISA.replace(b" ", b""), GS, MESSAGE, END, b"ST*850*0002~", b"SE*2*0002~", b"GE*1*17~",
          b"IEA*1*000000905~", b"ISX*?~", b"TA1*1~", b"TA3*1~", b"BIN*3*a~b~", b"BIN*9*", b"BDS*B64*2*~~~", b"BIN*x*~", b"N1*ST*X~", b"~", b"*",
          b"?", b"??", b"?~", b"\n", b"\r\n", b" ", b"\t", b"\x00", b"\x01\x02", b"\xc3\xa4", b"\xe4", b"\xef\xbb\xbf", b"ISA", b"ST", b"SE*",
          b"GS*", b"IE", b"junk", b"ISA|", b"ST|850|1\n", b"GS|PO|"]
SOUP = st.lists(st.sampled_from(TOKENS) | st.binary(max_size=6), max_size=25).map(b"".join)
VALID_START = SOUP.map(lambda rest: ISA + GS + rest) | SOUP.map(lambda rest: NEW_ISA + b"ISX*?~" + rest)

# the header and what may follow it is looked at in one go: cuts matter only further on
LONG = b"ST*850*0009~" + b"N1*ST*WAREHOUSE*92*0001~" * 30 + b"SE*32*0009~"
FAR = SOUP.map(lambda rest: ISA + GS + LONG + rest) | SOUP.map(lambda rest: NEW_ISA + b"ISX*?~" + GS + LONG + rest)


class Pieces(io.RawIOBase):
    """A stream that gives its bytes in pieces of the sizes asked for, whatever the reader wants."""

    def __init__(self, whole: bytes, sizes: list[int]):
        self.whole, self.sizes, self.at, self.turn = whole, sizes, 0, 0

    def read(self, size: int = -1) -> bytes:  # type: ignore[override]
        length = min(size if size >= 0 else len(self.whole), self.sizes[self.turn % len(self.sizes)])
        self.turn += 1
        piece = self.whole[self.at:self.at + length]
        self.at += length
        return piece


def account(stream: io.RawIOBase | io.BytesIO, limits: Limits, **options: int) -> list[object]:
    """All that reading tells, as plain values."""
    told: list[object] = []
    for interchange in read(stream, limits=limits, **options):  # type: ignore[arg-type]
        parts: list[object] = []
        for part in interchange.parts:
            if isinstance(part, Message):
                parts.append((part.raw, part.text, part.offset, part.reference, str(part.type), part.encoding, part.ordinal))
                for number in range(1, len(part.segments) + 1):
                    part.locate(number, 1)
                    part.value(number, 1)
            else:
                assert isinstance(part, Group | GroupEnd | Stray)
                parts.append(part)
        told.append((interchange.header, interchange.trailer, interchange.sender, interchange.delimiters, interchange.layout,
                     interchange.offset, parts, interchange.findings))
        for finding in interchange.findings:
            assert finding.sentence().isprintable()
    return told


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400) | SOUP | VALID_START)
@example(b"ISA" * 50)
@example(ISA + b"~" * 300)
@example(NEW_ISA + b"ISX*?~" + b"?" * 301 + b"~" + MESSAGE)
def test_any_bytes_give_findings_and_never_an_exception(data):
    told = account(io.BytesIO(data), Limits())
    assert told


@settings(max_examples=150, deadline=None)
@given(FAR | SOUP, st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_any_cut_of_the_stream_tells_the_same(data, sizes):
    assert account(Pieces(data, sizes), Limits()) == account(io.BytesIO(data), Limits())


@settings(max_examples=150, deadline=None)
@given(FAR | SOUP, st.integers(1, 80))
@example(NEW_ISA + b"ISX*?~" + GS + b"N1*ST*" + b"?" * 300 + b"~" + MESSAGE + END, 1)
def test_any_size_of_the_window_tells_the_same(data, chunk):
    assert account(io.BytesIO(data), Limits(), chunk=chunk) == account(io.BytesIO(data), Limits())


@settings(max_examples=60, deadline=None)
@given(FAR, st.integers(1, 80), st.integers(10, 150), st.integers(10, 150))
@example(NEW_ISA + b"ISX*?~" + GS + b"N1*ST*" + b"?" * 301 + b"~x~" + MESSAGE + END, 7, 150, 20)
def test_limits_do_not_depend_on_the_window(data, chunk, message, segment):
    limits = Limits(message=message, segment=segment)
    assert account(io.BytesIO(data), limits, chunk=chunk) == account(io.BytesIO(data), limits)


def wrapped(data: bytes, width: int, line_break: bytes) -> bytes:
    return line_break.join(data[at:at + width] for at in range(0, len(data), width))


WRAPPED = st.builds(wrapped, FAR, st.integers(30, 120), st.sampled_from([b"\n", b"\r\n"]))


@settings(max_examples=100, deadline=None)
@given(WRAPPED, st.integers(1, 80))
def test_any_size_of_the_window_tells_the_same_of_a_wrapped_file(data, chunk):
    assert account(io.BytesIO(data), Limits(), chunk=chunk) == account(io.BytesIO(data), Limits())


@settings(max_examples=100, deadline=None)
@given(WRAPPED)
def test_a_message_of_a_wrapped_file_is_its_bytes(data):
    for interchange in read(io.BytesIO(data)):
        for message in interchange.messages:
            assert isinstance(message, Message)
            assert data[message.offset:message.offset + len(message.raw)] == message.raw
        for finding in interchange.findings:
            assert finding.position.offset is None or 0 <= finding.position.offset <= len(data)


@settings(max_examples=100, deadline=None)
@given(SOUP.map(lambda rest: ISA + rest) | FAR | WRAPPED)
def test_nothing_is_lost_but_blanks_between_segments(data):
    out = io.BytesIO()
    for interchange in read(io.BytesIO(data)):
        write_to(interchange, out)
    assert out.getvalue().translate(None, b"\r\n\t ") == data.translate(None, b"\r\n\t ")


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x17F, exclude_characters="*>~^\x7f"), min_size=1, max_size=12)


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Well-formed interchanges with delimiters, line breaks and text of any kind."""
    element, component, terminator, repetition = draw(st.permutations("*>~^|\x1c\x1d\x1f+:'\\{}@").map(lambda order: order[:4]))
    line_break = draw(st.sampled_from(["", "\n", "\r\n"]))
    messages = []
    count = draw(st.integers(1, 3))
    for number in range(1, count + 1):
        values = [draw(TEXT) for _ in range(draw(st.integers(0, 5)))]
        values = ["".join(char for char in value if char not in element + component + terminator + repetition).strip() for value in values]
        body = "".join(f"N1*{value}>{value}**~" for value in values)
        messages.append(f"ST*850*{number:04d}~{body}SE*{len(values) + 2}*{number:04d}~")
    text = ISA.decode().replace("*U*00401", "*^*00501") + GS.decode() + "".join(messages) + f"GE*{count}*17~IEA*1*000000905~"
    text = text.replace("~", "\0" + line_break)
    text = text.translate(str.maketrans({"*": element, ">": component, "\0": terminator, "^": repetition}))
    return text.encode() * draw(st.integers(1, 2))


@settings(max_examples=100, deadline=None)
@given(files())
def test_writing_what_was_read_gives_the_same_bytes(data):
    out = io.BytesIO()
    for interchange in read(io.BytesIO(data)):
        write_to(interchange, out)
        assert {finding.kind for finding in interchange.findings} <= {"character_outside_set", "control_character"}
    assert out.getvalue() == data


@settings(max_examples=60, deadline=None)
@given(files())
def test_the_text_of_a_message_says_all_its_bytes_do(data):
    for interchange in read(io.BytesIO(data)):
        for message in interchange.messages:
            assert isinstance(message, Message)
            terminator = message.delimiters.terminator.encode()
            wanted = message.raw.replace(terminator + interchange.layout.line_break.encode(), terminator)
            assert message.text.encode(message.encoding) == wanted
            for number, segment in enumerate(message.segments, 1):
                place = message.locate(number)
                there = data[place.offset:place.offset + place.length].decode(message.encoding)
                assert there == message.delimiters.element.join(segment)
