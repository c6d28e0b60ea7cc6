"""`edi-bridge ack`: the acknowledgements that would go out for a file."""

from __future__ import annotations

import io
import itertools
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.inputs import expand
from edi_bridge.fault import ConfigFault
from edi_bridge.finding import Verdict

if TYPE_CHECKING:
    from edi_bridge.answering import Answered

FORM = "%Y-%m-%dT%H:%M"


@click.command(short_help="The acknowledgements that would go out for a file.")
@click.argument("file", metavar="FILE")
@click.option("--partner", metavar="NAME", help="Who sent it, where the envelope does not say so.")
@click.option("--control", metavar="N", type=click.IntRange(1, 999_999_999), default=1, show_default=True,
              help="The first control number of the answers; each further one is one higher.")
@click.option("--at", "prepared", metavar="TIME", help="The time in the answers, as 2026-03-01T14:05 (default: now, UTC).")
@click.option("--lines", is_flag=True, help="One segment a line, as on a terminal, instead of the wire form.")
@click.option("--out", metavar="OUT", help="Write the answers here in wire form instead of stdout.")
@options.json_option
@click.option("--home", metavar="DIR", help="A home with own maps and partners (default: EDI_BRIDGE_HOME; else only the shipped ones).")
def ack(file: str, partner: str | None, control: int, prepared: str | None, lines: bool, out: str | None, as_json: bool,
        home: str | None) -> int:
    """Print the acknowledgements (CONTRL, TA1, 997, 999, APERAK, 824) that would go out for FILE, or for - standard input.

    Nothing is sent or stored. Which answer goes out, and when, is agreed with the partner (`acknowledge:`); what is said and why
    something does not go out stands on stderr.

    \b
    Examples:
      edi-bridge ack orders.edi
      edi-bridge ack orders.x12 --partner bluebird_stores --control 1041 --out answers.x12
      edi-bridge ack orders.edi --json

    Exit codes: 0 everything is accepted, 1 something is refused or a person must act, 2 wrong use or configuration.
    """
    from edi_bridge import answering, pipeline
    from edi_bridge.cli.translating import opened

    stamp = _time(prepared)
    catalog = options.catalog_of(options.optional_home(home))
    inputs = expand([file])
    if len(inputs) != 1:
        raise click.UsageError("FILE is one file")
    one = inputs[0]
    numbers: defaultdict[str, Iterator[int]] = defaultdict(lambda: itertools.count(control))  # interchanges and groups have numbers of their own
    code, written = 0, io.BytesIO()
    with opened(one, catalog, partner, None) as (source, suspended):
        outcomes = pipeline.inbound(source, catalog, partner=partner, suspended=suspended)
        for answered in answering.answers(outcomes, catalog, draw=lambda kind: next(numbers[kind]), prepared=stamp):
            code = max(code, _tell(one.name, answered))
            if as_json:
                options.print_json(_json(answered), indent=False)
            elif out:
                written.writelines(answer.content for answer in answered.answers)
            else:
                _print(answered, lines or sys.stdout.isatty())
    if out and not as_json:
        _write(out, written.getvalue())
    return code


def _time(prepared: str | None) -> str:
    if prepared is None:
        return datetime.now(UTC).strftime(FORM)
    try:
        return datetime.strptime(prepared, FORM).strftime(FORM)
    except ValueError:
        raise click.BadParameter("a time is of the form 2026-03-01T14:05", param_hint="--at") from None


def _tell(file: str, answered: Answered) -> int:
    """What goes out, what does not and why, and what a person must do, on stderr; 1 when anything is refused or must be done."""
    control = f" {answered.control}" if answered.control else ""
    place = f"{show.style(show.clean(file), 'bold')}  interchange {answered.interchange}{show.clean(control)}"
    rows = [(answer.words + f" (number {answer.control})", "red" if answer.verdict is Verdict.REJECTED else "green") for answer in answered.answers]
    rows += [(text, "dim") for text in answered.silent]
    rows += [(f"a person must act: {text}", "red") for text in answered.told]
    for text, colour in rows:
        show.note(f"{place}: {show.style(show.clean(text), colour)}")
    return int(bool(answered.told) or any(answer.verdict is Verdict.REJECTED for answer in answered.answers))


def _print(answered: Answered, lines: bool) -> None:
    for answer in answered.answers:
        if lines:
            for line in answer.lines():
                sys.stdout.write(show.clean(line) + "\n")
        else:
            sys.stdout.flush()
            show.sink().write(answer.content)
    sys.stdout.flush()


def _json(answered: Answered) -> dict[str, Any]:
    return {
        "interchange": answered.interchange,
        "control": answered.control,
        "answers": [{"name": answer.name, "control": answer.control, "verdict": answer.verdict.value, "says": answer.words,
                     "segments": list(answer.lines()), "content": answer.content.decode(answer.encoding)} for answer in answered.answers],
        "told": answered.told,
        "silent": answered.silent,
    }


def _write(out: str, content: bytes) -> None:
    try:
        Path(out).write_bytes(content)
    except OSError as error:
        raise ConfigFault.at(out, 0, 0, f"cannot be written: {error.strerror or error}") from None
