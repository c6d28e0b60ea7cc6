"""`edi-bridge partner package`: everything that is agreed with a partner as one folder or zip, and the way back."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import edi_bridge
from edi_bridge.cli import options, show
from edi_bridge.fault import ConfigFault

if TYPE_CHECKING:
    from edi_bridge.catalog import Catalog
    from edi_bridge.mapping.compile import CompiledMap
    from edi_bridge.partner import Partner
    from edi_bridge.partner.package import Package

CONFIGURATION = ("partners", "mappings", "lookups", "guides", "samples")  # folders of a home that a package has files for
COLOURS = {"new": "green", "changed": "yellow", "same": "dim"}
FAILED = 1


@click.command("package", short_help="A partner as a folder or zip with hashes; package import brings one in.")
@click.argument("words", nargs=-1, required=True, metavar="PARTNER | import FILE")
@click.option("--out", metavar="PATH", help="Where it goes: a new folder, or a file that ends in .zip (default: PARTNER-VERSION.zip).")
@click.option("--apply", is_flag=True, help="With import: put the files in force; without it only the difference is shown.")
@click.option("--reason", metavar="TEXT", default="", help="With --apply: why; it stands in the log of versions.")
@click.option("--home", metavar="DIR", help="The home (default: EDI_BRIDGE_HOME).")
@options.json_option
def partner_package(words: tuple[str, ...], out: str | None, apply: bool, reason: str, home: str | None, as_json: bool) -> int:
    """Pack all that is agreed with PARTNER: its file and profiles, the maps with their fragments and code tables, guides of the home,
    tables of keys (those of the database too), samples, and what the maps make of them. The version is the hash of all files: the
    same content is the same version.

    `package import FILE` verifies every hash, refuses names that lead elsewhere and secrets, shows the difference to what is
    there, and tries the partner with all of it; with --apply the files that differ are written into the home and come in force as a
    version of their own (`edi-bridge catalog log`). A package holds no secrets, only their names.

    \b
    Examples:
      edi-bridge partner package acme --out acme.zip
      edi-bridge partner package import acme.zip --home other-home
      edi-bridge partner package import acme.zip --home other-home --apply

    Exit codes: 0 done, 1 a sample of the package fails, 2 wrong use, or the package is refused.
    """
    place = options.optional_home(home)
    if len(words) == 2 and words[0] == "import":
        if place is None:
            raise ConfigFault.at("", 0, 0, "say into which home: --home DIR (or EDI_BRIDGE_HOME)")
        return _import(Path(words[1]), place, apply, reason.strip(), as_json)
    if len(words) != 1 or words[0] == "import" or apply:
        raise click.UsageError("say PARTNER, or import FILE (--apply belongs to import)")
    return _pack(words[0], place, out, as_json)


# --- out ---------------------------------------------------------------------------------------------------------------

def _pack(name: str, home: Path | None, out: str | None, as_json: bool) -> int:
    from edi_bridge.partner.package import leaks, to_zip, version_of, with_manifest
    from edi_bridge.record import to_json

    catalog = options.catalog_of(home)
    partner = catalog.load_partner(name)
    files, results = _contents(partner, catalog)
    files["results.json"] = to_json(results, indent=True) + b"\n"
    found = leaks(files, _secrets_here(home))
    if found:
        raise ConfigFault([("", 0, 0, f"{one}; nothing was packed") for one in found])
    whole = with_manifest(name, files, _secret_names(partner), edi_bridge.__version__)
    version = version_of(files)
    target = Path(out or f"{name}-{version[:12]}.zip")
    if target.exists():
        raise ConfigFault.at(str(target), 0, 0, "is there already; nothing was changed")
    if target.suffix == ".zip":
        target.write_bytes(to_zip(whole))
    else:
        for path, content in whole.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            (target / path).write_bytes(content)
    failed = [one for one in results if not one["passed"]]
    _note(name, version, target, home)
    if as_json:
        options.print_json({"partner": name, "version": version, "file": str(target), "files": sorted(files), "failed": failed})
    for one in failed:
        show.note(f"  {one['map']} fails its sample {one['sample']}: {show.clean('; '.join(one['differences']))}")
    show.note(f"{name} · {show.number(len(files), 'file')} · {show.number(len(results), 'sample')}, {len(failed)} failed · version {version[:12]} · {target}")
    return FAILED if failed else 0


def _note(name: str, packed: str, target: Path, home: Path | None) -> None:
    """The audit log of a home that has one says what was packed, and of which version of the home."""
    from edi_bridge.cli.exchange_act import actor, now
    from edi_bridge.store import audit, version

    if home is None:
        return
    settings = options.settings_of(str(home), None)
    if "://" not in settings.database and not Path(settings.database).exists():
        return
    made = options.open_database(settings, create=False)
    try:
        with made.write() as connection:
            force = version.active(connection)
            audit.write(connection, now(), actor(), "package", f"partner {name}", "",
                        {"package": packed, "configuration": force.hash if force else "", "file": target.name})
    finally:
        made.close()


def _contents(partner: Partner, catalog: Catalog) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """The files by their names in a home, and what became of the samples. ConfigFault when a map that is agreed on cannot be compiled."""
    from edi_bridge.interchange import MessageType
    from edi_bridge.mapping import lookup_csv

    maps: dict[str, CompiledMap] = {}
    for one in partner.agreements:
        type = MessageType(*one.message.split("/"))
        compiled = catalog.map_named(one.map) if one.map else catalog.map_for(type, partner, one.direction)
        if compiled is not None:
            maps[compiled.name] = compiled
    tables = {value.rule.lookup for compiled in maps.values() for value in compiled.plan.values() if value.rule.lookup}
    tables |= {table for one in partner.agreements for table in one.lookups}
    files = {name: path.read_bytes() for name, path in catalog.read_files().items() if _belongs(name, partner)}
    for table in sorted(tables):
        for whose in (partner.name, ""):
            rows = catalog.lookup_rows(table, whose)
            if rows:
                files[f"partners/{whose}.{table}.csv" if whose else f"lookups/{table}.csv"] = lookup_csv.text(rows).encode()
    results = []
    for compiled in maps.values():
        results += _samples(compiled, partner, catalog, files)
    return files, results


def _belongs(name: str, partner: Partner) -> bool:
    """Whether a file that was read is the partner's: its own and its profiles, no other partner's."""
    return name in partner.layers if name.startswith("partners/") else name.startswith(("mappings/", "guides/"))


def _samples(compiled: CompiledMap, partner: Partner, catalog: Catalog, files: dict[str, bytes]) -> list[dict[str, Any]]:
    """Put the partner's samples of a map to the files, and say what the map makes of them."""
    from edi_bridge.sample_folders import folders_of
    from edi_bridge.proving import prove

    results = []
    for folder in folders_of(compiled, catalog):
        if folder.partner != partner.name:
            continue
        name = folder.name if folder.name.startswith("samples/") else f"samples/{folder.name}"
        for path in sorted(one for one in folder.path.rglob("*") if one.is_file() and not one.is_symlink()):
            files[f"{name}/{path.relative_to(folder.path)}"] = path.read_bytes()
        proof = prove(folder.sample(compiled.name), compiled, catalog)
        results.append({"map": compiled.name, "sample": folder.name, "passed": proof.passed, "steps": proof.done,
                        "differences": [str(one) for one in proof.differences]})
    return results


