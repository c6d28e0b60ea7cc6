"""EDIFACT: bytes into interchanges, groups and messages and back; expectations written by hand."""

from __future__ import annotations

import io

import pytest

from edi_bridge.interchange import (
    Address,
    Delimiters,
    Group,
    GroupEnd,
    Interchange,
    Layout,
    Message,
    MessageType,
    Stray,
    escape,
)
from edi_bridge.syntax import edifact
from edi_bridge.syntax.limits import Limits

UNB = "UNB+UNOC:3+4012345000009:14:IN+ACME:ZZ+260301:1405+77++ORDERS++1++1'"
ONE = "UNH+M1+ORDERS:D:96A:UN:EAN008'BGM+220+4711+9'UNT+3+M1'"


def read(text: str | bytes, **options: object) -> list[Interchange]:
    source = text.encode("latin-1") if isinstance(text, str) else text
    return list(edifact.read(io.BytesIO(source), **options))  # type: ignore[arg-type]


def kinds(interchange: Interchange) -> list[str]:
    interchange.drain()
    return [finding.kind for finding in interchange.findings]


def written(text: str | bytes, **options: object) -> bytes:
    source = text.encode("latin-1") if isinstance(text, str) else text
    out = io.BytesIO()
    for interchange in edifact.read(io.BytesIO(source), **options):  # type: ignore[arg-type]
        edifact.write_to(interchange, out)
    return out.getvalue()


def messages(text: str | bytes, **options: object) -> list[Message]:
    source = text.encode("latin-1") if isinstance(text, str) else text
    return [
        message
        for interchange in edifact.read(io.BytesIO(source), **options)  # type: ignore[arg-type]
        for message in interchange.messages
    ]  # type: ignore[misc]


# what the envelope says


def test_the_header_fills_every_field() -> None:
    [interchange] = read(UNB + ONE + "UNZ+1+77'")
    assert (interchange.sender, interchange.receiver) == (Address("4012345000009", "14", "IN"), Address("ACME", "ZZ"))
    assert (interchange.syntax, interchange.prepared, interchange.control) == ("UNOC:3", "2026-03-01T14:05", "77")
    assert (interchange.application, interchange.acknowledge, interchange.test) == ("ORDERS", True, True)
    assert (interchange.header, interchange.trailer) == (UNB[:-1], "UNZ+1+77")
    assert interchange.encoding == "iso8859-1"
    assert kinds(interchange) == []


def test_a_message_knows_what_and_where_it_is() -> None:
    [message] = messages(UNB + ONE + "UNZ+1+77'")
    assert message.type == MessageType("edifact", "D96A", "ORDERS", "EAN008")
    assert (message.reference, message.ordinal, message.offset) == ("M1", 1, len(UNB))
    assert message.raw == ONE.encode()
    assert message.text == ONE
    assert message.segments == [
        ["UNH", "M1", "ORDERS:D:96A:UN:EAN008"],
        ["BGM", "220", "4711", "9"],
        ["UNT", "3", "M1"],
    ]


@pytest.mark.parametrize(
    ("stamp", "prepared"),
    [
        ("691231:2359", "2069-12-31T23:59"),
        ("700101:0000", "1970-01-01T00:00"),
        ("20240229:1200", "2024-02-29T12:00"),
        ("260301:140559", "2026-03-01T14:05:59"),
    ],
)
def test_date_of_preparation(stamp: str, prepared: str) -> None:
    [interchange] = read(f"UNB+UNOA:1+A+B+{stamp}+1'{ONE}UNZ+1+1'")
    assert interchange.prepared == prepared
    assert interchange.test is False


# service characters


