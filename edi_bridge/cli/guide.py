"""`edi-bridge guide`: the guides that are known, what is in them, how they differ, and new ones from published dictionaries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.guide.guide import Guide
    from edi_bridge.guide.importer.files import Imported

HOME_HELP = "A home with own guides and partners (default: EDI_BRIDGE_HOME; else only the shipped ones)."
REMARKS = 20  # of one import that are shown unless --all
home_option = click.option("--home", metavar="DIR", help=HOME_HELP)


@click.group()
def guide() -> None:
    """The guides of messages: list and read them, compare releases, import new ones.

    \b
    Examples:
      edi-bridge guide show edifact/D96A/ORDERS
      edi-bridge guide diff edifact/D96A/ORDERS edifact/D01B/ORDERS
    """


@guide.command("list")
@home_option
@click.argument("words", nargs=-1)
@options.json_option
def guide_list(words: tuple[str, ...], home: str | None, as_json: bool) -> None:
    """List the guides, those of the home first; WORDS narrow by key or name.

    \b
    Examples:
      edi-bridge guide list
      edi-bridge guide list D96A
      edi-bridge guide list "despatch"
    """
    place = options.optional_home(home)
    rows = [row for row in _rows(options.catalog_of(place), place)
            if all(word.lower() in f"{row['guide']} {row['name']}".lower() for word in words)]
    if as_json:
        options.print_json(rows)
        return
    if not rows:
        show.note("no guide fits" if words else "no guides")
        return
    show.table(("guide", "~name", ">groups", ">segments", "from"),
               [(row["guide"], row["name"], row["groups"], row["segments"], row["from"]) for row in rows])


@guide.command("show")
@click.argument("message")
@home_option
@click.option("--depth", type=click.IntRange(1), metavar="N", help="Groups further in than N levels are folded into a line.")
@click.option("--segment", "tag", metavar="TAG", help="The elements of a segment: status, repeats, type, codes, conditions.")
@click.option("--codes", "element", metavar="NUMBER", help="The code values of an element.")
@click.option("--partner", "name", metavar="NAME", help="With what the agreement with this partner restricts.")
@options.json_option
def guide_show(message: str, home: str | None, depth: int | None, tag: str | None, element: str | None, name: str | None,
               as_json: bool) -> None:
    """Show the tree of a message with statuses and repeats, or a segment, or a code list.

    \b
    Examples:
      edi-bridge guide show edifact/D96A/ORDERS --depth 2
      edi-bridge guide show edifact/D96A/ORDERS --segment NAD
      edi-bridge guide show edifact/D96A/ORDERS --codes 1225
      edi-bridge guide show x12/004010/850
    """
    from edi_bridge.guide import show as text

    catalog = options.catalog_of(options.optional_home(home))
    if message.startswith("xml/"):
        lines = _xml_lines(catalog.structure(message), depth or 3)
        options.print_json({"guide": message, "tree": lines}) if as_json else print("\n".join(lines))
        return
    made = _guide(catalog, message, name)
    if tag or element:
        _show_part(made, (tag or "").upper(), element or "", as_json)
        return
    if as_json:
        options.print_json({"guide": made.key, "tree": text.as_tree(made), "rules": list(made.structure.rules)})
        return
    print(f"{made.key}  {_title(catalog, made.key)}".rstrip() + "\n")
    print("\n".join(text.tree_lines(made, depth)))
    print("".join(f"\n{line}" for line in text.rule_lines(made)), end="\n" if made.structure.rules else "")
    hierarchy = made.structure.hierarchy
    if hierarchy:
        print(f"\nThe {hierarchy.node.name} form a tree by their own numbers.")


@guide.command("diff")
@click.argument("first")
@click.argument("second")
@home_option
@click.option("--codes", "element", metavar="NUMBER", help="All code values of this element that differ, with their names.")
@options.json_option
def guide_diff(first: str, second: str, home: str | None, element: str | None, as_json: bool) -> None:
    """Show what the guide SECOND says differently from FIRST.

    \b
    Examples:
      edi-bridge guide diff edifact/D96A/ORDERS edifact/D01B/ORDERS
      edi-bridge guide diff edifact/D96A/ORDERS edifact/D01B/ORDERS --codes 1225
    """
    from edi_bridge.guide import compare

    catalog = options.catalog_of(options.optional_home(home))
    one, other = _guide(catalog, first), _guide(catalog, second)
    if one.standard != other.standard:
        raise ConfigFault.at("", 0, 0, f"{first} and {second} are of different standards; compare guides of one standard")
    found = compare.compare(one, other)
    if as_json:
        options.print_json(compare.as_dict(found))
    else:
        print("\n".join(compare.code_lines(found, element) if element else compare.as_lines(found)))


@guide.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--into", metavar="DIR", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Where guides stand: HOME/guides, so that the home knows them.")
@click.option("--message", "messages", multiple=True, metavar="NAME", help="Only this message; may be given again (default: all).")
@click.option("--all", "everything", is_flag=True, help=f"All remarks, not only the first {REMARKS}.")
@options.json_option
def guide_import(path: Path, into: Path, messages: tuple[str, ...], everything: bool, as_json: bool) -> int:
    """Import guides from PATH: a UN/EDIFACT directory as UNECE publishes it (zip file or folder), or SEF files.

    Everything that was not understood is said with its file and line; exit 1 when there was something.

    \b
    Examples:
      edi-bridge guide import d01b.zip --into my-home/guides
      edi-bridge guide import d16a/ --into my-home/guides --message INVOIC --message ORDERS
      edi-bridge guide import partner-850.sef --into my-home/guides
    """
    from edi_bridge.guide.importer.files import import_guides

    done = import_guides(path, into, [name.upper() for name in messages] or None, _known_names)
    remarks = [remark for one in done for remark in one.directory.remarks]
    if as_json:
        options.print_json([_report(one) for one in done])
        return 1 if remarks else 0
    for one in done:
        _tell(one)
    for remark in remarks if everything else remarks[:REMARKS]:
        show.note(show.clean(str(remark)))
    if len(remarks) > REMARKS and not everything:
        show.note(f"… and {show.number(len(remarks) - REMARKS, 'remark')} more: --all shows them")
    return 1 if remarks else 0


@guide.command("schema")
@click.argument("kind", required=False, default="")
def guide_schema(kind: str) -> None:
    """Print the JSON Schema of guide files for an editor; KIND: message, segments, composites, elements, codes or restrict.

    \b
    Example:
      edi-bridge guide schema restrict
    """
    from edi_bridge.guide import schema

    if kind and kind not in schema.KINDS:
        raise ConfigFault.at("", 0, 0, f"there is no kind {kind} of guide files; known are {', '.join(schema.KINDS)}")
    options.print_json(schema.schema(kind))


def _guide(catalog: Catalog, message: str, partner: str | None = None) -> Guide:
    """A guide by its key; ConfigFault in the reader's words."""
    standard = message.partition("/")[0]
    if standard not in ("edifact", "x12"):
        raise ConfigFault.at("", 0, 0, f"{message} is no guide of segments: name one like edifact/D96A/ORDERS (`edi-bridge guide list`)")
    restrict = None
    if partner:
        agreed = [one for one in catalog.partner_named(partner).agreements if str(one.message) == message]
        if not agreed:
            raise ConfigFault.at("", 0, 0, f"nothing is agreed with {partner} for {message}")
        restrict = next((one.restrict for one in agreed if one.restrict), None)
    made: Guide = catalog.guide(message, restrict)
    return made


