"""The table of everything that can be wrong with what a partner sends, and the values made from it.

Findings are collected, never raised. From this one table come the acknowledgement codes, the sentences of the
command line and `docs/findings.md`. The level decides which answer carries a finding: interchange TA1 or UCI, group AK9 or
UCF, message AK5/IK5 or UCM, segment AK3/IK3 or UCS, element AK4/IK4 or UCD, business APERAK or 824 and never the others.
"""

from edi_bridge.finding.finding import Demand, Finding, found, printable, visible
from edi_bridge.finding.kind import IN_999, NEWEST, Kind, Level, Severity, Verdict
from edi_bridge.finding.page import as_markdown
from edi_bridge.finding.table import APERAK, KINDS, X824

__all__ = [
    "APERAK",
    "IN_999",
    "KINDS",
    "NEWEST",
    "X824",
    "Demand",
    "Finding",
    "Kind",
    "Level",
    "Severity",
    "Verdict",
    "as_markdown",
    "found",
    "printable",
    "visible",
]
