"""`edi-bridge trace`: where each field of a record comes from."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import map_sources, options, show
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.interchange import Interchange, Position
    from edi_bridge.mapping.compile import CompiledMap
    from edi_bridge.mapping.field_trace import Traced
    from edi_bridge.partner import Partner
    from edi_bridge.replaying import Original

DONE, NOTHING, WRONG = 0, 1, 2
LONG = 60  # characters of a value that a table shows


@click.command(short_help="Where each field of a record comes from: rule, place, raw text.")
@click.argument("files", nargs=-1, metavar="[FILE…]")
@click.option("--exchange", metavar="ID", type=click.IntRange(1), help="An exchange of the home's ledger, read again from the archive.")
@click.option("--field", "field_", metavar="PATH", help="Only this field, or all below it: lines[2].quantity, buyer.")
@click.option("--message", "only", metavar="N", type=click.IntRange(1), help="Only the message of this number.")
@click.option("--partner", metavar="NAME", help="Who sent it, where the envelope does not say so.")
@click.option("--map", "map_", metavar="MAP", help="The map to use: its name, or a YAML file.")
@map_sources.home_option
@options.json_option
def trace(
    files: tuple[str, ...],
    exchange: int | None,
    field_: str | None,
    only: int | None,
    partner: str | None,
    map_: str | None,
    home: str | None,
    as_json: bool,
) -> int:
    """Show for each field of each record which rule of the map made it, from which place and raw text, by which
    conversions.

    Items of a list are counted from 0, as in the records. A default or constant of the map says so. With --json one
    line is printed for each field. A message that we wrote is read by the map that wrote it.

    \b
    Examples:
      edi-bridge trace orders.edi
      edi-bridge trace orders.edi --message 2 --field lines[0]
      edi-bridge trace prices.csv --map order.csv --json
      edi-bridge trace --exchange 12 --home /srv/edi

    Exit codes: 0 done, 1 nothing to trace there, 2 wrong use or configuration.
    """
    if bool(files) == (exchange is not None):
        raise click.UsageError("name files, or an exchange of the ledger with --exchange")
    catalog = map_sources.catalog_for(home, exchange is not None)
    if exchange is not None:
        catalog.stored = map_sources.lookups_at(home, exchange)
    originals = map_sources.of_archive(home, None, None, exchange) if exchange is not None else map_sources.of_files(files)
    code = DONE
    for original in originals:
        try:
            code = max(code, _file(original, catalog, partner or "", map_ or "", only, field_ or "", as_json))
        except ConfigFault as fault:
            show.problems(fault)
            code = WRONG
    return code


def _file(original: Original, catalog: Catalog, partner: str, map_: str, only: int | None, field_: str, as_json: bool) -> int:
    """One file; 1 when it has no such message or field, or no map."""
    from edi_bridge import replaying

    shown, near = 0, set[str]()
    for interchange, who, forced in replaying.interchanges(original, catalog, partner, map_):
        source = original.source(interchange.ordinal)
        for message in interchange.messages:
            if only is not None and message.ordinal != only:
                continue
            agreed, whose = _map_for(message, interchange, who, catalog)
            chosen = forced if forced is not None else agreed
            if chosen is None:
                show.note(f"{show.clean(source)}: message {message.ordinal}: there is no map for {show.clean(str(message.type))}")
                continue
            fields = chosen.trace(message, catalog.lookups_of(whose), interchange.prepared)
            listed = [field for field in fields if _wanted(field.path, field_)]
            near |= {field.path for field in fields}
            shown += len(listed)
            if as_json:
                _lines(source, message, chosen.name, listed)
            elif listed:
                what = f"message {message.ordinal}  {message.type}  {message.reference}"
                show.heading(show.clean(f"{source}  interchange {interchange.ordinal}  {what}  map {chosen.name}"))
                show.table(TITLES, (_row(field) for field in listed), indent=2)
    sys.stdout.flush()
    if not shown:
        _nothing(original.name, field_, near)
    return DONE if shown else NOTHING


def _map_for(message: Any, interchange: Interchange, who: Partner | None, catalog: Catalog) -> tuple[CompiledMap | None, Partner | None]:
    """The map that reads the message, and the partner with whom it is agreed; of what we sent, the map that wrote it and the
    partner who gets it."""
    from edi_bridge.partner import find

    ours = who is None and any(one.fits(interchange.sender, interchange.standard) for one in catalog.own.identities)
    receiver = find(catalog.partners, interchange.receiver, interchange.standard) if ours else None
    if receiver is not None:
        return catalog.map_for(message.type, receiver, "out"), receiver
    return catalog.map_for(message.type, who), who


def _wanted(path: str, field_: str) -> bool:
    return not field_ or path == field_ or path.startswith((f"{field_}.", f"{field_}["))


def _nothing(name: str, field_: str, known: set[str]) -> None:
    import difflib

    near = difflib.get_close_matches(field_, known, 3) if field_ else []
    hint = f"; did you mean {' or '.join(near)}?" if near else ""
    show.note(
        f"{show.clean(name)}: "
        + (f"no record has a field {field_}{hint}" if field_ and known else "there is no message to trace")
    )


TITLES = ("field", "value", "place", "raw text", "conversion", "rule", "layer")


def _row(field: Traced) -> tuple[str, ...]:
    head = f"[{field.record}] " if field.record else ""
    raw = " | ".join(place.raw for place in field.places)
    beside = ", ".join(place.raw for place in field.beside)
    conversions = field.conversions() + (f" with {beside}" if beside else "")
    where = place_words(field.places[0].position) if field.places else field.how
    more = f" and {len(field.places) - 1} more" if len(field.places) > 1 else ""
    origin = f"{field.origin.file}:{field.origin.line}"
    value = show.cut("" if field.value is None else str(field.value), LONG)
    return head + field.path, value, where + more, show.cut(raw, LONG), conversions, origin, field.layer


def place_words(position: Position) -> str:
    """`segment 9 SG25/QTY/C186.6060, byte 473`; `line 12 /Order/cbc:ID`; `line 3 quantity, byte 80`."""
    parts = []
    if position.segment is not None:
        element = "" if position.path or position.element is None else f"/{position.element:02}"
        parts.append(f"segment {position.segment} {position.path or position.tag or ''}{element}")
    if position.repetition:
        parts.append(f"repetition {position.repetition}")
    if position.line is not None:
        parts.append(f"line {position.line} {position.path or ''}")
    if position.offset is not None:
        parts.append(f"byte {position.offset}")
    return ", ".join(parts)


def _lines(name: str, message: Any, map_: str, fields: list[Traced]) -> None:
    from edi_bridge.record import to_json

    for made in _objects(name, message, map_, fields):
        print(to_json(made).decode())


def _objects(name: str, message: Any, map_: str, fields: list[Traced]) -> Iterator[dict[str, Any]]:
    for field in fields:
        origin = field.origin
        yield {
            "file": name,
            "interchange": message.interchange,
            "message": message.ordinal,
            "record": field.record,
            "field": field.path,
            "value": field.value,
            "how": field.how,
            "map": map_,
            "rule": {"file": origin.file, "line": origin.line, "column": origin.column, "layer": field.layer},
            "places": [{**_position(place.position), "raw": place.raw} for place in field.places],
            "beside": [{**_position(place.position), "raw": place.raw} for place in field.beside],
            "codec": field.codec,
            "codes": field.codes,
        }


def _position(position: Position) -> dict[str, Any]:
    """What is known of it; interchange and message stand beside it."""
    names = ("segment", "tag", "element", "component", "repetition", "offset", "length", "line", "path", "id")
    return {name: value for name in names if (value := getattr(position, name)) is not None}
