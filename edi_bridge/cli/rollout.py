"""`edi-bridge rollout`: partners from first contact to live traffic, in steps, stages and gates."""

from __future__ import annotations

import click

from edi_bridge.cli.commands import commands_of

COMMANDS = {
    "plan": ("rollout_plan", "plan", "The ten steps: what each asks, who does it, every figure of it."),
    "status": ("rollout_plan", "status", "Where everything stands: a line for each partner."),
    "next": ("rollout_plan", "next_", "What can be done now, and the command for it."),
    "assign": ("rollout_plan", "assign", "Say who does a step, until when."),
    "evidence": ("rollout_evidence", "evidence", "State what only people know, with a name, a day and a file; or list it."),
    "waive": ("rollout_evidence", "waive", "Let a step or gate be passed without its figures, for a time."),
    "match": ("rollout_match", "match", "Hold a partner's keys against ours; list the missing ones."),
    "agreement": ("rollout_agreement", "agreement", "Write the interchange agreement as a text, from the settings."),
    "review": ("rollout_review", "review", "Score partners and documents: where EDI pays first."),
    "payback": ("rollout_review", "payback", "Cost, saving and months until EDI pays for itself."),
    "networks": ("rollout_review", "networks", "Compare networks' offers for our own traffic."),
    "clone": ("rollout_wave", "clone", "Files for new partners, from one that runs."),
    "wave": ("rollout_wave", "wave", "Plan who goes live with whom, and when."),
    "scorecard": ("rollout_wave", "scorecard", "How the partners of a wave stand."),
    "report": ("rollout_report", "report", "Where everything stands, as a page for a meeting."),
    "check": ("rollout_check", "check", "The gates before the next stage: figure, limit, what is missing."),
    "promote": ("rollout_stage", "promote", "To the next stage, when every gate passes."),
    "pause": ("rollout_stage", "pause", "Stop: what comes is kept, nothing is posted or sent."),
    "resume": ("rollout_stage", "resume", "Go on where it was paused."),
    "rollback": ("rollout_rollback", "rollback", "Back to the stage and files before; what was made since is listed."),
    "retest": ("rollout_stage", "retest", "Certify again beside live traffic."),
    "retire": ("rollout_stage", "retire", "End it."),
    "accept": ("rollout_accept", "accept", "Post what a pilot kept into the live CRM."),
    "discard": ("rollout_accept", "discard", "Decide that what a pilot kept is not posted live."),
    "allow": ("rollout_check", "allow", "Accept by name what nothing has shown yet, or what nothing reads."),
    "seen": ("rollout_check", "seen", "What real traffic has shown: rules, codes, places that nothing reads."),
    "volume": ("rollout_check", "volume", "Test the pace with what came, against twice the peak."),
    "scenario": ("rollout_scenario", "scenario", "Scenarios: list, write for the partner, run."),
    "compare": ("rollout_compare", "compare", "What came by EDI, held against what the old channel booked."),
    "explain": ("rollout_compare", "explain", "Tick a difference off, with a reason; list what was ticked off."),
    "clean": ("rollout_compare", "clean_", "How many days in a row nothing unexplained differed, and what ended that."),
}


@click.command(cls=commands_of(COMMANDS))
def rollout() -> None:
    """A partner's way to live traffic.

    \b
    Examples:
      edi-bridge rollout compare acme --legacy booked-2026-11-20.csv
      edi-bridge rollout clean acme
    """
