"""How an interchange of each standard begins: for `detect`, and for a reader that meets another one's interchange."""

from __future__ import annotations

import re

BOM = b"\xef\xbb\xbf"
BLANKS = b"\r\n\t "
PADDING = BLANKS + b"\0\x1a" + BOM  # and NUL, SUB (the end of a DOS file), byte order marks

EDIFACT = rb"UNA[^0-9A-Za-z].{5}[\r\n\t ]{0,8}U[NI][BGH]|U(?:NB|IB|NG|NH)(?=[^0-9A-Za-z \r\n])"
X12 = rb"ISA(?=([^0-9A-Za-z\r\n ])..\1)"
XML = rb"<\?xml(?=[ \t\r\n])"

# the readers of segments hand over here; UNB and its like are short, so that text could look like them: not everywhere
AFTER_EDIFACT = re.compile(X12 + b"|" + XML, re.DOTALL)
AFTER_X12 = re.compile(EDIFACT + b"|" + XML, re.DOTALL)
LINE_AFTER_X12 = re.compile(rb"(?<=[\r\n])(?:%b)|%b" % (EDIFACT, XML), re.DOTALL)
