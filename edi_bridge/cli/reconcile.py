"""`edi-bridge reconcile`: what became of what was sent, by the answers that came in."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.inputs import Input, expand
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.ack.reconcile import Key, Reconciled, Sent, State
    from edi_bridge.ack.statement import Answer
    from edi_bridge.catalog import Catalog
    from edi_bridge.explaining import Explained
    from edi_bridge.finding import Finding
    from edi_bridge.interchange import Message

DONE, REFUSED = 0, 1
RECEIPT = b"disposition-notification"  # stands in the first lines of an MDN
FIRST = 20_000  # bytes in which it is looked for
COLOURS = {"rejected": "red", "partially accepted": "red", "accepted with errors": "yellow", "accepted": "green"}


@dataclass(slots=True)
class _Case:
    """All that the command has read."""

    sent: list[Sent] = field(default_factory=list)
    files: dict[int, str] = field(default_factory=dict)
    messages: dict[int, dict[Key, Message]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    findings: list[tuple[str, Finding]] = field(default_factory=list)


@click.command(short_help="What became of what was sent, by the answers that came in.")
@click.argument("answers", nargs=-1, required=True, metavar="ANSWER…")
@click.option(
    "--sent", "sent", multiple=True, required=True, metavar="FILE", help="What was sent: a file or folder; may be repeated."
)
@click.option("--map", "map_", metavar="MAP", help="The map that wrote it: its name, or a YAML file.")
@click.option("--partner", metavar="NAME", help="To whom it was sent, where the envelope does not say so.")
@click.option("--transfer", metavar="ID", default="", help="The Message-ID under which it was sent (AS2), for receipts (MDN).")
@click.option("--due", metavar="TIME", help="When the answer was due (ISO 8601); what came later is late.")
@click.option("--received", metavar="TIME", help="When the answer came (default: now).")
@click.option(
    "--home",
    metavar="DIR",
    help="A home with own maps and partners (default: EDI_BRIDGE_HOME; else only the shipped ones).",
)
@options.json_option
def reconcile(
    answers: tuple[str, ...],
    sent: tuple[str, ...],
    map_: str | None,
    partner: str | None,
    transfer: str,
    due: str | None,
    received: str | None,
    home: str | None,
    as_json: bool,
) -> int:
    """Read acknowledgements (CONTRL, TA1, 997, 999, APERAK, 824, MDN), say what became of each interchange, group and message
    that was sent, and lead each refusal back to the rule of our map and the field of the record that caused it.

    ANSWER and FILE may be folders; - is standard input.

    \b
    Examples:
      edi-bridge reconcile answer.edi --sent out/invoice.edi
      edi-bridge reconcile inbox/ --sent out/ --partner bluebird_stores
      edi-bridge reconcile answer.edi --sent out/order.edi --map order.x12-4010-850 --json

    Exit codes: 0 everything that is answered was accepted, 1 something was refused, has errors, or was never sent,
    2 wrong use or configuration.
    """
    from edi_bridge import explaining
    from edi_bridge.ack import reconcile as matching

    catalog = options.catalog_of(options.optional_home(home))
    now = _time(received, "--received") or datetime.now().astimezone()
    case = _read(sent, answers, catalog, transfer, _time(due, "--due"))
    matched = matching.reconcile(case.answers, case.sent, now)
    states = matching.states(case.sent, matched, now)
    told = list(explaining.explain(matched, lambda one, key: _written(one, key, case, catalog, partner, map_),
                                   lambda one: _who(one, catalog, partner)))
    findings = [*case.findings, *(("", finding) for one in matched for finding in one.findings)]
    (_json if as_json else _print)(case, states, told, findings)
    sys.stdout.flush()
    unknown = any(one.sent is None for one in matched)
    bad = any(
        state.outcome is not None and state.outcome.value in ("rejected", "partially accepted", "accepted with errors")
        for state in states
    )
    return REFUSED if bad or unknown or not case.answers else DONE


def _time(text: str | None, option: str) -> datetime | None:
    """A time with a zone; a time without one is of this machine."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise click.UsageError(f"{option}: {text!r} is not a time of ISO 8601, such as 2026-11-21T10:30") from None


def _read(sent: tuple[str, ...], answers: tuple[str, ...], catalog: Catalog, transfer: str, due: datetime | None) -> _Case:
    """The files. ConfigFault for one that cannot be read."""
    from edi_bridge import explaining, syntax

    case = _Case()
    for one in expand(sent):
        for interchange in syntax.read(_content(one)):
            if interchange.standard not in ("edifact", "x12"):
                raise ConfigFault.at(
                    one.name, 0, 0, "only EDIFACT and X12 are answered by acknowledgements that can be reconciled"
                )
            made, messages = explaining.sent_interchange(interchange, due_at=due, transfer=transfer)
            case.sent.append(made)
            case.files[id(made)], case.messages[id(made)] = one.name, messages
    words = explaining.code_words(catalog.guide)
    for one in expand(answers):
        for answer, odd in _answers(_content(one), words):
            case.answers += [answer] if answer is not None else []
            case.findings += [(one.name, finding) for finding in (*(answer.findings if answer is not None else ()), *odd)]
    if not case.answers:
        show.note("there is no acknowledgement (CONTRL, TA1, 997, 999, APERAK, 824, MDN) in what was given")
    return case