def _secret_names(partner: Partner) -> list[str]:
    """The secrets that its channels name."""
    from edi_bridge import channel
    from edi_bridge.yamltext import Problems

    made = set()
    for one in channel.load(partner.channels, partner.name, partner.file, "", Problems(partner.file)).values():
        made |= {one.options[option.name] for option in channel.OPTIONS[one.kind] if option.type == "secret" and one.options.get(option.name)}
    return sorted(made)


def _secrets_here(home: Path | None) -> list[tuple[str, bytes]]:
    """(name, value) of the secrets that this home keeps in files or the environment, to be looked for in what goes out."""
    prefix = "EDI_BRIDGE_SECRET_"
    found = [(name.removeprefix(prefix).lower(), value.encode()) for name, value in os.environ.items() if name.startswith(prefix)]
    folder = home / "secrets" if home else None
    for path in sorted(folder.iterdir()) if folder is not None and folder.is_dir() else ():
        if path.is_file():
            found.append((path.name, path.read_bytes().strip()))
    return found


# --- in ----------------------------------------------------------------------------------------------------------------

def _import(path: Path, home: Path, apply: bool, reason: str, as_json: bool) -> int:
    from edi_bridge.partner.package import changes, leaks, verified

    package = verified(_read(path), str(path))
    found = leaks(package.files, _secrets_here(home))
    if found:
        raise ConfigFault([(str(path), 0, 0, one) for one in found])
    catalog = options.catalog_of(home)
    wanted = {name: content for name, content in package.files.items() if name != "results.json"}
    rows = list(changes({name: _there(name, catalog) for name in wanted}, wanted))
    results = _tried(package, home)
    if as_json:
        options.print_json({"partner": package.partner, "version": package.version, "secrets": list(package.secrets), "applied": apply,
                            "failed": [one for one in results if not one["passed"]],
                            "files": [{"file": name, "state": state, "lines": lines} for name, state, lines in rows]})
    else:
        for name, state, lines in rows:
            print(f"{show.style(f'{state:<8}', COLOURS[state], sys.stdout)} {show.clean(name)}")
            for line in lines:
                print(f"    {show.clean(line)}")
    _others(package, rows, catalog)
    force = ""
    if apply:
        force = _put(home, {name: wanted[name] for name, state, _ in rows if state != "same"}, package, reason)
    differ = sum(state != "same" for _, state, _ in rows)
    said = "written" if apply else "would be written (--apply)"
    show.note(f"{package.partner} · version {package.version[:12]} · {show.number(differ, 'file')} of {len(rows)} {said}" + (f" · {force} is in force" if force else ""))
    for one in results:
        if not one["passed"]:
            show.note(f"here {one['map']} fails its sample {one['sample']}: {show.clean('; '.join(one['differences']))}")
    if package.secrets:
        show.note(f"it needs the secrets {', '.join(map(show.clean, package.secrets))}: put them into secrets/ of the home")
    return 0


