"""A scenario's message, made as the partner would send it: record → agreed map → the partner's envelope → checked by the agreed guide.

What the map cannot carry is left out and told; what it must carry is not. Sender and receiver are the partner and we, or, of what goes
out, we and the partner; the test indicator is always set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from edi_bridge import completion, outbound
from edi_bridge.catalog import Catalog
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Verdict
from edi_bridge.interchange import Address, MessageType
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.partner import Agreement, Own, Partner, verdict
from edi_bridge.rollout import scenario as scenarios
from edi_bridge.rollout.comparison import lines_of
from edi_bridge.rollout.scenario import Context, Habits, Record

IN_PLACE_OF = {  # record → who its partner is when it comes in
    "order": "customer", "remittance": "customer", "order_response": "supplier", "despatch_advice": "supplier", "invoice": "supplier", "customer": "customer"}
OTHER = {"customer": "supplier", "supplier": "customer"}
STANDARDS = ("edifact", "x12", "xml", "csv", "fixed")
ALL_SIGNS = "'+:?*~^>|\\<=/%&\""  # what is a delimiter or release character somewhere


@dataclass(frozen=True, slots=True)
class Lane:
    """What is rehearsed: the agreement with its map, as the catalogue for rehearsals knows it."""

    partner: Partner
    agreement: Agreement
    map: CompiledMap

    @property
    def standard(self) -> str:
        """edifact, x12, xml, csv, fixed."""
        return self.map.standard

    @property
    def type(self) -> MessageType:
        """The message of the map."""
        return MessageType(*self.map.spec.message.split("/"))

    def fit(self) -> scenarios.Fit:
        """As scenarios look at it."""
        return scenarios.Fit(self.agreement.direction, self.map.spec.message, self.map.record, self.agreement.stage, frozenset(self.map.carries()),
                             bool(self.map.lookups))


@dataclass(frozen=True, slots=True)
class Generated:
    """A message of a scenario. `records` are what must be read from it; `good` is the content without the fault that was
    planted in it; `left_out` names what the map cannot carry; `troubles`
    say why there is no content."""

    content: bytes
    records: list[Record]
    left_out: tuple[str, ...] = ()
    troubles: tuple[str, ...] = ()
    extension: str = ".edi"
    findings: list[Any] = field(default_factory=list)
    good: bytes = b""


def context(lane: Lane, own: Own, habits: Habits, number: str, today: str) -> Context:
    """What the words of templates mean for an agreement."""
    theirs = IN_PLACE_OF[lane.map.record]
    if len(set(lane.partner.roles) & set(OTHER)) == 1:
        theirs = next(iter(set(lane.partner.roles) & set(OTHER)))
    elif lane.agreement.direction == "out":
        theirs = OTHER[theirs]
    partner = _party(lane.partner.title or lane.partner.name, lane.partner.identities, lane.partner.parties)
    us = _party(own.title, own.identities, sorted(own.parties))
    places = {f"place{n}": {"gln": scenarios.checked(f"95212009{9000 + n:04}"), "name": f"Branch {n}", "street": f"Market Street {n}", "city": "Sampleton",
                            "postcode": f"1234{n}", "country": "DE"} for n in (1, 2)}
    return Context({theirs: partner, OTHER[theirs]: us, "partner": partner, "us": us, **places, "signs": _signs(lane), **habits.values}, number, today)


def _party(name: str, identities: Sequence[Any], parties: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """How documents name somebody: by what is known of it."""
    made: dict[str, Any] = {scheme: value for scheme, value in reversed(parties) if scheme in ("gln", "duns", "vat")}
    for one in identities:
        scheme = {"14": "gln", "08": "gln", "0088": "gln", "01": "duns"}.get(one.qualifier, "")
        if scheme and scheme not in made and one.id.isdigit() and len(one.id) == (13 if scheme == "gln" else 9):
            made[scheme] = one.id
    if not any(scheme in made for scheme in ("gln", "duns")) and identities:
        made["id"] = identities[0].id
    return {**made, "name": name or "Our company"}


def _signs(lane: Lane) -> str:
    """A text of all delimiters and release characters that the standard can carry."""
    if lane.standard != "x12":
        return ALL_SIGNS
    signs = outbound.heading(lane.partner.enveloping(lane.agreement), standard="x12").delimiters or outbound.X12
    used = {signs.element, signs.component, signs.terminator, signs.repetition, "^"}
    return "".join(sign for sign in ALL_SIGNS if sign not in used)


def heading(lane: Lane, own: Own, control: str, prepared: str) -> outbound.Heading:
    """The envelope. ConfigFault where one of both has no address."""
    found = []
    for file, name, who in ((lane.partner.file, lane.partner.name, lane.partner), ("partners/_own.yaml", "our own company", own)):
        identity = who.identity(lane.standard)
        if identity is None and lane.standard in ("edifact", "x12"):
            raise ConfigFault.at(file, 0, 0, f"{name} has no address for {lane.standard} (identities:)")
        found.append(identity.address if identity else Address())
    sender, receiver = found if lane.agreement.direction == "in" else reversed(found)
    asks = lane.agreement.direction == "in"
    base = outbound.Heading(sender, receiver, control, prepared, True, group=control, lossy=True, asks=asks)
    return replace(outbound.heading(lane.partner.enveloping(lane.agreement), base, lane.standard), asks=asks)


def generated(catalog: Catalog, lane: Lane, templates: Sequence[Mapping[str, Any]], words: Context, habits: Habits, control: str, prepared: str,
              must: Sequence[str] = ()) -> Generated:
    """The message (or messages in one interchange) of a step; no content where it cannot be made, which `troubles` explain."""
    carries = frozenset(lane.map.carries())
    records, lost = [], set[str]()
    for number, template in enumerate(templates, 1):
        own = replace(words, number=words.number if number == 1 else f"{words.number}{chr(64 + number)}")
        try:
            wanted = scenarios.typed(scenarios.merged(scenarios.filled(template, own), scenarios.filled(habits.always.get(lane.map.record, {}), own)),
                                     lane.map.record)
        except KeyError as word:
            return Generated(b"", [], troubles=(f"nobody says what {{{word.args[0]}}} is: values: of rollout/scenarios/{lane.partner.name}.yaml",))
        made = scenarios.pruned(_unpacked(_known_keys(catalog, lane, wanted, own.today), carries), carries)
        lost |= scenarios.names_of(wanted) - scenarios.names_of(made)
        made, _ = completion.completed(made, lane.map.record)
        made, _ = completion.headed(made, lane.map.record, control, prepared, lane.standard == "x12")
        records.append(scenarios.pruned(made, carries))
    head = heading(lane, catalog.own, control, prepared)
    checker = catalog.checker_for(replace(lane.type, usage=head.usage), lane.partner, lane.agreement.direction)
    composed = outbound.compose(records, lane.map, head, checker, catalog.lookups_of(lane.partner))
    gone: dict[int, list[str]] = {}
    for one in composed.findings:
        if one.kind == outbound.LEFT_OUT:
            gone.setdefault(one.position.message or 1, []).append(one.position.path or "")
    kept = [scenarios.without(record, gone.get(number, [])) for number, record in enumerate(records, 1)]
    left = sorted(lost | {name for before, after in zip(records, kept, strict=True) for name in scenarios.names_of(before) - scenarios.names_of(after)})
    troubles = [one.sentence() for one in composed.findings if verdict([one]) is Verdict.REJECTED]
    if not composed.contents and not troubles:
        troubles = ["the map writes nothing for it"]
    if not troubles:
        troubles = [f"the map does not carry {name}, and the scenario is nothing without it" for name in must
                    if not any(scenarios.names_of(one) & _below(name, scenarios.names_of(one)) for one in kept)]
    content = b"".join(composed.contents)
    return Generated(b"" if troubles else content, kept, tuple(left), tuple(troubles), composed.extension, composed.findings)


def looked_up(compiled: CompiledMap) -> dict[str, str]:
    """The fields whose keys are exchanged by a table: name without numbers → the table."""
    found: dict[str, str] = {}

    def visit(scope: Any, prefix: str, seen: frozenset[int]) -> None:
        found.update({prefix + ".".join(value.target): value.rule.lookup for value in scope.values if value.rule.lookup})
        for use in scope.uses:
            if use.item.number not in seen:
                visit(use.item, f"{prefix}{'.'.join(use.target)}.", seen | {use.item.number})

    visit(compiled.plan.root, "", frozenset({compiled.plan.root.number}))
    return found


def _known_keys(catalog: Catalog, lane: Lane, record: Record, today: str) -> Record:
    """With values that the tables of the partner know, where the map looks them up: what a scenario makes up nobody knows."""
    get = catalog.lookups_of(lane.partner)
    made = record
    for name, table in looked_up(lane.map).items():
        rows = [row for whose in (lane.partner.name, "") for row in catalog.lookup_rows(table, whose)]
        held = dict.fromkeys(row.ours for row in rows if row.ours and row.holds(today))
        known = [ours for ours in held if get(table, ours, today, back=True).value is not None]
        if known:
            made = _put(made, name.split("."), known, 0)
    return made


def _put(part: Any, steps: Sequence[str], known: Sequence[str], number: int) -> Any:
    """A part with a known value at a place, where what is around it is there; each item of a list gets the next one."""
    if isinstance(part, list):
        return [_put(one, steps, known, count) for count, one in enumerate(part)]
    if len(steps) == 1:
        return {**part, steps[0]: known[number % len(known)]}
    return {**part, steps[0]: _put(part[steps[0]], steps[1:], known, number)} if steps[0] in part else part


def _unpacked(record: Record, carries: frozenset[str]) -> Record:
    """A despatch advice as a map without packs can say it: what is in them, alone."""
    if not record.get("packs") or any(name.startswith("packs.") for name in carries):
        return record
    items = [dict(line) for _, line in lines_of(record, "despatch_advice")]
    return {**{name: value for name, value in record.items() if name != "packs"}, "items": items}


def _below(name: str, names: set[str]) -> set[str]:
    """The names that are one of `a|b`, or below it."""
    return {other for one in name.split("|") for other in names if other == one or other.startswith(f"{one}.")}
