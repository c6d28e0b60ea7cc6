"""A finding in words: where, the line with a caret, what is wrong, what it does to the message, what the partner is
told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TextIO

from edi_bridge.cli import excerpt, show
from edi_bridge.finding import KINDS, NEWEST, Finding, Level, Severity
from edi_bridge.interchange import AnyMessage, Interchange, Position

# X12 data element of a code → where the answer carries it (see the table of findings), the most precise place first
X12_PLACES = {
    "723": "997 AK403",
    "720": "997 AK304",
    "718": "997 AK502",
    "716": "997 AK905",
    "I18": "TA1 TA105",
}
SUBJECTS = {Level.INTERCHANGE: "the interchange", Level.GROUP: "the group"}
OURS = {  # what helps against a finding in a message that we write, where the table's hint is for those who read it
    "required_missing": "the record must say it",
    "missing_lookup": KINDS["missing_lookup"].hint,
    "cannot_write": KINDS["cannot_write"].hint,
    "einvoice_rule": KINDS["einvoice_rule"].hint,
}
NOTES = 3  # findings of one kind that reject nothing and are shown for a file
Policy = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A finding made ready to be shown, without the message it came from: it can cross to another process."""

    file: str
    kind: str
    place: str
    sentence: str
    effect: str
    answer: str
    hint: str
    rejects: bool
    line: excerpt.Excerpt | None = None
    message: int | None = None  # its number in the interchange; None: the interchange itself
    position: Position = Position()
    value: str = ""

    def as_json(self) -> dict[str, Any]:
        """For --json."""
        made = asdict(self)
        made["line"] = self.line.text if self.line else ""
        made["position"] = {name: part for name, part in made["position"].items() if part is not None}
        return made


def tell(
    file: str,
    finding: Finding,
    message: AnyMessage | None,
    interchange: Interchange | None,
    policies: Sequence[tuple[str, Policy]] = (),
    standard: str = "",
) -> Told | None:
    """The finding in words; None when a policy has switched its kind off. `policies` are (whose, kind → action),
    first wins."""
    kind = KINDS[finding.kind]
    by, action = next(
        ((whose, policy[finding.kind]) for whose, policy in policies if finding.kind in policy),
        ("", kind.severity.value),
    )
    if action == "off":
        return None
    effect = _effect(kind.level, kind.severity, action) + (f" (policy of {by})" if by else "")
    line = excerpt.of(finding.position, message, interchange) if interchange else None
    return Told(
        file,
        finding.kind,
        show.clean(finding.position.words()),
        show.clean(finding.sentence()),
        effect,
        answer(finding, standard or (interchange.standard if interchange else ""), version_of(finding, message, interchange)),
        kind.hint,
        action.startswith("reject"),
        line,
        finding.position.message,
        finding.position,
        finding.value,
    )


def tell_ours(file: str, finding: Finding) -> Told | None:
    """The finding in words where the message is one that we write: what rejects it keeps it here, and no partner is
    asked to mend it."""
    told = tell(file, finding, None, None)
    if told is None or not told.rejects:
        return told
    return replace(told, effect="it is not written", hint=OURS.get(finding.kind, ""))


def _effect(level: Level, severity: Severity, action: str) -> str:
    if action == "reject_interchange":
        return "the whole interchange is rejected"
    if action == "reject":
        return f"{SUBJECTS.get(level, 'the message')} is rejected"
    return "accepted with errors" if severity is Severity.REJECT else "only noted"


def version_of(finding: Finding, message: AnyMessage | None, interchange: Interchange | None) -> str:
    """What the answer's codes depend on: the syntax version of an EDIFACT interchange, the release of an X12 message or
    group."""
    if interchange is None:
        return ""
    if interchange.standard == "edifact":
        return interchange.syntax.partition(":")[2]
    if message is not None:
        return message.type.version
    return next((group.version for group in interchange.groups if group.ordinal == finding.position.group), "")


def answer(finding: Finding, standard: str, version: str = "") -> str:
    """The code that the answer to the partner carries for a finding: `CONTRL 37`, `997 AK403 = 6`; '' where there is
    none. `version` as `version_of` gives it; '' stands for syntax 3 and release 005010."""
    known = KINDS[finding.kind]
    match standard:
        case "edifact" if known.level is Level.BUSINESS and known.aperak:
            return f"APERAK {known.aperak}"
        case "edifact" if code := known.syntax_error(version):
            return f"CONTRL {code}"
        case "x12" if known.level is Level.BUSINESS and known.x824:
            return f"824 TED01 = {known.x824}"
        case "x12":
            places = (place for place in X12_PLACES if place != "723" or finding.position.element or "720" not in known.x12)
            return next((f"{X12_PLACES[place]} = {code}" for place in places if (code := known.code(place, version or NEWEST))), "")
    return ""


def lines(told: Told, stream: TextIO | None = None) -> list[str]:
    """The finding as it stands on stderr (or another stream): three or four lines, and only two for a note."""
    colour = "red" if told.rejects else "yellow"
    kind, _, rest = told.sentence.partition(": ")
    sentence = f"{show.style(kind, colour, stream)}: {rest}"
    made = [f"{show.style(show.clean(told.file), 'bold', stream)}  {show.style(told.place, 'dim', stream)}"]
    if told.line and told.line.length:
        made.append(f"  {told.line.text}")
        made.append("  " + " " * told.line.start + show.style("^" * told.line.length, colour, stream) + " " + sentence)
    elif told.line:
        made += [f"  {told.line.text}", "  " + " " * told.line.start + show.style("^", colour, stream) + " " + sentence]
    else:
        made.append("  " + sentence)
    if told.effect != "only noted":
        agreed = "where agreed, " if KINDS[told.kind].level is Level.BUSINESS else ""
        answer_ = f"{agreed}to the partner: {told.answer}" if told.answer else ""
        made.append("  " + " · ".join(part for part in (told.effect, answer_, told.hint) if part))
    return made


def note(told: Told) -> None:
    """The finding on stderr."""
    for line in lines(told):
        show.note(line)


def limit_of(kind: str, limit: int) -> int:
    """How many findings of a kind are shown for a file: of what is only noted by default, a few are enough."""
    return limit if KINDS[kind].severity is Severity.REJECT else min(limit, NOTES)


class Counting:
    """How many findings of each kind a file had, and which of them are still to be shown; 0 as limit means all."""

    def __init__(self, limit: int):
        self.limit = limit
        self.seen: dict[str, int] = {}

    def wants(self, kind: str, more: int = 1) -> bool:
        """Count another (or `more`) of this kind; whether it is to be shown."""
        count = self.seen[kind] = self.seen.get(kind, 0) + more
        return not self.limit or count <= limit_of(kind, self.limit)

    def hidden(self) -> list[str]:
        """A line for each kind of which more were found than shown; begins anew."""
        listed = []
        for kind, count in self.seen.items():
            shown = limit_of(kind, self.limit)
            if self.limit and count > shown:
                listed.append(f"… and {count - shown:,} more of {kind} (--findings 0 shows all)")
        self.seen.clear()
        return listed
