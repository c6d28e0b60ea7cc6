"""Our interchanges as pydifact's and back."""

from __future__ import annotations

import io

import pytest
from pydifact.segmentcollection import Interchange as Collection

from edi_bridge import syntax
from edi_bridge.compat.pydifact import from_pydifact, to_pydifact
from edi_bridge.fault import TerminalFault
from edi_bridge.syntax import edifact

ORDER = (
    "UNA:+.? 'UNB+UNOC:3+4012345000009:14+ACME GMBH:ZZ+260301:1405+77++ORDERS++1'UNH+1+ORDERS:D:96A:UN:EAN008'"
    "BGM+220+PO?+1?'7+9'NAD+BY+++Müller ?: Söhne++Köln'FTX+AAI+++what????'UNT+5+1'UNZ+1+77'"
)


def test_segments_equal_what_pydifact_reads_itself() -> None:
    ours = to_pydifact(next(syntax.read(ORDER.encode("latin-1"))))
    theirs = Collection.from_str(ORDER)
    assert [(s.tag, list(s.elements)) for s in ours.segments] == [(s.tag, list(s.elements)) for s in theirs.segments]
    assert (ours.sender, ours.recipient, ours.control_reference) == (theirs.sender, theirs.recipient, "77")
    assert ours.timestamp == theirs.timestamp
    assert ours.serialize() == theirs.serialize() == ORDER


def test_round_trip_is_byte_equal_and_free_of_findings() -> None:
    back = from_pydifact(to_pydifact(next(syntax.read(ORDER.encode("latin-1")))))
    assert syntax.write(back) == ORDER.encode("latin-1")
    assert back.findings == []
    assert back.receiver.id == "ACME GMBH"


def test_empty_elements_at_the_end_survive() -> None:
    text = "UNB+UNOA:2+A+B+260301:1405+1'UNH+1+ORDERS:D:96A:UN'PIA+1+X:SA::'LIN+1++'UNT+4+1'UNZ+1+1'"
    assert syntax.write(from_pydifact(to_pydifact(next(syntax.read(text.encode()))))) == text.encode()


def test_groups_are_lost_and_messages_stay() -> None:
    text = (
        "UNB+UNOA:2+A+B+260301:1405+1'UNG+ORDERS+A+B+260301:1405+5+UN+D:96A'UNH+1+ORDERS:D:96A:UN'BGM+220'UNT+3+1'"
        "UNE+1+5'UNZ+1+1'"
    )
    collection = to_pydifact(next(syntax.read(text.encode())))
    assert [message.type for message in collection.get_messages()] == ["ORDERS"]


def test_a_collection_made_with_pydifact_is_read() -> None:
    collection = Collection.from_str("UNB+UNOA:1+A+B+260301:1405+9'UNH+1+INVOIC:D:96A:UN'BGM+380'UNT+3+1'UNZ+1+9'")
    interchange = from_pydifact(collection)
    assert [(m.type.name, m.type.version) for m in interchange.messages] == [("INVOIC", "D96A")]


def test_what_cannot_be_carried_is_said() -> None:
    collection = Collection.from_str("UNB+UNOA:1+A+B+260301:1405+9'UNH+1+INVOIC:D:96A:UN'FTX+ü'UNT+3+1'UNZ+1+9'")
    with pytest.raises(TerminalFault, match="ü"):
        from_pydifact(collection)
    assert edifact.write_to(from_pydifact(collection, charset="utf-8"), io.BytesIO()) is None
