"""`edi-bridge convert`: a file of any standard as a message of any other, by the maps of both."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, record_file, show
from edi_bridge.fault import ConfigFault, TransientFault
from edi_bridge.interchange import Address, Interchange, MessageType

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.finding import Finding
    from edi_bridge.mapping.compile import CompiledMap
    from edi_bridge.outbound import Composed, Heading
    from edi_bridge.partner import Identity, Partner

# The association code (S009/0057) of the messages of EANCOM 1997, whose codes our maps write where D.96A has none.
EANCOM = {"edifact/D96A/ORDERS": "EAN008", "edifact/D96A/INVOIC": "EAN008", "edifact/D96A/DESADV": "EAN005"}
_IN_ANOTHER_FORM = re.compile(r"\bwritten as |; the default is written|\bcut, as the guide refuses it|the zone of a day is left out|are broken anew")
_NO_PLACE = ("has no place for it in this map", "has no column for it in this map")
OPEN_QUALIFIER = {"x12": "ZZ", "edifact": "ZZZ"}  # mutually defined: qualifiers of one standard mean nothing in the other


@click.command(short_help="A file as a message of another standard.")
@click.argument("file", metavar="IN")
@click.option("--to", "target", required=True, metavar="MESSAGE",
              help="What to write: x12/004010/850, edifact/D96A/ORDERS, xml/ubl-2.1/Order …, the name of a map, or json.")
@click.option("--from", "map_", metavar="MAP", help="The map that reads IN, where its envelope does not tell.")
@click.option("--partner", metavar="NAME", help="Who gets the result: addresses, map and envelope as agreed with them.")
@click.option("--sender", metavar="QUALIFIER:ID", help="The sender of the result, instead of IN's or our own.")
@click.option("--receiver", metavar="QUALIFIER:ID", help="The receiver of the result, instead of IN's or the partner's.")
@click.option("--control", metavar="NUMBER", default="1", show_default=True, help="The control number of the result.")
@click.option("--currency", metavar="CODE", default="", help="The currency (ISO 4217) where IN names none.")
@click.option("--strict", is_flag=True, help="Refuse what the target cannot carry instead of leaving it out.")
@click.option("--test", is_flag=True, help="Mark the result as a test.")
@click.option("--out", metavar="FILE", help="Write here instead of stdout; several XML documents are numbered.")
@options.findings_option
@click.option("--home", metavar="DIR", help="A home with own maps and partners (default: EDI_BRIDGE_HOME; else only the shipped ones).")
def convert(file: str, target: str, map_: str | None, partner: str | None, sender: str | None, receiver: str | None,
            control: str, currency: str, strict: bool, test: bool, out: str | None, limit: int, home: str | None) -> int:
    """Read IN (a file, or - for standard input) with the map for what it is, and write its records as another message.

    IN may be EDIFACT, X12, XML, CSV, or records as `translate` prints them (JSON, one a line). What the target demands and the
    records imply is computed (line numbers, amounts, totals). What the target cannot carry is left out and listed on stderr by
    record field, characters that it does not have are written as their nearest (--strict refuses both); where IN lacks what the
    target needs, or the target's guide refuses the result, nothing is written.

    \b
    Examples:
      edi-bridge convert orders.edi --to x12/004010/850 --out orders.x12
      edi-bridge convert order.xml --to order.edifact-d96a --partner havel_markt
      edi-bridge convert orders.x12 --to json > orders.json
      edi-bridge convert - --to csv/standard/order --out orders.csv < orders.json

    Exit codes: 0 done, 1 something was refused, 2 wrong use or configuration.
    """
    catalog = options.catalog_of(options.optional_home(home))
    known = catalog.partner_named(partner) if partner else None
    writer = None if target == "json" else _map_of(target, catalog, known)
    content = record_file.content(file)
    source = _records(content, file, catalog, map_, writer, limit)
    if writer is None:
        _give([b"".join(_json_lines(source.records))], out)
        return _told(source, "json")
    wrong = sorted({name for name in source.types if name != writer.record})
    if wrong:
        raise ConfigFault.at("", 0, 0, f"{writer.name} writes records of type {writer.record}; {show.clean(file)} holds {', '.join(wrong)}")
    if not source.records:
        return _told(source, writer.name)
    base = _addresses(writer, source.interchange, known, catalog, sender, receiver)
    base = replace(base, control=control, prepared=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M"), lossy=not strict, test=test)
    whole = _whole(source.records, writer, base, currency)
    parts = _written(whole.records, writer, base, known, catalog, source)
    findings = [finding for part in parts for finding in part.made.findings]
    _tell(findings, out or f"{target} (to be written)", limit)
    _give([content for part in parts for content in part.made.contents], out)
    if not currency and any(one.kind == "required_missing" and one.position.path == "currency" for one in findings):
        show.note("no currency is named there: say by --currency which one the amounts are in")
    return _told(source, writer.name, parts, whole)


@dataclass(frozen=True, slots=True)
class _Whole:
    """The records as they are written. `added` are the fields that follow from others or from the sending, `changed` and `lost` those
    that stand in another form or not at all, and why."""

    records: list[dict[str, Any]] = field(default_factory=list)
    added: set[str] = field(default_factory=set)
    changed: dict[str, str] = field(default_factory=dict)
    lost: dict[str, str] = field(default_factory=dict)


def _whole(records: list[dict[str, Any]], writer: CompiledMap, base: Heading, currency: str) -> _Whole:
    """The records with what follows from them and what their sending gives them, in the shape that the target has."""
    from edi_bridge import completion
    from edi_bridge.record import unnumbered

    whole = _Whole()
    for record in records:
        if base.lossy and writer.standard != "xml":
            record, zoned = completion.without_day_zones(record, writer.record)
            whole.changed.update(dict.fromkeys(map(unnumbered, zoned), "the zone of a day is left out"))
        if base.lossy and writer.standard == "edifact":
            record, numbers = completion.renumbered(record, writer.record)
            for path, number in list(numbers.items())[:1]:
                whole.changed[unnumbered(path)] = f'{path}: "{number}" is written as a number, as are all lines'
        if writer.record == "despatch_advice":
            placed, moved, gone = completion.orders_placed(record, writer.carries())
            if base.lossy or not gone:
                record = placed
                whole.changed.update(moved)
                whole.lost.update(gone)
        made, added = completion.completed(record, writer.record, currency)
        made, more = completion.headed(made, writer.record, base.control, base.prepared, writer.standard == "x12")
        if writer.record == "invoice" and any(target == ("buyer",) for _, target in writer.plan.root.required):
            made, buyer = completion.with_buyer(made)
            more += buyer
        whole.records.append(made)
        whole.added.update(unnumbered(path) for path in (*added, *more))
    return whole


@dataclass(frozen=True, slots=True)
class _Part:
    """What one of the maps wrote of the records, and of which of them."""

    writer: CompiledMap
    records: list[dict[str, Any]]
    made: Composed


def _written(records: list[dict[str, Any]], writer: CompiledMap, base: Heading, known: Partner | None, catalog: Catalog,
             source: _Source) -> list[_Part]:
    """Everything that is written, by each map that has a part in it; findings count the messages of all of them.
    `source.unwritten` counts what is not."""
    from edi_bridge import outbound

    parts: list[_Part] = []
    before = 0
    for one, some in _shared_out(records, writer, catalog):
        agreement = known.agreement(_type(one), "out") if known else None
        said = {} if not base.lossy else {"characters": "replace"}  # unless something else is agreed
        head = outbound.heading(said | (known.enveloping(agreement) if known else {}), base, one.standard)
        head = replace(head, test=base.test or bool(agreement and agreement.test), usage=head.usage or source.usage.get(_version(one), ""))
        made = _best(some, one, head, known, catalog)
        findings = [replace(found, position=replace(found.position, message=found.position.message + before)) if found.position.message else found
                    for found in made.findings]
        before += 1 if one.plan.records else len(some)
        parts.append(_Part(one, some, replace(made, findings=findings)))
        source.unwritten += not made.contents
    return parts


def _best(records: list[dict[str, Any]], writer: CompiledMap, head: Heading, known: Partner | None, catalog: Catalog) -> Composed:
    """As the standard itself has it, or, where codes fail there and no subset is agreed, as EANCOM has it, if that carries more."""
    from edi_bridge import outbound

    def compose(one: Heading) -> Composed:
        return outbound.compose(records, writer, one, catalog.checker_for(replace(_type(writer), usage=one.usage), known, "out"),
                                get=catalog.lookups_of(known))

    made = compose(head)
    subset = EANCOM.get(writer.spec.message, "")
    if head.usage or not subset or not any(one.kind == "unknown_code" or "of the standard's codes" in one.note for one in made.findings):
        return made
    other = compose(replace(head, usage=subset))
    better = other.contents and (not made.contents or len(other.findings) < len(made.findings))
    return other if better else made


def _shared_out(records: list[dict[str, Any]], writer: CompiledMap, catalog: Catalog) -> Iterator[tuple[CompiledMap, list[dict[str, Any]]]]:
    """Each map with its records: what the wanted map is not meant for (a credit note) goes to one of the same version that is."""
    prefix = writer.spec.message.rpartition("/")[0] + "/"
    others = [name for name, (_, message, extends) in catalog.map_index.items()
              if message.startswith(prefix) and not extends and name != writer.name] if writer.spec.when else []
    left = records
    for name in ("", *others):
        if not left:
            return
        one = catalog.map_named(name) if name else writer
        fits = [one.record == writer.record and one.meant_for(record) for record in left]
        taken = [record for record, fit in zip(left, fits, strict=True) if fit]
        left = [record for record, fit in zip(left, fits, strict=True) if not fit]
        if taken:
            yield one, taken
    if left:
        yield writer, left


@dataclass(slots=True)
class _Source:
    """What IN holds. `types` are the records' types, `refused` counts messages that were rejected."""

    records: list[dict[str, Any]] = field(default_factory=list)
    types: set[str] = field(default_factory=set)
    interchange: Interchange | None = None
    refused: int = 0
    unwritten: int = 0
    usage: dict[str, str] = field(default_factory=dict)  # standard and version → the subset that IN's messages name


