"""`edi-bridge explain`: what a kind of finding means, what it does, its codes in the answers, and an example."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import APERAK, KINDS, NEWEST, X824, Kind, Level

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog

MEANS = {  # what a finding is about → what that means, and which answer carries it
    Level.INTERCHANGE: "about the interchange as a whole; answered by CONTRL (UCI) or TA1",
    Level.GROUP: "about a functional group; answered by CONTRL (UCF) or 997/999 (AK9)",
    Level.MESSAGE: "about one message; answered by CONTRL (UCM) or 997 (AK5), 999 (IK5)",
    Level.SEGMENT: "about a segment of a message; answered by CONTRL (UCS) or 997 (AK3), 999 (IK3)",
    Level.ELEMENT: "about a value in a segment; answered by CONTRL (UCD) or 997 (AK4), 999 (IK4)",
    Level.BUSINESS: "about what the document says; answered by APERAK or 824 where agreed, never by CONTRL or 997",
}
X12_ANSWERS = {  # data element → the place of an answer that carries it
    "I18": "TA1 TA105",
    "716": "997, 999 AK905",
    "718": "997 AK502",
    "618": "999 IK502",
    "720": "997 AK304",
    "620": "999 IK304",
    "723": "997 AK403",
    "621": "999 IK403",
}


@click.command(short_help="What a kind of finding means, its codes, an example.")
@click.argument("kind", required=False, metavar="[KIND]")
@options.json_option
def explain(kind: str | None, as_json: bool) -> int:
    """Say what a kind of finding means, what it does unless an agreement says otherwise, which codes the answers carry, and
    show an example. Without KIND all are listed, by what they are about.

    \b
    Examples:
      edi-bridge explain
      edi-bridge explain too_long
      edi-bridge explain missing_segment --json

    Exit codes: 0 done, 2 there is no such kind.
    """
    if kind is None:
        _list(as_json)
        return 0
    if kind not in KINDS:
        near = difflib.get_close_matches(kind, KINDS, 3, 0.5) or [name for name in KINDS if kind and kind in name][:3]
        hint = f"did you mean {' or '.join(near)}?" if near else "`edi-bridge explain` lists all"
        raise ConfigFault.at("", 0, 0, f"there is no finding {show.clean(kind)}; {hint}")
    known = KINDS[kind]
    codes = answers(known, options.catalog_of(None))
    if as_json:
        options.print_json(_json(known, codes) | {"example": example(kind)})
    else:
        _print(known, codes)
    return 0


def answers(kind: Kind, catalog: Catalog) -> list[tuple[str, str, str]]:
    """(answer and place, code, what the code means) of everything that can carry a finding of this kind."""
    if kind.level is Level.BUSINESS:
        business = (("APERAK ERC 9321", kind.aperak, APERAK), ("824 TED01 (647)", kind.x824, X824))
        return [(place, code, names[code]) for place, code, names in business if code]
    old, new = (_names(catalog, f"edifact/{release}/CONTRL", "0085") for release in ("D3", "41"))
    listed = []
    if kind.contrl[0] and kind.contrl[0] == kind.contrl[1]:
        listed.append(("CONTRL 0085", kind.contrl[0], new[kind.contrl[1]]))
    else:
        for place, code, names in (("CONTRL 0085, syntax 1 to 3", kind.contrl[0], old), ("CONTRL 0085, syntax 4", kind.contrl[1], new)):
            if code:
                listed.append((place, code, names[code]))
    for element, place in X12_ANSWERS.items():
        code = kind.x12.get(element, "")
        if code:
            listed.append((f"{place} ({element})", code, _names(catalog, f"x12/{NEWEST}/999", element)[code]))
        earlier = kind.x12_before.get(element, code)
        if earlier and earlier != code:
            listed.append((f"{place} ({element}), before {NEWEST}", earlier, _names(catalog, "x12/004010/997", element)[earlier]))
    return listed


def _names(catalog: Catalog, guide: str, element: str) -> dict[str, str]:
    codes = catalog.guide(guide).elements[element].codes
    return dict(codes.codes) if codes else {}


def example(kind: str) -> str:
    """The finding as it is shown for the sample of this kind; '' where no samples are installed."""
    from edi_bridge.catalog import shipped

    path = shipped() / "samples" / "findings" / kind / "expected" / "findings.txt"
    return path.read_text("utf-8") if path.is_file() else ""


def _list(as_json: bool) -> None:
    if as_json:
        options.print_json([_json(kind, None) for kind in KINDS.values()])
        return
    width = max(map(len, KINDS))
    for level in Level:
        print(f"{level.value} ({MEANS[level].partition('; ')[2]})")
        for kind in KINDS.values():
            if kind.level is level:
                print(f"  {kind.name:{width}}  {kind.severity.value:6}  {kind.sentence}")
        print()


def _json(kind: Kind, codes: list[tuple[str, str, str]] | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "kind": kind.name, "level": kind.level.value, "default": kind.severity.value, "sentence": kind.sentence, "hint": kind.hint,
        "contrl": {"syntax 1-3": kind.contrl[0], "syntax 4": kind.contrl[1]}, "x12": dict(kind.x12),
        f"x12 before {NEWEST}": dict(kind.x12_before), "aperak": kind.aperak, "824": kind.x824,
    }
    if codes is not None:
        made["answers"] = [{"place": place, "code": code, "means": means} for place, code, means in codes]
    return made


def _print(kind: Kind, codes: list[tuple[str, str, str]]) -> None:
    print(f"{kind.name}: {kind.sentence}")
    print(f"  {MEANS[kind.level]}")
    print(f"  by default: {'rejects' if kind.severity.value == 'reject' else 'is only noted'}; "
          f"an agreement may say otherwise: findings: {{{kind.name}: reject | reject_interchange | note | off}}")
    print(f"  what to do: {kind.hint}")
    print()
    if codes:
        width = max(len(place) for place, _, _ in codes)
        for place, code, means in codes:
            print(f"  {place:{width}}  {code:4} {means}")
    else:
        print("  no answer to the partner has a code for it")
    if text := example(kind.name):
        print(f"\nexample ({Path('samples', 'findings', kind.name)})")
        for line in text.splitlines():
            print(f"  {line}")
