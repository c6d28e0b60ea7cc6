"""X12 reading and writing against hand-written expectations and pyx12's reader."""

from __future__ import annotations

import io
import tracemalloc

import pytest
import pyx12.x12file

from edi_bridge.fault import TerminalFault
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
)
from edi_bridge.syntax.limits import Limits
from edi_bridge.syntax.x12 import build, read, write_to

ISA = "ISA*00*          *00*          *ZZ*BIGSTORE       *01*123456789      *240501*1230*U*00401*000000905*1*T*>~"
GS = "GS*PO*STORE*SUPPLIER*20240501*1230*17*X*004010VICS~"
ST = "ST*850*0001~BEG*00*SA*PO-1**20240501~PO1*1*12*EA*9.25**VN*AB3542~CTT*1~SE*5*0001~"
END = "GE*1*17~IEA*1*000000905~"
ORDER = ISA + GS + ST + END


def interchanges(text: str | bytes, **options) -> list[tuple[Interchange, list]]:
    """Every interchange with its parts."""
    stream = io.BytesIO(text.encode("latin-1") if isinstance(text, str) else text)
    return [(interchange, list(interchange.parts)) for interchange in read(stream, **options)]


def one(text: str | bytes, **options) -> tuple[Interchange, list]:
    """The only interchange with its parts."""
    found = interchanges(text, **options)
    assert len(found) == 1
    return found[0]


def kinds(interchange: Interchange) -> list[str]:
    return [finding.kind for finding in interchange.findings]


def written(data: bytes, **options) -> bytes:
    out = io.BytesIO()
    for interchange in read(io.BytesIO(data), **options):
        write_to(interchange, out)
    return out.getvalue()


def test_a_clean_interchange_gives_its_envelope_and_its_message():
    interchange, parts = one(ORDER)
    assert interchange.findings == []
    assert (interchange.sender, interchange.receiver) == (Address("BIGSTORE", "ZZ"), Address("123456789", "01"))
    assert (interchange.control, interchange.syntax, interchange.prepared) == ("000000905", "00401", "2024-05-01T12:30")
    assert (interchange.test, interchange.acknowledge, interchange.offset) == (True, True, 0)
    assert interchange.delimiters == Delimiters("*", ">", "~", "", "")
    assert interchange.header == ISA[:-1] and interchange.trailer == "IEA*1*000000905"
    group, message, end = parts
    assert group == Group(1, "17", "STORE", "SUPPLIER", "004010VICS", GS[:-1], kind="PO", offset=106)
    assert isinstance(end, GroupEnd) and end.trailer == "GE*1*17" and end.group is group
    assert message.type == MessageType("x12", "004010", "850", "VICS")
    assert (message.reference, message.ordinal, message.offset, message.encoding) == ("0001", 1, len(ISA + GS), "ascii")
    assert message.raw == ST.encode() and message.text == ST and message.group is group
    assert message.segments[2] == ["PO1", "1", "12", "EA", "9.25", "", "VN", "AB3542"]


@pytest.mark.parametrize(("element", "component", "terminator"), [
    ("*", ">", "\n"), ("*", ":", "\r"), ("|", ">", "~"), ("\x1d", "\x1f", "\x1c"), ("~", "@", "\n"), ("*", "\\", "^"),
    ("+", ":", "'"), ("\t", ":", "\n"), ("*", "<", "\x15"), ("*", "[", "]"), ("^", "-", "\\"), ("*", "\xa7", "\xb6"), ("\x01", "\x02", "\x07"),
])
def test_every_delimiter_comes_from_isa(element, component, terminator):
    table = str.maketrans({"*": element, ">": component, "~": terminator})
    data = ORDER.replace("PO-1", "PO>1").replace("PO>1", "PO-1" if component == "-" else "PO>1").translate(table).encode("latin-1")
    interchange, parts = one(data)
    assert interchange.findings == []
    assert interchange.delimiters == Delimiters(element, component, terminator, "", "")
    assert [segment[0] for segment in parts[1].segments] == ["ST", "BEG", "PO1", "CTT", "SE"]
    assert parts[1].value(3, 7) == "AB3542"
    assert written(data) == data


@pytest.mark.parametrize(("version", "isa11", "repetition"), [
    ("00401", "U", ""), ("00401", "^", ""), ("00402", "^", "^"), ("00501", "^", "^"), ("00501", "U", ""), ("00803", "}", "}"),
])
def test_isa11_is_the_repetition_separator_from_00402_on(version, isa11, repetition):
    interchange, _ = one(ORDER.replace("*U*00401*", f"*{isa11}*{version}*"))
    assert interchange.delimiters.repetition == repetition and interchange.findings == []


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r", "\n\n"])
def test_line_breaks_after_terminators_are_layout(line_break):
    data = ORDER.replace("~", "~" + line_break).encode()
    interchange, parts = one(data)
    assert interchange.findings == [] and interchange.layout == Layout(line_break=line_break)
    assert parts[1].text == ST
    assert written(data) == data and written(data + data) == data + data
    assert written(data.removesuffix(line_break.encode())) == data.removesuffix(line_break.encode())


