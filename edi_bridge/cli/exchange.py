"""`edi-bridge exchange`: what came and went, what became of it, and what a person does about it."""

from __future__ import annotations

import click

from edi_bridge.cli.commands import commands_of

COMMANDS = {
    "list": ("exchange_look", "list_", "Exchanges, the newest first; found by partner, number, document, day, text."),
    "show": ("exchange_look", "show_", "One exchange: messages, findings, answers, who did what with it."),
    "raw": ("exchange_look", "raw", "The bytes as they came."),
    "record": ("exchange_look", "record", "Its records as today's maps read them, in JSON lines."),
    "release": ("exchange_act", "release", "Let pass what is quarantined or held."),
    "reject": ("exchange_act", "reject", "Decide that nothing of it is posted."),
    "resend": ("exchange_act", "resend", "Send its answers once more, byte for byte."),
    "replay": ("exchange_act", "replay", "Read it again with today's maps; without --apply only the difference is shown."),
    "fix": ("exchange_act", "fix", "Take an edited copy in, linked to the original."),
    "purge": ("exchange_act", "purge", "Remove what is older than its retention time."),
    "hold": ("exchange_act", "hold", "Legal hold: keep an exchange whatever its age."),
    "audit": ("exchange_look", "audit", "Is everything that came somewhere, and are all bytes what they were?"),
}


@click.command(cls=commands_of(COMMANDS))
def exchange() -> None:
    """What came and what became of it: one exchange for each interchange, document or file of rows.

    \b
    Examples:
      edi-bridge exchange list --partner acme --state quarantined
      edi-bridge exchange show 412
      edi-bridge exchange release 412 --reason "called them, it is theirs"
    """
