"""Gates: what must be so before a partner's document may enter a stage, each as a figure held against its limit.

A gate is a pure function of `Facts`. What a person stated by hand (a signature) is told apart from what the program measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from edi_bridge.rollout.stage import FORWARD

Limits = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Proven:
    """A channel and when it last was seen to work (days ago; None: never), and how that is known."""

    name: str
    days: float | None
    how: str = ""
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Stated:
    """What a person stated: who, on which day (ISO 8601), with which file, and its content's SHA-256."""

    owner: str
    day: str
    file: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the gates of one partner, direction and message look at. Counts are of messages since it entered its stage,
    `days` is how long ago that was."""

    partner: str
    direction: str
    message: str
    stage: str
    days: float = 0.0
    steps_open: tuple[str, ...] = ()  # of the ten steps, those that the pilot waits for and that are neither done nor waived
    people_missing: tuple[str, ...] = ()  # who must be named and is not
    settings: tuple[str, ...] = ()  # what `partner lint` says against it
    channels: tuple[Proven, ...] = ()
    map: str = ""
    map_problems: tuple[str, ...] = ()
    samples: int = 0
    samples_failed: tuple[str, ...] = ()
    messages: int = 0
    rejected: int = 0
    incomplete: int = 0  # messages in which a required field was missing
    required_missing: tuple[tuple[str, int], ...] = ()  # field, times
    unsettled: tuple[str, ...] = ()  # exchanges that a person must decide about
    clean_runs: int = 0  # of the scenarios, in succession up to now
    scenarios: int = 0
    negative_scenarios: int = 0
    scenarios_failed: tuple[str, ...] = ()
    asked: int = 0  # acknowledgements that were due by now, ours and theirs
    answered: int = 0
    overdue: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()  # what the partner refused of ours
    compared: int = 0
    clean_days: int = 0
    clean_documents: int = 0  # of those days
    differing: tuple[str, ...] = ()  # documents with unexplained differences
    rules: int = 0
    rules_seen: int = 0
    rules_accepted: int = 0  # never seen, and accepted by name
    rules_never: tuple[str, ...] = ()  # neither exercised nor accepted by name
    codes: int = 0  # different codes that came, of the map's tables
    codes_unknown: tuple[str, ...] = ()  # in no row of their table, and not accepted by name: `lines.unit=PK`
    unread: tuple[str, ...] = ()  # places of messages that no rule reads, and nobody has accepted
    volume: float | None = None  # messages an hour that the volume test reached
    volume_days: float | None = None
    peak: float = 0.0  # messages in the busiest hour (of the ledger, or as declared)
    rollback_days: float | None = None  # since a rollback was rehearsed
    sign_offs: Mapping[str, Stated] = field(default_factory=dict)  # ours, theirs


@dataclass(frozen=True, slots=True)
class Reading:
    """One gate, read: the figure, its limit, whether it passes, what is missing, where the evidence is. `waived`: by whom, until."""

    name: str
    title: str
    figure: str
    limit: str
    passed: bool
    missing: str = ""
    evidence: str = ""
    stated: bool = False
    waived: str = ""

    @property
    def open(self) -> bool:
        """Whether it keeps the stage closed."""
        return not self.passed and not self.waived


Read = Callable[[Facts, Limits], tuple[str, str, str]]  # figure, limit, what is missing ('' when it passes)


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: before which stages it stands, its limits by stage (`''`: of all), and the command that shows its evidence."""

    name: str
    title: str
    before: tuple[str, ...]
    read: Read
    evidence: str
    limits: Mapping[str, Limits] = field(default_factory=dict)
    stated: bool = False
    directions: tuple[str, ...] = ("in", "out")

    def limits_for(self, stage: str) -> dict[str, float]:
        """Its limits before a stage."""
        return {**self.limits.get("", {}), **self.limits.get(stage, {})}


@dataclass(frozen=True, slots=True)
class Waiver:
    """A gate (or step) that need not be passed: by whom, why, until which day (ISO 8601); `partner` '' is for all, `at` when it was said."""

    subject: str
    owner: str
    reason: str
    until: str
    partner: str = ""
    at: str = ""


