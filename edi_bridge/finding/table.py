"""The table of everything that can be wrong with what a partner sends.

Codes: 0085 as the service code list of D.96A has it (CONTRL D:3, syntax 1 to 3) and as ISO 9735-10 has it (syntax 4); X12
data elements I18 (TA105), 716 (AK905), 718 (AK502), 720 (AK304), 723 (AK403), and 618, 620, 621 of a 999 (IK502, IK304,
IK403); 647 (TED01 of an 824). 9321 (ERC of an APERAK) is coded in no UN/EDIFACT directory: those codes are ours (`APERAK`)
and are sent with 1131 = ZZZ. `tests/test_finding.py` holds every code against the lists in `guide/standard/`.
"""

from __future__ import annotations

from edi_bridge.finding.kind import IN_999, Kind, Level, Severity

# 9321 as we send it in ERC, at most eight characters; partners agree on what they do with it
APERAK = {
    "MISSING": "something is missing that the document needs",
    "INVALID": "a value cannot be what it should be",
    "UNKNOWN": "a code, number or party is not known here",
    "TOTALS": "totals do not agree with what they add up",
    "CONFLICT": "what the document says does not fit together",
    "DUPLICAT": "the document was here before",
    "TEST": "a test document among real ones",
}

# those codes of 647 (TED01) that we send; they stand in its list from 003050 to 005010
X824 = {
    "006": "duplicate",
    "007": "missing data",
    "010": "a total does not add up",
    "011": "not matching",
    "012": "an invalid combination",
    "024": "another reason, told in the text",
    "027": "a customer's number that does not exist",
}


def _row(name: str, level: str, severity: str, sentence: str, hint: str, contrl: str = "", x12: str = "", before: str = "",
         aperak: str = "", x824: str = "") -> Kind:
    """A row of the table. `contrl` is `13` for both syntaxes or `2/46`, where a side may be empty; `x12` is `720=3 620=I4`; a
    999's own element has the code of the 997's where no other is given; `before` is what differs before 005010."""
    old, _, new = contrl.partition("/")
    codes = dict(part.split("=") for part in x12.split())
    earlier = codes | dict(part.split("=") for part in before.split())
    for of_999, element in IN_999.items():
        if element in codes:
            codes.setdefault(of_999, codes[element])
    earlier = {element: code for element, code in earlier.items() if element not in IN_999}
    return Kind(name, Level(level), Severity(severity), sentence, hint, (old, new if "/" in contrl else old), codes, earlier, aperak, x824)