def _show_part(made: Guide, tag: str, element: str, as_json: bool) -> None:
    """A segment or an element's codes."""
    from edi_bridge.guide import show as text

    try:
        lines = text.segment_lines(made, tag) if tag else text.code_lines(made, element)
    except KeyError:
        what = f"segment {tag}" if tag else f"element {element}"
        raise ConfigFault.at("", 0, 0, f"{made.key} has no {what}") from None
    if not as_json:
        print("\n".join(lines))
    elif tag:
        segment = next(place.segment for place in made.places.values() if place.segment and place.segment.tag == tag)
        options.print_json({"guide": made.key, "segment": tag, "name": segment.name, "rules": [str(rule) for rule in segment.rules],
                            "elements": [text.as_element(one) for one in segment.elements]})
    else:
        known = made.elements[element]
        options.print_json({"guide": made.key, "element": element, "name": known.name,
                            "complete": known.codes.complete if known.codes else None,
                            "codes": dict(known.codes.codes) if known.codes else {}})


def _xml_lines(structure: Any, depth: int) -> list[str]:
    """The elements of an XML document type with how often they may stand, down to `depth`."""
    def lines(element: Any, level: int) -> list[str]:
        least, most = element.least, element.most
        times = f"{least}" if least == most else f"{least}..{'n' if most is None else most}"
        row = f"{'  ' * level}{element.name}"
        below = structure.children(element)
        folded = level + 1 >= depth and below
        if folded:
            return [f"{row:<70} {times}  … {show.number(len(below), 'element')} inside"]
        return [f"{row:<70} {times}", *(line for child in below for line in lines(child, level + 1))]

    return [structure.key, "", *lines(structure.root, 0)]