def way(stage: str, target: str) -> tuple[str, ...]:
    """The stages that are entered between one and another, the target included; none when it leads back. Paused and retest go on from
    pilot; retired begins again."""
    here = FORWARD.index(stage) if stage in FORWARD else FORWARD.index("certifying") if stage in ("paused", "retest") else 0
    return FORWARD[here + 1:FORWARD.index(target) + 1] if target in FORWARD else ()


def next_stage(stage: str) -> str:
    """The stage that follows; '' for the last one, and for those aside of the way."""
    return FORWARD[FORWARD.index(stage) + 1] if stage in FORWARD[:-1] else ""


def readings(facts: Facts, target: str, own: Mapping[str, Limits] | None = None, waivers: Sequence[Waiver] = (), today: str = "",
             ) -> list[Reading]:
    """Every gate on the way into `target`, read with the limits of the last stage that asks for it. `own` (gate → limit → value) are the
    home's and the agreement's limits; of `waivers` those count whose day is not over (`today`, ISO 8601)."""
    return list(_readings(facts, target, own or {}, waivers, today))


def _readings(facts: Facts, target: str, own: Mapping[str, Limits], waivers: Sequence[Waiver], today: str) -> Iterator[Reading]:
    entered = way(facts.stage, target)
    for gate in GATES:
        stage = next((one for one in reversed(entered) if one in gate.before), None)
        if stage is None or facts.direction not in gate.directions:
            continue
        figure, limit, missing = gate.read(facts, {**gate.limits_for(stage), **own.get(gate.name, {})})
        evidence = gate.evidence.format(partner=facts.partner, direction=facts.direction, message=facts.message, map=facts.map)
        reading = Reading(gate.name, gate.title, figure, limit, not missing, missing, evidence, gate.stated)
        waiver = next((one for one in waivers if one.subject == gate.name and one.until >= today), None)
        if waiver is not None and not reading.passed:
            reading = replace(reading, waived=f"{waiver.owner} until {waiver.until}: {waiver.reason}")
        yield reading


# --- the gates: each says its figure, its limit, and what is missing --------------------------------------------------


