"""The clean samples and the planter's splitter, held against programs that others wrote: pydifact and pyx12."""

from __future__ import annotations

import io

import pytest
import pyx12.params
import pyx12.x12n_document
from pydifact.segmentcollection import Interchange
from pyx12.x12file import X12Reader

from tests.mutation import wire
from tests.mutation.bases import BASES
from tests.mutation.field import SAMPLES

pytestmark = pytest.mark.filterwarnings("ignore:segments.xml not found")  # pydifact has tables of few releases
EDIFACT = sorted({sample for key, (sample, _) in BASES.items() if key.startswith("edifact/") and "-4" not in sample and "syntax4" not in sample})
X12 = sorted({sample for key, (sample, _) in BASES.items() if key.startswith("x12/")})
PAYMENTS = {  # pyx12's maps were made for health care: their code lists hold its groups only, so the answer becomes one to payments
    "guides/997-4010-great-lakes": [("AK1*IN", "AK1*RA"), ("AK2*810", "AK2*820")],
    "guides/999-5010-summit": [("*12*5554180177", "*ZZ*5554180177"), ("*X*005010~", "*X*005010X231A1~"), ("ST*999*0001", "ST*999*0001*005010X231A1"),
                               ("AK1*IN*2201*005010", "AK1*RA*2201*005010X218"), ("AK2*810*0001", "AK2*820*0001*005010X218"),
                               ("AK2*810*0002", "AK2*820*0002*005010X218"), ("AK2*810*0003", "AK2*820*0003*005010X218"),
                               ("CTX*INVOICE NUMBER>R-2026-5517~\n", ""), ("SE*17*", "SE*16*")],  # its 999 has one CTX at a segment
}


def _content(sample: str) -> str:
    return (SAMPLES / sample / "message.edi").read_text("latin-1")


@pytest.mark.parametrize("sample", EDIFACT)
def test_pydifact_splits_as_the_planter_does(sample: str) -> None:
    read = wire.read(_content(sample).encode("latin-1"))
    (message,) = Interchange.from_str(_content(sample)).get_messages()
    theirs = [(one.tag, [part if isinstance(part, list) else [part] for part in one.elements]) for one in message.segments]
    ours = [(one.tag, [element[0] for element in one.elements]) for one in read.segments[1:-1]]
    assert ours == theirs


@pytest.mark.parametrize("sample", X12)
def test_pyx12_reads_envelope_and_counts_and_splits_as_the_planter_does(sample: str) -> None:
    read = wire.read(_content(sample).encode("latin-1"))
    reader = X12Reader(io.StringIO(_content(sample)))
    theirs = [(one.get_seg_id(), one.format(seg_term="", ele_term=read.marks.element, subele_term=read.marks.component)) for one in reader]
    assert [error for error in reader.pop_errors() if error] == []
    assert [text for tag, text in theirs if tag not in ("ISA", "GS", "GE", "IEA")] == [read.text(one) for one in read.segments]


@pytest.mark.parametrize("sample", PAYMENTS)
def test_pyx12_finds_the_acknowledgements_clean_by_its_own_maps(sample: str) -> None:
    content = _content(sample)
    for ours, theirs in PAYMENTS[sample]:
        assert ours in content
        content = content.replace(ours, theirs)
    assert pyx12.x12n_document.x12n_document(pyx12.params.ParamsBase(), io.StringIO(content), io.StringIO(), None)
    spoilt = content.replace("~AK9*P", "~XK9*P", 1).replace("*R*5~", "*Q*5~")
    assert not pyx12.x12n_document.x12n_document(pyx12.params.ParamsBase(), io.StringIO(spoilt), io.StringIO(), None)