def _rows(catalog: Catalog, home: Path | None) -> list[dict[str, Any]]:
    """Every guide that is known, from its file's text alone: a file with mistakes is listed too."""
    rows: dict[str, dict[str, Any]] = {}
    for root in catalog.guide_roots:
        for path in sorted(root.glob("*/*/*.yaml")):
            text = path.read_text("utf-8", "replace")
            key = re.search(r"^structure:\s*[\"']?([^\s\"'#]+)", text, re.MULTILINE)
            if not key or key[1] in rows:
                continue
            rows[key[1]] = {
                "guide": key[1],
                "name": _name(text),
                "groups": len(re.findall(r"^ +- \"?[^\s:]+ [MCOX] \S+:\s*$", text, re.MULTILINE)) or None,
                "segments": len(re.findall(r"^ +- \"?[A-Z][A-Z0-9]{1,2} [MCOX] (?:\d+|>1)\"?\s*$", text, re.MULTILINE)) or None,
                "from": "home" if home and path.is_relative_to(home) else "shipped",
                "file": str(path),
            }
    return list(rows.values())


def _known_names(standard: str, release: str) -> tuple[dict[str, str], dict[str, str]]:
    """Our own names of elements, segments and composites, of this release or of those we ship: SEF files have none."""
    from edi_bridge.catalog import GUIDES
    from edi_bridge.guide.guide import read_type
    from edi_bridge.yamltext import parse

    elements: dict[str, str] = {}
    parts: dict[str, str] = {}
    shipped = sorted((path.name for path in (GUIDES / standard).iterdir()), key=lambda name: name == release)  # its own counts last
    for folder in (GUIDES / standard / name for name in shipped):
        for name in ("elements", "segments", "composites"):
            path = folder / f"{name}.yaml"
            for key, entry in (parse(path.read_bytes(), path.name) if path.is_file() else {}).items():
                if name == "elements":
                    elements[key] = read_type(str(entry))[1]
                elif entry.get("name"):
                    parts[key] = str(entry["name"])
    return elements, parts


def _title(catalog: Catalog, key: str) -> str:
    paths = (root / f"{key}.yaml" for root in catalog.guide_roots)
    return next((_name(path.read_text("utf-8", "replace")) for path in paths if path.is_file()), "")


def _name(text: str) -> str:
    """The `name:` of a guide's file."""
    found = re.search(r"^name:\s*(.+?)\s*$", text, re.MULTILINE)
    return found[1].strip("\"'") if found else ""


def _tell(one: Imported) -> None:
    made = one.directory
    codes = sum(map(len, made.codes.values()))
    print(f"{made.standard}/{made.release}: {show.number(len(one.messages), 'message')}, {show.number(len(made.segments), 'segment')}, "
          f"{show.number(len(made.composites), 'composite')}, {show.number(len(made.elements), 'element')}, "
          f"{show.number(codes, 'code')} read; written to {one.folder}")
    narrowed = [tree.name for tree in made.messages.values() if tree.restrict and tree.name in one.messages]
    if narrowed:
        print(f"what the guide uses of it: {', '.join(f'{name}.restrict.yaml' for name in narrowed)}, for the partner's agreement")
    if made.skipped:
        named = ", ".join(name.rpartition("/")[2] for name in made.skipped[:5]) + (" …" if len(made.skipped) > 5 else "")
        show.note(show.clean(f"no part of a dictionary, left aside: {named} ({len(made.skipped)})"))
    if not one.messages:
        show.note(f"{made.standard}/{made.release} has no message that could be read: a guide needs one")


def _report(one: Imported) -> dict[str, Any]:
    made = one.directory
    return {"standard": made.standard, "release": made.release, "folder": str(one.folder), "messages": list(one.messages),
            "segments": len(made.segments), "composites": len(made.composites), "elements": len(made.elements),
            "codes": sum(map(len, made.codes.values())), "skipped": list(made.skipped),
            "remarks": [{"file": remark.file, "line": remark.line, "sentence": remark.sentence} for remark in made.remarks]}
