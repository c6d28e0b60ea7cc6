"""A first CSV map from a file of the partner: delimiter, decimal mark, dates and columns are told from its cells.

What a column holds is told by its title: the columns and titles of the CSV maps that are known (`Bestellnr.`, `order_number`) and the
names of the record's own fields. A column that nothing says anything about stands in the map as a comment, with what its cells look like.
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from edi_bridge.layout import NAME, delimiter_of
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.effective import rows
from edi_bridge.mapping.mapfile import Origin, Rule, Source
from edi_bridge.mapping.path import parse
from edi_bridge.proposing.draft import Draft, Line, entry, quoted, times
from edi_bridge.record import PARTS, SCALARS, Field, fields_of

DELIMITERS = ",;\t|"
LINES = ("lines", "items")  # the list whose items a row is, where the record has one
LOOKED_AT = 1000  # rows
GLN = 13  # digits
LIKE = 0.86  # how alike two titles must be to be taken for the same (difflib's ratio)
SAME = {  # words of titles → ours; what partners call things, in several languages, beside the titles of the known maps
    "po": "number", "ponumber": "number", "orderno": "number", "ordernumber": "number", "order": "number", "auftragsnummer": "number",
    "bestellung": "number", "commande": "number", "orderdate": "issued_on", "date": "issued_on", "bestelldatum": "issued_on", "datum": "issued_on",
    "invoiceno": "number", "invoicenumber": "number", "invoicedate": "issued_on", "rechnungsnummer": "number",
    "qty": "lines.quantity", "quantity": "lines.quantity", "menge": "lines.quantity", "anzahl": "lines.quantity", "quantite": "lines.quantity",
    "pieces": "lines.quantity", "pcs": "lines.quantity", "stueck": "lines.quantity", "text": "lines.description",
    "ean": "lines.gtin", "gtin": "lines.gtin", "upc": "lines.gtin", "barcode": "lines.gtin", "sku": "lines.seller_item",
    "article": "lines.buyer_item", "artikel": "lines.buyer_item", "artikelnummer": "lines.buyer_item", "item": "lines.buyer_item",
    "description": "lines.description", "bezeichnung": "lines.description", "libelle": "lines.description",
    "price": "lines.net_price", "unitprice": "lines.net_price", "preis": "lines.net_price", "einzelpreis": "lines.net_price", "prix": "lines.net_price",
    "unit": "lines.unit", "uom": "lines.unit", "einheit": "lines.unit", "line": "lines.number", "pos": "lines.number", "position": "lines.number",
    "lineno": "lines.number", "currency": "currency", "wahrung": "currency", "waehrung": "currency", "devise": "currency",
    "deliverydate": "requested_delivery", "lieferdatum": "requested_delivery", "deliverto": "deliver_to.gln", "buyer": "buyer.gln",
    "customer": "buyer.receiver_number", "kunde": "buyer.receiver_number", "kundennummer": "buyer.receiver_number",
}
DATES = (("CCYY-MM-DD", r"\d{4}-\d\d-\d\d"), ("DD.MM.CCYY", r"\d\d\.\d\d\.\d{4}"), ("MM/DD/CCYY", r"(?:0\d|1[0-2])/\d\d/\d{4}"),
         ("DD/MM/CCYY", r"\d\d/\d\d/\d{4}"), ("CCYYMMDD", r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])"))
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its title, our name for it, the cells that are not empty, and what they look like."""

    title: str
    name: str
    cells: tuple[str, ...]
    looks: str  # text, decimal, integer, gtin, or a date's picture
    field: str = ""
    why: str = ""


def from_header(name: str, message: str, record: str, content: bytes, neighbours: Sequence[CompiledMap]) -> Draft:
    """The draft for one file with a header line."""
    encoding = _encoding(content)
    text = content.decode(encoding).removeprefix("\ufeff")
    delimiter = delimiter_of(text, DELIMITERS)
    table = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if any(cell.strip() for cell in row)][:LOOKED_AT + 1]
    titles, body = (table[0], table[1:]) if table else ([], [])
    columns = _columns(titles, body)
    mark = _mark(column for column in columns)
    known = _known(neighbours)
    columns = _needed(_guessed(columns, record, known), record, len(body))
    key = next((column for column in columns if column.field == "number"), None)
    many = key is not None and _together(titles.index(key.title), body)
    draft = Draft([Line(0, "map", quoted(name)), Line(0, "about", quoted("A first draft from the header line and the cells of a file: every line says why. "
                                                                         "Read it, correct it, then prove it with `edi-bridge map test`.")),
                   Line(0, "message", quoted(message)), Line(0, "record", record)])
    _layout(draft, columns, delimiter, mark, encoding, key.name if key and many else "", len(body))
    _fields(draft, columns, record, len(body))
    return draft


def _encoding(content: bytes) -> str:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


# --- what the cells look like --------------------------------------------------------------------------------------------