def wrapped(text: str, width: int, line_break: str) -> str:
    return line_break.join(text[at:at + width] for at in range(0, len(text), width))


LONG = ISA + GS + "".join(ST.replace("0001", f"{n:04d}").replace("PO-1", f"PO {n} of 'A'") for n in range(1, 9)) \
    + "GE*8*17~IEA*1*000000905~"


@pytest.mark.parametrize("width", [20, 72, 80, 81, 106, 128])
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("ending", ["", "\n"])
def test_a_wrapped_file_is_read_and_written_byte_for_byte(width, line_break, ending):
    data = (wrapped(LONG, width, line_break) + ending).encode()
    interchange, parts = one(data)
    assert interchange.findings == []
    assert (interchange.layout.wrap, interchange.layout.wrap_break) == (width, line_break)
    assert (interchange.header, interchange.trailer) == (ISA[:-1], "IEA*1*000000905")
    plain = one(LONG)[1]
    assert [part.text for part in parts if isinstance(part, Message)] == [part.text for part in plain if isinstance(part, Message)]
    assert (parts[0].header, parts[-1].trailer) == (GS[:-1], "GE*8*17")
    for message in parts[1:-1]:
        assert data[message.offset:].startswith(message.raw) and message.raw.translate(None, b"\r\n").decode() == message.text
    place = parts[3].locate(3, 7)
    assert data[place.offset:place.offset + place.length].translate(None, b"\r\n") == b"AB3542"
    assert written(data) == data


def test_wrapped_interchanges_follow_each_other_and_a_plain_one():
    data = (wrapped(LONG + LONG, 80, "\r\n") + "\r\n" + ORDER + "\r\n" + ORDER.replace("~", "~\n")).encode()
    found = interchanges(data)
    assert [kinds(interchange) for interchange, _ in found] == [[]] * 4
    assert [interchange.layout.wrap for interchange, _ in found] == [80, 80, 0, 0]
    assert [interchange.offset for interchange, _ in found][2:] == [data.index(ORDER.encode()), data.rindex(b"ISA")]
    assert written(data) == data


def test_segments_on_lines_of_their_own_of_which_long_ones_are_wrapped():
    long = "MSG*" + "x" * 90
    text = ORDER.replace("CTT*1~", long + "~").replace("~", "~\n")
    data = text.replace(ISA, ISA[:80] + "\n" + ISA[80:]).replace(long, long[:80] + "\n" + long[80:]).encode()
    interchange, parts = one(data)
    assert interchange.findings == [] and interchange.layout.wrap == 80 and interchange.layout.line_break == "\n"
    assert parts[1].segments[3] == ["MSG", "x" * 90] and written(data) == data


def test_findings_in_a_wrapped_file_lead_to_their_bytes():
    text = LONG.replace("SE*5*0006", "SE*56*0006").replace("GE*8*17", "GE*80*177").replace("IEA*1*000000905", "IEA*1*123456789")
    for width in range(60, 81):
        data = wrapped(text, width, "\n").encode()
        interchange, _ = one(data)
        assert [(finding.kind, finding.value) for finding in interchange.findings] == [
            ("segment_count_mismatch", "56"), ("group_count_mismatch", "80"), ("group_reference_mismatch", "177"),
            ("interchange_reference_mismatch", "123456789")]
        for finding in interchange.findings:
            there = data[finding.position.offset:finding.position.offset + finding.position.length]
            assert there.replace(b"\n", b"").decode() == finding.value
        assert written(data) == data


def test_binary_content_in_a_wrapped_file_counts_without_its_line_breaks():
    data = wrapped(binary_order(b"~SE*5*0001~" * 20).decode(), 80, "\n").encode()
    interchange, parts = one(data)
    assert interchange.findings == [] and len(parts[1].segments) == 6 and written(data) == data
    place = parts[1].locate(6, 2)
    assert data[place.offset:place.offset + place.length] == b"0001"


def test_what_stands_outside_messages_of_a_wrapped_file_is_kept():
    text = (LONG.replace(GS, "TA1*000000905*240501*1230*A*000~" + GS + "N1*ST*" + "A" * 60 + "~") + "IEA*1*000000905~")
    data = wrapped(text, 72, "\r\n").encode()
    interchange, parts = one(data)
    assert kinds(interchange) == ["segment_outside_message", "doubled_trailer"]
    assert [part.raw for part in parts if isinstance(part, Stray)] == ["TA1*000000905*240501*1230*A*000", "N1*ST*" + "A" * 60]
    assert written(data) == data