@pytest.mark.parametrize(
    ("una", "header", "body", "value"),
    [
        ("", "UNB+UNOC:3+A+B+260301:1200+1'", "FTX+AAI+++IT?'S 10 ?+ 5?: ?? a?b'", "IT'S 10 + 5: ? ab"),
        ("UNA:+,? '", "UNB+UNOC:3+A+B+260301:1200+1'", "FTX+AAI+++x?'y'", "x'y"),
        ("UNA:+.  '", "UNB+UNOC:3+A+B+260301:1200+1'", "FTX+AAI+++WHAT?'", "WHAT?"),
        ("UNA|*.\\ ~", "UNB*UNOC|3*A*B*260301|1200*1~", "FTX*AAI***a\\*b\\~c\\|d\\\\e'+:~", "a*b~c|d\\e'+:"),
        (
            "UNA\x1f\x1d.  \x1c",
            "UNB\x1dUNOB\x1f1\x1dA\x1dB\x1d260301\x1f1200\x1d1\x1c",
            "FTX\x1dAAI\x1d\x1d\x1da+b'?\x1c",
            "a+b'?",
        ),
        ("", "UNB\x1dUNOB\x1f1\x1dA\x1dB\x1d260301\x1f1200\x1d1\x1c", "FTX\x1dAAI\x1d\x1d\x1da+b\x1c", "a+b"),
        ("UNA:+.? \n", "UNB+UNOC:3+A+B+260301:1200+1\n", "FTX+AAI+++a'b?\nc\n", "a'b\nc"),
        ("UNA:+.? §", "UNB+UNOC:3+A+B+260301:1200+1§", "FTX+AAI+++a'b?§c§", "a'b§c"),
        ("UNA:+.?*'", "UNB+UNOC:4+A+B+20260301:1200+1'", "FTX+AAI+++a?*b'", "a*b"),
        ("UNA]^.[ $", "UNB^UNOC]3^A^B^260301]1200^1$", "FTX^AAI^^^a[^b[$[[[]$", "a^b$[]"),
    ],
)
def test_any_service_characters(una: str, header: str, body: str, value: str) -> None:
    sep, sub, term = header[3], header[8], header[-1]
    text = (
        una
        + header
        + "UNH+1+ORDERS:D:96A:UN'{}UNT+3+1'UNZ+1+1'".replace("+", sep).replace(":", sub).replace("'", term).format(body)
    )
    [interchange] = read(text)
    [message] = messages(text)
    assert message.value(2, 4) == value
    assert kinds(interchange) == []
    assert written(text) == text.encode("latin-1")


def test_the_repetition_separator_is_only_one_in_syntax_4() -> None:
    for version, expected in (("3", ""), ("4", "*")):
        [interchange] = read(f"UNA:+.?*'UNB+UNOC:{version}+A+B+260301:1200+1'{ONE}UNZ+1+1'")
        assert interchange.delimiters.repetition == expected
        [interchange] = read(f"UNB+UNOC:{version}+A+B+260301:1200+1'{ONE}UNZ+1+1'")
        assert interchange.delimiters.repetition == expected
    assert read(f"UNA:+,? 'UNB+UNOC:4+A+B+260301:1200+1'{ONE}UNZ+1+1'")[0].delimiters == Delimiters(decimal=",")


@pytest.mark.parametrize("una", ["UNA++.? '", "UNAAB.? '", "UNA:+.? \x01", "UNA:+.?  ", "UNA:+.+ '", "UNA: .? '"])
def test_unusable_service_characters(una: str) -> None:
    [interchange] = read(una + "UNB" + una[4] + "UNOC")
    assert "bad_service_string" in kinds(interchange)


def test_a_header_with_foreign_separators_and_no_una() -> None:
    first, second = read("UNB*UNOC|3*A*B~UNZ*1~\n" + UNB + ONE + "UNZ+1+77'")
    assert kinds(first) == ["bad_service_string"]
    assert kinds(second) == []


def test_trailing_empties_and_many_release_characters_are_kept() -> None:
    text = UNB + "UNH+1+ORDERS:D:96A:UN'LIN+1++::'FTX+A????'FTX+B???''FTX++'UNT+6+1'UNZ+1+77'"
    [message] = messages(text)
    assert [segment[0] for segment in message.segments] == ["UNH", "LIN", "FTX", "FTX", "FTX", "UNT"]
    assert message.value(3, 1) == "A??"
    assert message.value(4, 1) == "B?'"
    assert written(text) == text.encode()
    assert kinds(read(text)[0]) == []