def _read(path: Path) -> dict[str, bytes]:
    """The files of a zip or folder. ConfigFault for links, and for what is too much."""
    from edi_bridge.partner.package import LARGEST_FILE, MOST_BYTES, MOST_FILES, from_zip

    if not path.is_dir():
        try:
            if path.stat().st_size > MOST_BYTES:
                raise ConfigFault.at(str(path), 0, 0, f"is larger than {MOST_BYTES:,} bytes")
            return from_zip(path.read_bytes(), str(path))
        except OSError as error:
            raise ConfigFault.at(str(path), 0, 0, f"cannot be read: {error.strerror}") from None
    made: dict[str, bytes] = {}
    for root, folders, names in os.walk(path):
        for name in (*folders, *names):
            one = Path(root, name)
            if one.is_symlink() or not (one.is_file() or one.is_dir()):
                raise ConfigFault.at(str(one), 0, 0, "is a link or a device, not a file")
        for name in sorted(names):
            one = Path(root, name)
            if len(made) >= MOST_FILES or one.stat().st_size > LARGEST_FILE:
                raise ConfigFault.at(str(one), 0, 0, f"is more than {MOST_FILES:,} files or {LARGEST_FILE:,} bytes")
            made[one.relative_to(path).as_posix()] = one.read_bytes()
    return made


def _there(name: str, catalog: Catalog) -> bytes | None:
    """What stands under a name now: the home's file, else the shipped one."""
    path = next((root / name for root in catalog.roots if (root / name).is_file()), None)
    return path.read_bytes() if path is not None else None


def _tried(package: Package, home: Path) -> list[dict[str, Any]]:
    """The home as it would be, tried before anything of it is written: what became of the samples. ConfigFault when the partner
    cannot be used in it."""
    from edi_bridge.catalog import Catalog
    from edi_bridge.linting import linted_partners

    with tempfile.TemporaryDirectory(prefix="edi-bridge-") as folder:
        copy = Path(folder)
        for part in CONFIGURATION:
            if part != "samples" and (home / part).is_dir():
                shutil.copytree(home / part, copy / part)
        for name, content in package.files.items():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes(content)
        catalog = Catalog(copy)
        rows = linted_partners(catalog, [package.partner])
        wrong = [(row["file"], row["line"], row["column"], row["sentence"]) for row in rows if row["level"] == "error"]
        if wrong:
            raise ConfigFault(wrong)
        _, results = _contents(catalog.load_partner(package.partner), catalog)
    return results


def _others(package: Package, rows: list[tuple[str, str, list[str]]], catalog: Catalog) -> None:
    """Say which other partners use what would be changed."""
    changed = {name.rpartition("/")[2].removesuffix(".yaml") for name, state, _ in rows if state == "changed" and name.startswith("mappings/")}
    users = sorted({one.name for one in catalog.partners if one.name != package.partner and any(each.map in changed for each in one.agreements)})
    if users:
        show.note(f"maps that change are also agreed with {', '.join(users)}")


def _put(home: Path, files: dict[str, bytes], package: Package, reason: str) -> str:
    """The package's files come in force as one version, in the database and in the home; samples, which make up none, are written before
    them. The version, as people see it; '' when nothing is another."""
    from edi_bridge import versioning
    from edi_bridge.cli.exchange_act import actor, now
    from edi_bridge.versioning.home_files import part_of_version, plain, write
    from edi_bridge.versioning.usable import check_folder

    for name in files:
        if any(one.is_symlink() for one in (home / name, *(home / name).parents) if one.is_relative_to(home) and one != home):
            raise ConfigFault.at(str(home / name), 0, 0, "is a link, or behind one; nothing is written through it")
        plain(home / name)
    for name in sorted(files):
        if not part_of_version(name):
            write(home / name, files[name])
    versioned = {name: content for name, content in files.items() if part_of_version(name)}
    if not versioned:
        return ""
    settings = options.settings_of(str(home), None)
    made = options.open_database(settings, create=True)
    try:
        done = versioning.change(home, made, lambda _: versioned, check_folder, actor(),
                                 reason or f"package {package.version[:12]} of {package.partner}", now, activate=settings.activate)
    finally:
        made.close()
    return done.version.short
