"""The service segments of ISO 9735, which no UN/EDIFACT directory contains.

One table for syntax versions 1 to 4 (ISO 9735:1988 annex B; ISO 9735-1:2002 annex C): the longest form and the
weakest status any of them allows, since a D.96A message may travel in either. Version 4 only ever appended
components and elements (S001/0080, S002/0042, S009/0110, UNH/S016 …). The date of preparation has six digits up to
version 3 and eight in version 4: `n..8` here, the exact length is the envelope reader's matter. UGH and UGT are the
anti-collision groups of version 4; the interactive segments (UIB, UIH, UIT, UIZ) are of ISO 9735-3:2002. The dependency
notes are version 4's; version 3 has what UNG's demands as mandatory elements.
"""

from __future__ import annotations

from edi_bridge.guide.importer.directory import Element, Parts, Use

_ELEMENTS = """
0001 a4     Syntax identifier
0002 an1    Syntax version
0004 an..35 Sender
0007 an..4  Partner identification qualifier
0008 an..35 Sender's internal identification
0010 an..35 Recipient
0014 an..35 Recipient's internal identification
0017 n..8   Date of preparation
0019 n4     Time of preparation
0020 an..14 Interchange reference
0022 an..14 Recipient's reference or password
0025 an2    Recipient's reference qualifier
0026 an..14 Application reference
0029 a1     Processing priority
0031 n1     Acknowledgement request
0032 an..35 Agreement identifier
0035 n1     Test indicator
0036 n..6   Interchange control count
0038 an..6  Group identification
0040 an..35 Application sender
0042 an..35 Sender's internal sub-identification
0044 an..35 Application recipient
0046 an..35 Recipient's internal sub-identification
0048 an..14 Group reference
0051 an..3  Controlling agency
0052 an..3  Message version
0054 an..3  Message release
0057 an..6  Association assigned code
0058 an..14 Application password
0060 n..6   Group control count
0062 an..14 Message reference
0065 an..6  Message type
0068 an..35 Common access reference
0070 n..2   Sequence of transfers
0073 a1     First and last transfer
0074 n..10  Number of segments
0076 an2    Syntax release number
0080 an..6  Service code list directory version
0081 a1     Section identification
0087 an..4  Anti-collision group identification
0110 an..6  Code list directory version
0113 an..6  Message sub-function
0115 an..14 Message subset
0116 an..3  Message subset version
0118 an..3  Message subset release
0121 an..14 Implementation guideline
0122 an..3  Implementation guideline version
0124 an..3  Implementation guideline release
0127 an..14 Scenario
0128 an..3  Scenario version
0130 an..3  Scenario release
0133 an..3  Character encoding
0300 an..35 Reference of the initiator
0303 an..35 Initiator
0304 an..35 Reference of the responder
0306 an..35 Transaction reference
0311 an..14 Dialogue
0314 an..15 Time of the event
0320 n..6   Sequence number of the sender
0323 a1     Position of the transfer
0325 a1     Duplicate indicator
0336 n4     Time offset
0338 n..8   Date of the event
0340 an..35 Interactive message reference
0342 an..3  Dialogue version
0344 an..3  Dialogue release
"""

_COMPOSITES = """
S001 Syntax identifier: 0001 M, 0002 M, 0080 C, 0133 C, 0076 C
S002 Interchange sender: 0004 M, 0007 C, 0008 C, 0042 C
S003 Interchange recipient: 0010 M, 0007 C, 0014 C, 0046 C
S004 Date and time of preparation: 0017 M, 0019 M
S005 Recipient's reference or password: 0022 M, 0025 C
S006 Application sender: 0040 M, 0007 C
S007 Application recipient: 0044 M, 0007 C
S008 Message version: 0052 M, 0054 M, 0057 C
S009 Message identifier: 0065 M, 0052 M, 0054 M, 0051 M, 0057 C, 0110 C, 0113 C
S010 Status of the transfer: 0070 M, 0073 C
S016 Message subset identification: 0115 M, 0116 C, 0118 C, 0051 C
S017 Implementation guideline identification: 0121 M, 0122 C, 0124 C, 0051 C
S018 Scenario identification: 0127 M, 0128 C, 0130 C, 0051 C
S300 Date and time of initiation: 0338 C, 0314 C, 0336 C
S301 Status of the interactive transfer: 0320 C, 0323 C, 0325 C
S302 Dialogue reference: 0300 M, 0303 C, 0051 C, 0304 C
S303 Transaction reference: 0306 M, 0303 C, 0051 C
S305 Dialogue identification: 0311 M, 0342 C, 0344 C, 0051 C
S306 Interactive message identifier: 0065 M, 0052 M, 0054 M, 0113 C, 0051 C, 0057 C
"""

_SEGMENTS = """
UNB Interchange header: S001 M, S002 M, S003 M, S004 M, 0020 M, S005 C, 0026 C, 0029 C, 0031 C, 0032 C, 0035 C
UNZ Interchange trailer: 0036 M, 0020 M
UNG Group header: 0038 C, S006 C, S007 C, S004 C, 0048 M, 0051 C, S008 C, 0058 C
UNE Group trailer: 0060 M, 0048 M
UNH Message header: 0062 M, S009 M, 0068 C, S010 C, S016 C, S017 C, S018 C
UNT Message trailer: 0074 M, 0062 M
UNS Section control: 0081 M
UGH Anti-collision group header: 0087 M
UGT Anti-collision group trailer: 0087 M
UIB Interactive interchange header: S001 M, S302 C, S303 C, S018 C, S305 C, S002 C, S003 C, S300 C, 0325 C, 0035 C
UIH Interactive message header: S306 M, 0340 C, S302 C, S301 C, S300 C, 0035 C
UIT Interactive message trailer: 0340 C, 0074 C
UIZ Interactive interchange trailer: S302 C, 0036 C, 0325 C
"""

_RULES = {"UNG": ("D2(01,06,07)",), "UIB": ("D5(03,02)", "D5(05,02)")}

ENVELOPE = ("UNB", "UNZ", "UNG", "UNE")
INTERACTIVE_ENVELOPE = ("UIB", "UIZ")


def _elements(table: str) -> dict[str, Element]:
    rows = [line.split(None, 2) for line in table.strip().splitlines()]
    return {number: Element(number, name, form) for number, form, name in rows}


def _parts(table: str) -> dict[str, Parts]:
    found = {}
    for line in table.strip().splitlines():
        head, _, places = line.partition(": ")
        tag, name = head.split(None, 1)
        uses = (place.split() for place in places.split(", "))
        found[tag] = Parts(tag, name, tuple(Use(id, status) for id, status in uses), _RULES.get(tag, ()))
    return found


SERVICE_ELEMENTS = _elements(_ELEMENTS)
SERVICE_COMPOSITES = _parts(_COMPOSITES)
SERVICE_SEGMENTS = _parts(_SEGMENTS)