# layout


@pytest.mark.parametrize("gap", ["", "\n", "\r\n", "\r", "\n\n", " ", "\r\n\t"])
@pytest.mark.parametrize("una", ["", "UNA:+.? '"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last", [True, False])
def test_line_breaks_between_segments_are_kept(gap: str, una: str, bom: bytes, last: bool) -> None:
    rows = (una + UNB + "UNH+1+ORDERS:D:96A:UN'FTX+AAI+++a?'b'BGM+220+4711+9'UNT+4+1'" + ONE + "UNZ+2+77'").replace(
        "?'", "\0"
    )
    text = bom + rows.replace("'", "'" + gap).replace("\0", "?'").removesuffix("" if last else gap).encode()
    [interchange] = read(text)
    assert kinds(interchange) == []
    assert interchange.layout.bom == bool(bom)
    assert [m.text for m in messages(text)][1] == ONE
    assert written(text) == text


def wrapped(text: str, width: int, gap: str, start: int = 0) -> str:
    lines, at = [text[: width - start]], width - start
    while at < len(text):
        lines.append(text[at : at + width])
        at += width
    return gap.join(lines)


LONG = (
    UNB
    + "".join(
        f"UNH+{i}+ORDERS:D:96A:UN'FTX+AAI+++released ?' sign?+ and ?? text {i}'LIN+1++4000862141404:EN'UNT+4+{i}'"
        for i in range(1, 9)
    )
    + "UNZ+8+77'"
)


@pytest.mark.parametrize("width", [70, 80, 81, 128, 20])
@pytest.mark.parametrize("gap", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_wrapped_file_is_read_and_written_byte_for_byte(width: int, gap: str, ending: str) -> None:
    text = wrapped(LONG, width, gap) + ending
    [interchange] = read(text)
    assert kinds(interchange) == []
    assert (interchange.layout.wrap, interchange.layout.wrap_break) == (width, gap)
    assert [m.text for m in messages(text)] == [m.text for m in messages(LONG)]
    assert written(text) == text.encode()
    for message in messages(text):
        assert text.encode()[message.offset :].startswith(message.raw)
        assert message.raw.translate(None, b"\r\n").endswith(f"UNT+4+{message.reference}'".encode())


def test_two_interchanges_in_one_wrapped_file() -> None:
    text = wrapped(LONG + LONG, 80, "\r\n") + "\r\n"
    assert [kinds(interchange) for interchange in read(text)] == [[], []]
    assert written(text) == text.encode()


def test_segments_on_lines_of_their_own_of_which_long_ones_are_wrapped() -> None:
    free = "FTX+AAI+++" + "x" * 66 + ":" + "y" * 66 + "'"
    text = "\n".join(
        [UNB, "UNH+1+ORDERS:D:96A:UN'", free[:80], free[80:], free[:80], free[80:], "UNT+4+1'", "UNZ+1+77'", ""]
    )
    [interchange] = read(text)
    assert kinds(interchange) == []
    assert messages(text)[0].text == f"UNH+1+ORDERS:D:96A:UN'{free}{free}UNT+4+1'"
    assert written(text) == text.encode()


def test_a_position_in_a_wrapped_file_leads_to_its_bytes() -> None:
    text = wrapped(LONG, 80, "\r\n").encode()
    place = messages(text)[2].locate(3, 3, 1)
    assert place.offset is not None and place.length is not None
    assert text[place.offset : place.offset + place.length].translate(None, b"\r\n") == b"4000862141404"


def test_a_line_break_inside_a_segment_of_a_file_that_is_not_wrapped() -> None:
    text = f"{UNB}\nUNH+1+ORDERS:D:96A:UN'\nFTX+AAI+++two\nlines'\nUNT+3+1'\nUNZ+1+77'\n"
    [interchange] = read(text)
    assert kinds(interchange) == ["control_character"]
    place = interchange.findings[0].position
    assert (place.message, place.segment, place.tag, place.element, place.offset) == (
        1,
        2,
        "FTX",
        4,
        text.index("\nlines"),
    )
    assert messages(text)[0].value(2, 4) == "two lines"
    assert written(text) == text.encode()


def test_indented_segments_are_read() -> None:
    text = f"{UNB}\n  UNH+1+ORDERS:D:96A:UN'\n\t\tBGM+220'\n  UNT+3+1'\nUNZ+1+77'"
    assert kinds(read(text)[0]) == []
    assert [segment[0] for segment in messages(text)[0].segments] == ["UNH", "BGM", "UNT"]


# several interchanges, groups


def test_several_interchanges_follow_each_other() -> None:
    text = UNB + ONE + "UNZ+1+77'\r\n" + UNB.replace("+77+", "+78+") + ONE + "UNZ+1+78'"
    first, second = read(text)
    assert (first.control, second.control, second.ordinal, second.offset) == ("77", "78", 2, text.index("UNB", 5))
    assert written(text) == text.encode()


def test_asking_for_the_next_interchange_drains_the_former() -> None:
    source = edifact.read(
        io.BytesIO((UNB + ONE + ONE.replace("M1", "M2") + "UNZ+5+77'" + UNB + ONE + "UNZ+1+77'").encode())
    )
    first = next(source)
    next(first.parts)
    second = next(source)
    assert kinds(first) == ["interchange_count_mismatch"]
    assert kinds(second) == []


def test_groups() -> None:
    text = (
        UNB + "UNG+ORDERS+S+R+260301:1405+G1+UN+D:96A'" + ONE + "UNE+1+G1'"
        "UNG+ORDERS+S+R+260301:1405+G2+UN+D:96A'"
        + ONE.replace("M1", "M2")
        + ONE.replace("M1", "M3")
        + "UNE+2+G2'UNZ+2+77'"
    )
    interchange = next(edifact.read(io.BytesIO(text.encode())))
    parts = list(interchange.parts)
    assert [type(part) for part in parts] == [Group, Message, GroupEnd, Group, Message, Message, GroupEnd]
    group = parts[0]
    assert isinstance(group, Group)
    assert (group.ordinal, group.kind, group.sender, group.receiver, group.reference, group.version) == (
        1,
        "ORDERS",
        "S",
        "R",
        "G1",
        "D96A",
    )
    assert parts[4].group is parts[3]  # type: ignore[union-attr]
    assert kinds(interchange) == []
    assert written(text) == text.encode()


# what is wrong


TWO = ONE.replace("M1", "M2")
UNG = "UNG+ORDERS+S+R+260301:1405+G1+UN+D:96A'"
FAULTY = [
    ("count of messages", UNB + ONE + "UNZ+2+77'", ["interchange_count_mismatch"]),
    ("count is no number", UNB + ONE + "UNZ+x+77'", ["interchange_count_mismatch"]),
    ("leading zeros are fine", UNB + ONE + "UNZ+000001+77'", []),
    ("control reference", UNB + ONE + "UNZ+1+78'", ["interchange_reference_mismatch"]),
    ("trailer without elements", UNB + ONE + "UNZ'", ["interchange_count_mismatch", "interchange_reference_mismatch"]),
    ("no trailer", UNB + ONE, ["missing_trailer"]),
    ("cut inside the trailer", UNB + ONE + "UNZ+1+7", ["interchange_reference_mismatch"]),
    ("two trailers", UNB + ONE + "UNZ+1+77'UNZ+1+77'", ["doubled_trailer"]),
    ("junk behind", UNB + ONE + "UNZ+1+77'hello", ["junk_between_interchanges"]),
    ("padding behind", UNB + ONE + "UNZ+1+77'\r\n\0\0\x1a", []),
    ("junk before", "Subject: x\n" + UNB + ONE + "UNZ+1+77'", ["junk_between_interchanges"]),
    ("nothing inside", UNB + "UNZ+0+77'", ["nothing_inside"]),
    ("segment count", UNB + ONE.replace("UNT+3", "UNT+4") + "UNZ+1+77'", ["segment_count_mismatch"]),
    ("message reference", UNB + ONE.replace("UNT+3+M1", "UNT+3+M9") + "UNZ+1+77'", ["message_reference_mismatch"]),
    ("same reference twice", UNB + ONE + ONE + "UNZ+2+77'", ["duplicate_message_reference"]),
    ("no UNT, UNH follows", UNB + ONE[:-9] + TWO + "UNZ+2+77'", ["missing_message_trailer"]),
    ("no UNT, UNZ follows", UNB + ONE[:-9] + "UNZ+1+77'", ["missing_message_trailer"]),
    ("cut inside a message", UNB + ONE[:-15], ["missing_message_trailer", "missing_trailer"]),
    ("cut inside UNT", UNB + ONE[:-3], ["missing_message_trailer", "missing_trailer"]),
    ("UNT alone", UNB + ONE + "UNT+3+M1'UNZ+1+77'", ["unexpected_envelope_segment"]),
    ("segment outside", UNB + ONE + "BGM+220'UNZ+1+77'", ["segment_outside_message"]),
    ("no UNB", ONE + TWO, ["missing_header"]),
    ("UNA and no UNB", "UNA:+.? '" + ONE, ["missing_header"]),
    ("UNZ without UNB", ONE + "UNZ+1+77'", ["missing_header", "doubled_trailer"]),
    ("UNZ alone", "UNZ+1+77'", ["missing_header", "doubled_trailer", "nothing_inside"]),
    ("UNH without type", UNB + "UNH+M1'BGM+220'UNT+3+M1'UNZ+1+77'", ["bad_message_header"] * 4),
    ("UNH without reference", UNB + ONE.replace("M1", "") + "UNZ+1+77'", ["bad_message_header"]),
    ("UNB without receiver", UNB.replace("ACME:ZZ", "") + ONE + "UNZ+1+77'", ["bad_header"]),
    ("UNB without anything", "UNB'" + ONE + "UNZ+1'", ["bad_header"] * 7),
    ("syntax 5", UNB.replace("UNOC:3", "UNOC:5") + ONE + "UNZ+1+77'", ["syntax_unsupported"]),
    ("UNOX", UNB.replace("UNOC", "UNOX") + ONE + "UNZ+1+77'", ["character_set_unsupported"]),
    ("no such day", UNB.replace("260301", "260230") + ONE + "UNZ+1+77'", ["invalid_date"]),
    ("no such time", UNB.replace("1405", "2405") + ONE + "UNZ+1+77'", ["invalid_time"]),
    ("group count", UNB + UNG + ONE + "UNE+2+G1'UNZ+1+77'", ["group_count_mismatch"]),
    ("group reference", UNB + UNG + ONE + "UNE+1+G2'UNZ+1+77'", ["group_reference_mismatch"]),
    ("no UNE", UNB + UNG + ONE + "UNZ+1+77'", ["missing_group_trailer"]),
    (
        "no UNE, UNG follows",
        UNB + UNG + ONE + UNG.replace("G1", "G2") + TWO + "UNE+1+G2'UNZ+2+77'",
        ["missing_group_trailer"],
    ),
    (
        "same group twice",
        UNB + (UNG + ONE + "UNE+1+G1'") + (UNG + TWO + "UNE+1+G1'") + "UNZ+2+77'",
        ["duplicate_group_reference"],
    ),
    ("UNE alone", UNB + ONE + "UNE+1+G1'UNZ+1+77'", ["unexpected_envelope_segment"]),
    ("messages and groups", UNB + ONE + UNG + TWO + "UNE+1+G1'UNZ+1+77'", ["mixed_groups"]),
    ("UNG without reference", UNB + UNG.replace("G1", "") + ONE + "UNE+1+'UNZ+1+77'", ["bad_group_header"]),
    ("empty segment", UNB + ONE.replace("'BGM", "''BGM") + "UNZ+1+77'", ["trailing_separator"]),
    ("interactive", "UIB+UNOA:4+DIA1+++SENDER'UIH+X'XXX+1'UIT+3'UIZ+DIA1+1'", ["interactive_interchange"]),
    ("interactive, cut", "UIB+UNOA:4+DIA1'UIH+X'", ["interactive_interchange", "missing_trailer"]),
    ("package", UNB + ONE + "UNO+P1+AAA:1+1+5'a'b+cUNP+5+P1'UNZ+2+77'", ["package_not_translated"]),
    (
        "package of another length",
        UNB + ONE + "UNO+P1+AAA:1+1+4'a'b+cUNP+5+P1'UNZ+2+77'",
        ["package_not_translated", "binary_length", "segment_outside_message", "segment_outside_message"],
    ),
    ("wrong bytes", UNB.replace("UNOC", "UNOB") + ONE.replace("220", "\xe9") + "UNZ+1+77'", ["wrong_charset"]),
    ("UTF-8 as UNOC", UNB + ONE.replace("4711", "M\xc3\xbcller") + "UNZ+1+77'", ["wrong_charset"]),
    ("NUL", UNB + ONE.replace("4711", "4\x0011") + "UNZ+1+77'", ["control_character"]),
    ("mask characters", UNB + ONE.replace("4711", "4\x01\x02") + "UNZ+1+77'", ["control_character"]),
    ("control character in UNB", UNB.replace("ACME", "AC\x02E") + ONE + "UNZ+1+77'", ["control_character"]),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in FAULTY], ids=[row[0] for row in FAULTY])
def test_what_is_wrong_is_found_and_nothing_is_lost(text: str, expected: list[str]) -> None:
    interchanges = read(text)
    assert [kind for interchange in interchanges for kind in kinds(interchange)] == expected
    assert written(text) == text.encode("latin-1")
    for interchange in interchanges:
        for finding in interchange.findings:
            assert finding.position.interchange == interchange.ordinal
            assert finding.position.offset is not None and 0 <= finding.position.offset <= len(text)


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        (
            UNB + ONE.replace("UNT+3", "UNT+14") + "UNZ+1+77'",
            (1, 3, "UNT", 1, "14"),
            'UNT says "14" segments, there are 3',
        ),
        (UNB + ONE.replace("220", "\x05") + "UNZ+1+77'", (1, 2, "BGM", 1, "\x05"), "control character 05"),
        (UNB + "UNH+1+ORDERS:D:96A:UN'FTX+A?+?:+b:\xc3\xa9'UNT+3+1'UNZ+1+77'", (1, 2, "FTX", 2, "\xc3\xa9"), "UTF-8"),
        (UNB + ONE + ONE.replace("M1'", "M2'") + "UNZ+2+77'", (2, 1, "UNH", 1, "M1"), "stood in an earlier message"),
        (UNB + ONE + "UNZ+3+77'", (None, None, "UNZ", 1, "3"), 'UNZ says "3" messages, there are 1'),
    ],
)
def test_a_finding_leads_to_its_bytes(text: str, place: tuple[object, ...], says: str) -> None:
    [interchange] = read(text)
    kinds(interchange)
    finding, p = interchange.findings[0], interchange.findings[0].position
    assert p.offset is not None and p.length is not None
    assert (p.message, p.segment, p.tag, p.element, text[p.offset : p.offset + p.length]) == place
    assert says in finding.sentence()


