"""`edi-bridge partner new`: a first file for a partner, from an interchange of theirs or by questions."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.inputs import expand
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.interchange import Address, Interchange
    from edi_bridge.partner.proposal import Proposal, Seen

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
STANDARDS = ("edifact", "x12", "xml", "csv")


@click.command("new", short_help="A first file for a partner, from an interchange of theirs or by questions.")
@click.argument("name", metavar="PARTNER")
@click.option("--from-interchange", "files", multiple=True, metavar="FILE", help="A real file of the partner, or one that went to them; several times.")
@click.option("--sender", metavar="ID", default="", help="Whose interchanges of the file are meant, where it holds those of several.")
@click.option("--title", metavar="TEXT", default="", help="The company's name.")
@click.option("--profile", metavar="NAME", default="", help="The profile to extend; without it the nearest one is proposed.")
@click.option("--out", metavar="FILE", help="Write here instead of partners/PARTNER.yaml of the home; - is stdout.")
@click.option("--home", metavar="DIR", help="The home (default: EDI_BRIDGE_HOME).")
def partner_new(name: str, files: tuple[str, ...], sender: str, title: str, profile: str, out: str | None, home: str | None) -> int:
    """Propose the file of a partner. From real files it reads ids, messages, versions, delimiters, character set, line breaks and who
    acknowledges, and chooses the nearest profile and the maps; without files it asks. What it guessed, and why, stands as comments in the
    file. The result passes `partner lint`; its stage is draft. An existing file is never overwritten.

    \b
    Examples:
      edi-bridge partner new acme --from-interchange orders.edi --title "Acme Retail"
      edi-bridge partner new acme
    """
    from edi_bridge.partner.proposal import profiles_of, propose

    place = options.optional_home(home)
    if not NAME.fullmatch(name):
        raise ConfigFault.at("", 0, 0, f"{name}: the name of a partner is of small letters, digits, - and _; it is the name of its file")
    if place is None and out is None:
        raise ConfigFault.at("", 0, 0, "say where: --home DIR (or EDI_BRIDGE_HOME), or --out FILE")
    target = None if out == "-" else Path(out) if out else (place or Path()) / "partners" / f"{name}.yaml"
    catalog = options.catalog_of(place)
    if (target is not None and target.exists()) or name in catalog.partner_files:
        raise ConfigFault.at(str(target or catalog.partner_files[name]), 0, 0, f"there is a partner {name} already; nothing was changed")
    if profile and profile.removeprefix("profiles/") not in catalog.profiles:
        raise ConfigFault.at("", 0, 0, f"there is no profile {profile}; known are {', '.join(catalog.profiles)}")
    known = profiles_of(list(catalog.profiles), catalog.profile)
    seen = _seen(files, sender, catalog) if files else _asked(name, profile, known)
    if not files and not title:
        title = _ask("the company's name", name)
    made = propose(name, title, seen, known, catalog.plain_map, profile.removeprefix("profiles/"))
    if not files:
        _people(made)
    elif seen.we.id and not _is_own(seen.we, seen.standard, catalog):
        made.notes.append(f"{seen.we}, the other side of the envelope, is none of our addresses (partners/_own.yaml)")
    _write(made, name, target, catalog)
    return 0


def _write(made: Proposal, name: str, target: Path | None, catalog: Catalog) -> None:
    """The file, when lint has no error in it."""
    from edi_bridge.cli.partner_lint import tell
    from edi_bridge.linting import linted_partner_text

    text = made.yaml()
    rows = linted_partner_text(text, name, catalog)
    errors = [(row["file"], row["line"], row["column"], row["sentence"]) for row in rows if row["level"] == "error"]
    if errors:
        raise ConfigFault(errors)
    if target is None:
        sys.stdout.write(text)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(target, "x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except FileExistsError:
            raise ConfigFault.at(str(target), 0, 0, "is there already; nothing was changed") from None
        for one in made.lines:
            if one.why:
                show.note(f"  {show.clean(one.text.strip())}: {show.clean(one.why)}")
    for sentence in made.notes:
        show.note(f"  {show.clean(sentence)}")
    tell([row for row in rows if row["level"] == "warning"])
    if target is not None:
        show.note(f"wrote {target}; read it, then `edi-bridge partner show {name}`")


# --- from files ------------------------------------------------------------------------------------------------------

def _seen(files: tuple[str, ...], sender: str, catalog: Catalog) -> Seen:
    """What all interchanges of one partner show. ConfigFault when the files hold those of several, of none, or of one that is known."""
    from edi_bridge import pipeline

    found: dict[tuple[str, str, str], Seen] = {}
    for one in expand(files):
        with one.open() as source:
            content = source.read()
        for interchange, _, _ in pipeline.interchanges(content, catalog):
            if interchange.standard == "unknown":
                raise ConfigFault.at(one.name, 0, 0, "nothing in it can be read as a message")
            ours = _is_own(interchange.sender, interchange.standard, catalog) and not _is_own(interchange.receiver, interchange.standard, catalog)
            theirs = interchange.receiver if ours else interchange.sender
            if sender and theirs.id.rstrip() != sender:
                interchange.drain()
                continue
            _not_known(theirs, interchange.standard, one.name, catalog)
            key = (interchange.standard, theirs.qualifier.strip(), theirs.id.rstrip())
            entry = found.setdefault(key, _new(interchange, ours))
            _count(entry, interchange, content)
    if len(found) != 1:
        listed = ", ".join(f"{qualifier}:{id}" if qualifier else id or standard for standard, qualifier, id in found)
        raise ConfigFault.at(files[0], 0, 0, f"holds interchanges of several partners: {listed}; say --sender ID" if found
                             else f"holds no interchange of {sender}" if sender else "holds no interchange")
    return next(iter(found.values()))


def _is_own(address: Address, standard: str, catalog: Catalog) -> bool:
    return any(one.fits(address, standard) for one in catalog.own.identities)


def _not_known(address: Address, standard: str, file: str, catalog: Catalog) -> None:
    from edi_bridge.partner import find

    known = find(catalog.partners, address, standard) if address.id else None
    if known is not None:
        raise ConfigFault.at(file, 0, 0, f"{address} is {known.name} already ({known.file})")


def _new(interchange: Interchange, ours: bool) -> Seen:
    from edi_bridge.partner.proposal import Seen

    theirs, we = (interchange.receiver, interchange.sender) if ours else (interchange.sender, interchange.receiver)
    return Seen(interchange.standard, theirs, we, ours)


def _count(entry: Seen, interchange: Interchange, content: bytes) -> None:
    """Add what an interchange shows. The last one's envelope counts, as the newest."""
    for message in interchange.messages:
        entry.messages[message.type] += 1
    entry.syntax, entry.delimiters = interchange.syntax, interchange.delimiters
    entry.una |= bool(interchange.layout.una)
    entry.line_breaks |= bool(interchange.layout.line_break)
    entry.test |= bool(interchange.test)
    entry.asks |= interchange.acknowledge
    for group in interchange.groups:
        entry.group = (group.receiver if entry.ours else group.sender).rstrip()
    entry.charset = entry.charset or _charset(interchange, content)