def _map_of(target: str, catalog: Catalog, partner: Partner | None) -> CompiledMap:
    """The map that writes the target: an agreed one, the standard's own, or the one of that name."""
    if target in catalog.map_index or target.endswith(".yaml"):
        return catalog.map_named(target)
    if target.count("/") == 2:
        found = catalog.map_for(MessageType(*target.split("/")), partner, "out")
        if found is not None:
            return found
    import difflib

    known = sorted({message for _, message, _ in catalog.map_index.values() if message})
    near = difflib.get_close_matches(target, [*known, *catalog.map_index], 1, 0.5)
    raise ConfigFault.at("", 0, 0, f"no map writes {target}" + (f"; did you mean {near[0]}?" if near else f"; known are {', '.join(known)}"))


def _version(writer: CompiledMap) -> str:
    """`edifact/D96A`: a subset of one release means nothing in another."""
    return writer.spec.message.rpartition("/")[0]


def _type(writer: CompiledMap) -> MessageType:
    return MessageType(*writer.spec.message.split("/"))


def _records(content: bytes, file: str, catalog: Catalog, map_: str | None, writer: CompiledMap | None, limit: int) -> _Source:
    """The records of IN; findings are told as `translate` tells them."""
    if writer is not None and record_file.is_json(content):
        return _Source(record_file.records(content, file, writer.record), {writer.record})
    from edi_bridge import pipeline
    from edi_bridge.cli import telling
    from edi_bridge.cli.translating import policies_of
    from edi_bridge.finding import Verdict

    counting = telling.Counting(limit)
    source = _Source()
    suspended = pipeline.suspended(content, catalog, map=map_)
    for outcome in pipeline.inbound(content, catalog, map=map_, suspended=suspended):
        source.interchange = source.interchange or outcome.interchange
        if outcome.message is not None and outcome.message.type.usage:
            source.usage.setdefault(f"{outcome.message.type.standard}/{outcome.message.type.version}", outcome.message.type.usage)
        for finding in outcome.findings:
            told = telling.tell(file, finding, outcome.message, outcome.interchange, policies_of(catalog, outcome))
            if told and counting.wants(finding.kind):
                telling.note(told)
        if outcome.verdict is Verdict.REJECTED:
            source.refused += 1
        elif outcome.records:
            source.records += outcome.records
            source.types.add(outcome.record_type)
    for line in counting.hidden():
        show.note(f"{show.clean(file)}  {line}")
    return source