def test_a_line_break_in_a_file_that_is_not_wrapped_stays_a_finding():
    data = LONG.replace("PO 3 of", "PO 3\nof").encode()
    interchange, _ = one(data)
    assert kinds(interchange) == ["control_character"] and interchange.layout.wrap == 0 and written(data) == data


def test_indented_segments_are_read_and_kept_in_raw():
    data = ISA + "\n  " + GS + "\n" + ST.replace("~", "~\n\t ") + END
    interchange, parts = one(data)
    assert interchange.findings == [] and parts[1].text == ST
    assert parts[1].raw.decode().startswith("ST*850*0001~\n\t BEG")


def test_a_text_terminator_at_the_end_of_an_indented_line_is_found_by_locate():
    _, parts = one(ORDER.replace("~", "~\r\n"))
    position = parts[1].locate(3, 7)
    data = ORDER.replace("~", "~\r\n").encode()
    assert data[position.offset:position.offset + position.length] == b"AB3542"


def test_several_interchanges_groups_and_messages_in_one_file():
    two = ST + ST.replace("0001", "0002")
    text = (ISA + GS + two + "GE*2*17~" + GS.replace("*17*", "*18*") + ST + "GE*1*18~IEA*2*000000905~")
    text += "  \r\n\n" + ORDER.replace("000000905", "000000906").replace("*", "|")
    first, second = interchanges(text)
    assert first[0].findings == [] and second[0].findings == []
    assert [message.ordinal for message in first[1] if isinstance(message, Message)] == [1, 2, 3]
    assert [part.group.ordinal for part in first[1] if isinstance(part, Message)] == [1, 1, 2]
    assert (second[0].ordinal, second[0].control, second[0].offset) == (2, "000000906", text.rindex("ISA"))


def test_asking_for_the_next_interchange_drains_the_former_one():
    stream = io.BytesIO((ORDER.replace("GE*1*17", "GE*9*17") + ORDER).encode())
    reader = read(stream)
    first = next(reader)
    assert first.findings == []
    assert next(reader).ordinal == 2
    assert kinds(first) == ["group_count_mismatch"]


def test_a_byte_order_mark_is_kept():
    data = b"\xef\xbb\xbf" + ORDER.encode()
    interchange, _ = one(data)
    assert interchange.layout.bom and interchange.findings == [] and interchange.offset == 3
    assert written(data) == data and written(data + data) == data + data


def test_ta1_stands_outside_groups_and_is_enough():
    text = ISA + "TA1*000000905*240501*1230*A*000~IEA*0*000000905~"
    interchange, parts = one(text)
    assert interchange.findings == []
    assert parts == [Stray("TA1*000000905*240501*1230*A*000", 106)]
    assert written(text.encode()) == text.encode()


@pytest.mark.parametrize("segment", ["TA3*01*VAN*000*ISA*905", "ISB*1", "ISE*Y"])
def test_network_control_segments_are_recognised_and_kept(segment):
    text = ISA + segment + "~" + GS + ST + END
    interchange, parts = one(text)
    assert kinds(interchange) == ["transmission_control"] and interchange.findings[0].position.tag == segment[:3]
    assert parts[0] == Stray(segment, 106) and written(text.encode()) == text.encode()


# -- binary segments

def binary_order(content: bytes, segment: bytes = b"BIN*%d*", count: int = 6) -> bytes:
    st = ST.replace("CTT*1~", "CTT*1~@").replace("SE*5", f"SE*{count}").encode()
    return (ISA + GS).encode() + st.replace(b"@", segment % len(content) + content + b"~") + END.encode()


@pytest.mark.parametrize("segment", [b"BIN*%d*", b"BDS*B64*%d*"])
@pytest.mark.parametrize("content", [b"a~SE*5*0001~GE*", b"\x00\x01\x02\xff\n~~", b"x\x01\x07*>~", b"~", b"plain"])
def test_binary_segments_are_taken_by_their_length(segment, content):
    data = binary_order(content, segment)
    interchange, parts = one(data)
    assert interchange.findings == []
    message = parts[1]
    assert [part[0] for part in message.segments] == ["ST", "BEG", "PO1", "CTT", segment[:3].decode(), "SE"]
    element = 2 if segment.startswith(b"BIN") else 3
    assert message.segments[4][element:] and message.value(5, element).split(">")[0].encode("latin-1") == content.split(b">")[0]
    assert message.raw == data[len(ISA + GS):-len(END)] and written(data) == data
    place = message.locate(6, 1)
    assert data[place.offset:place.offset + place.length] == b"6"


