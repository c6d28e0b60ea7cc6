"""The interchange agreement of a partner as a text for both sides to sign: written from the settings that the program runs by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from edi_bridge.catalog import Catalog
from edi_bridge.interchange import MessageType
from edi_bridge.partner import Agreement, Partner, acknowledging

STANDARDS = {"edifact": "UN/EDIFACT", "x12": "ANSI ASC X12", "xml": "XML", "csv": "CSV", "fixed": "fixed columns"}
WHERE = ("host", "port", "url", "folder", "get", "put", "we_get", "we_put")  # the options of a channel that a partner is told
WHEN = {"always": "always", "on_error": "when something is wrong", "asked": "when the envelope asks for it", "never": "never"}


@dataclass(frozen=True, slots=True)
class AgreementText:
    """The text (Markdown), and the hash of what it was made from: the same settings give the same."""

    text: str
    version: str


def text_of(catalog: Catalog, partner: Partner) -> AgreementText:
    """What the settings say of a partner, in sentences. It holds no secret and no name of one."""
    text = "\n".join([*_heading(catalog, partner), *_documents(partner), *_service(partner), *_transport(catalog, partner), *_people(partner)]) + "\n"
    return AgreementText(text, sha256(text.encode()).hexdigest()[:12])


def _heading(catalog: Catalog, partner: Partner) -> Iterator[str]:
    own = catalog.own
    yield f"# Agreement on electronic data interchange: {own.title or 'our company'} and {partner.title}"
    yield ""
    yield "| | in envelopes | in documents |"
    yield "|---|---|---|"
    for title, identities, parties in ((own.title or "our company", own.identities, sorted(own.parties)), (partner.title, partner.identities, partner.parties)):
        envelope = "; ".join(f"{one.id}{f' (qualifier {one.qualifier})' if one.qualifier else ''}{f', {STANDARDS.get(one.standard, one.standard)} alone' if one.standard else ''}"
                             for one in identities)
        yield f"| {title} | {envelope or '–'} | {'; '.join(f'{scheme} {value}' for scheme, value in parties) or '–'} |"
    yield ""


def _documents(partner: Partner) -> Iterator[str]:
    yield "## Documents"
    yield ""
    yield "| document | standard and release | from | answers to it | looked at beyond the standard |"
    yield "|---|---|---|---|---|"
    for one in sorted(partner.agreements, key=lambda one: (one.direction, one.message)):
        if not one.test:
            standard, release, name = one.message.split("/")
            yield (f"| {name} | {STANDARDS.get(standard, standard)} {release} | {'them to us' if one.direction == 'in' else 'us to them'} | {_answers(partner, one)} | "
                   f"{'narrowed, see the guide' if one.restrict is not None else 'nothing'} |")
    yield ""


def _answers(partner: Partner, one: Agreement) -> str:
    standard = one.message.split("/")[0]
    if one.direction == "in":
        every = acknowledging(partner, MessageType(*one.message.split("/")))
        said = {name: every[name] for name in ANSWERS.get(standard, ())}
        return "; ".join(f"{name.upper()} {WHEN[when]}" for name, when in said.items() if when != "never") or "none"
    return "; ".join(f"{name.upper()} within {_time(seconds)}" for name, seconds in sorted(partner.expecting(one).items())) or "none"


ANSWERS = {"edifact": ("contrl", "aperak"), "x12": ("ta1", "997", "999", "824")}


def _service(partner: Partner) -> Iterator[str]:
    yield "## Service"
    yield ""
    for one in partner.silence:
        days = ", ".join(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[day - 1] for day in one.days)
        yield f"- {one.message} come by {one.by} ({one.zone}) on {days}{f', not on {len(one.holidays)} holidays' if one.holidays else ''}."
    yield f"- A control number does not come again within {partner.window} days."
    yield (f"- A message that refers to an order that is not here yet waits {_time(partner.wait)} for it." if partner.wait else
           "- A message that refers to an order that is not here yet is refused.")
    whole = "refused as a whole where one of its messages is refused" if partner.judged_whole else "taken message by message: one that is refused stops no other"
    yield f"- An interchange is {whole}."
    yield ""


def _transport(catalog: Catalog, partner: Partner) -> Iterator[str]:
    yield "## Transport"
    yield ""
    mine = [one for one in catalog.channels.values() if one.partner == partner.name]
    for one in mine:
        where = ", ".join(f"{key} {one.options[key]}" for key in WHERE if one.options.get(key))
        yield f"- {one.name}: {one.kind}{f' ({where})' if where else ''}{'; for tests alone' if one.test else ''}"
    if partner.van:
        yield "- by the network " + ", ".join(f"{key} {value}" for key, value in partner.van.items())
    if not mine and not partner.van:
        yield "- not agreed yet"
    yield ""


def _people(partner: Partner) -> Iterator[str]:
    yield "## People"
    yield ""
    for one in partner.contacts:
        yield f"- {one.name} ({one.role}){f', {one.email}' if one.email else ''}{f', {one.phone}' if one.phone else ''}"
    for step in partner.escalation:
        yield f"- What is open for {_time(step.after)} goes to {step.to}."
    if not partner.contacts:
        yield "- nobody is named yet"
    yield ""
    yield "## Signatures"
    yield ""
    yield "| for us: name, place, date | for them: name, place, date |"
    yield "|---|---|"
    yield "| | |"


def _time(seconds: float) -> str:
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {word}{'s' if count != 1 else ''}"
    return f"{seconds:g} seconds"
