"""What is wrong or doubtful in a map that compiles: rules that can never fire, texts that do not fit, codes without a way back.

    remarks = lint(compiled.plan, structure, guide, code_blocks)

Everything the compiler refuses is said by the compiler (a ConfigFault, all at once); lint says what it lets pass. `LINTS` is the
table of what is looked for. The guide is handed in (`guide.guide.Guide`, for EDIFACT and X12): this package does not know it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from edi_bridge.mapping import lint_codes, lint_guide, lint_tests, lint_written
from edi_bridge.mapping.effective import full_path, writes_to
from edi_bridge.mapping.mapfile import Origin, Rule
from edi_bridge.mapping.plan import MapPlan, ScopePlan, ScopeUse, ValuePlan
from edi_bridge.record import PARTS, SCALARS, Field, fields_of
from edi_bridge.yamltext import Block

ERROR, WARNING, NOTE = "error", "warning", "note"
LEVELS = (ERROR, WARNING, NOTE)


class Lint(NamedTuple):
    """One kind of remark: its level, and in a sentence what it means."""

    level: str
    sentence: str


LINTS = {
    "map": Lint(ERROR, "the map cannot be used: a mistake that the compiler refuses"),
    "type": Lint(ERROR, "the conversion gives values that the element cannot hold"),
    "length": Lint(WARNING, "the conversion allows more characters than the guide"),
    "unconverted": Lint(WARNING, "a date is taken over as the text it is on the wire"),
    "unknown_code": Lint(ERROR, "a test asks for a code that the guide's list does not have, or a constant writes one"),
    "code_not_in_guide": Lint(NOTE, "the code table writes a code that this release's list does not have"),
    "contradiction": Lint(ERROR, "tests that cannot hold together: the rule never fires"),
    "shadowed": Lint(WARNING, "an earlier alternative is there whenever this one is: it is never read"),
    "read_twice": Lint(WARNING, "two lists of one field read the same places: every item would come twice"),
    "unknown_condition": Lint(ERROR, "when: names a field that the record does not have"),
    "never_holds": Lint(WARNING, "when: asks for a value that no rule of the map gives"),
    "not_filled": Lint(WARNING, "writing gives a segment whose mandatory element no rule fills"),
    "set_twice": Lint(WARNING, "two rules write to the same place"),
    "pointless": Lint(WARNING, "something that can never have an effect beside the rest of the rule"),
    "required_field": Lint(ERROR, "a field without which no record can be posted has no rule"),
    "no_lines": Lint(WARNING, "no rule for what the record is about"),
    "counterpart": Lint(WARNING, "no rule for who the record is from or for"),
    "lossy": Lint(NOTE, "what is written may be read back in another form"),
    "way_back": Lint(NOTE, "several codes for one value, none marked write: true; the first is written"),
    "not_written": Lint(NOTE, "values of ours that this standard has no code for"),
}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that lint says. `field` is the field in the record, '' where it is about something else."""

    kind: str
    origin: Origin
    sentence: str
    field: str = ""

    @property
    def level(self) -> str:
        """error, warning or note."""
        return LINTS[self.kind].level


Found = tuple[str, Origin, str]  # kind, place, sentence

# Without one of the fields of each row the CRM refuses the record (crm/document.py, crm/master.py) or cannot say whose it is.
_HEAD: tuple[tuple[str, ...], ...] = (("number",),)
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "order": (*_HEAD,),
    "order_response": (*_HEAD,),
    "despatch_advice": (*_HEAD,),
    "invoice": (*_HEAD,),
    "remittance": (*_HEAD,),
    "customer": (("number", "gln", "duns", "vat", "tax_number", "registration", "receiver_number", "other_ids", "name"),),
}
# Said of what no rule does: of a map that is not whole, as the compiler refuses some of it, nobody can tell.
OF_WHOLE = {"required_field", "no_lines", "counterpart", "not_filled", "never_holds"}
LISTS = {"order": ("lines",), "order_response": (), "despatch_advice": ("items", "packs"), "invoice": ("lines",), "remittance": ("items",)}
COUNTERPARTS = {
    "order": ("buyer", "seller"), "order_response": ("buyer", "seller"), "despatch_advice": ("buyer", "seller", "deliver_to"),
    "invoice": ("buyer", "seller", "invoicee"), "remittance": ("payer", "payee", "buyer", "seller"),
}