def _addresses(writer: CompiledMap, interchange: Interchange | None, partner: Partner | None, catalog: Catalog,
               sender: str | None, receiver: str | None) -> Heading:
    """Who sends and who gets it: what was said, else ourselves and the partner, else whom IN names. XML may be without."""
    from edi_bridge.outbound import Heading

    standard = writer.standard
    own = catalog.own.identity(standard) if partner else None
    theirs = partner.identity(standard) if partner else None
    from_ = _given(sender) or _of(own) or (_foreign(interchange.sender, interchange.standard, standard) if interchange else None)
    to = _given(receiver) or _of(theirs) or (_foreign(interchange.receiver, interchange.standard, standard) if interchange else None)
    missing = [name for name, address in (("--sender", from_), ("--receiver", to)) if address is None or not address.id]
    if missing and standard in OPEN_QUALIFIER:
        whose = [words for words, address in (("ours (partners/_own.yaml)", from_), (f"{partner.name}'s", to)) if not address] if partner else []
        how = f"; {' and '.join(whose)} has no address for {standard}" if whose else f" (or --partner, with an address for {standard})"
        raise ConfigFault.at("", 0, 0, f"{' and '.join(missing)} QUALIFIER:ID must be given{how}: the file does not name whom the envelope needs")
    return Heading(sender=from_ or Address(), receiver=to or Address())


def _given(text: str | None) -> Address | None:
    if not text:
        return None
    qualifier, sign, id = text.rpartition(":")
    return Address(id, qualifier) if sign else Address(text)


