"""Messages for the checker's tests: written as people write them, read by the real readers."""

from __future__ import annotations

import io
from functools import cache

from edi_bridge import syntax
from edi_bridge.catalog import Catalog
from edi_bridge.finding import Finding
from edi_bridge.guide.check import Checker
from edi_bridge.interchange import Message
from edi_bridge.yamltext import parse

CATALOG = Catalog()

# A small order, one segment a line; `faulty` changes lines of it.
ORDER = """\
BGM+220+4711+9
DTM+137:20261121:102
RFF+CT:1
NAD+BY+4012345000009::9
CTA+OC+:Einkauf
COM+a@example.com:EM
NAD+SU+4098765000005::9
CUX+2:EUR:9
LIN+1++4012345678901:EN
PIA+1+A1:SA
IMD+F++:::Chair
QTY+21:5
PRI+AAA:10.50
LIN+2++4012345678918:EN
PIA+1+A2:SA
QTY+21:7
PRI+AAA:2
UNS+S
MOA+86:66.50
CNT+2:2
"""
PURCHASE = """\
BEG*00*NE*4711**20261121
CUR*BY*USD
REF*DP*098
N1*BY*Buyer*UL*4091670913048
N3*Street 1
N4*CHICAGO*IL*60601*US
PO1*1*167*EA*29.84**IN*101687*VN*K76089
PID*F*08***Chair
PO1*2*125*EA*58.67**IN*100336
CTT*2
"""
SHIPMENT = """\
BSN*00*123*20261121*1200
HL*1**S
TD5*O*2*ABCD
HL*2*1*O
PRF*4711
HL*3*2*I
LIN**IN*101687
SN1**5*EA
HL*4*2*I
LIN**IN*100336
SN1**7*EA
CTT*4*12
"""


def edifact(body: str, type: str = "ORDERS:D:96A:UN", syntax_id: str = "UNOC:3", una: str = "") -> Message:
    """A message of these segments (one a line, without terminators) in an interchange of its own."""
    segments = body.strip().splitlines()
    lines = [f"UNB+{syntax_id}+SENDER+RECEIVER+261121:1200+1", f"UNH+1+{type}", *segments, f"UNT+{len(segments) + 2}+1", "UNZ+1+1"]
    return _read(una + "".join(f"{line}'\n" for line in lines))


def x12(body: str, set: str = "850", version: str = "004010", kind: str = "PO") -> Message:
    """A transaction set of these segments in an interchange of its own."""
    segments = body.strip().splitlines()
    repetition = "^" if version >= "00402" else "U"
    isa = (f"ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261121*1200*{repetition}*{version[:5]}*000000001*0*P*>")
    lines = [isa, f"GS*{kind}*SENDER*RECEIVER*20261121*1200*1*X*{version}", f"ST*{set}*0001", *segments, f"SE*{len(segments) + 2}*0001",
             "GE*1*1", "IEA*1*000000001"]
    return _read("".join(f"{line}~\n" for line in lines))


def _read(text: str) -> Message:
    interchange = next(iter(syntax.read(io.BytesIO(text.encode("latin-1")))))
    message: Message = next(iter(interchange.messages))
    return message


@cache
def checker(key: str, restrict: str = "") -> Checker:
    """The checker of a shipped guide, narrowed by the YAML of an agreement's `restrict:`."""
    return Checker(CATALOG.guide(key, parse(restrict, "partners/acme.yaml") if restrict else None))


def check(message: Message, restrict: str = "") -> list[Finding]:
    """What the checker finds in a message."""
    return checker(str(message.type), restrict).check(message)


def told(findings: list[Finding]) -> list[str]:
    """`kind segment path` of each finding, for comparing."""
    return [f"{one.kind} {one.position.segment} {one.position.path or one.position.tag}" for one in findings]


def faulty(body: str, **changes: str) -> str:
    """A body with lines changed: `line3="RFF+CT:2"`; an empty text takes the line away, several lines may come for one."""
    lines = body.strip().splitlines()
    for name, text in changes.items():
        lines[int(name.removeprefix("line")) - 1] = text
    return "\n".join(line for line in lines if line)