def lint(plan: MapPlan, structure: Any, guide: Any = None, tables: Mapping[str, Block] | None = None) -> list[Remark]:
    """Every remark about a map, in the order of its files. `guide` is the message's (None where there is none, as for XML and
    CSV: then values are not held against it); `tables` are the files of the code tables that the map names."""
    made: list[Remark] = []
    segments = lint_guide.Segments(guide) if guide is not None else None
    for scope, prefix, around in _scopes(plan):
        for one in scope.rules():
            field = ".".join((*prefix, *one.target))
            path = _shown(one, scope, structure)
            found: list[Found] = list(_of_rule(one, scope, plan, prefix, around is not None and around.many))
            found += lint_tests.of_rule(one, scope, around)
            if segments is not None:
                found += lint_guide.of_rule(one, scope, segments)
            if isinstance(one, ValuePlan) and one.convert.table is not None:
                block = (tables or {}).get(str(one.rule.codes))
                found += lint_codes.of_rule(one)
                made += [Remark(*about) for about in lint_codes.of_table(one, block, plan.spec.message)]
            made += [Remark(kind, origin, f"{field}: {sentence.replace('{path}', path)}", field) for kind, origin, sentence in found]
        made += [Remark(kind, origin, f"{'.'.join(prefix) or plan.spec.record}: {sentence}", ".".join(prefix))
                 for kind, origin, sentence in lint_tests.of_scope(scope)]
    made += [Remark(*one) for one in _whole(plan, segments)]
    if segments is not None:
        made += [Remark(*one) for one in lint_written.of_map(plan, structure, segments)]
    return in_order(made)


def in_order(remarks: Sequence[Remark]) -> list[Remark]:
    """Each remark once, in the order of the files."""
    return sorted(set(remarks), key=lambda one: (one.origin.file, one.origin.line, one.origin.column, LEVELS.index(one.level), one.sentence))


def _scopes(plan: MapPlan) -> Iterator[tuple[ScopePlan, tuple[str, ...], Any]]:
    """Each scope with its path in the record and the use that leads to it; a fragment's scope once for each use."""
    waiting: list[tuple[ScopePlan, tuple[str, ...], Any, frozenset[int]]] = [(plan.root, (), None, frozenset({plan.root.number}))]
    while waiting:
        scope, prefix, around, seen = waiting.pop(0)
        yield scope, prefix, around
        waiting += [(use.item, (*prefix, *use.target), use, seen | {use.item.number})
                    for use in scope.uses if use.item.number not in seen]


def _shown(one: ValuePlan | ScopeUse, scope: ScopePlan, structure: Any) -> str:
    return full_path(one.sources[min(writes_to(one), len(one.sources) - 1)], scope.scope, structure) if one.sources else ""


def table() -> str:
    """What lint looks for, as Markdown; docs/map-tools.md holds this text."""
    made = ["| kind | level | means |", "|---|---|---|"]
    made += [f"| `{kind}` | {one.level} | {one.sentence} |" for kind, one in sorted(LINTS.items(), key=lambda pair: LEVELS.index(pair[1].level))]
    return "\n".join(made)


# --- the rule itself -------------------------------------------------------------------------------------------------

def _of_rule(one: ValuePlan | ScopeUse, scope: ScopePlan, plan: MapPlan, prefix: tuple[str, ...], item: bool) -> Iterator[Found]:
    rule = one.rule
    yield from _conditions(rule, one.target, scope, plan, prefix)
    if isinstance(one, ScopeUse):
        return
    codec = one.convert.codec
    if rule.field.type == "date" and rule.codes is None and codec is not None and codec.type == "text" and rule.sources:
        yield "unconverted", rule.origin, "is a date and is taken as text from {path}: as: date(…) is missing"
    lossy = codec.lossy if codec is not None else one.convert.lossy
    if lossy:
        yield "lossy", rule.origin, lossy
    if rule.constant is not None and rule.default is not None:
        yield "pointless", rule.origin, f"default: {rule.default} beside is: {rule.constant} has no effect"
    if rule.required and rule.default is not None and not item:  # in an item, required also tells which place it is written at
        yield "pointless", rule.origin, f"required: true beside default: {rule.default} can never be missing"
    if rule.take in ("first", "last") and len(rule.sources) == 0:
        yield "pointless", rule.origin, f"take: {rule.take} needs a path"


