"""Who stands behind a partner: contacts and escalation, its names in documents and networks. Read from YAML."""

from __future__ import annotations

from edi_bridge.partner.values import Contact, Escalation
from edi_bridge.partner.words import listed, text, time
from edi_bridge.yamltext import Block, Problems

ROLES = ("customer", "supplier", "carrier", "warehouse", "bank", "network", "authority")
CONTACT_KEYS = ("name", "role", "email", "phone", "language")
CONTACT_ROLES = ("edi", "business", "technical", "approver")
ESCALATION_KEYS = ("after", "to")
PARTY_KEYS = ("scheme", "value")
VAN_KEYS = ("network", "mailbox")


def contacts(block: Block, problems: Problems) -> tuple[Contact, ...]:
    """`contacts:`."""
    made = []
    for entry in listed(block, "contacts", "{name: …, role: edi, email: …}", problems):
        problems.unknown_keys(entry, CONTACT_KEYS, "a contact")
        said = {key: text(entry, key, problems) for key in CONTACT_KEYS if key in entry}
        if not said.get("name"):
            problems.add(entry.mark, "a contact needs its name:", entry.file)
        if said.get("role", "edi") not in CONTACT_ROLES:
            problems.wrong(entry, "role", f"role: is {', '.join(CONTACT_ROLES[:-1])} or {CONTACT_ROLES[-1]}")
        if said.get("email") and said["email"].count("@") != 1:
            problems.wrong(entry, "email", "email: is an address such as edi@acme.example")
        made.append(Contact(**{"name": "", **said}))
    return tuple(made)


def escalation(block: Block, known: tuple[Contact, ...], problems: Problems) -> tuple[Escalation, ...]:
    """`escalation:`, whose steps name contacts, each later than the one before."""
    made: list[Escalation] = []
    names = {one.name for one in known}
    for entry in listed(block, "escalation", "{after: 4h, to: NAME}", problems):
        problems.unknown_keys(entry, ESCALATION_KEYS, "a step of escalation")
        after, to = time(entry, "after", problems), text(entry, "to", problems)
        if "after" not in entry or "to" not in entry:
            problems.add(entry.mark, "a step of escalation needs after: and to:", entry.file)
        elif to and to not in names:
            problems.wrong(entry, "to", f"there is no contact {to}; known are {', '.join(sorted(names)) or 'none'}")
        elif made and after is not None and after <= made[-1].after:
            problems.wrong(entry, "after", "each step comes later than the one before")
        if after is not None:
            made.append(Escalation(after, to))
    return tuple(made)


def parties(block: Block, problems: Problems) -> tuple[tuple[str, str], ...]:
    """`parties:`, how documents name it: (scheme, value)."""
    made = []
    for entry in listed(block, "parties", '{scheme: gln, value: "…"}, the value in quotes', problems):
        problems.unknown_keys(entry, PARTY_KEYS, "a party")
        if not entry.get("scheme") or not isinstance(entry.get("value"), str):
            problems.add(entry.mark, 'each party is {scheme: gln, value: "…"}, the value in quotes', entry.file)
            continue
        made.append((str(entry["scheme"]), entry["value"]))
    return tuple(made)


def van(block: Block, problems: Problems) -> dict[str, str]:
    """`van:`, its mailbox at a network."""
    said = problems.inner(block, "van", VAN_KEYS, "is {network: …, mailbox: …}")
    if said is None:
        return {}
    made = {key: text(said, key, problems) for key in VAN_KEYS}
    for key in VAN_KEYS:
        if key not in said:
            problems.add(said.mark, f"van: needs {key}:", said.file)
    return made