def _steps(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    return f"{len(facts.steps_open) or 'none'} open", "none open", _first(facts.steps_open)


def _people(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    return ("all named" if not facts.people_missing else f"{len(facts.people_missing)} not named", "all named",
            "name " + ", ".join(facts.people_missing) if facts.people_missing else "")


def _settings(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    return f"{len(facts.settings) or 'no'} problems", "none", _first(facts.settings)


def _channels(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    most = limits["days"]
    late = [one for one in facts.channels if one.days is None or one.days > most or one.failures]
    if not facts.channels:
        return "no channel", f"proven within {most:g} days", "the agreement has no channel by which it comes or goes"
    oldest = max((one.days for one in facts.channels if one.days is not None), default=None)
    figure = "never proven" if oldest is None else f"{len(facts.channels) - len(late)} of {len(facts.channels)}, {_days(oldest)} ago"
    return figure, f"all within {most:g} days", _first([
        f"{one.name} {'has never worked' if one.days is None else 'fails now' if one.failures else f'last worked {_days(one.days)} ago'}" for one in late])


def _samples(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    good = facts.samples - len(facts.samples_failed)
    least = int(limits["samples"])
    wrong = [*facts.map_problems, *(f"{name} is not as expected" for name in facts.samples_failed)]
    if facts.samples < least:
        wrong.append(f"the map {facts.map or '(none)'} has {facts.samples} of {least} samples")
    return f"{good} of {facts.samples} clean", f"all, at least {least}, map without mistakes", _first(wrong)


def _required(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    if facts.messages < limits["messages"]:
        return f"{facts.messages} messages", f"at least {limits['messages']:g}", f"{facts.messages or 'no'} messages have come in this stage"
    share = 100 * (facts.messages - facts.incomplete) / facts.messages
    wanted = limits["percent"]
    fields = ", ".join(f"{name} ({count} times)" for name, count in facts.required_missing[:3])
    return f"{_percent(share)} of {facts.messages}", f"{wanted:g} %", "" if share >= wanted else f"missing: {fields}"


def _scenarios(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    wanted = int(limits["runs"])
    missing = []
    if facts.clean_runs < wanted:
        missing.append(f"{wanted - facts.clean_runs} more clean runs in succession")
    if not facts.negative_scenarios:
        missing.append("no scenario with a planted fault was played")
    missing += [f"{name} failed" for name in facts.scenarios_failed]
    return (f"{facts.clean_runs} clean runs of {facts.scenarios} scenarios, {facts.negative_scenarios} negative", f"{wanted} in succession", "; ".join(missing[:3]))


def _acknowledged(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    wrong = [*(f"{one} is overdue" for one in facts.overdue), *(f"{one} was refused" for one in facts.refused)]
    return f"{facts.answered} of {facts.asked}", "all due ones, none refused", _first(wrong) or (
        f"{facts.asked - facts.answered} are missing" if facts.answered < facts.asked else "")


def _settled(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    return f"{len(facts.unsettled)} open", "0", _first(facts.unsettled)


def _rejects(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    share = 100 * facts.rejected / facts.messages if facts.messages else 0.0
    most = limits["percent"]
    return f"{_percent(share)} of {facts.messages}", f"at most {most:g} %", "" if share <= most else f"{facts.rejected} of {facts.messages} messages were rejected"


def _differences(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    documents, days = int(limits["documents"]), int(limits["days"])
    missing = []
    if facts.differing:
        missing.append(_first([f"{one} differs" for one in facts.differing]))
    if facts.clean_documents < documents:
        missing.append(f"{documents - facts.clean_documents} more documents without a difference")
    if facts.clean_days < days:
        missing.append(f"{days - facts.clean_days} more clean days")
    return (f"{len(facts.differing)} differ of {facts.compared}; {facts.clean_documents} documents in {facts.clean_days} clean days",
            f"0 over {documents} documents and {days} days", "; ".join(missing))


def _rules(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    known = facts.rules_seen + facts.rules_accepted
    share = 100 * known / facts.rules if facts.rules else 0.0
    least = limits["percent"]
    missing = "" if share >= least else f"no message had {_first(facts.rules_never)}: accept by name what they never send (edi-bridge rollout allow)"
    return f"{facts.rules_seen} seen + {facts.rules_accepted} accepted of {facts.rules} ({_percent(share)})", f"{least:g} %", missing


def _unread(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    return f"{len(facts.unread)} places", "all read or accepted", _first(facts.unread)


def _volume(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    wanted = limits["times"] * facts.peak
    if facts.volume is None or facts.volume_days is None:
        return "not tested", f"{wanted:,.0f} an hour", "no volume test was run: edi-bridge rollout volume"
    old = facts.volume_days > limits["days"]
    missing = "" if facts.volume >= wanted and not old else "the volume test is too old" if old else f"it reached {facts.volume:,.0f} an hour"
    return f"{facts.volume:,.0f} an hour, {_days(facts.volume_days)} ago", f"{limits['times']:g} × the peak of {facts.peak:,.0f}", missing


def _rollback(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    most = limits["days"]
    if facts.rollback_days is None:
        return "never", f"within {most:g} days", "rehearse one: edi-bridge rollout rollback --rehearse"
    return f"{_days(facts.rollback_days)} ago", f"within {most:g} days", "" if facts.rollback_days <= most else "the rehearsal is too old"


def _signed(facts: Facts, limits: Limits) -> tuple[str, str, str]:
    missing = [side for side in ("ours", "theirs") if side not in facts.sign_offs]
    said = ", ".join(f"{side}: {one.owner}, {one.day}" for side, one in sorted(facts.sign_offs.items())) or "nobody"
    return said, "both sides", f"{' and '.join(missing)} missing" if missing else ""


def _first(what: Sequence[str]) -> str:
    if not what:
        return ""
    return what[0] if len(what) == 1 else f"{what[0]}, and {len(what) - 1} more"


def _percent(share: float) -> str:
    """Never rounded up to 100, nor down to 0."""
    text = f"{share:.1f}"
    if text == "100.0" and share < 100:
        text = "99.9"
    elif text == "0.0" and share > 0:
        text = "0.1"
    return text.removesuffix(".0") + " %"


def _days(days: float) -> str:
    hours = days * 24
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.0f} h" if hours < 48 else f"{days:.0f} days"


GATES = (
    Gate("steps", "steps before the pilot", ("pilot",), _steps, "edi-bridge rollout plan {partner}"),
    Gate("people", "people named", ("connecting",), _people, "edi-bridge partner show {partner}"),
    Gate("settings", "settings clean", ("connecting", "certifying", "pilot", "live"), _settings, "edi-bridge partner lint {partner}"),
    Gate("channels", "channels proven", ("validating", "pilot", "live"), _channels, "edi-bridge partner ping {partner}", {"": {"days": 30}}),
    Gate("samples", "samples clean", ("validating", "pilot", "live"), _samples, "edi-bridge map test {map}", {"": {"samples": 1}}),
    Gate("scenarios", "scenarios played", ("shadow",), _scenarios,
         "edi-bridge rollout scenario list {partner} --message {message} --direction {direction}", {"": {"runs": 2}}),
    Gate("required", "required fields", ("certifying", "pilot", "live"), _required, "edi-bridge exchange list --partner {partner}",
         {"": {"percent": 100}, "certifying": {"messages": 1}, "pilot": {"messages": 5}, "live": {"messages": 20}}, directions=("in",)),
    Gate("differences", "compared with the old channel", ("pilot", "live"), _differences,
         "edi-bridge rollout compare {partner} --message {message} --direction {direction}",
         {"pilot": {"documents": 20, "days": 3}, "live": {"documents": 50, "days": 10}}),
    Gate("rejects", "rejected messages", ("live",), _rejects, "edi-bridge exchange list --partner {partner} --state rejected", {"": {"percent": 1}},
         directions=("in",)),
    Gate("acknowledgements", "acknowledgements reconciled", ("pilot", "live"), _acknowledged, "edi-bridge outbox list --partner {partner}"),
    Gate("unsettled", "nothing waits for a person", ("pilot", "live"), _settled, "edi-bridge exchange list --partner {partner}"),
    Gate("rules", "rules of the map seen", ("live",), _rules, "edi-bridge map coverage {map} --archive --partner {partner}", {"": {"percent": 90}},
         directions=("in",)),
    Gate("unread", "unread data reviewed", ("pilot", "live"), _unread, "edi-bridge map coverage {map} --archive --partner {partner}", directions=("in",)),
    Gate("volume", "volume tested", ("live",), _volume, "edi-bridge rollout volume {partner}", {"": {"times": 2, "days": 90}}),
    Gate("rollback", "rollback rehearsed", ("live",), _rollback, "edi-bridge rollout rollback {partner} --rehearse", {"": {"days": 90}}),
    Gate("sign_off", "signed by both sides", ("live",), _signed, "edi-bridge rollout evidence {partner}", stated=True),
)


def as_markdown() -> str:
    """The gates as they stand in `docs/rollout.md`."""
    lines = ["| gate | what it asks | before | limits |", "|---|---|---|---|"]
    for one in GATES:
        limits = {stage: one.limits_for(stage) for stage in one.before}
        same = len({str(said) for said in limits.values()}) == 1
        told = [", ".join(f"{name} {value:g}" for name, value in said.items()) for said in limits.values()]
        words = told[0] if same else "; ".join(f"{stage}: {text}" for stage, text in zip(limits, told, strict=True) if text)
        only = "" if len(one.directions) == 2 else f" ({one.directions[0]} alone)"
        lines.append(f"| `{one.name}` | {one.title}{only}{', stated' if one.stated else ''} | {', '.join(one.before)} | {words or '–'} |")
    return "\n".join(lines)
