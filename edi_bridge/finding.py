"""The table of everything that can be wrong with what a partner sends, and the values made from it.

Findings are collected, never raised. From this one table come the acknowledgement codes, the sentences of the
command line and `docs/findings.md`. CONTRL codes are data element 0085 of ISO 9735-4; X12 codes name their
element (I18 in TA1, 716 in AK905, 718 in AK502, 720 in AK304, 723 in AK403) where the finding has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edi_bridge.interchange import Position


class Level(Enum):
    """What a finding is about; it decides which answer carries it."""

    INTERCHANGE = "interchange"
    GROUP = "group"
    MESSAGE = "message"
    SEGMENT = "segment"
    ELEMENT = "element"
    BUSINESS = "business"


class Severity(Enum):
    """What a finding does to the message unless the agreement says otherwise."""

    REJECT = "reject"
    NOTE = "note"


class Verdict(Enum):
    """What became of an interchange, group or message."""

    ACCEPTED = "accepted"
    WITH_ERRORS = "accepted with errors"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding. `sentence` may name {value}, {expected} and {found}; `hint` says what to do about it."""

    name: str
    level: Level
    severity: Severity
    sentence: str
    hint: str
    contrl: str = ""
    x12: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about one place. `value` is the partner's text that caused it, cut to 200 characters by `found`."""

    kind: str
    position: Position = Position()
    value: str = ""
    note: str = ""  # expected and found, or whatever makes the sentence precise

    @property
    def level(self) -> Level:
        """The level of its kind."""
        return KINDS[self.kind].level

    @property
    def rejects(self) -> bool:
        """Whether it rejects by default; an agreement may decide otherwise."""
        return KINDS[self.kind].severity is Severity.REJECT

    def sentence(self) -> str:
        """`kind: what is wrong, precisely`, on one line, control characters made visible."""
        kind = KINDS[self.kind]
        text = f"{self.kind}: {visible(self.note or kind.sentence)}"
        if self.value and repr(self.value)[1:-1] not in text:
            text += f", found {printable(self.value)}"
        return text


def found(kind: str, position: Position = Position(), value: str = "", note: str = "") -> Finding:
    """A finding of a kind that the table knows (KeyError otherwise: that is our bug)."""
    assert kind in KINDS, kind
    return Finding(kind, position, value[:200], note)


def merged(checked: list[Finding], mapped: list[Finding]) -> list[Finding]:
    """What the guide's check found and what the map found, each place named once: the check's word is the standard's."""
    said = {(one.position.segment, one.position.element, one.position.component or 1) for one in checked if one.position.segment}
    whole = {one.position.segment for one in checked if one.position.segment and one.level is Level.SEGMENT}
    return checked + [one for one in mapped
                      if (one.position.segment, one.position.element, one.position.component or 1) not in said
                      and (one.level is not Level.SEGMENT or one.position.segment not in whole)]


def printable(value: str, limit: int = 60) -> str:
    """`value` in quotes, cut, with every control character shown as an escape: a log line stays one line."""
    cut = value if len(value) <= limit else value[: limit - 1] + "…"
    return f'"{visible(cut)}"'