def _charset(interchange: Interchange, content: bytes) -> str:
    """The character set of the bytes where the envelope's would misread them: UTF-8 shows itself, as no other text is valid UTF-8 by
    chance; X12 and UNOA and UNOB with other high bytes are most likely Latin-1."""
    if interchange.standard not in ("edifact", "x12") or content.isascii() or interchange.encoding.replace("-", "").lower() == "utf8":
        return ""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        low = interchange.standard == "x12" or interchange.syntax.startswith(("UNOA", "UNOB"))
        return "iso-8859-1" if low else ""
    return "utf-8"


# --- by questions ------------------------------------------------------------------------------------------------------

def _ask(text: str, default: str = "", among: tuple[str, ...] = (), needed: bool = False) -> str:
    """A question on stderr, asked again until it is answered; Ctrl-C or the end of the input stops the command."""
    while True:
        answer = str(click.prompt(text + (f" ({', '.join(among)})" if among else ""), default=default, err=True, show_default=bool(default))).strip()
        if (not among or answer in among) and (answer or not needed):
            return answer
        show.note(f"{show.clean(answer)} is none of these" if among else "an answer is needed")


def _asked(name: str, profile: str, known: list[Any]) -> Seen:
    from edi_bridge.interchange import Address, MessageType
    from edi_bridge.partner.proposal import Seen, X12

    standard = _ask("the standard they write", "edifact", STANDARDS)
    address = Address()
    if standard in ("edifact", "x12", "xml"):
        id = _ask("their id in the envelope (UNB or ISA), as it stands there", needed=True)
        qualifier = _ask("its qualifier", "14" if standard == "edifact" else "ZZ" if standard == "x12" else "0088")
        address = Address(id, qualifier)
    seen = Seen(standard, address, Address(), syntax="UNOC:3" if standard == "edifact" else "")
    if standard == "x12":
        seen.delimiters = X12
    example = {"edifact": "edifact/D96A/ORDERS", "x12": "x12/004010/850", "xml": "xml/ubl-2.1/Order", "csv": f"csv/{name}/order"}[standard]
    for message in _messages(_ask("what comes from them, separated by blanks", example)):
        seen.messages[MessageType(*message)] = 1
    return seen


def _messages(text: str) -> Iterator[tuple[str, str, str]]:
    for one in text.replace(",", " ").split():
        standard, _, rest = one.partition("/")
        version, _, kind = rest.partition("/")
        if not (standard in STANDARDS and version and kind):
            raise ConfigFault.at("", 0, 0, f"{one}: a message is named STANDARD/VERSION/NAME, such as edifact/D96A/ORDERS")
        yield standard, version, kind


def _people(made: Proposal) -> None:
    from edi_bridge.partner.effective import flow

    contact = _ask("whom to talk to about EDI (empty: nobody yet)")
    if contact:
        email = _ask("their e-mail address (empty: none)")
        made.add(f"contacts: [{{name: {flow(contact)}, role: edi" + (f", email: {flow(email)}" if email else "") + "}]")