def _table() -> dict[str, Kind]:
    i, g, m, s, e, b = (level.value for level in Level)
    reject, note = Severity.REJECT.value, Severity.NOTE.value
    rows = [
        # the file and its characters
        _row("empty_file", i, reject, "there is nothing in the file", "ask the partner to send it again"),
        _row("unknown_format", i, reject, "this is neither EDIFACT, X12, XML nor a CSV that a map describes",
             "look at its first bytes with `edi-bridge inspect`; for CSV name the map (--map; `check`: --guide)"),
        _row("junk_between_interchanges", i, note, "there is text outside any interchange",
             "mailboxes add such lines; the text is kept with the raw file"),
        _row("wrong_charset", e, reject, "bytes do not fit the character set that the envelope declares",
             "declare the partner's real character set in its agreement (charset)", "21", "723=6"),
        _row("character_set_unsupported", i, reject, "the declared character set is not supported",
             "declare an override for the partner (charset)", "2/46"),
        _row("control_character", e, reject, "a control character stands inside the data",
             "the partner's program must not send it", "21", "723=6"),
        _row("character_outside_set", e, note, "a character is outside the declared repertoire",
             "the partner should declare a larger character set", "21", "723=6"),
        _row("ebcdic", i, reject, "the file is in EBCDIC", "the transfer must convert it to ASCII or ISO 8859-1"),
        # limits: ours, so no standard has a code for them
        _row("interchange_too_large", i, reject, "the interchange is larger than the limit", "raise the limit or split the file"),
        _row("message_too_large", m, reject, "the message is larger than the limit", "raise the limit or split the message", "18"),
        _row("segment_too_large", s, reject, "the segment is larger than the limit", "probably a terminator is missing", "18"),
        # envelopes
        _row("bad_service_string", i, reject, "the service characters (UNA, ISA) are not usable",
             "they must be different from each other and not letters, digits or blanks", "20", "I18=022"),
        _row("bad_header", i, reject, "the interchange header is not complete", "see the standard's envelope: UNB or ISA", "13", "I18=022"),
        _row("syntax_unsupported", i, reject, "the syntax version is not supported", "EDIFACT 1-4; X12 003040-008030", "2", "I18=003"),
        _row("interactive_interchange", i, reject, "this is an interactive interchange (UIB…UIZ), which is not translated",
             "ask for batch messages", "2/47"),
        _row("transmission_control", i, note, "network control traffic (TA3, ISB/ISE), not business data", "it is kept and not translated"),
        _row("missing_header", i, reject, "a message stands outside any interchange", "UNB or ISA is missing: the file's beginning was lost",
             "33", "I18=022"),
        _row("missing_trailer", i, reject, "the interchange has no trailer", "the file is cut off: ask for it again", "13", "I18=023"),
        _row("missing_terminator", i, note, "the last segment is not ended by the terminator",
             "nothing is lost unless the file was cut off just there"),
        _row("doubled_trailer", i, reject, "a trailer stands where none is open", "the file was put together wrongly", "15", "I18=022"),
        _row("interchange_reference_mismatch", i, reject, "header and trailer carry different control numbers",
             "two files were joined, or the end of one was lost: ask for it again", "28", "I18=001"),
        _row("interchange_count_mismatch", i, reject, "the trailer counts something else than was received",
             "the file is not complete or was edited", "29", "I18=021"),
        _row("nothing_inside", i, reject, "the interchange holds no message", "ask the partner what should have been in it", "32", "I18=024"),
        _row("mixed_groups", i, reject, "groups and messages are mixed in one interchange",
             "all messages of an interchange stand in groups (UNG), or none does", "30"),
        _row("duplicate_interchange", i, reject, "this control number came before with other content", "the partner must use a new number",
             "26", "I18=025"),
        _row("missing_group_trailer", g, reject, "the group has no trailer", "the file is cut off or was put together wrongly", "13", "716=3"),
        _row("group_reference_mismatch", g, reject, "the group's header and trailer carry different control numbers",
             "UNG and UNE, or GS and GE, must carry the same number", "28", "716=4"),
        _row("group_count_mismatch", g, reject, "the group's trailer counts something else than was received",
             "the group is not complete or was edited", "29", "716=5"),
        _row("bad_group_header", g, reject, "the group's header is not complete", "see the standard's envelope: UNG or GS", "13", "716=6"),
        _row("unknown_group_kind", g, reject, "the functional identifier does not fit the messages inside",
             "a group holds messages of one kind: PO for 850, IN for 810 …", "31", "716=1"),
        _row("duplicate_group_reference", g, reject, "two groups of the interchange carry the same control number",
             "the partner must number its groups", "26", "716=19", "716=6"),
        _row("missing_message_trailer", m, reject, "the message has no trailer", "the file is cut off or UNT or SE was forgotten",
             "13", "718=2"),
        _row("message_reference_mismatch", m, reject, "the message's header and trailer carry different references",
             "UNH and UNT, or ST and SE, must carry the same reference", "28", "718=3"),
        _row("segment_count_mismatch", m, reject, "the trailer counts other segments than were received",
             "header and trailer count too; a segment was lost or added on the way", "29", "718=4"),
        _row("bad_message_header", m, reject, "the message header is not complete", "see the standard's envelope: UNH or ST", "13", "718=6"),
        _row("duplicate_message_reference", m, reject, "two messages carry the same reference",
             "the partner must number its messages", "26", "718=23"),
        _row("unexpected_envelope_segment", i, reject, "an envelope segment stands where it cannot",
             "the file was put together wrongly", "15", "I18=022"),
        _row("segment_outside_message", i, note, "a segment stands outside any message", "it is kept with the raw file", "33", "I18=022"),
        _row("package_not_translated", m, reject, "a package (UNO…UNP) holds an object that is not translated",
             "it is kept with the raw file; ask for messages", "17/47"),
        _row("binary_length", s, reject, "the length of a binary segment does not fit its content",
             "the length counts bytes; the transfer must not change line ends", "29", "720=8"),
        # XML and CSV
        _row("xml_not_well_formed", i, reject, "the XML is not well formed", "the partner must send well-formed XML"),
        _row("xml_doctype", i, reject, "the XML carries a DOCTYPE, which is refused", "for cXML set allow_doctype in the agreement"),
        _row("xml_too_deep", i, reject, "the XML is nested too deeply or an element is too large",
             "no business document is like that: ask the partner what it is"),
        _row("xml_schema", e, reject, "the document does not follow its schema", "the partner must send what its schema allows"),
        _row("csv_missing_column", i, reject, "a column that the map needs is missing", "compare the file's first line with the map's layout"),
        _row("csv_unknown_column", i, note, "a column that the map does not know", "add it to the map's layout if it matters"),
        _row("csv_row_width", s, reject, "the row has another number of columns than the layout says",
             "a delimiter inside a value must stand in quotes"),
        _row("csv_quote", s, reject, "a quoted value is not closed", "a quote inside a quoted value is doubled"),
        _row("csv_duplicate_column", i, reject, "two columns have the same name", "the partner must name each column differently"),
        _row("csv_unknown_record", s, reject, "the record type of the row is not known", "add it to the map's layout"),
        _row("csv_row_lost", i, reject, "a row could not be read, so no message of the file is sure to be complete",
             "correct the file from that line on and send it again"),
        _row("csv_key_returns", m, note, "rows of this key came before, further up in the file",
             "they are a message of their own; the file should be sorted by its key"),
        _row("mixed_parties", m, reject, "the documents of one file name different senders or receivers",
             "the agreement is chosen by the first document; send one file a partner"),
        # message structure
        _row("unknown_message_type", m, reject, "this message type and version is not known", "import its guide or add a map", "14", "718=1"),
        _row("no_map", m, reject, "no map is agreed for this message type", "add one to the partner's agreement, or give --map",
             "17", "718=1"),
        _row("unknown_segment", s, reject, "the segment is not part of this message",
             "the partner must leave it out, or agree on a guide that has it", "15", "720=6"),
        _row("segment_out_of_order", s, reject, "the segment stands at a wrong place",
             "compare the order of segments with `edi-bridge guide show`", "15", "720=7"),
        _row("segment_not_used", s, reject, "the segment is not used in this agreement", "the partner must leave it out", "15", "720=2 620=I4"),
        _row("missing_segment", s, reject, "a mandatory segment is missing", "the partner must send it", "13", "720=3"),
        _row("segment_repeats", s, reject, "the segment occurs more often than allowed",
             "the partner must send fewer of them", "35", "720=5"),
        _row("group_repeats", s, reject, "the segment group occurs more often than allowed",
             "the partner must send fewer of them, or split the document", "36", "720=4"),
        _row("too_few_repeats", s, reject, "the segment occurs less often than agreed", "the partner must send more of them", "13", "720=3 620=I8"),
        _row("too_few_group_repeats", s, reject, "the segment group occurs less often than agreed",
             "the partner must send more of them", "13", "720=3 620=I7"),
        _row("bad_hierarchy", s, reject, "the numbers of the hierarchy do not form a tree", "check HL01/HL02 or CPS 7164/7166",
             "12", "720=8 723=7"),
        _row("loop_bound_mismatch", s, reject, "LS and LE do not enclose a loop", "each LS needs an LE with the same loop identifier",
             "12", "720=8 723=7"),
        # elements
        _row("missing_element", e, reject, "a required value is missing", "the partner must send it", "13", "723=1"),
        _row("too_many_elements", e, reject, "the segment has more elements than it may", "the partner sends a later release, or a stray separator",
             "16", "723=3"),
        _row("too_many_components", e, reject, "the composite has more components than it may",
             "a colon inside a value must be released, or another separator chosen", "16", "723=13", "723=3"),
        _row("too_many_repetitions", e, reject, "the element has more repetitions than it may", "the partner must send fewer values",
             "16/35", "723=12", "723=3"),
        _row("too_long", e, reject, "the value is too long", "decimal mark and sign are not counted", "39", "723=5"),
        _row("too_short", e, reject, "the value is too short", "values of fixed length keep their leading zeros or blanks", "40", "723=4"),
        _row("wrong_character_type", e, reject, "the value has characters that its type does not allow",
             "an alphabetic value has no digits, a numeric one no letters", "37", "723=6"),
        _row("invalid_number", e, reject, "this is not a number of the standard's form",
             "digits, one decimal mark, a minus in front; no thousands, no blanks", "37", "723=6"),
        _row("invalid_date", e, reject, "this is not a valid date", "the day must exist, and be written as its format code says", "12", "723=8"),
        _row("invalid_time", e, reject, "this is not a valid time", "hours go to 23, minutes and seconds to 59", "12", "723=9"),
        # rejects: only complete lists are checked, with what an association (EANCOM) adds to them
        _row("unknown_code", e, reject, "this code is not in the standard's list",
             "a code of a later release or of an association can be agreed (restrict: add_codes)", "12", "723=7"),
        _row("code_not_used", e, reject, "this code is not used in this agreement", "the partner must use one of the agreed codes",
             "14", "723=7 621=I6"),
        # a 997 has no code for what an agreement forbids: 3 is the nearest that is true, I10 says it exactly
        _row("element_not_used", e, reject, "this element is not used in this agreement", "the partner must leave it out", "15", "723=3 621=I10"),
        _row("condition_violated", e, reject, "a value is missing that another one needs beside it",
             "the partner must send both, or neither", "13/48", "723=2"),
        _row("exclusion_violated", e, reject, "values stand together that exclude each other", "the partner must send one of them",
             "15/48", "723=10"),
        _row("trailing_separator", e, note, "separators stand at the end where nothing follows", "harmless; the partner may leave them out", "18/45"),
        # what only the map can know
        _row("required_missing", b, reject, "a value that we need is missing", "the standard may do without it, our map does not (required)",
             aperak="MISSING", x824="007"),
        _row("unmapped_code", b, reject, "our code table does not know this code", "add it to the code table in mappings/codes",
             aperak="UNKNOWN", x824="024"),
        _row("missing_lookup", b, reject, "the partner's table does not know this key",
             "add the key with `edi-bridge lookup set`, or to the table's CSV", aperak="UNKNOWN", x824="024"),
        _row("invalid_value", b, reject, "the value is not what the map expects here", "the note says what was expected",
             aperak="INVALID", x824="024"),
        _row("invalid_check_digit", b, note, "the number's check digit is wrong", "a GLN, GTIN, SSCC or VAT number was mistyped",
             aperak="INVALID", x824="024"),
        _row("value_not_read", b, note, "the map found a second value where it reads one", "say #1, #2, take: or each: in the map"),
        _row("alternatives_differ", b, note, "two places that mean the same say different things", "the first one was taken",
             aperak="CONFLICT", x824="011"),
        _row("field_not_carried", b, note, "the target message cannot carry this field", "the map's variants or the agreement may have a place for it"),
        _row("cannot_write", b, reject, "the value cannot be written here", "see the agreement's policy for characters and lengths"),
        # totals and rules of documents
        _row("control_total_mismatch", b, reject, "a control total does not agree with what stands in the message",
             "lines or amounts were lost on the way, or the sender adds differently", aperak="TOTALS", x824="010"),
        _row("totals_differ", b, note, "the totals do not agree with the lines", "a person compares the document with the order",
             aperak="TOTALS", x824="010"),
        _row("einvoice_rule", b, reject, "a rule for electronic invoices (EN 16931, Peppol) is broken",
             "the rule's own text says what the invoice must have"),
        _row("einvoice_warning", b, note, "a rule for electronic invoices (EN 16931, Peppol) advises something else",
             "the rule's own text says what the invoice should have"),
        # partner and business
        _row("unknown_partner", i, note, "no partner has this address",
             "add the partner; until then the daemon lets it wait for a person, and by hand the standard's map is used", "23", "I18=006"),
        _row("not_for_us", i, reject, "the receiver of this interchange is somebody else",
             "the partner or the network sent it to the wrong place", "7", "I18=009"),
        _row("interchange_suspended", i, reject, "a message of the interchange was rejected, and with it everything",
             "as the agreement says (errors, reject_interchange): correct the message and send the interchange again"),
        _row("message_suspended", m, reject, "another message of the interchange was rejected, and with it everything",
             "as the agreement says (errors, reject_interchange): nothing is wrong with this message itself"),
        _row("answer_received", m, note, "this is an answer to something that was sent, no document",
             "`edi-bridge reconcile` says what became of it"),
        _row("answer_malformed", b, note, "an answer to something that was sent does not keep to its own form",
             "what it means was read all the same; tell the partner when it happens again"),
        _row("answer_contradicts_itself", b, note, "an answer says two things that cannot both be true",
             "what is said of the single message was taken; ask the partner where that matters"),
        _row("answer_to_nothing_sent", b, note, "an answer names something that was never sent",
             "it belongs to somebody else, or the control number was changed on the way"),
        _row("answer_repeated", b, note, "the same answer came before", "nothing has to be done"),
        _row("answer_changed", b, note, "another answer than the one before", "ask the partner which one holds"),
        _row("answer_late", b, note, "the answer came after the time that was agreed", "nothing has to be done, unless it happens often"),
        _row("no_agreement", m, note, "nothing is agreed with this partner for this message",
             "add an agreement to the partner's file; until then the daemon lets it wait for a person, and by hand the standard's map is used", "17", "718=1"),
        _row("test_on_live", i, reject, "test data came on a live agreement", "the partner must send it as live, or the agreement be a test",
             "25", "I18=020"),
        _row("conflicting_identifiers", b, reject, "the party's identifiers belong to different customers",
             "a person must decide which customer is meant", aperak="CONFLICT", x824="012"),
        _row("unknown_order", b, note, "the order it refers to is not here (yet)", "it is linked when the order comes",
             aperak="UNKNOWN", x824="011"),
        _row("unknown_invoice", b, note, "the invoice that is paid or taken back is not here (yet)", "it is tied when the invoice comes",
             aperak="UNKNOWN", x824="011"),
        _row("duplicate_document", b, reject, "a document with this number is here already with other content",
             "the partner must send a change or a new number", aperak="DUPLICAT", x824="006"),
        _row("message_posted_before", b, note, "this message was posted before; nothing was changed", "nothing has to be done",
             aperak="DUPLICAT", x824="006"),
        _row("no_counterpart", b, reject, "no party of the document can be the customer or supplier",
             "check our own identities (partners/_own.yaml) and the document's buyer and seller", aperak="UNKNOWN", x824="027"),
        _row("own_party", b, note, "the party is our own company, a carrier or a bank; it is no customer", "nothing has to be done"),
        _row("unknown_customer", b, note, "the customer to be removed is not here", "nothing has to be done", aperak="UNKNOWN", x824="027"),
        _row("missing_number", b, reject, "the document has no number", "the map must read one", aperak="MISSING", x824="007"),
        _row("test_document", b, reject, "the document says that it is a test", "the partner must not send tests as live data",
             aperak="TEST", x824="024"),
        _row("same_content", b, reject, "the same content came before under another number",
             "a person decides; set same_content: post to take such messages", aperak="DUPLICAT", x824="006"),
        _row("unknown_order_line", b, note, "the line that the document names is not in the order", "compare the two",
             aperak="UNKNOWN", x824="011"),
    ]
    return {row.name: row for row in rows}


KINDS = _table()