def test_a_declared_character_set_overrides_the_header() -> None:
    text = (UNB + ONE.replace("4711", "Müller") + "UNZ+1+77'").encode("utf-8")
    [message] = messages(text, charset="utf-8")
    assert message.value(2, 2) == "Müller"
    assert kinds(read(text, charset="utf-8")[0]) == []


def test_control_characters_never_reach_the_masked_text() -> None:
    [message] = messages(UNB + ONE.replace("4711", "4\x01\x02?+1") + "UNZ+1+77'")
    assert message.value(2, 2) == "4\ufffd\ufffd+1"


def test_packages_and_strays_are_kept_as_parts() -> None:
    interchange = next(edifact.read(io.BytesIO((UNB + ONE + "UNO+P1+AAA:1+1+5'a'b+cUNP+5+P1'UNZ+2+77'").encode())))
    stray = list(interchange.parts)[1]
    assert isinstance(stray, Stray)
    assert stray.source == b"UNO+P1+AAA:1+1+5'a'b+cUNP+5+P1'"


# limits


SMALL = Limits(message=3000, message_segments=60, segment=500)
BIG = "UNH+M1+ORDERS:D:96A:UN'{}UNT+3+M1'"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("FTX+" + "x" * 600 + "'", "segment_too_large"),
        ("FTX+" + "x" * 200_000 + "'", "segment_too_large"),
        (("FTX+" + "x" * 90 + "'") * 40, "message_too_large"),
        (("FTX+" + "x" * 90 + "'") * 900, "message_too_large"),
        ("A+1'" * 70, "message_too_large"),
        ("FTX+" + "UNT+" * 150 + "'", "segment_too_large"),
    ],
)
@pytest.mark.parametrize("chunk", [64, 1000, 1 << 18])
def test_a_message_beyond_the_limits_is_skipped_and_the_next_one_read(body: str, kind: str, chunk: int) -> None:
    text = UNB + BIG.format(body) + TWO + "UNZ+2+77'"
    interchange = next(edifact.read(io.BytesIO(text.encode()), limits=SMALL, chunk=chunk))
    found = [(message.reference, len(message.raw)) for message in interchange.messages]  # type: ignore[union-attr]
    assert found == [("M1", len("UNH+M1+ORDERS:D:96A:UN'")), ("M2", len(TWO))]
    if len(body) < 100_000:
        assert kinds(interchange) == [kind]
    assert [finding.position.message for finding in interchange.findings][:1] == [1]


