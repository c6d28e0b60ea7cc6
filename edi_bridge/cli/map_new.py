"""`edi-bridge map new`: a first map from what is known and what samples show."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.catalog import HOME_HELP
from edi_bridge.cli.inputs import expand
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.mapping.compile import CompiledMap
    from edi_bridge.proposing.draft import Draft

DONE = 0
ROUNDS = 30  # how often a draft is corrected: each takes lines out, so it ends long before
EXAMPLES = 12  # segments that no rule reads which are named


@click.command("new", short_help="A first map from a guide and samples.")
@click.option("--message", required=True, metavar="MESSAGE", help="edifact/D96A/ORDERS, x12/004010/850, xml/ubl-2.1/Order, csv/WHOSE/order …")
@click.option("--record", required=True, metavar="RECORD", help="order, order_response, despatch_advice, invoice, remittance or customer.")
@click.option("--from-samples", "samples", multiple=True, metavar="FILE", help="Messages of the partner; may be given several times, or be a folder.")
@click.option("--name", metavar="NAME", default="", help="The map's name (default: after the message).")
@click.option("--out", metavar="FILE", help="Write here instead of stdout; an existing file is not overwritten.")
@click.option("--home", metavar="DIR", help=HOME_HELP)
def map_new(message: str, record: str, samples: tuple[str, ...], name: str, out: str | None, home: str | None) -> int:
    """Propose a map for a message: the rules of our other maps for the same record, as far as they fit its guide. With samples:
    what they have, how often, and what in them no rule reads; rules that they never use are set aside as comments. For CSV the columns,
    their types and the decimal mark are told from the file.

    The result passes `map lint`. Every line says why it is there: read it before it is used.

    \b
    Examples:
      edi-bridge map new --message edifact/D96A/ORDERS --record order --from-samples inbox/acme
      edi-bridge map new --message csv/acme/order --record order --from-samples orders.csv --out mappings/order.csv-acme.yaml
    """
    from edi_bridge.record import RECORDS

    if record not in RECORDS:
        raise ConfigFault.at("", 0, 0, f"there is no record {record}; known are {', '.join(RECORDS)}")
    if message.count("/") != 2:
        raise ConfigFault.at("", 0, 0, f"{message}: a message is named STANDARD/VERSION/NAME, such as edifact/D96A/ORDERS")
    if out and Path(out).exists():
        raise ConfigFault.at(out, 0, 0, "is there already; name another file")
    catalog = options.catalog_of(options.optional_home(home))
    name = name or (Path(out).stem if out else _name(message, record))
    contents = [(one.name, _bytes(one)) for one in expand(samples)]
    if message.startswith("csv/"):
        from edi_bridge.proposing.sheet import from_header

        if not contents:
            raise ConfigFault.at("", 0, 0, "a CSV map is proposed from a file: --from-samples FILE")
        draft = from_header(name, message, record, contents[0][1], _neighbours(message, record, catalog))
        _corrected(draft, name, catalog)
    else:
        draft = _from_maps(name, message, record, contents, catalog)
    text = draft.text()
    if out:
        Path(out).write_text(text, "utf-8")
    else:
        sys.stdout.write(text)
    left = sum(1 for line in draft.lines if line.out)
    rules = sum(1 for line in draft.lines if line.rule is not None and not line.out)
    show.note(f"{name} · {show.number(rules, 'rule')} · {left} set aside as comments" + (f" · {out}" if out else ""))
    return DONE


def _name(message: str, record: str) -> str:
    standard, version, name = message.split("/")
    return f"{record}.{standard}-{version}-{name}".lower()


def _bytes(one: Any) -> bytes:
    with one.open() as source:
        content: bytes = source.read()
    return content


def _neighbours(message: str, record: str, catalog: Catalog) -> list[CompiledMap]:
    """The maps of the same record and standard, nearest first: the same message, its other releases, others."""
    standard, version, kind = message.split("/")
    dialect = version.partition("-")[0] if standard == "xml" else ""
    found = []
    for name, (_, theirs, _extends) in sorted(catalog.map_index.items()):
        parts = theirs.split("/")
        if len(parts) != 3 or parts[0] != standard or (dialect and parts[1].partition("-")[0] != dialect):
            continue
        try:
            one = catalog.map_named(name)
        except ConfigFault:
            continue  # a map with mistakes teaches nothing
        if one.record == record:
            found.append(((theirs != message, parts[2] != kind, parts[1] != version, len(one.spec.layers), name), one))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _from_maps(name: str, message: str, record: str, contents: list[tuple[str, bytes]], catalog: Catalog) -> Draft:
    from edi_bridge.proposing.draft import from_maps

    catalog.structure(message)  # said at once where there is none
    neighbours = _neighbours(message, record, catalog)
    if not neighbours:
        raise ConfigFault.at("", 0, 0, f"there is no map for {record} in {message.partition('/')[0]} to learn from; "
                                       f"`edi-bridge guide show {message}` shows what the message has")
    written_out: frozenset[str] = frozenset()
    while True:
        draft = from_maps(name, message, record, neighbours, written_out)
        misfits = _corrected(draft, name, catalog)
        if misfits <= written_out:
            break
        written_out |= misfits
    if contents:
        _with_samples(draft, name, message, contents, catalog)
    return draft


def _corrected(draft: Draft, name: str, catalog: Catalog) -> frozenset[str]:
    """Lines that the compiler or lint refuses are set aside, until nothing is refused. The fragments in which something
    is wrong: they must be written out to be corrected."""
    from edi_bridge.linting import linted_map_text

    file = f"{name}.yaml"
    for _ in range(ROUNDS):
        errors = [one for one in linted_map_text(draft.text(), file, catalog) if one.level == "error"]
        fragments = frozenset(Path(one.origin.file).stem for one in errors if "/fragments/" in one.origin.file)
        if fragments:
            return fragments
        mine = [(one.origin.line, one.sentence) for one in errors if one.origin.file == file]
        if not mine or not draft.strike(mine):
            break
    return frozenset()


def _with_samples(draft: Draft, name: str, message: str, contents: list[tuple[str, bytes]], catalog: Catalog) -> None:
    """Counts of what the samples have, and what of them no rule reads."""
    from edi_bridge import syntax
    from edi_bridge.proposing.draft import times
    from edi_bridge.record import unnumbered

    compiled = catalog.compiled(draft.text(), f"{name}.yaml")
    counts: Counter[str] = Counter()
    unread: Counter[str] = Counter()
    examples: dict[str, str] = {}
    messages = 0
    for _file, content in contents:
        for interchange in syntax.read(content, allow_doctype=True):
            for one in interchange.messages:
                if str(one.type) != message:
                    continue
                messages += 1
                traced = compiled.trace(one)
                counts.update(unnumbered(field.path) for field in traced if field.how == "read")
                for place, example in _unread(one, traced):
                    unread[place] += 1
                    examples.setdefault(place, example)
    if not messages:
        raise ConfigFault.at("", 0, 0, f"the samples hold no message {message}")
    draft.seen(counts, messages)
    _corrected(draft, name, catalog)
    if unread:
        draft.notes.append(f"In {show.number(messages, 'message')}, read by no rule:")
        draft.notes += [f"  {place}  {times(count)}, such as {show.clean(examples[place])}" for place, count in unread.most_common(EXAMPLES)]
        if len(unread) > EXAMPLES:
            draft.notes.append(f"  and {len(unread) - EXAMPLES} more; `edi-bridge map coverage` lists them all")


def _unread(message: Any, traced: list[Any]) -> list[tuple[str, str]]:
    """(segment with its first value, the segment as it stands) of each segment that no field came from; segments only."""
    if message.standard not in ("edifact", "x12"):
        return []
    from edi_bridge.interchange import unmask

    read = {place.position.segment for field in traced for place in (*field.places, *field.beside)}
    found = []
    for number, elements in enumerate(message.segments, 1):
        if number in read or elements[0] in ("UNH", "UNT", "ST", "SE", "UNS", "LS", "LE"):
            continue
        sign = message.delimiters.component
        first = elements[1].split(sign)[0] if len(elements) > 1 and sign else (elements[1] if len(elements) > 1 else "")
        text = unmask(message.delimiters.element.join(elements), message.delimiters)
        found.append((f"{elements[0]}+{first}" if message.standard == "edifact" else f"{elements[0]}*{first}", text[:60]))
    return found
