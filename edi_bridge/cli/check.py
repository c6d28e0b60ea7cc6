"""`edi-bridge check`: what is wrong with files, held against their guides; no map is asked."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import click

from edi_bridge.cli import options, show, telling
from edi_bridge.cli.inputs import Input, expand
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Document, Interchange, Message, MessageType, Position, Sheet, mask

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.finding import Finding
    from edi_bridge.pipeline import Configuration, MessageOutcome

DONE, REFUSED, WRONG = 0, 1, 2
BIG = 20_000_000  # bytes from which a single file gets a progress bar


@click.command(short_help="What is wrong with files, held against their guides.")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--guide", "guide_", metavar="GUIDE", help="Hold every message against this guide; for CSV: the map with its columns.")
@click.option("--partner", metavar="NAME", help="Who sent it, where the envelope does not say so.")
@options.json_option
@options.findings_option
@click.option("--home", metavar="DIR", help="A home with own guides and partners (default: EDI_BRIDGE_HOME; else only the shipped ones).")
def check(files: tuple[str, ...], guide_: str | None, partner: str | None, as_json: bool, limit: int, home: str | None) -> int:
    """List what is wrong with partners' files: envelope, structure, elements, codes, conditions, totals.

    FILE may be a folder (all files below it) or - for standard input. Nothing is translated, so no map is needed. Each
    finding shows its line with a caret, what it does to the message as agreed with the partner, and the code that the
    answer carries; `edi-bridge explain KIND` says more. XML is held against its schema and business rules, CSV against
    the columns of a map. With --json one line is printed for each message, and for each interchange with findings.

    \b
    Examples:
      edi-bridge check orders.edi
      edi-bridge check inbox --partner acme
      edi-bridge check order.edi --guide edifact/D01B/ORDERS --json

    Exit codes: 0 nothing is rejected, 1 something is, 2 wrong use or configuration.
    """
    checking = Checking(options.catalog_of(options.optional_home(home)), guide_ or "", partner, limit, as_json)
    inputs = expand(files)
    total = sum(one.size for one in inputs)
    wanted = (len(inputs) > 1 or total > BIG) and not sys.stdout.isatty()
    with show.progress(wanted, "checking", total) as moved:
        for one in inputs:
            checking.file(one, moved)
    show.note(checking.summary())
    return checking.code


class Checking:
    """Files on their way through the check, and the sums so far."""

    def __init__(self, catalog: Catalog, guide: str, partner: str | None, limit: int, as_json: bool):
        self.catalog = catalog
        self.partner = partner
        self.limit = limit
        self.as_json = as_json
        self.map: str | None = None  # whose columns a CSV is held against
        self.guide = ""  # given by hand
        self.files = self.messages = self.rejected = self.unsound = self.groups = 0
        self.kinds: Counter[str] = Counter()
        self.trouble: set[tuple[str, int, int, str]] = set()
        self.step = self._step(guide)
        if partner:
            catalog.partner_named(partner)

    def _step(self, guide: str) -> Callable[..., Any]:
        """What is done with each message. ConfigFault when there is no such guide."""
        from edi_bridge import pipeline

        if not guide:
            return pipeline.check
        if guide.count("/") != 2:
            self.map = self._columns(guide)
            return pipeline.check
        self.catalog.structure(guide)
        self.guide = guide
        against = cast("Configuration", Against(self.catalog, guide))
        return lambda interchange, message, findings, who, forced, _: pipeline.check(interchange, message, findings, who, forced, against)

    def _columns(self, name: str) -> str:
        """The map of that name. ConfigFault when there is none: a message's name alone is no guide."""
        if "/" in name or name.endswith((".yaml", ".yml")) or name in self.catalog.map_index:
            return self.catalog.map_named(name).name
        import difflib

        near = difflib.get_close_matches(name, self.catalog.map_index, 1)
        raise ConfigFault.at("", 0, 0, f"{name} is neither a guide nor a map{f' (did you mean {near[0]}?)' if near else ''}: "
                                       "guides are named like edifact/D96A/ORDERS (`edi-bridge guide list`), maps like order.csv (`edi-bridge map list`)")

    def file(self, one: Input, moved: Callable[[float], None]) -> None:
        """One file; a mistake in the configuration ends this file only."""
        from edi_bridge import pipeline
        from edi_bridge.cli.translating import opened

        counting = telling.Counting(self.limit)
        unchecked: Counter[str] = Counter()
        self.files += 1
        try:
            with opened(one, self.catalog, self.partner, self.map, moved, self.step) as (source, suspended):
                for outcome in pipeline.inbound(source, self.catalog, partner=self.partner, map=self.map, step=self.step, suspended=suspended):
                    self._take(one.name, outcome, counting)
                    unchecked.update(self._unchecked(outcome))
        except ConfigFault as fault:
            fresh = [problem for problem in fault.problems if problem not in self.trouble]
            self.trouble.update(fresh)
            if fresh:
                show.problems(ConfigFault(fresh))
        for line in counting.hidden():
            print(f"{show.clean(one.name)}  {line}")
        for sentence, count in unchecked.items():
            show.note(f"{show.clean(one.name)}  {show.number(count, 'message')}: {sentence}")

    def _take(self, file: str, outcome: MessageOutcome, counting: telling.Counting) -> None:
        from edi_bridge.cli.translating import policies_of
        from edi_bridge.finding import Verdict
        from edi_bridge.partner import envelope_verdict, rejected_groups

        rejected = outcome.verdict is Verdict.REJECTED
        if outcome.message is None:
            partner = self.catalog.partner_named(outcome.partner) if outcome.partner else None
            whole = rejected and envelope_verdict(outcome.findings, outcome.interchange.groups, partner) is Verdict.REJECTED
            self.unsound += whole
            self.groups += len(rejected_groups(outcome.findings, partner)) if rejected and not whole else 0
        else:
            self.messages += 1
            self.rejected += rejected
        if outcome.message is None and outcome.interchange.strays:
            outcome.findings.extend(self._envelope_answers(outcome.interchange))
        self.kinds.update(finding.kind for finding in outcome.findings)
        policies = policies_of(self.catalog, outcome) if outcome.findings else []
        if self.as_json:
            if outcome.message is not None or outcome.findings:
                options.print_json(_line(file, outcome, policies), indent=False)
            return
        for finding in outcome.findings:
            if counting.wants(finding.kind):
                told = telling.tell(file, finding, outcome.message, outcome.interchange, policies)
                for line in telling.lines(told, sys.stdout) if told else ():
                    print(line)

    def _envelope_answers(self, interchange: Interchange) -> list[Finding]:
        """What is wrong with the TA1s between its groups. They are no messages and reject nothing: people must know."""
        from edi_bridge.finding import found

        release = "005010" if interchange.syntax >= "00501" else "004010"
        type = MessageType("x12", release, "TA1")
        checker = self.catalog.checker_for(type, None)
        start, end = "TA1" + interchange.delimiters.element, interchange.delimiters.terminator
        made = []
        for stray in interchange.strays:
            if interchange.standard != "x12" or checker is None or not stray.raw.startswith(start):
                continue
            text = mask(stray.raw.strip("\r\n").removesuffix(end), interchange.delimiters) + end
            for one in checker.check(Message("x12", type, 1, "", text, interchange.delimiters)):
                place = Position(interchange=interchange.ordinal, tag="TA1", element=one.position.element, offset=stray.offset, length=len(stray.raw))
                made.append(found("answer_malformed", place, one.value, one.note))
        return made

    def _unchecked(self, outcome: MessageOutcome) -> list[str]:
        """What could not be checked of a message, in plain sentences."""
        message = outcome.message
        if message is None or isinstance(message, Sheet):
            return []
        if not outcome.guide and self.guide and self.guide.partition("/")[0] != message.standard:
            return [f"{self.guide} is no guide for {message.standard}, so only the envelope was checked"]
        if not outcome.guide:
            return [f"there is no guide for {show.clean(str(message.type))}, so only the envelope was checked (`edi-bridge guide list`)"]
        if isinstance(message, Document):
            who = self.catalog.partner_named(outcome.partner) if outcome.partner else None
            listed: list[str] = self.catalog.checker_for(message.type, who).unchecked(message)
            return listed
        return []

    @property
    def code(self) -> int:
        """The exit code."""
        return WRONG if self.trouble else REFUSED if self.rejected or self.unsound or self.groups else DONE

    def summary(self) -> str:
        """One line for the end."""
        rejected = [show.number(count, noun) for count, noun in ((self.rejected, "message"), (self.groups, "group"), (self.unsound, "interchange")) if count]
        found = ", ".join(f"{kind} {count:,}" for kind, count in self.kinds.most_common())
        return " · ".join([
            show.number(self.files, "file"),
            show.number(self.messages, "message"),
            show.style(f"to be rejected: {', '.join(rejected)}", "red") if rejected else "nothing to be rejected",
            show.number(self.kinds.total(), "finding") + (f" ({found})" if found else ""),
        ])


class Against:
    """A configuration in which every message is held against one guide; its codes still depend on whose subset it is."""

    def __init__(self, catalog: Catalog, guide: str):
        self._catalog = catalog
        self._guide = MessageType(*guide.split("/"))

    def checker_for(self, type: MessageType, partner: Any) -> Any:
        """The guide's checker, whatever type the message says it is; None for another standard's message."""
        if type.standard != self._guide.standard:
            return None
        return self._catalog.checker_for(replace(self._guide, usage=type.usage), partner)


def _line(file: str, outcome: MessageOutcome, policies: Sequence[tuple[str, telling.Policy]]) -> dict[str, Any]:
    """An outcome for --json."""
    message = outcome.message
    told = (telling.tell(file, finding, message, outcome.interchange, policies) for finding in outcome.findings)
    made = {"file": file, "interchange": outcome.interchange.ordinal, "partner": outcome.partner, "verdict": outcome.verdict.value}
    if message is not None:
        made |= {"message": message.ordinal, "reference": message.reference, "type": str(message.type), "guide": outcome.guide}
    return {**made, "findings": [one.as_json() for one in told if one is not None]}