def visible(text: str) -> str:
    """`text` with every control character shown as an escape."""
    return text if text.isprintable() else "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _table() -> dict[str, Kind]:
    i, g, m, s, e, b = Level.INTERCHANGE, Level.GROUP, Level.MESSAGE, Level.SEGMENT, Level.ELEMENT, Level.BUSINESS
    reject, note = Severity.REJECT, Severity.NOTE
    rows = [
        # the file and its characters
        Kind("empty_file", i, reject, "there is nothing in the file", "ask the partner to send it again"),
        Kind("unknown_format", i, reject, "this is neither EDIFACT, X12, XML nor a CSV that a map describes",
             "look at its first bytes with `edi-bridge inspect`; for CSV give the map with --map"),
        Kind("junk_between_interchanges", i, note, "there is text outside any interchange",
             "mailboxes add such lines; the text is kept with the raw file"),
        Kind("wrong_charset", e, reject, "bytes do not fit the character set that the envelope declares",
             "declare the partner's real character set in its agreement (charset)", contrl="21", x12="723=6"),
        Kind("character_set_unsupported", i, reject, "the declared character set is not supported",
             "declare an override for the partner (charset)", contrl="46"),
        Kind("control_character", e, reject, "a control character stands inside the data",
             "the partner's program must not send it", contrl="21", x12="723=6"),
        Kind("character_outside_set", e, note, "a character is outside the declared repertoire",
             "the partner should declare a larger character set", contrl="21", x12="723=6"),
        Kind("ebcdic", i, reject, "the file is in EBCDIC", "the transfer must convert it to ASCII or ISO 8859-1"),
        # limits
        Kind("interchange_too_large", i, reject, "the interchange is larger than the limit", "raise the limit or split the file"),
        Kind("message_too_large", m, reject, "the message is larger than the limit", "raise the limit or split the message"),
        Kind("segment_too_large", s, reject, "the segment is larger than the limit", "probably a terminator is missing"),
        # envelopes
        Kind("bad_service_string", i, reject, "the service characters (UNA, ISA) are not usable",
             "they must be different from each other and not letters, digits or blanks", contrl="22", x12="I18=022"),
        Kind("bad_header", i, reject, "the interchange header is not complete", "see the standard's envelope", contrl="13", x12="I18=024"),
        Kind("syntax_unsupported", i, reject, "the syntax version is not supported", "EDIFACT 1-4; X12 003040-008030", contrl="2", x12="I18=017"),
        Kind("interactive_interchange", i, reject, "this is an interactive interchange (UIB…UIZ), which is not translated",
             "ask for batch messages", contrl="47"),
        Kind("transmission_control", i, note, "network control traffic (TA3, ISB/ISE), not business data", "it is kept and not translated"),
        Kind("missing_header", i, reject, "a message stands outside any interchange", "UNB or ISA is missing", contrl="33", x12="I18=024"),
        Kind("missing_trailer", i, reject, "the interchange has no trailer", "the file is cut off: ask for it again", contrl="13", x12="I18=023"),
        Kind("missing_terminator", i, note, "the last segment is not ended by the terminator",
             "nothing is lost unless the file was cut off just there"),
        Kind("doubled_trailer", i, reject, "a trailer stands where none is open", "the file was put together wrongly", contrl="15", x12="I18=024"),
        Kind("interchange_reference_mismatch", i, reject, "header and trailer carry different control numbers", "", contrl="28", x12="I18=001"),
        Kind("interchange_count_mismatch", i, reject, "the trailer counts something else than was received",
             "the file is not complete or was edited", contrl="29", x12="I18=021"),
        Kind("nothing_inside", i, reject, "the interchange holds no message", "", contrl="32", x12="I18=024"),
        Kind("mixed_groups", i, reject, "groups and messages are mixed in one interchange", "", contrl="30"),
        Kind("duplicate_interchange", i, reject, "this control number came before with other content", "the partner must use a new number",
             contrl="26", x12="I18=025"),
        Kind("missing_group_trailer", g, reject, "the group has no trailer", "", contrl="13", x12="716=3"),
        Kind("group_reference_mismatch", g, reject, "the group's header and trailer carry different control numbers", "", contrl="28", x12="716=4"),
        Kind("group_count_mismatch", g, reject, "the group's trailer counts something else than was received", "", contrl="29", x12="716=5"),
        Kind("bad_group_header", g, reject, "the group's header is not complete", "", contrl="13", x12="716=6"),
        Kind("unknown_group_kind", g, reject, "the functional identifier does not fit the messages inside", "", contrl="31", x12="716=1"),
        Kind("duplicate_group_reference", g, reject, "two groups of the interchange carry the same control number", "", contrl="26", x12="716=19"),
        Kind("missing_message_trailer", m, reject, "the message has no trailer", "", contrl="13", x12="718=2"),
        Kind("message_reference_mismatch", m, reject, "the message's header and trailer carry different references", "", contrl="28", x12="718=3"),
        Kind("segment_count_mismatch", m, reject, "the trailer counts other segments than were received", "", contrl="29", x12="718=4"),
        Kind("bad_message_header", m, reject, "the message header is not complete", "", contrl="13", x12="718=6"),
        Kind("duplicate_message_reference", m, reject, "two messages carry the same reference", "", contrl="26", x12="718=23"),
        Kind("unexpected_envelope_segment", i, reject, "an envelope segment stands where it cannot", "", contrl="15", x12="I18=024"),
        Kind("segment_outside_message", i, note, "a segment stands outside any message", "it is kept with the raw file", contrl="33"),
        Kind("package_not_translated", m, reject, "a package (UNO…UNP) holds an object that is not translated",
             "it is kept with the raw file; ask for messages", contrl="17"),
        Kind("binary_length", s, reject, "the length of a binary segment does not fit its content", "", x12="720=8"),
        # XML and CSV
        Kind("xml_not_well_formed", i, reject, "the XML is not well formed", "the partner must send well-formed XML"),
        Kind("xml_doctype", i, reject, "the XML carries a DOCTYPE, which is refused", "for cXML set allow_doctype in the agreement"),
        Kind("xml_too_deep", i, reject, "the XML is nested too deeply or an element is too large", ""),
        Kind("csv_missing_column", i, reject, "a column that the map needs is missing", "compare the file's first line with the map's layout"),
        Kind("csv_unknown_column", i, note, "a column that the map does not know", "add it to the map's layout if it matters"),
        Kind("csv_row_width", s, reject, "the row has another number of columns than the layout says", ""),
        Kind("csv_quote", s, reject, "a quoted value is not closed", ""),
        Kind("csv_duplicate_column", i, reject, "two columns have the same name", "the partner must name each column differently"),
        Kind("csv_unknown_record", s, reject, "the record type of the row is not known", "add it to the map's layout"),
        Kind("csv_row_lost", i, reject, "a row could not be read, so no message of the file is sure to be complete",
             "correct the file from that line on and send it again"),
        Kind("csv_key_returns", m, note, "rows of this key came before, further up in the file",
             "they are a message of their own; the file should be sorted by its key"),
        Kind("mixed_parties", m, reject, "the documents of one file name different senders or receivers",
             "the agreement is chosen by the first document; send one file a partner"),
        # message structure
        Kind("unknown_message_type", m, reject, "this message type and version is not known", "import its guide or add a map", contrl="14", x12="718=1"),
        Kind("no_map", m, reject, "no map is agreed for this message type", "add one to the partner's agreement, or give --map"),
        Kind("unknown_segment", s, reject, "the segment is not part of this message", "", contrl="15", x12="720=2"),
        Kind("segment_out_of_order", s, reject, "the segment stands at a wrong place", "", contrl="15", x12="720=2"),
        Kind("missing_segment", s, reject, "a mandatory segment is missing", "", contrl="13", x12="720=3"),
        Kind("segment_repeats", s, reject, "the segment occurs more often than allowed", "", contrl="35", x12="720=5"),
        Kind("group_repeats", s, reject, "the segment group occurs more often than allowed", "", contrl="36", x12="720=4"),
        Kind("bad_hierarchy", s, reject, "the numbers of the hierarchy do not form a tree", "check HL01/HL02 or CPS 7164/7166", x12="720=8"),
        # elements
        Kind("missing_element", e, reject, "a required value is missing", "", contrl="13", x12="723=1"),
        Kind("too_many_elements", e, reject, "the segment has more elements than it may", "", contrl="16", x12="723=3"),
        Kind("too_many_components", e, reject, "the composite has more components than it may", "", contrl="16", x12="723=3"),
        Kind("too_long", e, reject, "the value is too long", "", contrl="39", x12="723=5"),
        Kind("too_short", e, reject, "the value is too short", "", contrl="40", x12="723=4"),
        Kind("wrong_character_type", e, reject, "the value has characters that its type does not allow", "", contrl="37", x12="723=6"),
        Kind("invalid_number", e, reject, "this is not a number of the standard's form", "", contrl="37", x12="723=6"),
        Kind("invalid_date", e, reject, "this is not a valid date", "", contrl="12", x12="723=8"),
        Kind("invalid_time", e, reject, "this is not a valid time", "", contrl="12", x12="723=9"),
        Kind("unknown_code", e, reject, "this code is not known here", "add it to the code table if it is legal", contrl="12", x12="723=7"),
        Kind("condition_violated", e, reject, "elements that depend on each other do not fit", "", contrl="48", x12="723=2"),
        Kind("trailing_separator", e, note, "separators stand at the end where nothing follows", "", contrl="45"),
        # mapping
        Kind("invalid_value", e, reject, "the value does not fit what the map expects", "", contrl="12", x12="723=7"),
        Kind("invalid_check_digit", e, note, "the number's check digit is wrong", "a GLN, GTIN, SSCC or VAT number was mistyped"),
        Kind("value_not_read", e, note, "the map found a second value where it reads one", "say #1, #2, take: or each: in the map"),
        Kind("alternatives_differ", e, note, "two places that mean the same say different things", ""),
        Kind("missing_lookup", b, reject, "the lookup table has no such key", "add the key to the partner's lookup table"),
        Kind("field_not_carried", b, note, "the target message cannot carry this field", ""),
        Kind("cannot_write", b, reject, "the value cannot be written here", "see the agreement's policy for characters and lengths"),
        # partner and business
        Kind("unknown_partner", i, note, "no partner has this address", "add the partner; until then the standard's map is used", contrl="23", x12="I18=006"),
        Kind("not_for_us", i, reject, "the receiver of this interchange is somebody else", "", contrl="7", x12="I18=008"),
        Kind("interchange_suspended", i, reject, "a message of the interchange was rejected, and with it everything",
             "as the agreement says (errors, reject_interchange): correct the message and send the interchange again"),
        Kind("message_suspended", m, reject, "another message of the interchange was rejected, and with it everything",
             "as the agreement says (errors, reject_interchange): nothing is wrong with this message itself"),
        Kind("answer_received", m, note, "this is an answer to something that was sent, no document",
             "`edi-bridge reconcile` says what became of it"),
        Kind("no_agreement", m, reject, "nothing is agreed with this partner for this message", "", contrl="17", x12="718=1"),
        Kind("test_on_live", i, reject, "test data came on a live agreement", "", contrl="25", x12="I18=020"),
        Kind("conflicting_identifiers", b, reject, "the party's identifiers belong to different customers",
             "a person must decide which customer is meant"),
        Kind("unknown_order", b, note, "the order it refers to is not here (yet)", "it is linked when the order comes"),
        Kind("duplicate_document", b, reject, "a document with this number is here already with other content",
             "the partner must send a change or a new number"),
        Kind("message_posted_before", b, note, "this message was posted before; nothing was changed", ""),
        Kind("no_counterpart", b, reject, "no party of the document can be the customer or supplier",
             "check our own identities (partners/_own.yaml) and the document's buyer and seller"),
        Kind("own_party", b, note, "the party is our own company, a carrier or a bank; it is no customer", ""),
        Kind("unknown_customer", b, note, "the customer to be removed is not here", ""),
        Kind("no_posting", b, reject, "the CRM does not keep records of this type", "translate it instead of posting it"),
        Kind("missing_number", b, reject, "the document has no number", "the map must read one"),
        Kind("test_document", b, reject, "the document says that it is a test", "the partner must not send tests as live data"),
        Kind("same_content", b, reject, "the same content came before under another number",
             "a person decides; set same_content: post to take such messages"),
        Kind("unknown_order_line", b, note, "the line that the change names is not in the order", ""),
        Kind("totals_differ", b, note, "the totals do not agree with the lines", ""),
    ]
    return {row.name: row for row in rows}


KINDS = _table()


def as_markdown() -> str:
    """The table as it stands in `docs/findings.md`, by level."""
    lines = []
    for level in Level:
        lines += [f"## {level.value.capitalize()}", "", "| finding | by default | what is wrong | what to do | CONTRL 0085 | X12 |",
                  "|---|---|---|---|---|---|"]
        lines += [f"| {kind.name} | {kind.severity.value} | {kind.sentence} | {kind.hint or '–'} | {kind.contrl or '–'} | {kind.x12 or '–'} |"
                  for kind in KINDS.values() if kind.level is level]
        lines.append("")
    return "\n".join(lines)