def test_a_binary_length_that_does_not_fit_is_a_finding():
    data = binary_order(b"abc").replace(b"BIN*3*", b"BIN*7*")
    interchange, parts = one(data)
    assert kinds(interchange) == ["binary_length"]
    position = interchange.findings[0].position
    assert (position.segment, position.tag, position.message) == (5, "BIN", 1) and data[position.offset:][:3] == b"BIN"
    assert len(parts[1].segments) == 6


# -- ISX

RELEASED = ISA.replace("*U*00401*", "*^*00704*") + "ISX*?~" + GS + ST.replace("PO-1", "A?*B?~SE?*1??") + END


def test_isx_puts_a_release_character_in_force():
    interchange, parts = one(RELEASED)
    assert interchange.findings == []
    assert interchange.delimiters == Delimiters("*", ">", "~", "?", "^")
    assert parts[0] == Stray("ISX*?", 106)
    assert parts[2].value(2, 3) == "A*B~SE*1?" and len(parts[2].segments) == 5
    assert written(RELEASED.encode()) == RELEASED.encode()


@pytest.mark.parametrize(("change", "expected"), [
    (("00704", "00501"), ["unexpected_envelope_segment"]),
    (("ISX*?", "ISX*^"), ["bad_service_string"]),
    (("ISX*?", "ISX**07"), ["character_set_unsupported"]),
])
def test_an_isx_that_cannot_be_used(change, expected):
    text = (RELEASED.replace("A?*B?~SE?*1??", "AB")).replace(*change)
    interchange, _ = one(text)
    assert kinds(interchange) == expected and interchange.delimiters.release == ""


def test_an_isx_later_on_is_not_used():
    interchange, _ = one(ISA + GS + "ISX*?~" + ST + END)
    assert kinds(interchange) == ["unexpected_envelope_segment"]


def test_without_isx_nothing_is_a_release_character():
    interchange, parts = one(ORDER.replace("PO-1", "WHY?").replace("*EA*", "*E!*").replace("00401", "00704"))
    assert interchange.findings == [] and parts[1].value(2, 3) == "WHY?"


# -- headers that are not what they should be

def test_a_trimmed_isa_is_read_by_counting_its_elements():
    trimmed = "ISA*00* *00* *01*054481205 *01*123456789 *070101*1200*U*00401*000000905*0*P*@!"
    text = trimmed + (GS + ST + END).replace("~", "!")
    interchange, parts = one(text)
    assert kinds(interchange) == ["bad_header"]
    assert "expected 106, found 78" in interchange.findings[0].note
    assert interchange.sender == Address("054481205", "01") and interchange.delimiters == Delimiters("*", "@", "!", "", "")
    assert parts[1].type.name == "850" and written(text.encode()) == text.encode()


def test_an_isa_with_overlong_and_wrapped_elements_is_read_by_counting():
    interchange, _ = one(ORDER.replace("*BIGSTORE       *", "*BIGSTORE         *"))
    assert kinds(interchange) == ["bad_header"] and interchange.sender.id == "BIGSTORE"
    interchange, _ = one(ORDER.replace("*123456789      *", "*123456789\n*"))
    assert kinds(interchange) == ["bad_header"] and interchange.receiver.id == "123456789"


@pytest.mark.parametrize("line_break", ["", "\n", "\r\n"])
def test_a_left_out_component_separator_is_noticed(line_break):
    text = ORDER.replace("*T*>~", "*T*~").replace("~", "~" + line_break)
    interchange, parts = one(text)
    assert kinds(interchange) == ["bad_service_string"] and interchange.findings[0].position.element == 16
    assert interchange.delimiters == Delimiters("*", "", "~", "", "") and parts[1].reference == "0001"
    assert written(text.encode()) == text.encode()


def test_an_isa_with_too_few_elements_is_read_as_far_as_it_goes():
    interchange, parts = one(ORDER.replace("*1*T*>~", "*1*T~"))
    assert kinds(interchange)[0] == "bad_header" and "expected 16, found 15" in interchange.findings[0].note
    assert parts[1].reference == "0001"


def test_an_isa_that_cannot_be_read_at_all_is_a_finding():
    (interchange, parts), = interchanges("ISA*what is this?")
    assert kinds(interchange)[0] == "bad_header" and parts == []


@pytest.mark.parametrize("text", [GS + ST + "GE*1*17~", ST, GS + ST + END, (GS + ST).replace("~", "\n"), ST.replace("*", "|")])
def test_messages_without_isa_are_read_and_reported(text):
    interchange, parts = one(text)
    assert "missing_header" in kinds(interchange) and "missing_trailer" not in kinds(interchange)
    messages = [part for part in parts if isinstance(part, Message)]
    assert [message.type.name for message in messages] == ["850"] and len(messages[0].segments) == 5


