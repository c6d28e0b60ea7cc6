"""Partners and what is agreed with them: profiles as values, and which agreement rules an interchange."""

from edi_bridge.partner.addressing import check_unique, find
from edi_bridge.partner.groups import envelope_verdict, rejected_groups
from edi_bridge.partner.loading import load, load_own
from edi_bridge.partner.policy import ACKNOWLEDGE, acknowledging, action, condemns, verdict
from edi_bridge.partner.stages import FILE as STAGES_FILE
from edi_bridge.partner.stages import Moved, load_stages, staged, stages_text
from edi_bridge.partner.turns import in_turns, stride
from edi_bridge.partner.values import (
    LARGEST,
    PRIORITY,
    STAGES,
    WAIT,
    WINDOW,
    Agreement,
    Batch,
    Contact,
    Errors,
    Escalation,
    Identity,
    Limits,
    Numbers,
    Own,
    Partner,
    Silence,
    identity_for,
)

__all__ = ["ACKNOWLEDGE", "Agreement", "Batch", "Contact", "Errors", "Escalation", "Identity", "LARGEST", "Limits", "Numbers", "Own", "PRIORITY", "Partner",
           "STAGES", "STAGES_FILE", "Silence", "WAIT", "WINDOW", "acknowledging", "action", "check_unique", "condemns", "envelope_verdict", "find", "identity_for", "in_turns", "load",
           "load_own", "load_stages", "Moved", "rejected_groups", "staged", "stages_text", "stride", "verdict"]