def test_an_interchange_beyond_the_limit_is_given_up_and_the_next_one_read() -> None:
    big = UNB + "".join(ONE.replace("M1", str(i)) for i in range(2500)) + "UNZ+2500+77'"
    first, second = read(big + UNB + ONE + "UNZ+1+77'", limits=Limits(interchange=100_000))
    assert kinds(first) == ["interchange_too_large"]
    assert (first.trailer, kinds(second)) == ("UNZ+2500+77", [])


def test_a_huge_segment_is_not_held_in_memory() -> None:
    class Endless(io.RawIOBase):
        left, largest = 100_000_000, 0

        def read(self, size: int = -1) -> bytes:
            Endless.largest = max(Endless.largest, size)
            if Endless.left == 100_000_000:
                Endless.left -= len(start)
                return start
            size = min(size, Endless.left)
            Endless.left -= size
            return b"x" * size

    start = (UNB + "UNH+M1+ORDERS:D:96A:UN'FTX+").encode()
    interchange = next(edifact.read(Endless()))  # type: ignore[arg-type]
    assert kinds(interchange) == ["segment_too_large", "missing_trailer"]
    assert Endless.largest < 4_000_000


def test_findings_about_strays_do_not_grow_without_end() -> None:
    [interchange] = read(UNB + "ABC+1'" * 5000 + ONE + "UNZ+1+77'")
    assert len(kinds(interchange)) == 100