@pytest.mark.parametrize(("data", "kind"), [
    (b"", "empty_file"), (b" \r\n ", "empty_file"), (b"UNA:+.? 'UNB+UNOC:3'", "unknown_format"), (b"\x00\x01\x02", "unknown_format"),
    ("ISA*00*".encode("cp037"), "ebcdic"),
])
def test_a_stream_without_interchange_carries_one_finding(data, kind):
    interchange, parts = one(data)
    assert kinds(interchange) == [kind] and parts == []


@pytest.mark.parametrize("version", ["00200", "00303", "00804", "0040A"])
def test_versions_outside_003040_to_008030_are_not_supported(version):
    interchange, parts = one(ORDER.replace("*00401*", f"*{version}*"))
    assert kinds(interchange) == ["syntax_unsupported"] and interchange.findings[0].value == version
    assert len(parts) == 3


@pytest.mark.parametrize(("gs08", "st03", "expected"), [
    ("004010", "", ("004010", "")), ("004010VICS", "", ("004010", "VICS")), ("005010X222A1", "", ("005010", "X222A1")),
    ("005010", "005010X231A1", ("005010", "X231A1")), ("005010", "X231", ("005010", "X231")), ("4010", "", ("004010", "")),
    ("00401", "", ("004010", "")), ("4010VICS", "", ("004010", "VICS")), ("T", "", ("T", "")), ("002001", "", ("002001", "")),
])
def test_the_message_type_says_what_gs08_and_st03_say(gs08, st03, expected):
    text = ORDER.replace("004010VICS", gs08).replace("ST*850*0001", "ST*850*0001" + (f"*{st03}" if st03 else ""))
    interchange, parts = one(text)
    assert (parts[1].type.version, parts[1].type.usage) == expected and interchange.findings == []


@pytest.mark.parametrize(("flag", "test"), [("T", True), ("P", False), ("I", False)])
def test_the_usage_indicator(flag, test):
    assert one(ORDER.replace("*1*T*>", f"*1*{flag}*>"))[0].test is test


# -- envelope findings: change one thing, expect one finding with what was expected and found, at its bytes

@pytest.mark.parametrize(("old", "new", "kind", "value", "words"), [
    ("IEA*1*", "IEA*2*", "interchange_count_mismatch", "2", "expected 1, found 2"),
    ("IEA*1*000000905", "IEA*1*000000906", "interchange_reference_mismatch", "000000906", "expected 000000905, found 000000906"),
    ("IEA*1*000000905", "IEA*1", "interchange_reference_mismatch", "", "found nothing"),
    ("GE*1*", "GE*3*", "group_count_mismatch", "3", "expected 1, found 3"),
    ("GE*1*17", "GE*1*18", "group_reference_mismatch", "18", "expected 17, found 18"),
    ("SE*5*", "SE*6*", "segment_count_mismatch", "6", "expected 5, found 6"),
    ("SE*5*", "SE*five*", "segment_count_mismatch", "five", "expected 5, found five"),
    ("SE*5*0001", "SE*5*0002", "message_reference_mismatch", "0002", "expected 0001, found 0002"),
    ("GS*PO*", "GS*IN*", "unknown_group_kind", "IN", "must be PO, found IN"),
    ("BEG*00*SA", "BEG*\x0b0*SA", "control_character", "\x0b", "1 control character "),
    ("BEG*00*SA", "BEG*0\n0*SA", "control_character", "\n", "1 control character "),
    ("*1*T*>", "*1*X*>", "bad_header", "X", "P, T or I"),
    ("~SE*", "~~SE*", "", "", ""),
])
def test_one_wrong_thing_in_the_envelope_gives_one_finding(old, new, kind, value, words):
    text = ORDER.replace(old, new)
    interchange, _ = one(text)
    if not kind:
        assert interchange.findings == []
        return
    assert kinds(interchange) == [kind]
    finding = interchange.findings[0]
    assert finding.value == value and words in finding.note
    assert finding.position.interchange == 1
    assert text[finding.position.offset:finding.position.offset + finding.position.length] == value