def _columns(titles: Sequence[str], body: Sequence[Sequence[str]]) -> list[Column]:
    names: Counter[str] = Counter()
    made = []
    for number, title in enumerate(titles):
        cells = tuple(row[number].strip() for row in body if number < len(row) and row[number].strip())
        name = re.sub(r"[^a-z0-9]+", "_", _plain(title)).strip("_") or f"column_{number + 1}"
        name = name if NAME.fullmatch(name) else f"column_{number + 1}"
        names[name] += 1
        made.append(Column(title.strip(), name if names[name] == 1 else f"{name}_{names[name]}", cells, looks(cells)))
    return made


def _plain(title: str) -> str:
    """A title in small letters without accents: Währung → waehrung."""
    import unicodedata

    text = title.strip().lower()
    for umlaut, letters in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(umlaut, letters)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def looks(cells: Sequence[str]) -> str:
    """What all cells of a column could be: a date's picture, gtin, integer, decimal, or text."""
    if not cells:
        return "text"
    for picture, form in DATES:
        if all(re.fullmatch(form, cell) for cell in cells):
            return picture
    if all(cell.isdigit() and len(cell) in (8, 12, 13, 14) and _checked(cell) for cell in cells):
        return "gtin"
    if all(_NUMBER.fullmatch(cell) for cell in cells):
        return "integer" if all(cell.lstrip("-").isdigit() for cell in cells) else "decimal"
    return "text"


def _checked(digits: str) -> bool:
    """Whether the last digit is the GS1 check digit of the others (weights 3 and 1 from the right)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return total % 10 == 0


def _mark(columns: Iterable[Column]) -> str:
    """The decimal mark of the columns with decimals."""
    cells = [cell for column in columns if column.looks == "decimal" for cell in column.cells]
    return "," if sum("," in cell for cell in cells) > sum("." in cell for cell in cells) else "."


def _together(at: int, body: Sequence[Sequence[str]]) -> bool:
    """Whether rows that stand together have the same cell there."""
    cells = [row[at] for row in body if at < len(row)]
    return any(one == two for one, two in pairwise(cells))


# --- what they mean ------------------------------------------------------------------------------------------------------

def _known(neighbours: Sequence[CompiledMap]) -> dict[str, tuple[str, str]]:
    """title or column of a known map → (field, the map)."""
    found: dict[str, tuple[str, str]] = {}
    for one in neighbours:
        titles = {column.name: (column.name, *column.titles) for column in one.layout().columns}
        for row in rows(one.plan, None):
            for path in row.paths if row.kind == "value" else ():
                for title in titles.get(path.rpartition("/")[2], ()):
                    found.setdefault(_squeezed(title), (row.field, one.name))
    return found


def _squeezed(title: str) -> str:
    return re.sub(r"[^a-z0-9]", "", _plain(title))


def _guessed(columns: Sequence[Column], record: str, known: dict[str, tuple[str, str]]) -> list[Column]:
    """The columns with the field that each is taken for; no field twice, exact titles before similar ones."""
    made = list(columns)
    taken: set[str] = set()
    for exact in (True, False):
        for number, column in enumerate(made):
            if column.field:
                continue
            field, why = next(((field, why) for meant, title in _meanings(column, record, known, exact)
                               for field, why in _by_cells(column, meant, title) if field not in taken and _suits(column, _field(field, record))), ("", ""))
            if field:
                taken.add(field)
                made[number] = replace(column, field=field, why=why)
    return made


def _by_cells(column: Column, field: str, why: str) -> Iterator[tuple[str, str]]:
    """What the title means, and before it what the cells are: a customer's or an article's number may be a GLN or a GTIN."""
    head, _, last = field.rpartition(".")
    if column.looks == "gtin" and last in ("receiver_number", "sender_number") and all(len(cell) == GLN for cell in column.cells):
        yield f"{head}.gln", f"{why}; its cells are GLNs"
    elif column.looks == "gtin" and last in ("buyer_item", "seller_item"):
        yield f"{head}.gtin", f"{why}; its cells are GTINs"
    yield field, why


def _needed(columns: Sequence[Column], record: str, count: int) -> list[Column]:
    """Where no title says which column is the number, or what stands in a line: the first columns that are free, as guesses."""
    made = list(columns)
    fields = fields_of(record)
    for path, wanted in (("number", "number" in fields), ("lines.description", "lines" in fields)):
        if not wanted or any(column.field.startswith(path.partition(".")[0]) for column in made):
            continue
        full = [at for at, column in enumerate(made) if not column.field and len(column.cells) == count]
        free = full or [at for at, column in enumerate(made) if not column.field]
        if free:
            made[free[0]] = replace(made[free[0]], field=path, why=f'only a guess: nothing says what "{made[free[0]].title}" is, and a record needs {path}')
    return made


def _meanings(column: Column, record: str, known: dict[str, tuple[str, str]], exact: bool) -> Iterator[tuple[str, str]]:
    title = _squeezed(column.title)
    if exact:
        if title in known:
            yield known[title][0], f'"{column.title}" as in {known[title][1]}'
        if title in SAME:
            yield _in_record(SAME[title], record), f'by its title "{column.title}"'
        for path in (column.name, *(f"{line}.{column.name}" for line in LINES)):
            yield path, "the name of our field"
        return
    near = difflib.get_close_matches(title, [*known, *SAME], 1, LIKE)
    if near:
        field = known[near[0]][0] if near[0] in known else _in_record(SAME[near[0]], record)
        yield field, f'a guess: "{column.title}" is like {near[0]}'


def _in_record(path: str, record: str) -> str:
    """The list of a record's lines has its own name in some."""
    head, _, rest = path.partition(".")
    if head == "lines" and "lines" not in fields_of(record):
        return f"items.{rest}"
    return path