def _content(one: Input) -> bytes:
    with one.open() as source:
        return source.read()


def _answers(content: bytes, words: Any) -> Iterator[tuple[Answer | None, list[Finding]]]:
    """Each answer; None behind those of an interchange, with what is wrong with its envelope."""
    from edi_bridge import syntax
    from edi_bridge.ack import mdn, reading

    if RECEIPT in content[:FIRST]:
        yield mdn.read(content), []
        return
    for interchange in syntax.read(io.BytesIO(content)):
        yield from ((answer, []) for answer in reading.answers(interchange, words))
        yield None, interchange.findings


def _partner(sent: Sent, catalog: Catalog, partner: str | None) -> Any:
    """The partner it went to: named, or found by the receiver in the envelope."""
    from edi_bridge.partner import find

    return catalog.partner_named(partner) if partner else find(catalog.partners, sent.receiver, sent.standard)


def _who(one: Reconciled, catalog: Catalog, partner: str | None) -> str:
    found = _partner(one.sent, catalog, partner) if one.sent is not None else None
    return show.clean(found.title if found is not None else str(one.statement.subject.receiver))


def _written(sent: Sent, key: Key, case: _Case, catalog: Catalog, partner: str | None, map_: str | None) -> Any:
    """The message and the map that wrote it: the one given, the agreement's for sending, else the standard's own."""
    from edi_bridge.explaining import Written

    message = case.messages[id(sent)].get(key)
    if message is None:
        return None
    who = _partner(sent, catalog, partner)
    agreed = who.agreement(message.type, "out") if who is not None else None
    name = map_ or (agreed.map if agreed is not None else "")
    return Written(message, catalog.map_named(name) if name else catalog.map_for(message.type, who))


def _print(case: _Case, states: list[State], told: list[Explained], findings: list[tuple[str, Finding]]) -> None:
    show.heading("What became of what was sent")
    show.table(("sent", "type", "document", "became", "by", "to", "file"), (_row(state, case) for state in states), indent=2,
               colour=lambda row, index: COLOURS.get(row[3].partition(",")[0], "") if index == 3 else "")
    if told:
        show.heading("What to do")
        for one in told:
            print(f"  {show.clean(one.sentence)}")
    for file, finding in findings:
        show.note(show.clean(f"{f'{file}  ' if file else ''}{finding.sentence()}"))


def _row(state: State, case: _Case) -> tuple[str, ...]:
    level, group, reference = state.key
    sent = state.sent
    known = next((message for one, message in sent.messages() if (one.control, message.reference) == (group, reference)), None)
    name = {"interchange": f"interchange {sent.control}", "group": f"  group {group}",
            "message": ("    " if group else "  ") + f"message {reference}"}[level]
    became = state.outcome.value if state.outcome is not None else "nothing answers it" if state.final else "no answer yet"
    became += ", overdue" if state.overdue else ""
    by = ", ".join(dict.fromkeys(statement.answer for statement in state.by))
    by += "" if state.named or not by else " (not named itself)"
    outer = level == "interchange"
    return (name, known.type if known else "", known.document if known else "", became, by, str(sent.receiver) if outer else "",
            case.files[id(sent)] if outer else "")


def _json(case: _Case, states: list[State], told: list[Explained], findings: list[tuple[str, Finding]]) -> None:
    from edi_bridge.record import to_json

    made = {
        "sent": [_state(state, case) for state in states],
        "refusals": [_refusal(one, case) for one in told],
        "findings": [{"file": file, "kind": finding.kind, "sentence": finding.sentence()} for file, finding in findings],
    }
    print(to_json(made, indent=True).decode())


def _state(state: State, case: _Case) -> dict[str, Any]:
    level, group, reference = state.key
    return {
        "file": case.files[id(state.sent)],
        "level": level,
        "control": state.sent.control,
        "group": group,
        "message": reference,
        "outcome": state.outcome.value if state.outcome is not None else None,
        "by": [statement.answer for statement in state.by],
        "named": state.named,
        "overdue": state.overdue,
        "final": state.final,
    }


def _refusal(one: Explained, case: _Case) -> dict[str, Any]:
    sent, (_, group, reference) = one.reconciled.sent, one.reconciled.key
    origin, complaint = one.origin, one.complaint
    made: dict[str, Any] = {"file": case.files[id(sent)] if sent is not None else "", "group": group, "message": reference,
                            "answer": one.reconciled.statement.answer, "outcome": one.reconciled.statement.outcome.value,
                            "sentence": one.sentence}
    if complaint is not None:
        made |= {"code": complaint.code, "element": complaint.element, "words": complaint.words, "value": complaint.value,
                 "segment": complaint.position.segment, "tag": complaint.position.tag, "place": complaint.position.element,
                 "component": complaint.position.component, "missing": complaint.missing}
    if origin is not None:
        made |= {
            "how": origin.how,
            "fields": list(origin.fields),
            "rule": origin.rule,
            "path": origin.place.path,
            "sent": origin.raw,
            "offset": origin.place.offset,
            "length": origin.place.length,
        }
    return made