@pytest.mark.parametrize(("text", "expected"), [
    (ISA + GS + ST + "GE*1*17~", ["missing_trailer"]),
    (ISA + GS + ST + "IEA*1*000000905~", ["missing_group_trailer"]),
    (ISA + GS + ST, ["missing_group_trailer", "missing_trailer"]),
    (ISA + GS + "ST*850*0001~BEG*00~" + END, ["missing_message_trailer"]),
    (ISA + GS + "ST*850*0001~BEG*0", ["missing_message_trailer", "missing_group_trailer", "missing_trailer"]),
    (ISA + GS + "ST*850*0001~BEG*00~" + ST.replace("0001", "0002") + "GE*2*17~IEA*1*000000905~", ["missing_message_trailer"]),
    (ISA + GS + ST + "GE*1*17~GE*1*17~IEA*1*000000905~", ["doubled_trailer"]),
    (ISA + GS + ST + "SE*5*0001~" + END, ["doubled_trailer"]),
    (ORDER + "IEA*1*000000905~", ["doubled_trailer"]),
    (ISA + ST + "IEA*0*000000905~", ["unexpected_envelope_segment"]),
    (ISA + GS + ST + ST + "GE*2*17~IEA*1*000000905~", ["duplicate_message_reference"]),
    (ISA + GS + ST + "GE*1*17~" + GS + ST + "GE*1*17~IEA*2*000000905~", ["duplicate_group_reference"]),
    (ISA + "IEA*0*000000905~", ["nothing_inside"]),
    (ISA + GS + "GE*0*17~IEA*1*000000905~", ["nothing_inside"]),
    (ISA + GS + "N1*ST*ACME~" + ST + END, ["segment_outside_message"]),
    (ISA + "GS*PO*A*B~" + ST + END, ["bad_group_header", "group_reference_mismatch"]),
    (ISA + GS + "ST*850~SE*2*~" + END, ["bad_message_header"]),
    (ORDER[:-1], ["missing_terminator"]),
    (ORDER + "\n-- end of mail --\n", ["junk_between_interchanges"]),
    ("Content-Type: text\n\n" + ORDER, ["junk_between_interchanges"]),
])
def test_what_is_missing_doubled_or_outside(text, expected):
    interchange, _ = one(text)
    assert kinds(interchange) == expected
    assert all(finding.position.offset is not None for finding in interchange.findings)


def test_an_isa_inside_an_interchange_that_was_not_ended_begins_the_next_one():
    first, second = interchanges(ISA + GS + "ST*850*0001~BEG*00~" + ORDER)
    assert kinds(first[0]) == ["missing_message_trailer", "missing_group_trailer", "missing_trailer"]
    assert kinds(second[0]) == []


def test_junk_between_two_interchanges_is_told_with_its_place():
    text = ORDER + "\nVISA*payment\n" + ORDER
    first, second = interchanges(text)
    assert kinds(first[0]) == ["junk_between_interchanges"] and kinds(second[0]) == []
    position = first[0].findings[0].position
    assert position.offset == len(ORDER) + 1 and text[position.offset:].startswith("VISA")


def test_positions_name_interchange_group_message_segment_and_element():
    text = ISA + GS + ST + ST.replace("0001", "0002").replace("SE*5", "SE*4") + "GE*2*17~IEA*1*000000905~"
    interchange, _ = one(text, ordinal=3, offset=1000)
    position = interchange.findings[0].position
    assert (position.interchange, position.group, position.message, position.segment, position.tag, position.element) == \
        (3, 1, 2, 5, "SE", 1)
    assert position.offset == 1000 + text.index("SE*4") + 3 and position.length == 1


def test_leading_zeros_and_scattered_references_are_told_apart():
    numbers = ["0001", "0002", "0005", "0003", "1", "0004", "A1", "0005", "A1", "0003", "0006"]
    messages = "".join(f"ST*850*{number}~SE*2*{number}~" for number in numbers)
    interchange, _ = one(ISA + GS + messages + f"GE*{len(numbers)}*17~IEA*1*000000905~")
    assert [finding.value for finding in interchange.findings] == ["0005", "A1", "0003"]


def test_many_strays_give_a_hundred_findings_and_are_all_kept():
    interchange, parts = one(ISA + GS + "N1*X~" * 300 + ST + END + "\nIEA*1*000000905~" * 300)
    assert kinds(interchange) == ["segment_outside_message"] * 100 + ["doubled_trailer"] * 100
    assert "further ones are not listed" in interchange.findings[99].note
    assert sum(isinstance(part, Stray) for part in parts) == 300


# -- characters

def order_with(content: bytes) -> bytes:
    return ORDER.encode().replace(b"PO-1", content)


@pytest.mark.parametrize(("content", "encoding", "value"), [
    ("Müller".encode(), "utf-8", "Müller"), ("Müller".encode("latin-1"), "iso8859-1", "Müller"),
])
def test_bytes_beyond_ascii_are_utf8_or_latin1_with_a_note(content, encoding, value):
    data = order_with(content)
    interchange, parts = one(data)
    assert kinds(interchange) == ["character_outside_set"] and not interchange.findings[0].rejects
    assert interchange.findings[0].position.offset == data.index(b"M" + content[1:2]) + 1
    assert interchange.findings[0].note.startswith(f"{len(content) - 5} byte")
    assert parts[1].encoding == encoding and parts[1].value(2, 3) == value
    assert written(data) == data