def _field(path: str, record: str) -> Field | None:
    """A scalar field of the record; None where there is none."""
    fields = fields_of(record)
    field = None
    for name in path.split("."):
        field = fields.get(name)
        if field is None:
            return None
        fields = PARTS.get(field.type, {})
    return field if field is not None and field.type in SCALARS else None


def _suits(column: Column, field: Field | None) -> bool:
    """Whether the cells could be values of the field."""
    if field is None:
        return False
    if field.type in ("decimal", "integer"):
        return column.looks in ("decimal", "integer", "gtin") or not column.cells
    if field.type == "date":
        return column.looks in {picture for picture, _ in DATES} or not column.cells
    return not (field.name == "gtin" and column.looks != "gtin" and column.cells)


# --- the map -------------------------------------------------------------------------------------------------------------

def _layout(draft: Draft, columns: Sequence[Column], delimiter: str, mark: str, encoding: str, key: str, count: int) -> None:
    draft.lines.append(Line(0, "layout"))
    draft.lines.append(Line(1, "delimiter", quoted("tab" if delimiter == "\t" else delimiter), why="most frequent in the header line"))
    if encoding != "utf-8":
        draft.lines.append(Line(1, "encoding", encoding, why="the file is no UTF-8"))
    if mark != ".":
        draft.lines.append(Line(1, "decimal", quoted(mark), why="in the cells with decimals"))
    if key:
        draft.lines.append(Line(1, "key", f"[{key}]", why="rows that stand together have the same"))
    listed = [column.name + ("*" if len(column.cells) == count and column.field else "") +
              (f" = {column.title}" if column.title != column.name else "") for column in columns]
    draft.lines.append(Line(1, "columns", "[" + ", ".join(quoted(one) for one in listed) + "]", why="a star: never empty in the file"))


def _fields(draft: Draft, columns: Sequence[Column], record: str, count: int) -> None:
    """The rules as a tree: the head, objects in it, and the list of lines."""
    draft.lines.append(Line(0, "fields"))
    tree: dict[str, Any] = {}
    for column in columns:
        if column.field:
            here = tree
            *above, last = column.field.split(".")
            for name in above:
                here = here.setdefault(name, {})
            here[last] = column
    _tree(draft, tree, fields_of(record), 1, columns, count)
    unknown = [column for column in columns if not column.field]
    if unknown:
        draft.notes.append("Columns that no rule reads:")
        draft.notes += [f"  {column.name} (\"{column.title}\")  looks like {column.looks}" +
                        (f", such as {column.cells[0][:40]}" if column.cells else ", always empty") for column in unknown]


def _tree(draft: Draft, tree: dict[str, Any], fields: dict[str, Field], depth: int, columns: Sequence[Column], count: int) -> None:
    for name in sorted(tree, key=list(fields).index):
        one = tree[name]
        if isinstance(one, Column):
            draft.lines.append(_value(one, fields[name], depth, count))
            continue
        field = fields[name]
        draft.lines.append(Line(depth, name, rule=None))
        if field.many:
            number = one.get("number")
            each = f"rows({number.name})" if isinstance(number, Column) else "row"
            draft.lines.append(Line(depth + 1, "each", quoted(each), why="rows with the same line number are one line" if isinstance(number, Column) else "each row is one"))
        draft.lines.append(Line(depth + 1, "fields"))
        _tree(draft, one, PARTS[field.type], depth + 2, columns, count)


CODES = {"unit": "unit", "country": "country", "currency": "", "language": ""}


def _value(column: Column, field: Field, depth: int, count: int) -> Line:
    codec = ""
    if field.type in ("decimal", "integer"):
        codec = field.type if column.looks != "decimal" else "decimal"
    elif field.type == "date" and column.looks != "text":
        codec = f"date({column.looks})"
    elif field.name in ("gln", "gtin", "vat", "duns", "sscc", "iban") and (field.name != "gln" or column.looks == "gtin"):
        codec = field.name
    codes = CODES.get(field.name) or None
    origin = Origin("", 0, 0)
    required = column.field in ("number", "lines.quantity")
    rule = Rule("value", field.name, field, origin, (Source(parse(column.name), origin),), codec=codec, codes=codes, keep_unknown=codes is not None,
                required=required)
    seen = f"{times(len(column.cells))} in {count} rows" + (f", such as {column.cells[0][:30]}" if column.cells else "")
    return Line(depth, field.name, entry(rule, rule.sources), column.field, f"{column.why}; {seen}", rule=rule, sources=rule.sources, required=required)