# building


ORDERS = MessageType("edifact", "D96A", "ORDERS", "EAN008")


def make(**changes: object) -> Interchange:
    values: dict[str, object] = {
        "sender": Address("4012345000009", "14"),
        "receiver": Address("ACME+CO", "ZZ"),
        "control": "77",
        "prepared": "2026-03-01T14:05",
        "bodies": [(ORDERS, "1", ["BGM+220+4711+9", "FTX+AAI+++it?'s ü"])],
    }
    return edifact.build(**{**values, **changes})  # type: ignore[arg-type]


def bytes_of(interchange: Interchange) -> bytes:
    out = io.BytesIO()
    edifact.write_to(interchange, out)
    return out.getvalue()


def test_an_outgoing_interchange() -> None:
    assert bytes_of(make(application="ORDERS", acknowledge=True, test=True)).decode("latin-1") == (
        "UNB+UNOC:3+4012345000009:14+ACME?+CO:ZZ+260301:1405+77++ORDERS++1++1'UNH+1+ORDERS:D:96A:UN:EAN008'"
        "BGM+220+4711+9'FTX+AAI+++it?'s ü'UNT+4+1'UNZ+1+77'"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"line_break": "\r\n"},
        {"una": True},
        {"syntax": "UNOW:4"},
        {"syntax": "UNOC:4", "delimiters": Delimiters(repetition="*")},
        {"delimiters": Delimiters(decimal=",")},
        {"group": Group(1, "G1", "S", "R", "D96A", "", "ORDERS")},
        {"delimiters": Delimiters("*", "|", "~", "\\"), "bodies": [(ORDERS, "1", ["BGM*220*4711"])]},
        {"bodies": [(ORDERS, str(i), ["BGM+220"]) for i in range(5)], "line_break": "\n"},
        {"test": True, "acknowledge": True},
    ],
)
def test_what_is_built_is_read_back_without_a_finding(changes: dict[str, object]) -> None:
    built = make(**changes)
    content = bytes_of(built)
    [interchange] = read(content)
    assert kinds(interchange) == []
    assert (interchange.sender, interchange.receiver) == (built.sender, built.receiver)
    assert (interchange.prepared, interchange.delimiters, interchange.test) == (
        built.prepared,
        built.delimiters,
        built.test,
    )
    assert [m.text for m in messages(content)] == [m.text for m in make(**changes).messages]  # type: ignore[union-attr]
    assert written(content) == content