def test_a_declared_character_set_is_used_without_a_note():
    data = order_with("Łódź €".encode("cp1250"))
    interchange, parts = one(data, charset="cp1250")
    assert interchange.findings == [] and parts[1].value(2, 3) == "Łódź €" and parts[1].encoding == "cp1250"
    assert written(data, charset="cp1250") == data


def test_bytes_that_do_not_fit_the_declared_character_set_are_a_finding():
    interchange, parts = one(order_with(b"M\xfcller"), charset="utf-8")
    assert kinds(interchange) == ["wrong_charset"] and parts[1].value(2, 3) == "Müller"


@pytest.mark.parametrize("charset", ["no-such-set", "utf-16", "cp037", "gbk", "hex"])
def test_a_character_set_that_is_unknown_or_hides_ascii_is_refused(charset):
    interchange, parts = one(ORDER, charset=charset)
    assert kinds(interchange) == ["character_set_unsupported"] and parts[1].value(2, 3) == "PO-1"


def test_envelope_segments_beyond_ascii_are_kept():
    data = ORDER.encode().replace(b"BIGSTORE ", b"BIGST\xd6RE ").replace(b"*STORE*", "*STÖRE*".encode())
    assert written(data) == data


# -- limits

def test_a_message_beyond_the_limit_is_gone_over_and_counted():
    text = ISA + GS + ST.replace("PO-1", "X" * 500) + ST.replace("0001", "0002") + "GE*2*17~IEA*1*000000905~"
    interchange, parts = one(text, limits=Limits(message=300))
    assert kinds(interchange) == ["message_too_large"] and interchange.findings[0].position.message == 1
    assert [part.reference for part in parts if isinstance(part, Message)] == ["0001", "0002"]
    interchange, parts = one(text, limits=Limits(message_segments=4))
    assert kinds(interchange) == ["message_too_large"] * 2


def test_a_long_segment_and_a_long_interchange_are_refused():
    interchange, _ = one(ORDER.replace("PO-1", "X" * 200), limits=Limits(segment=120))
    assert kinds(interchange) == ["segment_too_large"] and interchange.findings[0].position.segment == 2
    interchange, parts = one(ISA + GS + "X" * 500 + "~" + ST + END, limits=Limits(segment=200))
    assert kinds(interchange) == ["segment_too_large"] and len(parts) == 3
    found = interchanges(ORDER + ORDER, limits=Limits(interchange=200))
    assert [kinds(interchange) for interchange, _ in found] == [["interchange_too_large"]] * 2  # each is looked at
    assert [interchange.offset for interchange, _ in found] == [0, len(ORDER)]


class Endless(io.RawIOBase):
    """A head, then the same block again and again, then a tail, without ever being held whole."""

    def __init__(self, head: bytes, block: bytes, count: int, tail: bytes):
        self.pieces = iter([head, *[block] * count, tail])

    def read(self, size: int = -1) -> bytes:  # type: ignore[override]
        return next(self.pieces, b"")


@pytest.mark.parametrize(("head", "block", "tail", "expected"), [
    (ISA + GS, ST * 1000, "GE*160000*17~IEA*1*000000905~", "duplicate_message_reference"),
    (ISA + GS + "ST*850*0001~", "PO1*1*2*EA~" * 8000, "SE*1*0001~" + END, "message_too_large"),
    (ISA + GS + "ST*850*0001~BEG*", "X" * 90_000, "~SE*3*0001~" + END, "message_too_large"),
    (ISA + GS, "X" * 90_000, "~" + ST + END, "segment_too_large"),
    (ISA + GS + "ST*850*0001~BIN*999999999*", "~" * 90_000, "~SE*3*0001~" + END, "message_too_large"),
    ("junk ", "junk " * 18_000, ORDER, "junk_between_interchanges"),
])
def test_memory_does_not_grow_with_the_stream(head, block, tail, expected):
    count = 160 if expected != "duplicate_message_reference" else 10
    stream = Endless(head.encode(), block.encode(), count, tail.encode())
    seen = set()
    tracemalloc.start()
    for interchange in read(stream, limits=Limits(message=1_000_000, segment=500_000)):
        for _ in interchange.parts:
            seen.update(kinds(interchange))
            interchange.findings.clear()
        seen.update(kinds(interchange))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert expected in seen
    assert peak < 6_000_000