def _of(identity: Identity | None) -> Address | None:
    return Address(identity.id, identity.qualifier) if identity else None


def _foreign(address: Address, came: str, goes: str) -> Address:
    """An address in another standard's envelope: the id stays, the qualifier only where it is the same standard's."""
    return address if came == goes or not address.id else Address(address.id, OPEN_QUALIFIER.get(goes, ""))


def _json_lines(records: list[dict[str, Any]]) -> Iterator[bytes]:
    from edi_bridge.record import to_json

    return (to_json(record) + b"\n" for record in records)


def _give(contents: list[bytes], out: str | None) -> None:
    if not out or out == "-":
        for content in contents:
            show.sink().write(content)
        sys.stdout.buffer.flush()
        return
    if not contents:
        return
    path = Path(out)
    names = [path] if len(contents) == 1 else [path.with_stem(f"{path.stem}-{number}") for number in range(1, len(contents) + 1)]
    for name, content in zip(names, contents, strict=True):
        part = name.with_name(f".{name.name}.part")
        try:
            part.write_bytes(content)
            part.replace(name)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise TransientFault(f"{name} cannot be written: {error.strerror or error}") from None


def _tell(findings: list[Any], where: str, limit: int) -> None:
    from edi_bridge.cli import telling

    counting = telling.Counting(limit)
    for finding in findings:
        if finding.kind == "field_not_carried":
            continue  # listed by field, once, at the end
        if counting.wants(finding.kind):
            told = telling.tell_ours(where, finding)
            if told:
                telling.note(told)
    for line in counting.hidden():
        show.note(line)


def _dropped(records: list[dict[str, Any]], writer: CompiledMap, findings: Sequence[Finding], added: Set[str]) -> dict[str, str]:
    """What is left out or written in another form: record field (without numbers of items) → why, where it is more than that it
    has no place. An object of which no field has a place is named alone."""
    from edi_bridge.outbound import not_carried
    from edi_bridge.record import unnumbered

    held = {path.rsplit(".", cut)[0] for path in writer.carries() for cut in range(path.count(".") + 1)}

    def outermost(path: str) -> str:
        path = writer.folded(path)
        steps = path.split(".")
        return next((above for number in range(1, len(steps)) if (above := ".".join(steps[:number])) not in held), path)

    fields = {outermost(path) for path in not_carried(records, writer) if path not in added}
    reasons = dict.fromkeys(fields, "")
    for finding in findings:
        if finding.kind == "field_not_carried":
            path = unnumbered(finding.position.path or "")
            if outermost(path) not in fields and path not in added:
                reasons[path] = _reason(path, finding.sentence().partition(": ")[2])
    return dict(sorted(reasons.items()))


def _reason(path: str, text: str) -> str:
    """Why, without the field's own path before it; '' where it only says again that there is no place."""
    if text.endswith(_NO_PLACE):
        return ""
    return text.removeprefix(path).removeprefix(": ").lstrip() if text.startswith((f"{path}: ", f"{path} (")) else text


def _told(source: _Source, wanted: str, parts: Sequence[_Part] = (), whole: _Whole | None = None) -> int:
    """The sum, what was computed, and of each map that wrote: what it cannot carry, and what it carries in another form."""
    whole = whole or _Whole()
    if whole.added:
        show.note(f"computed, as the source does not say it: {', '.join(sorted(whole.added))}")
    for part in parts:
        said = dict(sorted({**whole.changed, **whole.lost, **_dropped(part.records, part.writer, part.made.findings, whole.added)}.items()))
        other = {path: why for path, why in said.items() if path in whole.changed and path not in whole.lost or _IN_ANOTHER_FORM.search(why)}
        gone = {path: why for path, why in said.items() if path not in other}
        _listed(f"{part.writer.name} cannot carry {show.number(len(gone), 'field')} of the records:", gone)
        _listed(f"{show.number(len(other), 'field')} {'is' if len(other) == 1 else 'are'} written in another form:", other)
    told = [show.number(len(source.records), "record")]
    told += [f"{show.number(part.made.messages, 'message')} by {part.writer.name}{'' if part.writer.name == wanted else _instead(wanted)}"
             for part in parts if part.made.contents]
    if source.refused:
        told.append(show.style(f"refused: {show.number(source.refused, 'message')} of the source", "red"))
    if source.unwritten:
        told.append(show.style("not everything is written: see above", "red"))
    show.note(" · ".join(told))
    return 1 if source.refused or source.unwritten or not source.records else 0


def _listed(head: str, fields: Mapping[str, str]) -> None:
    if fields:
        show.note(head)
    for path, why in fields.items():
        show.note(f"  {path}" + (f"  {show.clean(why)}" if why else ""))


def _instead(wanted: str) -> str:
    """Why another map than the wanted one wrote."""
    return f" ({wanted} is not for such records)"