def _conditions(rule: Rule, target: tuple[str, ...], scope: ScopePlan, plan: MapPlan, prefix: tuple[str, ...]) -> Iterator[Found]:
    """`when:` of the rule and of its paths: fields that are not there, values that nothing gives."""
    for when, origin in [(rule.when, rule.origin), *((source.when, source.origin) for source in rule.sources)]:
        for name, values in (when or {}).items():
            path = tuple(name.removesuffix("!").split("."))
            near = (*target[:-1], *path)
            field, where = _field((*prefix, *near), plan.spec.record), near
            if field is None:
                field, where = _field((*prefix, *path), plan.spec.record), path
            if field is None:
                yield "unknown_condition", origin, f"when: there is no field {'.'.join(path)} beside it"
            elif not name.endswith("!") and None not in values:
                given = _given(where, scope)
                if given is not None and not given & set(map(str, values)):
                    said = f"no rule gives {' or '.join(map(str, values))}" if given else f"no rule sets {'.'.join(path)}"
                    yield "never_holds", origin, f"when: {name}: {said}" + (f" (there are {', '.join(sorted(given)[:8])})" if given else "")


def _field(path: tuple[str, ...], record: str) -> Field | None:
    fields: Mapping[str, Field] = fields_of(record)
    field = None
    for name in path:
        field = fields.get(name)
        if field is None:
            return None
        fields = PARTS[field.type] if field.type not in SCALARS else {}
    return field


def _given(target: tuple[str, ...], scope: ScopePlan) -> set[str] | None:
    """The values that the scope's rules for a field can give; None where they may be anything."""
    found: set[str] = set()
    for one in scope.values:
        if one.target != target:
            continue
        table = one.convert.table
        if one.sources and (table is None or table.keep or one.rule.keep_unknown) and one.constant is None:
            return None
        found |= {str(ours) for ours in table.reads.values()} if table is not None and one.sources else set()
        found |= {str(value) for value in (one.default, one.constant) if value is not None}
    if any(use.target == target[:len(use.target)] for use in scope.uses):
        return None
    return found


# --- the map as a whole ------------------------------------------------------------------------------------------------

def _whole(plan: MapPlan, segments: Any) -> Iterator[tuple[str, Origin, str]]:
    spec = plan.spec
    head = Origin(spec.file, 1, 1)
    has = {rule.name for rule in spec.rules}
    if any(rule.name == "purpose" and rule.constant == "cancellation" for rule in spec.rules):
        has.add("lines")  # a cancellation may be of the whole
    for names in NEEDED.get(spec.record, ()):
        if has.isdisjoint(names):
            words = names[0] if len(names) == 1 else f"one of {', '.join(names)}"
            yield "required_field", head, f"{spec.record} has no rule for {words}: the CRM refuses such a record"
    lists = LISTS.get(spec.record, ())
    if lists and has.isdisjoint(lists) and not spec.when:  # with when: a message of one purpose, such as a cancellation
        yield "no_lines", head, f"{spec.record} has no rule for {' or '.join(lists)}"
    wanted = COUNTERPARTS.get(spec.record, ())
    if wanted and has.isdisjoint(wanted):
        yield "counterpart", head, f"{spec.record} has no rule for {' or '.join(wanted)}: whose it is must be known from the envelope"
    for name, values in (spec.when or {}).items():
        path = tuple(name.removesuffix("!").split("."))
        if _field(path, spec.record) is None:
            yield "unknown_condition", head, f"when: {spec.record} has no field {'.'.join(path)}"
        elif not name.endswith("!") and None not in values:
            given = _given(path, plan.root)
            if given and not given & set(map(str, values)):
                yield "never_holds", head, f"when: {name}: no rule gives {' or '.join(map(str, values))}"
    fields = lint_tests.written(plan.root)
    for resolved, text, source in plan.writes:
        key = lint_tests.place_of(resolved)
        if key in fields:
            yield "set_twice", source.origin, f"writes: {source.path} is written by the field {'.'.join(fields[key].target)} too"
        if segments is not None:
            yield from lint_guide.of_write(resolved, text, source, plan.message, segments)
