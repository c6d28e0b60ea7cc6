"""`edi-bridge catalog`: the versions of the configuration: what is in force, who put it there and why, and how to go back."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edi_bridge.cli import options, show
from edi_bridge.cli.commands import commands_of
from edi_bridge.cli.exchange_act import reason_option
from edi_bridge.cli.exchange_look import opened
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.database import Database
    from edi_bridge.settings import Settings
    from edi_bridge.store.version import Activation, Version

COMMANDS = {
    "log": ("catalog_log", "log", "What came in force: when, by whom, what changed, why."),
    "diff": ("catalog_log", "diff", "What differs between two versions, or in the files that lie in the home."),
    "activate": ("catalog_log", "activate", "Put the files of the home in force, or a version that was before."),
    "show": ("catalog_log", "show_", "The files of a version, or one of them."),
}
SAME, OTHER = 0, 1
COLOURS = {"new": "green", "changed": "yellow", "gone": "red"}
HERE = "the files of the home"
NOTHING = "nothing was in force yet: the first command that posts or sends records the first version"
NAMED = 3  # files that a line of the log names
Changed = tuple[str, str]  # (new | changed | gone, name)


@click.command(cls=commands_of(COMMANDS))
def catalog() -> None:
    """Versions of the configuration: partners, maps, lookups, guides, rules, scenarios and what the rollout wrote, each state under the
    hash of its contents.

    \b
    Examples:
      edi-bridge catalog diff                                  what was changed and is not in force
      edi-bridge catalog activate --reason "new GLN of Acme"
      edi-bridge catalog log
      edi-bridge catalog activate former --reason "the new map drops the unit"
    """


def _kinds(changes: list[Changed]) -> str:
    """`changed partners/acme.yaml, new mappings/order.acme.yaml and 4 more`."""
    listed = ", ".join(f"{how} {name}" for how, name in changes[:NAMED])
    return listed + (f" and {len(changes) - NAMED} more" if len(changes) > NAMED else "")


@click.command()
@click.option("--limit", metavar="N", type=click.IntRange(1), default=20, show_default=True, help="At most so many.")
@options.home_option
@options.database_option
@options.json_option
def log(limit: int, home: str | None, database: str | None, as_json: bool) -> int:
    """What came in force, the newest first: when, by whom, what changed against the version before, why.

    \b
    Example:
      edi-bridge catalog log
    """
    from edi_bridge.store import version

    with opened(home, database) as (settings, made), made.read() as connection:
        rows = version.log(connection, limit)
        now = version.active(connection)
    if as_json:
        options.print_json([_as_json(one) for one in rows])
        return 0
    show.table(("version", "in force since (UTC)", "by", "~changed", "~why"), [
        (one.version.short, show.minute(one.at), one.actor,
         _kinds(one.changes) if one.former else show.number(len(one.version.files), "file"), one.reason) for one in rows])
    if now is None:
        show.note(NOTHING)
        return 0
    waiting = _waiting(settings, now)
    show.note(f"{now.short} is in force" + (f"; {show.number(len(waiting), 'file')} of the home "
              f"{'is another' if len(waiting) == 1 else 'are others'}: edi-bridge catalog diff" if waiting else ""))
    return 0


def _as_json(one: Activation) -> dict[str, Any]:
    return {"version": one.version.hash, "at": one.at, "actor": one.actor, "reason": one.reason, "program": one.version.program,
            "former": one.former.hash if one.former else "", "files": [{"file": name, "change": how} for how, name in one.changes]}


def _waiting(settings: Settings, now: Version) -> list[Changed]:
    from edi_bridge import versioning
    from edi_bridge.store import version

    return version.changes(now.files, version.hashes(versioning.read(settings.home)))


@click.command()
@click.argument("old", metavar="[A]", required=False)
@click.argument("new", metavar="[B]", required=False)
@options.home_option
@options.database_option
@options.json_option
def diff(old: str | None, new: str | None, home: str | None, database: str | None, as_json: bool) -> int:
    """What differs between the versions A and B; without B: between A and what is in force; without both: between what is in force and
    the files as they lie in the home. A version is named by the first digits of its hash, or as `former`.

    Partners' files are compared setting by setting, with what their profiles say; other files line by line.

    \b
    Examples:
      edi-bridge catalog diff
      edi-bridge catalog diff former
      edi-bridge catalog diff 4be1 93d0 --json

    Exit codes: 0 they are the same, 1 they differ, 2 wrong use or configuration.
    """
    with opened(home, database) as (settings, made):
        sides = _sides(settings, made, old, new)
        rows = list(_compared(settings, sides))
    names = [name for name, _, _ in sides]
    if as_json:
        options.print_json({"old": names[0], "new": names[1], "files": rows})
        return OTHER if rows else SAME
    for row in rows:
        how = row["change"]
        print(f"{show.style(f'{how:<8}', COLOURS.get(how, ''), sys.stdout)} {show.clean(row['file'])}")
        for one in row["settings"]:
            print(show.clean(f"    {one['setting']}: {one['old'] or '-'} → {one['new'] or '-'}"))
        for line in row["lines"]:
            print(show.clean(f"    {line}"))
    count = sum(bool(row["change"]) for row in rows)
    show.note(f"{names[0]} → {names[1]}: {show.number(count, 'file')} differ{'s' * (count == 1)}" if rows else
              f"{names[0]} and {names[1]} hold the same files")
    return OTHER if rows else SAME


Side = tuple[str, Mapping[str, bytes], Callable[[], Path]]  # how it is called, its files, the folder in which they stand


def _sides(settings: Settings, made: Database, old: str | None, new: str | None) -> list[Side]:
    from edi_bridge import versioning
    from edi_bridge.store import version

    def recorded(one: Version, word: str) -> Side:
        with made.read() as connection:
            files = version.files_of(connection, one)
        return f"{one.short}{word}", files, lambda: versioning.snapshot(settings.home, one.hash, files)

    with made.read() as connection:
        active = version.active(connection)
        said = [version.find(connection, one) for one in (old, new) if one]
    if active is None:
        raise ConfigFault.at("", 0, 0, NOTHING)
    if not said:
        return [recorded(active, " (in force)"), (HERE, versioning.read(settings.home), lambda: settings.home)]
    second = said[1] if len(said) > 1 else active
    return [recorded(said[0], ""), recorded(second, " (in force)" if second.hash == active.hash else "")]


def _compared(settings: Settings, sides: list[Side]) -> Iterator[dict[str, Any]]:
    """Each file that differs, with the lines; of partners the settings that are others, also where only a profile differs."""
    from edi_bridge.partner.package import changes
    from edi_bridge.store import version

    (_, old, old_root), (_, new, new_root) = sides
    differing = version.changes(version.hashes(old), version.hashes(new))
    if not differing:
        return
    before, after = _settings_of(settings, old_root()), _settings_of(settings, new_root())
    partners = {f"partners/{name}.yaml": name for name in before.keys() & after.keys()}
    for how, name in differing:
        settled = _settings(before[partners[name]], after[partners[name]]) if name in partners and how == "changed" else []
        lines: list[str] = []
        if how == "changed" and not settled:
            lines = next((said for _, _, said in changes({name: old[name]}, {name: new[name]})), [])
        yield {"file": name, "change": how, "settings": settled, "lines": lines}
    touched = {name for _, name in differing}
    for name in sorted(before.keys() & after.keys()):
        if f"partners/{name}.yaml" not in touched and (settled := _settings(before[name], after[name])):
            yield {"file": f"partners/{name}.yaml, by its profiles", "change": "", "settings": settled, "lines": []}


def _settings_of(settings: Settings, root: Path) -> dict[str, dict[str, str]]:
    """The settings in force of every partner that can be read; nothing of those that cannot."""
    from edi_bridge.partner.effective import settings as effective

    known = options.catalog_of(settings.home, root=root)
    made: dict[str, dict[str, str]] = {}
    for name in known.partner_files:
        try:
            made[name] = {one.path: one.value for one in effective(known.load_partner(name))}
        except ConfigFault:
            continue
    return made


def _settings(old: Mapping[str, str], new: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"setting": path, "old": old.get(path, ""), "new": new.get(path, "")}
            for path in dict.fromkeys((*old, *new)) if old.get(path) != new.get(path)]


@click.command()
@click.argument("wanted", metavar="[VERSION]", required=False)
@reason_option
@options.home_option
@options.database_option
def activate(wanted: str | None, reason: str, home: str | None, database: str | None) -> int:
    """Put the files as they lie in the home in force, after they were looked through: whatever cannot work is refused.

    With VERSION (the first digits of its hash, or `former`): put that version in force. Its files are written back into the home;
    files that it does not have are taken out, and what lay there is recorded before. A daemon or worker that runs takes it whole,
    within seconds, between two receipts.

    \b
    Examples:
      edi-bridge catalog activate --reason "new GLN of Acme"
      edi-bridge catalog activate former --reason "the new map drops the unit"
      edi-bridge catalog activate 4be10c --reason "as it was on Friday"

    Exit codes: 0 it is in force, 2 wrong use or configuration, 3 try again later.
    """
    from edi_bridge import clock, versioning
    from edi_bridge.store import version
    from edi_bridge.versioning.usable import check_folder

    settings = options.settings_of(home, database)
    made = options.open_database(settings, create=True)
    now = clock.from_environment(os.environ).text
    try:
        if wanted:
            with made.read() as connection:
                found = version.find(connection, wanted)
            done = versioning.put_in_force(settings.home, made, found, check_folder, versioning.actor(), reason, now)
        else:
            done = versioning.activate_home(settings.home, made, _looked_through, versioning.actor(), reason, now)
    finally:
        made.close()
    show.note(f"{done.version.short} is in force: {_kinds(done.changes) or 'the same files as before'}")
    return 0


def _looked_through(root: Path) -> None:
    """ConfigFault for what cannot be loaded, and for what lint calls an error."""
    from edi_bridge.catalog import Catalog
    from edi_bridge.linting import linted_partners
    from edi_bridge.versioning.usable import check

    known = Catalog(root)
    check(known)
    rows = linted_partners(known, [path.stem for path in (root / "partners").glob("*.yaml") if not path.stem.startswith("_")])
    wrong = [(row["file"], row["line"], row["column"], row["sentence"]) for row in rows if row["level"] == "error"]
    if wrong:
        raise ConfigFault(wrong)


@click.command("show")
@click.argument("said", metavar="VERSION")
@click.argument("file", required=False)
@options.home_option
@options.database_option
@options.json_option
def show_(said: str, file: str | None, home: str | None, database: str | None, as_json: bool) -> int:
    """The files of a version (the first digits of its hash, or `former`) with their hashes; with FILE what stands in that one.

    \b
    Examples:
      edi-bridge catalog show 4be10c
      edi-bridge catalog show former mappings/order.acme.yaml > before.yaml
      edi-bridge map diff before.yaml order.acme --archive          what the change did to what came in
    """
    from edi_bridge.store import version

    with opened(home, database) as (_, made), made.read() as connection:
        found = version.find(connection, said)
        content = version.files_of(connection, found).get(file) if file else None
    if file:
        if content is None:
            raise ConfigFault.at("", 0, 0, f"the version {found.short} has no file {file};"
                             f" edi-bridge catalog show {found.short} lists them")
        sys.stdout.flush()
        show.sink().write(content)
        sys.stdout.buffer.flush()
        return 0
    if as_json:
        options.print_json({"version": found.hash, "made_at": found.made_at, "program": found.program, "files": dict(found.files)})
        return 0
    show.table(("file", "SHA-256"), [(name, digest[:16]) for name, digest in found.files.items()])
    show.note(f"{found.short} · {show.number(len(found.files), 'file')} · recorded {show.minute(found.made_at)} UTC"
              f" by edi-bridge {found.program}")
    return 0