def test_references_in_sequence_take_no_memory():
    def block(at: int) -> bytes:
        return b"".join(b"ST*850*%06d~SE*2*%06d~" % (number, number) for number in range(at, at + 1000))

    stream = io.BytesIO()
    stream.write((ISA + GS).encode())
    for at in range(1, 30_000, 1000):
        stream.write(block(at))
    stream.write(b"GE*30000*17~IEA*1*000000905~")
    stream.seek(0)
    tracemalloc.start()
    interchange = next(read(stream))
    assert sum(1 for _ in interchange.messages) == 30_000
    assert tracemalloc.get_traced_memory()[1] < 2_500_000
    tracemalloc.stop()
    assert interchange.findings == []


# -- building and writing

def a_build(**options) -> Interchange:
    body = (MessageType("x12", "004010", "850", "VICS"), "0001", ["BEG*00*SA*PO-1**20240501", "PO1*1*12*EA*9.25**VN*AB3542", "CTT*1"])
    settings = {"sender": Address("BIGSTORE", "ZZ"), "receiver": Address("123456789", "01"), "control": "905",
                "prepared": "2024-05-01T12:30", "groups": [("PO", "STORE", "SUPPLIER", "17", "004010VICS", [body])],
                "test": True, "acknowledge": True}
    return build(**(settings | options))


def bytes_of(interchange: Interchange) -> bytes:
    out = io.BytesIO()
    write_to(interchange, out)
    return out.getvalue()


def test_a_built_interchange_is_the_bytes_written_by_hand():
    assert bytes_of(a_build()) == ORDER.encode()
    assert bytes_of(a_build(line_break="\r\n")) == ORDER.replace("~", "~\r\n").encode()


@pytest.mark.parametrize("options", [
    {"delimiters": Delimiters("|", "<", "\n", "", "")}, {"version": "00501", "delimiters": Delimiters("*", ":", "~", "", "^")},
    {"version": "00704", "delimiters": Delimiters("*", ":", "~", "?", "^")}, {"test": False, "acknowledge": False}, {"line_break": "\n"},
])
def test_reading_back_what_was_built_gives_no_finding(options):
    delimiters = options.get("delimiters", Delimiters("*", ">", "~", "", ""))
    body = (MessageType("x12", "005010", "999", "X231A1"), "0001", [delimiters.element.join(("AK1", "HC", "1"))])
    built = a_build(groups=[("FA", "A", "B", "1", "005010X231A1", [body]), ("FA", "A", "B", "2", "005010X231A1", [body, body[:1] + ("0002",) + body[2:]])],
                    **options)
    data = bytes_of(built)
    interchange, parts = one(data)
    assert interchange.findings == [] and interchange.delimiters == delimiters
    assert [str(part.type) + part.type.usage for part in parts if isinstance(part, Message)] == ["x12/005010/999X231A1"] * 3
    assert (interchange.sender, interchange.control, interchange.prepared) == (built.sender, built.control, built.prepared)


@pytest.mark.parametrize("options", [
    {"sender": Address("A*B", "ZZ")}, {"sender": Address("X" * 16, "ZZ")}, {"control": "1234567890"}, {"version": "401"},
    {"delimiters": Delimiters("*", "*", "~", "", "")}, {"delimiters": Delimiters("*", ">", "~", "?", "")},
])
def test_what_does_not_fit_the_envelope_is_our_own_fault(options):
    with pytest.raises(TerminalFault):
        bytes_of(a_build(**options))


def test_a_message_without_its_bytes_is_written_from_its_text():
    text = RELEASED
    interchange, parts = one(text)
    parts[2].raw = b""
    interchange.parts = iter(parts)
    assert bytes_of(interchange) == text.encode()
    data = binary_order(b"\x01\x02~*\xff")
    interchange, parts = one(data)
    parts[1].raw, parts[1].encoding = b"", "latin-1"
    interchange.parts = iter(parts)
    assert bytes_of(interchange) == data


# -- an independent reader

@pytest.mark.parametrize("version", ["00401", "00501"])
def test_pyx12_reads_the_same_segments(version):
    body = "".join(f"ST*850*{number:04d}~BEG*00*SA*{number}~N1*ST*A:B~PO1*1**EA~CTT*1~SE*6*{number:04d}~" for number in range(1, 30))
    text = ISA.replace("00401", version).replace("*>~", "*:~") + GS + body + "GE*29*17~IEA*1*000000905~"
    reader = pyx12.x12file.X12Reader(io.StringIO(text))
    theirs = [segment.format("", "*", ":") for segment in reader]
    assert reader.pop_errors() == []
    interchange, parts = one(text)
    ours = [interchange.header]
    for part in parts:
        if isinstance(part, Message):
            ours += ["*".join(segment) for segment in part.segments]
        else:
            ours.append(part.header if isinstance(part, Group) else part.trailer)
    ours.append(interchange.trailer)
    assert interchange.findings == []
    assert [line.rstrip("*~") for line in ours[1:]] == [line.rstrip("*~") for line in theirs[1:]]
