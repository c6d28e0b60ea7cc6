"""Partners cloned from one that runs: the same agreements, maps, policies and kinds of channel; addresses, people and hosts of their own."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from edi_bridge.fault import ConfigFault
from edi_bridge.layout import delimiter_of

OWN = ("partner", "about", "name", "identities", "parties", "contacts", "escalation", "stage", "as2", "van", "channels")  # never copied as they are
COLUMNS = ("partner", "name", "id", "qualifier", "standard", "internal", "gln", "vat", "duns", "priority", "mailbox", "contact", "email", "approver", "business")
PARTIES = ("gln", "vat", "duns")
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class New:
    """A partner to be: its file's name, title, address, parties (scheme → value), people, and options of channels (`sftp.host` → value)."""

    partner: str
    said: Mapping[str, str]
    options: Mapping[str, str]


def from_csv(text: str, file: str) -> list[New]:
    """Partners from a CSV with the columns of COLUMNS (`partner` and `id` must be there) and one `CHANNEL.OPTION` for each option that differs.
    ConfigFault with everything that is wrong."""
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter_of(text)))
    head = [cell.strip() for cell in rows[0]] if rows else []
    problems = [(file, 1, number + 1, f"there is no column {name}; there are {', '.join(COLUMNS)} and CHANNEL.OPTION")
                for number, name in enumerate(head) if name not in COLUMNS and "." not in name]
    problems += [(file, 1, 1, f"the column {name} is missing") for name in ("partner", "id") if name not in head]
    made: list[New] = []
    for line, row in enumerate(rows[1:], 2):
        said = {name: cell.strip() for name, cell in zip(head, row, strict=False) if cell.strip()}
        if not said:
            continue
        if not NAME.fullmatch(said.get("partner", "")) or not said.get("id"):
            problems.append((file, line, 1, "partner is a name of small letters, digits and _, and id its address in envelopes"))
            continue
        if said["partner"] in [one.partner for one in made]:
            problems.append((file, line, 1, f"{said['partner']} is there twice"))
        made.append(New(said["partner"], {name: value for name, value in said.items() if "." not in name},
                        {name: value for name, value in said.items() if "." in name}))
    if problems:
        raise ConfigFault(problems)
    return made


def text_of(template: Mapping[str, Any], one: New, flow: Callable[[Any], str]) -> str:
    """The file of a new partner. `template` is the YAML of the one that is cloned, `flow` writes a value in one line. It begins as a draft."""
    return "".join(f"{line}\n" for line in _lines(template, one, flow))


def _lines(template: Mapping[str, Any], one: New, flow: Callable[[Any], str]) -> Iterator[str]:
    said = one.said
    yield f"partner: {one.partner}"
    yield f"about: {flow('Cloned from ' + str(template['partner']) + '.')}"
    yield f"name: {flow(said.get('name', one.partner))}"
    yield "stage: draft"
    first: Mapping[str, Any] = next(iter(template.get("identities") or ()), {})
    address = {"id": said["id"], "qualifier": said.get("qualifier", first.get("qualifier")), "standard": said.get("standard", first.get("standard")),
               "internal": said.get("internal")}
    yield "identities:"
    yield f"  - {flow({key: value for key, value in address.items() if value})}"
    parties = [{"scheme": scheme, "value": said[scheme]} for scheme in PARTIES if scheme in said]
    if parties:
        yield f"parties: {flow(parties)}"
    people = [{"name": said[column], "role": role, **({"email": said["email"]} if role == "edi" and "email" in said else {})}
              for column, role in (("contact", "edi"), ("business", "business"), ("approver", "approver")) if column in said]
    if people:
        yield "contacts:"
        yield from (f"  - {flow(person)}" for person in people)
        yield f"escalation: {flow([{'after': '1d', 'to': people[-1]['name']}])}"
    if "priority" in said:
        yield f"priority: {said['priority']}"
    if template.get("van"):
        yield f"van: {flow({**template['van'], **({'mailbox': said['mailbox']} if 'mailbox' in said else {})})}"
    yield from _channels(template.get("channels") or {}, one.options, flow)
    for key, value in template.items():
        if key in OWN or (key == "priority" and "priority" in said):
            continue
        if key == "agreements":
            yield "agreements:"
            yield from (f"  - {flow({name: inner for name, inner in agreement.items() if name != 'stage'})}" for agreement in value)
        else:
            yield f"{key}: {flow(value)}"


def _channels(channels: Mapping[str, Any], options: Mapping[str, str], flow: Callable[[Any], str]) -> Iterator[str]:
    if channels:
        yield "channels:"
    for name, settings in channels.items():
        own: dict[str, Any] = {key.partition(".")[2]: int(value) if value.isdigit() and key.endswith(".port") else value
                               for key, value in options.items() if key.partition(".")[0] == name}
        yield f"  {name}: {flow({**settings, **own})}"
