"""`edi-bridge rollout evidence` and `waive`: what people answer for, with name, day and paper."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.exchange_act import actor, now, reason_option
from edi_bridge.cli.rollout_home import day_of, home_of, programme_option, step_of, whose
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.rollout.steps import Step

DONE = 0
LARGEST = 50_000_000  # bytes of a file of evidence


@click.command("evidence")
@click.argument("partner", required=False)
@programme_option
@click.option("--step", metavar="STEP", default="pilot", callback=step_of, show_default=True, help="1 to 10, or its name.")
@click.option("--name", metavar="NAME", help="What is stated: fall-back, hand-over, sign-off ours … (plan lists what is asked for). None: what is there is listed.")
@click.option("--owner", metavar="NAME", help="Who says so.")
@click.option("--day", metavar="DAY", default="", callback=day_of, help="As of which day (default: today).")
@click.option("--file", "path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The paper; it is kept in the archive.")
@click.option("--note", metavar="TEXT", default="", help="In words.")
@options.home_option
@options.database_option
@options.json_option
def evidence(partner: str | None, programme: bool, step: Step, name: str | None, owner: str | None, day: str, path: Path | None, note: str,
             home: str | None, database: str | None, as_json: bool) -> int:
    """State what only people know, with a name, a day and a file; or list what was stated and measured. What is stated by hand always counts
    as stated, never as measured.

    \b
    Examples:
      edi-bridge rollout evidence acme
      edi-bridge rollout evidence acme --name "sign-off theirs" --owner "Per Vik" --file signed.pdf
    """
    from edi_bridge.store import audit, rollout
    from edi_bridge.store.rollout import MEASURED, Evidence

    with home_of(home, database) as place:
        who = whose(partner, programme, place)
        if name is None:
            with place.database.read() as connection:
                _list(rollout.evidence(connection, who), as_json)
            return DONE
        if not owner or owner == MEASURED:
            raise click.UsageError("say who states it: --owner NAME")
        if path is None and not note:
            raise click.UsageError("show what it rests on: --file FILE (or --note TEXT where there is no paper)")
        digest = ""
        if path is not None:
            if path.stat().st_size > LARGEST:
                raise ConfigFault.at(str(path), 0, 0, f"is larger than {show.size(LARGEST)}")
            with path.open("rb") as file:
                digest = place.archive.put(file).sha256
        one = Evidence(who, step.name, name, "", owner, day or now()[:10], path.name if path else "", digest, note, now())
        with place.database.write() as connection:
            rollout.state(connection, [one])
            audit.write(connection, now(), actor(), "state", f"partner {who}" if who else "programme", note,
                        {"step": step.name, "name": name, "owner": owner, "file": one.file_name, "sha256": digest})
    show.note(f"stated: {name}, by {owner}, {one.day}")
    return DONE


def _list(rows: list[Any], as_json: bool) -> None:
    if as_json:
        options.print_json([{**asdict(one), "stated": one.stated} for one in rows])
        return
    show.table(("step", "~what", "~value", "by", "day", "~file", "~note"),
               [(one.step, one.name, one.value, one.owner if one.stated else "measured", one.day, one.file_name, one.note) for one in rows])
    if not rows:
        show.note("nothing was stated or measured yet")


@click.command("waive")
@click.argument("partner", required=False)
@programme_option
@click.argument("subject", metavar="STEP_OR_GATE", required=False)
@click.option("--owner", metavar="NAME", required=True, help="Who answers for it.")
@click.option("--until", metavar="DAY", required=True, callback=day_of, help="The last day on which it need not be passed.")
@reason_option
@options.home_option
@options.database_option
def waive(partner: str | None, programme: bool, subject: str | None, owner: str, until: str, reason: str, home: str | None, database: str | None) -> int:
    """Let a step or a gate be passed without its figures, for a time. It is shown as waived wherever it stands.

    \b
    Example:
      edi-bridge rollout waive acme rollback --owner Ann --until 2026-12-31 --reason "rehearsed at their sister company"
      edi-bridge rollout waive --programme network --owner Ann --until 2026-12-31 --reason "the contract is being signed"
    """
    from edi_bridge.rollout.gate import GATES, Waiver
    from edi_bridge.rollout.steps import NAMES, step_named
    from edi_bridge.store import audit, rollout

    if programme and subject is None:  # one word only
        partner, subject = None, partner
    if subject is None:
        raise click.UsageError("say whom and what: PARTNER STEP_OR_GATE, or --programme STEP_OR_GATE")
    step = step_named(subject)
    name = step.name if step else subject
    if step is None and name not in {one.name for one in GATES}:
        raise ConfigFault.at(subject, 0, 0, f"is no step ({', '.join(NAMES)}) and no gate ({', '.join(one.name for one in GATES)})")
    with home_of(home, database) as place, place.database.write() as connection:
        who = whose(partner, programme, place)
        rollout.waive(connection, Waiver(name, owner, reason, until, who, now()))
        audit.write(connection, now(), actor(), "waive", f"partner {who}" if who else "programme", reason, {"what": name, "owner": owner, "until": until})
    show.note(f"{name} is waived until {until}")
    return DONE
