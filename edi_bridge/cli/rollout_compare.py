"""`edi-bridge rollout compare | explain | clean`: the parallel run beside the old channel."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.onboarding.comparing_legacy import Comparison
    from edi_bridge.partner import Agreement, Partner
    from edi_bridge.rollout.comparison import Clean, Explanation
    from edi_bridge.store.comparison import Lane, Result

SAME, OTHER = 0, 1
LONG = 44  # characters of a value in a table
MOST = 20  # documents that are shown one by one
FIELDS = 8  # differences of one document that are shown
direction_option = click.option("--direction", type=click.Choice(["in", "out"]), help="What comes in, or what goes out.")
message_option = click.option("--message", metavar="MESSAGE", default="", help="edifact/D96A/ORDERS, or ORDERS where that is clear (default: all).")


def agreements_of(partner: Partner, direction: str | None, message: str) -> list[Agreement]:
    """The agreements that are meant. ConfigFault where there is none."""
    found = [one for one in partner.agreements
             if (not direction or one.direction == direction) and (not message or message in (one.message, one.message.rpartition("/")[2]))]
    if not found:
        what = " ".join(filter(None, (direction, message)))
        raise ConfigFault.at(partner.file, 0, 0, f"nothing is agreed with {partner.name}" + (f" for {what}" if what else ""))
    return found


@click.command("compare", short_help="What came by EDI, held against what the old channel booked.")
@click.argument("partner")
@click.option("--legacy", "files", multiple=True, metavar="FILE", help="What the old channel booked: CSV or JSON; a folder; may be repeated.")
@direction_option
@message_option
@click.option("--since", metavar="DAY", default="", help="Only documents of this day (2026-11-01) or later.")
@click.option("--all", "everything", is_flag=True, help=f"Show every document that is not equal, not only the worst {MOST}.")
@click.option("--html", metavar="FILE", default="", help="Write the same as one page for the browser.")
@options.home_option
@options.database_option
@options.json_option
def compare(partner: str, files: tuple[str, ...], direction: str | None, message: str, since: str, everything: bool, html: str, home: str | None,
            database: str | None, as_json: bool) -> int:
    """Read what came from PARTNER (or went) with the maps in force, and hold it against what the old channel booked, document by
    document. Nothing is posted.

    Without --legacy what was told before is compared again: after a map was changed, with what it makes now. How the files of the
    old channel read, and what may differ, stands in the home's rollout/legacy/PARTNER.yaml.

    \b
    Examples:
      edi-bridge rollout compare acme --legacy booked-2026-11-20.csv
      edi-bridge rollout compare acme --since 2026-11-20 --html comparison.html
      edi-bridge rollout compare acme --message ORDERS --json

    Exit codes: 0 nothing differs that is not explained, 1 something does, or there was nothing to compare, 2 wrong use or
    configuration.
    """
    from edi_bridge import replaying
    from edi_bridge.cli.exchange_look import opened
    from edi_bridge.onboarding import comparing_legacy

    since = replaying.since_day(since) if since else ""
    contents = list(_contents(files))
    with opened(home, database) as (settings, made):
        catalog = _catalog(settings)
        who = catalog.partner_named(partner)
        where = _home(settings, made, catalog)
        chosen = _chosen(catalog, who, agreements_of(who, direction, message), bool(contents), bool(direction or message), made)
        done = [comparing_legacy.compared(where, who, one, contents, _now(), since=since) for one in chosen]
        runs = [_run(made, one.lane) for one in done]
    if html:
        _write_html(html, done, runs)
    if as_json:
        options.print_json([_json(one, run) for one, run in zip(done, runs, strict=True)])
    else:
        for one, run in zip(done, runs, strict=True):
            _print(one, run, everything)
    sys.stdout.flush()
    good = all(one.results and not any(each.unexplained for each in one.results) for one in done)
    return SAME if done and good else OTHER


def _contents(names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    for name in names:
        path = Path(name)
        listed = sorted(one for one in path.iterdir() if one.is_file() and one.suffix in (".csv", ".json", ".jsonl", ".txt")) if path.is_dir() else [path]
        for one in listed:
            try:
                yield str(one), one.read_bytes()
            except OSError as error:
                raise ConfigFault.at(str(one), 0, 0, f"cannot be read: {error.strerror}") from None


def _catalog(settings: Any) -> Catalog:
    return options.catalog_of(settings.home, database=settings.database)


def _home(settings: Any, made: Any, catalog: Catalog) -> Any:
    from edi_bridge.onboarding.comparing_legacy import Home
    from edi_bridge.onboarding.version_in_force import version_of
    from edi_bridge.store.archive import open_archive

    with made.read() as connection:
        version = version_of(connection, catalog)
    return Home(made, open_archive(settings.archive, settings.home), catalog, version)


def _now() -> str:
    from edi_bridge.cli.exchange_act import now

    return now()


def _chosen(catalog: Catalog, who: Partner, agreements: Sequence[Agreement], files: bool, named: bool, made: Any) -> list[Agreement]:
    """Which of them are compared: with files the one that is meant, else those of which the old channel has told anything."""
    from edi_bridge.store import comparison

    if not files:
        with made.read() as connection:
            known = {(one.direction, one.message) for one in comparison.lanes(connection, who.name)}
        found = [one for one in agreements if (one.direction, one.message) in known]
        if not found:
            raise ConfigFault.at("", 0, 0, f"the old channel has told nothing of {who.name} yet: --legacy FILE")
        return found
    if len(agreements) > 1:
        block = catalog.legacy(who.name)
        told = [] if block is None else [(str(one.get("direction", "in")), str(one.get("message"))) for one in block.get("documents") or ()]
        agreements = [one for one in agreements if any(way == one.direction and name in (one.message, one.message.rpartition("/")[2]) for way, name in told)
                      ] or list(agreements)
    if len(agreements) > 1:
        names = ", ".join(f"--direction {one.direction} --message {one.message}" for one in agreements)
        raise ConfigFault.at("", 0, 0, f"say which the files are of: {names}")
    return list(agreements)


def _run(made: Any, lane: Lane) -> Clean:
    from edi_bridge.store import comparison

    with made.read() as connection:
        return comparison.clean_run(connection, lane.partner, lane.direction, lane.message)


# --- output -----------------------------------------------------------------------------------------------------------


def _print(one: Comparison, run: Clean, everything: bool) -> None:
    from edi_bridge.onboarding.comparing_legacy import counted, worst

    show.heading(show.clean(f"{one.lane.partner}  {one.lane.direction}  {one.lane.message}  map {one.map}"))
    if not one.results:
        show.note("there is nothing to compare: nothing came, and the old channel told nothing")
        return
    print(f"  {sentence(one)}")
    print(f"  {run_words(run)}")
    if rows := counted(one.results):
        show.heading("By field, the worst first")
        show.table(("field", ">documents", ">values", ">explained", "~for example", "~rule"),
                   ((name, documents, values, explained or "", f"{_value(each.ours)} here, {_value(each.theirs)} there", each.rule)
                    for name, documents, values, explained, each in rows), indent=2)
    if listed := worst(one.results):
        show.heading("Documents, the worst first")
        for result in listed if everything else listed[:MOST]:
            _document(result)
        if len(listed) > MOST and not everything:
            show.note(f"{len(listed) - MOST:,} more are not equal: --all, --html, --json")
    for refused in one.refused[:MOST]:
        print(show.clean(f"  {refused.source} ({refused.day}) is refused: {'; '.join(refused.reasons[:3])}"))
    for source in one.unkeyed[:MOST]:
        print(show.clean(f"  {source} has no key: nothing says which document it is"))


def sentence(one: Comparison) -> str:
    """`412 documents: 397 equal, 12 differ, 2 only here, 1 only in the old channel; 3 messages refused`."""
    counts = Counter(each.outcome for each in one.results)
    words = (("equal", "equal"), ("explained", "explained"), ("differs", "differ"), ("only_here", "only here"), ("only_legacy", "only in the old channel"))
    said = ", ".join(f"{counts[name]:,} {word}" for name, word in words if counts[name])
    more = f"; {show.number(len(one.refused), 'message')} refused" if one.refused else ""
    return f"{show.number(len(one.results), 'document')}: {said}{more}"


def run_words(run: Clean) -> str:
    """`clean for 3 days with 120 documents (2026-11-18 to 2026-11-20); the run broke on 2026-11-17: …`."""
    said = f"clean for {show.number(run.days, 'day')} with {show.number(run.documents, 'document')}"
    said += f" ({run.since} to {run.last})" if run.days > 1 else f" ({run.last})" if run.days else ""
    if run.broke_day:
        fields = ", ".join(run.broke_fields[:4])
        others = f" and {run.broken - 1:,} more" if run.broken > 1 else ""
        said += f"; broken on {run.broke_day} by {run.broke_key}{f' ({fields})' if fields else ''}{others}"
    return said


def _value(text: str | None) -> str:
    return "nothing" if text is None else show.cut(text, LONG)


def _document(result: Result) -> None:
    times = f", {result.documents} times" if result.documents > 1 else ""
    print(show.clean(f"  {result.key}  {result.day}  {result.outcome.replace('_', ' ')}{times}"))
    for difference, reason in list(zip(result.differences, result.reasons, strict=True))[:FIELDS]:
        where = ", ".join(filter(None, (difference.where, difference.rule)))
        print(show.clean(f"    {difference.sentence()}" + (f" ← {where}" if where else "") + (f" (explained: {reason})" if reason else "")))
    if len(result.differences) > FIELDS:
        print(f"    … {len(result.differences) - FIELDS:,} more")


def _json(one: Comparison, run: Clean) -> dict[str, Any]:
    from dataclasses import asdict

    from edi_bridge.onboarding.comparing_legacy import counted, dumped, worst

    return {
        **one.lane.values(), "map": one.map, "documents": len(one.results),
        "outcomes": dict(Counter(each.outcome for each in one.results)), "clean": asdict(run),
        "fields": [{"field": name, "documents": documents, "values": values, "explained": explained, "ours": each.ours, "theirs": each.theirs,
                    "where": each.where, "rule": each.rule} for name, documents, values, explained, each in counted(one.results)],
        "differing": [dumped(each) for each in worst(one.results)],
        "refused": [asdict(each) for each in one.refused], "unkeyed": one.unkeyed,
    }


def _write_html(file: str, done: Sequence[Comparison], runs: Sequence[Clean]) -> None:
    from edi_bridge.cli.rollout_compare_html import page

    try:
        Path(file).write_text(page(done, runs), "utf-8")
    except OSError as error:
        raise ConfigFault.at(file, 0, 0, f"cannot be written: {error.strerror}") from None


# --- ticking off --------------------------------------------------------------------------------------------------------


@click.command("explain", short_help="Tick a difference off, with a reason; list what was ticked off.")
@click.argument("partner")
@click.option("--field", "field_", metavar="FIELD", default="", help="lines.net_price; an object stands for all below it; document: that only one channel has it.")
@click.option("--key", metavar="DOCUMENT", default="", help="Only this document (default: all).")
@click.option("--until", metavar="DAY", default="", help="Only documents up to this day (default: for good).")
@click.option("--reason", metavar="TEXT", default="", help="Why; it stands in the audit log.")
@click.option("--withdraw", metavar="ID", type=click.IntRange(1), help="Take back what was ticked off under this number.")
@direction_option
@message_option
@options.home_option
@options.database_option
@options.json_option
def explain(partner: str, field_: str, key: str, until: str, reason: str, withdraw: int | None, direction: str | None, message: str, home: str | None,
            database: str | None, as_json: bool) -> int:
    """Tick a difference of the comparison off: in one document (--key), or a field in all documents, best until a day.

    Without --field and --withdraw what was ticked off is listed.

    \b
    Examples:
      edi-bridge rollout explain acme --field lines.description --until 2026-12-31 --reason "the old system cuts texts to 30 characters"
      edi-bridge rollout explain acme --field document --key 4500017731 --reason "ordered by phone"
      edi-bridge rollout explain acme --withdraw 3 --reason "it was a mistake after all"
    """
    from edi_bridge.cli.exchange_look import opened
    from edi_bridge.store import comparison

    acts = bool(field_) or withdraw is not None
    if acts and not reason.strip():
        raise click.UsageError("--reason says why: it stands in the audit log")
    if field_ and withdraw is not None:
        raise click.UsageError("--field ticks off, --withdraw takes back: not both")
    with opened(home, database) as (settings, made):
        who = _catalog(settings).partner_named(partner)
        if acts:
            _tick(made, who, agreements_of(who, direction, message) if direction or message else [], field_, key, _day(until), reason.strip(), withdraw)
        with made.read() as connection:
            listed = comparison.explanations(connection, partner)
    _print_explained(listed, partner, as_json)
    return 0


def _day(until: str) -> str:
    from edi_bridge import replaying

    return replaying.since_day(until)[:10] if until else ""


def _tick(made: Any, who: Partner, agreements: Sequence[Agreement], field_: str, key: str, until: str, reason: str, withdraw: int | None) -> None:
    from edi_bridge.cli.exchange_act import actor
    from edi_bridge.rollout.comparison import WHOLE, Explanation
    from edi_bridge.store import audit, comparison

    if field_ and field_ != WHOLE and not _known(field_):
        raise ConfigFault.at("", 0, 0, f"no record has a field {field_}; without numbers: lines.net_price, or {WHOLE}")
    with made.write() as connection:
        if withdraw is not None:
            taken = comparison.withdraw(connection, who.name, withdraw)
            if taken is None:
                raise ConfigFault.at("", 0, 0, f"nothing of {who.name} was ticked off under the number {withdraw}")
            audit.write(connection, _now(), actor(), "withdraw", f"comparison {who.name}", reason, {"field": taken.field, "key": taken.key})
            return
        for lane in [comparison.Lane(who.name, one.direction, one.message) for one in agreements] or [comparison.Lane(who.name, "", "")]:
            comparison.explain(connection, lane, Explanation(key, field_, reason, actor(), until), _now())
            audit.write(connection, _now(), actor(), "explain", f"comparison {who.name}", reason,
                        {"field": field_, "key": key, "until": until, **lane.values()})


def _known(name: str) -> bool:
    from edi_bridge.record import RECORDS, SCALARS, fields_of

    for record in RECORDS:
        fields = fields_of(record)
        for step in name.split("."):
            if step not in fields:
                break
            fields = fields_of(fields[step].type) if fields[step].type not in SCALARS else {}
        else:
            return True
    return False


def _print_explained(listed: Sequence[Explanation], partner: str, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        options.print_json([asdict(one) for one in listed])
    elif listed:
        show.table((">id", "field", "document", "until", "by", "~reason"),
                   ((one.id, one.field, one.key or "all", one.until or "for good", one.actor, one.reason) for one in listed))
    else:
        show.note(f"nothing of {partner} is ticked off")


# --- clean days -----------------------------------------------------------------------------------------------------------


@click.command("clean", short_help="How many days in a row nothing unexplained differed, and what ended that.")
@click.argument("partner")
@direction_option
@message_option
@options.home_option
@options.database_option
@options.json_option
def clean_(partner: str, direction: str | None, message: str, home: str | None, database: str | None, as_json: bool) -> int:
    """Days in a row, up to the newest, on which documents were compared and nothing differed that is not explained. Days without
    documents neither count nor break the run.

    Exit codes: 0 nothing ends the run of any message, 1 something does, or nothing was compared.
    """
    from edi_bridge.cli.exchange_look import opened
    from edi_bridge.store import comparison

    with opened(home, database) as (settings, made):
        who = _catalog(settings).partner_named(partner)
        meant = {(one.direction, one.message) for one in agreements_of(who, direction, message)}
        with made.read() as connection:
            lanes = [one for one in comparison.lanes(connection, partner) if (one.direction, one.message) in meant]
            runs = [comparison.clean_run(connection, *one.values().values()) for one in lanes]
    if as_json:
        from dataclasses import asdict

        options.print_json([{**lane.values(), **asdict(run)} for lane, run in zip(lanes, runs, strict=True)])
    else:
        for lane, run in zip(lanes, runs, strict=True):
            print(show.clean(f"{lane.direction}  {lane.message}  {run_words(run)}"))
    if not lanes:
        show.note(f"nothing of {partner} was compared yet: edi-bridge rollout compare {partner} --legacy FILE")
    return SAME if lanes and not any(run.broke_day for run in runs) else OTHER