def test_a_character_that_cannot_be_written_is_a_finding() -> None:
    built = make(bodies=[(ORDERS, "1", ["FTX+AAI+++10 €"])])
    assert b"FTX+AAI+++10  '" in bytes_of(built)
    assert [(f.kind, f.position.message, f.position.segment) for f in built.findings] == [("cannot_write", 1, 2)]


@pytest.mark.parametrize(
    ("version", "parts"), [("D96A", "D:96A"), ("D01B", "D:01B"), ("911", "91:1"), ("2912", "2:912"), ("41", "4:1")]
)
def test_versions_are_split_as_they_are_joined(version: str, parts: str) -> None:
    text = bytes_of(make(bodies=[(MessageType("edifact", version, "CONTRL"), "1", [])]))
    assert f"UNH+1+CONTRL:{parts}:UN'".encode() in text
    assert messages(text)[0].type.version == version


def test_any_value_survives_escaping() -> None:
    value = "a'b+c:d?e*f??'"
    for d in (Delimiters(), Delimiters(repetition="*"), Delimiters("*", "|", "~", "\\")):
        body = ["FTX" + d.element + escape(value, d)]
        content = bytes_of(
            make(delimiters=d, syntax="UNOC:4" if d.repetition else "UNOC:3", bodies=[(ORDERS, "1", body)])
        )
        assert messages(content)[0].value(2, 1) == value


def test_a_message_without_its_bytes_is_written_from_its_text() -> None:
    [message] = messages(UNB + "UNH+1+ORDERS:D:96A:UN'FTX+AAI+++it?'s'UNT+3+1'UNZ+1+77'")
    message.raw = b""
    interchange = Interchange(
        "edifact",
        1,
        Address(),
        Address(),
        "77",
        iter([message]),
        header=UNB[:-1],
        trailer="UNZ+1+77",
        encoding="latin-1",
        layout=Layout(line_break="\n"),
    )
    assert bytes_of(interchange).decode() == UNB + "\nUNH+1+ORDERS:D:96A:UN'\nFTX+AAI+++it?'s'\nUNT+3+1'\nUNZ+1+77'\n"
