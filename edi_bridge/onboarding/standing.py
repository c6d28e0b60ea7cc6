"""How the ten steps stand, for one partner and for the programme: every step's readings, measured wherever the program can measure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from edi_bridge.catalog import Catalog
from edi_bridge.clock import written
from edi_bridge.database import Database
from edi_bridge.onboarding.agreement_text import text_of
from edi_bridge.onboarding.facts import gather
from edi_bridge.onboarding.matching import asked_by_messages, tables_of
from edi_bridge.partner import Partner
from edi_bridge.rollout.gate import Facts, Reading, Waiver, readings
from edi_bridge.rollout.steps import PROGRAMME, STEPS, Said, Standing, standings
from edi_bridge.settings import Settings
from edi_bridge.store import rollout as words
from edi_bridge.store.archive import Archive
from edi_bridge.store.rollout import Evidence

PAYBACK = 24.0  # months within which EDI with a partner is to have paid for itself
STATED = {  # what only people know: step → (name, what it is)
    "solution": (("fall-back", "what is done when EDI fails"),),
    "business": (("hand-over", "which department works on what the CRM is handed"), ("calendar", "holidays and closing times of both sides")),
    "pilot": (("sign-off ours", "our signature under the pilot"), ("sign-off theirs", "their signature under the pilot")),
}
PROGRAMME_STATED = {
    "organisation": (("sponsor", "who decides and pays"), ("coordinator", "who leads the programme"), ("escalation", "to whom what is stuck goes")),
    "business": (("hand-over", "who works on the queues of the CRM"),),
}


@dataclass
class Home:
    """What is looked at. `shared` keeps what several partners ask for."""

    settings: Settings
    database: Database
    archive: Archive
    catalog: Catalog
    now: datetime
    shared: dict[Any, Any] = field(default_factory=dict)

    @property
    def today(self) -> str:
        """The day, ISO 8601."""
        return written(self.now)[:10]


@dataclass
class _Case:
    """One partner while its steps are read."""

    home: Home
    partner: Partner
    facts: Sequence[Facts]
    kept: Mapping[tuple[str, str], Evidence]
    waivers: Sequence[Waiver]


def of_partner(home: Home, partner: Partner) -> list[Standing]:
    """The ten steps of one partner. Takes seconds: samples are run and what came is read again."""
    with home.database.read() as connection:
        said = words.words_of(connection, partner.name)
        kept = words.newest(words.evidence(connection, partner.name))
        waivers = words.waivers(connection, partner.name)
    facts = [gather(home.database, home.archive, home.catalog, partner, one, home.now, home.shared) for one in partner.agreements if not one.test]
    case = _Case(home, partner, facts, kept, waivers)
    live = bool(facts) and all(one.stage in ("live", "retest") for one in facts)
    read = {name: [*found(case), *_stated(name, () if live and name == "pilot" else STATED.get(name, ()), kept, partner.name)]
            for name, found in PARTNER_STEPS.items()}
    return standings(read, said, waivers, home.today)


def open_before_pilot(home: Home, partner: Partner) -> tuple[str, ...]:
    """The steps that the pilot waits for and that are neither done nor waived, each with what it misses first."""
    wanted = next(one.after for one in STEPS if one.name == "pilot")
    return tuple(f"step {one.step.number} {one.step.name}: {one.missing[0].missing if one.missing else 'blocked by ' + ', '.join(one.blocked_by)}"
                 for one in of_partner(home, partner) if one.step.name in wanted and not one.over)


def of_programme(home: Home, partners: Mapping[str, Sequence[Standing]]) -> list[Standing]:
    """The steps of the programme as a whole; `partners`: how those of the rollout stand."""
    with home.database.read() as connection:
        said = words.words_of(connection, PROGRAMME)
        kept = words.newest(words.evidence(connection, PROGRAMME))
        waivers = words.waivers(connection, PROGRAMME)
    read: dict[str, list[Reading]] = {}
    for step in STEPS:
        mine = [_owners(said)] if step.name == "organisation" else []
        mine += [_alarms(home)] if step.name == "business" else []
        mine += [_offers(kept)] if step.name == "network" else []
        mine += _stated(step.name, PROGRAMME_STATED.get(step.name, ()), kept, PROGRAMME)
        over = sum(1 for standing in partners.values() if any(one.step == step and one.over for one in standing))
        first = next((name for name, standing in partners.items() if not any(one.step == step and one.over for one in standing)), "")
        mine.append(_reading("partners", "partners that are through", f"{over} of {len(partners)}", "all of them",
                             "" if partners and over == len(partners) else f"{first} is not through it" if first else "no partner is in the rollout",
                             "edi-bridge rollout status"))
        read[step.name] = mine
    return standings(read, said, waivers, home.today, partner=False)


def _reading(name: str, title: str, figure: str, limit: str, missing: str, evidence: str, stated: bool = False) -> Reading:
    return Reading(name, title, figure, limit, not missing, missing, evidence, stated)


def _stated(step: str, wanted: Sequence[tuple[str, str]], kept: Mapping[tuple[str, str], Evidence], partner: str) -> Iterator[Reading]:
    """What a person must say, with a name and a day."""
    for name, title in wanted:
        one = kept.get((step, name))
        missing = "" if one is not None else f"nobody has stated {title}"
        figure = f"{one.owner}, {one.day}{f', {one.file_name}' if one.file_name else ''}" if one is not None else "nobody"
        yield _reading(name, title, figure, "stated with name and day", missing, f"edi-bridge rollout evidence {partner or '--programme'}", True)


# --- the steps of a partner -------------------------------------------------------------------------------------------


def _organisation(case: _Case) -> Iterator[Reading]:
    missing = list(dict.fromkeys(one for facts in case.facts for one in facts.people_missing))
    if not case.facts:
        missing.append("an agreement for live traffic")
    yield _reading("people", "people named", f"{len(case.partner.contacts)} contacts", "edi, business, approver, escalation, owner",
                   "name " + ", ".join(missing) if missing else "", f"edi-bridge partner show {case.partner.name}")


def _measured(case: _Case, step: str, name: str) -> Evidence | None:
    found = case.kept.get((step, name))
    return found if found is not None and not found.stated else None


def _review(case: _Case) -> Iterator[Reading]:
    one = _measured(case, "review", "score")
    yield _reading("score", "scored among the partners", one.value if one else "not scored", "scored", "" if one else "it is not in a review",
                   "edi-bridge rollout review")


def _analysis(case: _Case) -> Iterator[Reading]:
    one = _measured(case, "analysis", "payback")
    figure = f"{float(one.value):.1f} months" if one and one.value not in ("", "never") else one.value if one else "not computed"
    late = one is not None and (one.value in ("", "never") or float(one.value) > PAYBACK)
    yield _reading("payback", "pays for itself", figure, f"within {PAYBACK:g} months",
                   "no payback was computed" if one is None else "it does not pay for itself in time" if late else "", "edi-bridge rollout payback")


def _solution(case: _Case) -> Iterator[Reading]:
    partner = case.partner
    count = len([one for one in partner.agreements if not one.test])
    yield _reading("documents", "documents agreed", f"{count}", "at least 1", "" if count else "nothing is agreed", f"edi-bridge partner show {partner.name}")
    silent = [f"{one.direction} {one.message}" for one in partner.agreements if not one.test and not _served(partner, one.message, one.direction)]
    yield _reading("service", "service requirements", f"{count - len(silent)} of {count}", "each says when what must be here",
                   f"{silent[0]} says neither expect: nor is in silence:" if silent else "", f"edi-bridge partner show {partner.name} --effective")
    kept, now = _measured(case, "solution", "agreement"), text_of(case.home.catalog, partner)
    yield _reading("agreement", "agreement text", f"written {kept.day}" if kept else "not written", "as the settings are",
                   "it is not written" if kept is None else "" if kept.value == now.version else "the settings were changed after it was written",
                   f"edi-bridge rollout agreement {partner.name}")


def _served(partner: Partner, message: str, direction: str) -> bool:
    if direction == "out":
        return any(partner.expecting(one) for one in partner.agreements if one.message == message and one.direction == direction)
    return any(one.fits(message) for one in partner.silence)


def _of_gates(case: _Case, names: Sequence[str], target: str) -> Iterator[Reading]:
    """Gates of every agreement, each told as its own reading."""
    for facts in case.facts:
        agreement = next(one for one in case.partner.agreements if (one.message, one.direction) == (facts.message, facts.direction) and not one.test)
        for one in readings(_from_start(facts), target, agreement.gates, case.waivers, case.home.today):
            if one.name in names:
                yield Reading(f"{one.name} {facts.direction} {facts.message}", f"{one.title}: {facts.direction} {facts.message.rpartition('/')[2]}",
                              one.figure, one.limit, one.passed, one.missing, one.evidence, one.stated, one.waived)


def _from_start(facts: Facts) -> Facts:
    """As if nothing had been passed yet, so that a gate is read whatever the stage is."""
    return replace(facts, stage="draft")


def _network(case: _Case) -> Iterator[Reading]:
    yield from _of_gates(case, ("channels",), "validating")


def _business(case: _Case) -> Iterator[Reading]:
    yield _alarms(case.home)
    nobody = [one.message for one in case.partner.agreements if not one.test and not one.owner]
    yield _reading("owners", "who works on it with us", f"{len(case.partner.agreements) - len(nobody)} named", "each agreement",
                   f"{nobody[0]} has no owner:" if nobody else "", f"edi-bridge partner show {case.partner.name}")


def _data(case: _Case) -> Iterator[Reading]:
    yield from _keys(case)
    count = sum(facts.codes for facts in case.facts)
    unknown = list(dict.fromkeys(code for facts in case.facts for code in facts.codes_unknown))
    yield _reading("codes", "codes matched: units, qualifiers", f"{count - len(unknown)} of {count}", "all, or accepted by name",
                   f"in no table of the map: {', '.join(unknown[:3])}" if unknown else "", f"edi-bridge rollout match {case.partner.name}")


def _keys(case: _Case) -> Iterator[Reading]:
    wanted = tables_of(case.home.catalog, case.partner)
    if not wanted:
        yield _reading("keys", "keys matched", "no table of keys is needed", "100 %", "", f"edi-bridge rollout match {case.partner.name}")
        return
    for table, asked in asked_by_messages(case.home.database, case.home.archive, case.home.catalog, case.partner).items():
        count, kept = len(asked.known) + len(asked.missing), case.kept.get(("data", f"list {table}"))
        missing = f"{len(asked.missing)} keys mean nothing: {', '.join(key for key, _ in asked.missing.most_common(3))}" if asked.missing else ""
        if not count and kept is None:
            missing = f"no key of {table} was ever seen: match a list of theirs"
        yield _reading(f"keys {table}", f"keys matched: {table}", f"{asked.share:.0%} of {count}" if count else kept.value if kept else "none seen", "100 %",
                       missing, f"edi-bridge rollout match {case.partner.name}")


def _mapping(case: _Case) -> Iterator[Reading]:
    yield from _of_gates(case, ("samples", "unread"), "pilot")


def _pilot(case: _Case) -> Iterator[Reading]:
    for facts in case.facts:
        if facts.stage in ("live", "retest"):
            yield _reading(f"passed {facts.direction} {facts.message}", f"pilot passed: {facts.direction} {facts.message.rpartition('/')[2]}",
                           "live", "live", "", f"edi-bridge rollout check {case.partner.name}")
    still = [one for one in case.facts if one.stage not in ("live", "retest")]
    yield from _of_gates(replace(case, facts=still), ("scenarios", "differences", "acknowledgements", "unsettled", "required", "rules", "volume", "rollback"), "live")


def _rollout(case: _Case) -> Iterator[Reading]:
    for facts in case.facts:
        yield _reading(f"stage {facts.direction} {facts.message}", f"stage: {facts.direction} {facts.message.rpartition('/')[2]}", facts.stage, "live",
                       "" if facts.stage == "live" else f"it is {facts.stage}", f"edi-bridge rollout check {case.partner.name}")


PARTNER_STEPS: Mapping[str, Callable[[_Case], Iterator[Reading]]] = {
    "organisation": _organisation, "review": _review, "analysis": _analysis, "solution": _solution, "network": _network, "business": _business,
    "data": _data, "mapping": _mapping, "pilot": _pilot, "rollout": _rollout}


# --- the programme's own ----------------------------------------------------------------------------------------------


def _owners(said: Mapping[str, Said]) -> Reading:
    nobody = [one.name for one in STEPS if one.programme and not said.get(one.name, Said()).owner]
    count = sum(1 for one in STEPS if one.programme)
    return _reading("owners", "each step has an owner", f"{count - len(nobody)} of {count}", "all",
                    f"the step {nobody[0]} has no owner: edi-bridge rollout assign" if nobody else "", "edi-bridge rollout plan")


def _alarms(home: Home) -> Reading:
    return _reading("alarms", "alarms reach people", "by the log alone" if home.settings.alarms is None else "mail or webhook", "mail or webhook",
                    "settings.yaml has no alarms:" if home.settings.alarms is None else "", "edi-bridge alarm list")


def _offers(kept: Mapping[tuple[str, str], Evidence]) -> Reading:
    one = kept.get(("network", "offers"))
    return _reading("offers", "offers of networks compared", one.value if one else "none", "at least 2 compared", "" if one else "no offers were compared",
                    "edi-bridge rollout networks")


def in_rollout(home: Home) -> list[Partner]:
    """The partners of the programme: those of the home itself, not those that are shipped as examples."""
    folder = home.settings.home
    return [one for one in home.catalog.partners if home.catalog.partner_files[one.name].is_relative_to(folder)]


