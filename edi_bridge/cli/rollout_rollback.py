"""`edi-bridge rollout rollback`: back to the stage and files before, and what the version that is left has made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from edi_bridge.cli import show
from edi_bridge.cli.rollout_check import desk_of
from edi_bridge.cli.rollout_stage import DONE, act_asked, lanes_asked, lanes_meant, moving_of, tell

if TYPE_CHECKING:
    from edi_bridge.onboarding.moving import Produced, Return

MANY = 10  # documents that are named


@click.command()
@lanes_asked
@click.option("--rehearse", is_flag=True, help="Only try whether it would work; the gate before live asks for it.")
@act_asked
def rollback(partner: str, direction: str | None, message: str, rehearse: bool, reason: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Back to the stage before, with the partner's files as they were then: its own file and tables, and the maps that are its alone.
    With --direction or --message only that document's stage and map. Numbers and open acknowledgements go on.

    What the version that is left has made is listed: exchanges, documents in the CRM, what was sent.

    \b
    Examples:
      edi-bridge rollout rollback acme --rehearse --reason "before going live"
      edi-bridge rollout rollback acme --reason "quantities are in the wrong unit"
    """
    with desk_of(partner, home, database) as desk:
        lanes = lanes_meant(desk, direction, message)
        moving = moving_of(desk)
        back = moving.way_back(desk.catalog, desk.partner, lanes, whole=not (direction or message))
        produced = moving.produced(partner, back.since)
        version = ""
        if rehearse:
            moving.rehearse(partner, back, reason)
        else:
            version = moving.roll_back(partner, back, reason)
    if as_json:
        tell(back.steps, version, True, rehearsed=rehearse, back_to=back.version, files=sorted(back.files), left=list(back.left), produced=asdict(produced))
        return DONE
    _back_told(back, produced, rehearse)
    show.note("it would work; nothing was done" if rehearse else f"in force as version {version}")
    return DONE


def _back_told(back: Return, produced: Produced, rehearse: bool) -> None:
    for one in back.steps:
        print(f"{one.name}: {one.agreement.stage} → {one.to}" if one.agreement.stage != one.to else f"{one.name}: stays in {one.to}")
    for name in sorted(back.files):
        print(f"{name}: as in version {back.version}" + ("" if back.files[name] is not None else ", which did not have it"))
    for name in back.left:
        show.note(f"{name} is another by now, and others use it too: it stays (edi-bridge catalog activate puts a whole version back)")
    show.heading(f"Made since {show.minute(back.since)} (UTC)")
    states = Counter(state for _, state in produced.exchanges)
    print(f"  exchanges   {len(produced.exchanges)}" + (f" ({', '.join(f'{count} {state}' for state, count in sorted(states.items()))}): "
                                                         f"{_some([str(id) for id, _ in produced.exchanges])}" if produced.exchanges else ""))
    lanes = {"": "", "pilot_": " (pilot)", "staging_": " (staging)"}
    print(f"  in the CRM  {len(produced.documents)}" + (f": {_some([f'{kind} {number}{lanes[lane]}' for kind, number, lane in produced.documents])}"
                                                         if produced.documents else ""))
    print(f"  outbox      {len(produced.sent)}" + (f": {_some([f'{id} {name} {control} {state}' for id, name, control, state in produced.sent])}"
                                                    if produced.sent else ""))


def _some(listed: Sequence[str]) -> str:
    more = f" and {len(listed) - MANY} more" if len(listed) > MANY else ""
    return show.clean(", ".join(listed[:MANY])) + more
