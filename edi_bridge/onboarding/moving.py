"""Stages are moved: each move writes `partners/_stages.yaml` as a new version and puts that in force, with who and why.

One move is one activation (`versioning.change`): its journal finishes what a kill cut short, so it is done as a whole or not at all.
What follows from it (released exchanges after a pause) is found from the ledger alone, by whoever looks next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from edi_bridge import versioning
from edi_bridge.catalog import Catalog
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.partner import STAGES_FILE, Agreement, Limits, Moved, Partner, load_stages, stages_text
from edi_bridge.rollout.gate import way
from edi_bridge.rollout.stage import TABLE, following, may_follow
from edi_bridge.store import audit, version
from edi_bridge.store.tables import ledger
from edi_bridge.versioning.snapshot import snapshot
from edi_bridge.versioning.usable import check_folder
from edi_bridge.yamltext import Block, parse

Files = Mapping[str, bytes]
OWN_FILES = "partners/{name}.yaml", "partners/{name}."  # a partner's file, and how the names of its tables begin


@dataclass(frozen=True, slots=True)
class Step:
    """One agreement on its way from a stage to another."""

    partner: str
    agreement: Agreement
    to: str
    limits: Limits | None = None  # None: as they are

    @property
    def name(self) -> str:
        """As people name it."""
        return f"{self.partner} {self.agreement.direction} {self.agreement.message}{' (tests)' if self.agreement.test else ''}"


@dataclass(frozen=True, slots=True)
class Return:
    """What a rollback goes back to: the version (its short hash), the stage of each agreement, the files that are put back; `left` are
    files that others use too and which stay as they are."""

    version: str
    steps: tuple[Step, ...]
    files: Mapping[str, bytes | None]
    left: tuple[str, ...] = ()
    entries: Mapping[tuple[str, str, bool], Moved | None] = field(default_factory=dict)
    since: str = ""  # when what is undone came in force


@dataclass(frozen=True, slots=True)
class Produced:
    """What a partner's bad version made: exchanges (id, state), documents in the CRM (kind, number, lane), entries of the outbox (id,
    what, number, state)."""

    exchanges: tuple[tuple[int, str], ...]
    documents: tuple[tuple[str, str, str], ...]
    sent: tuple[tuple[int, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Moving:
    """Moves the stages of one home. `actor` is who does it; `now` the time as the ledger writes it."""

    home: Path
    database: Database
    actor: str
    now: Callable[[], str]
    activate: str = "automatic"  # of the settings: with explicit, what others are editing is no part of a move

    def move(self, act: str, partner: str, steps: Sequence[Step], reason: str, details: Mapping[str, Any] | None = None, *,
             skip: bool = False) -> str:
        """Put agreements of a partner into other stages, all of them or none; the version that is in force then (its short hash). `skip`:
        forward also over stages between.

        ConfigFault where a stage cannot follow, or the files that are in force know such an agreement no more.
        """
        for step in steps:
            if not may_follow(step.agreement.stage, step.to) and not (skip and way(step.agreement.stage, step.to)):
                ways = ", ".join(TABLE[step.agreement.stage].next)
                raise ConfigFault.at("", 0, 0, f"{step.name} is in the stage {step.agreement.stage}: {step.to} cannot follow it, but {ways}")
        at = self.now()

        def edit(files: Files) -> dict[str, bytes | None]:
            return {STAGES_FILE: _with(files, partner, [self._moved(files, step, at, reason) for step in steps])}

        words = "; ".join(f"{step.agreement.direction} {step.agreement.message}: {step.agreement.stage} → {step.to}" for step in steps)
        done = self._change(edit, f"{act} {partner}: {words}: {reason}")
        self._audited(act, partner, reason, {"moves": [[step.agreement.message, step.agreement.direction, step.agreement.stage, step.to] for step in steps],
                                             "version": done.version.hash, **(details or {})})
        return done.version.short

    def _moved(self, files: Files, step: Step, at: str, reason: str) -> Moved:
        before = next((one for one in stages_of(files).get(step.partner, ()) if one.key == step.agreement.key), None)
        now = before.stage if before else step.agreement.stage
        if now != step.agreement.stage:
            raise ConfigFault.at("", 0, 0, f"{step.name} is in the stage {now} by now: somebody else moved it")
        limits = step.limits if step.limits is not None else before.limits if before else Limits()
        since = before.former_since if before and now == "paused" and step.to == before.former and before.former_since else at
        return Moved(*step.agreement.key[:2], step.to, since, self.actor, reason, now, before.since if before else "", limits, step.agreement.test)

    def _change(self, edit: versioning.changing.Edit, reason: str) -> version.Activation:
        return versioning.change(self.home, self.database, edit, check_folder, self.actor, reason, self.now, activate=self.activate)

    def _audited(self, act: str, partner: str, reason: str, details: Mapping[str, Any]) -> None:
        with self.database.write() as connection:
            audit.write(connection, self.now(), self.actor, act, f"partner {partner}", reason, details)

    # --- back -------------------------------------------------------------------------------------------------------

    def way_back(self, catalog: Catalog, partner: Partner, agreements: Sequence[Agreement], *, whole: bool) -> Return:
        """What a rollback of these agreements would do. `whole`: of the partner, so its file and tables too. A pause is no stage to go
        back to. ConfigFault where no version is known in which one of them was in another stage."""
        keys = {one.key for one in agreements}
        with self.database.read() as connection:
            history = version.log(connection)
            now = _entries(connection, history[0].version, partner.name) if history else {}
            for newer, older in zip(history, history[1:], strict=False):
                before = _entries(connection, older.version, partner.name)
                paused = any(key in before and before[key].stage == "paused" for key in keys)
                if not paused and any(_stay(before.get(key)) != _stay(now.get(key)) for key in keys):
                    files = {name: version.files_of(connection, one.version) for name, one in (("old", older), ("now", history[0]))}
                    return _return(catalog, partner, agreements, older.version, files["old"], files["now"], before, newer.at, whole)
        raise ConfigFault.at("", 0, 0, f"{partner.name} was in no other stage before, as far as versions are kept: there is nothing to go back to")

    def rehearse(self, partner: str, back: Return, reason: str) -> None:
        """Try a rollback without doing it: the files are laid down beside the home and read as they would be. ConfigFault where they
        cannot be used."""
        with self.database.read() as connection:
            active = version.active(connection)
            files = version.files_of(connection, active) if active is not None else {}
        edited = self._back(files, partner, back)
        made = {name: content for name, content in {**files, **edited}.items() if content is not None}
        check_folder(snapshot(self.home, version.hash_of(version.hashes(made), "rehearsed"), made))
        self._audited("rehearse rollback", partner, reason, {"version": back.version, "files": sorted(back.files)})

    def roll_back(self, partner: str, back: Return, reason: str) -> str:
        """Put the former stage and files in force again; the version (its short hash). Numbers and open acknowledgements are the
        ledger's: they go on."""
        done = self._change(lambda files: self._back(files, partner, back), f"rollback {partner} to {back.version}: {reason}")
        self._audited("rollback", partner, reason, {"to": back.version, "version": done.version.hash, "files": sorted(back.files),
                                                    "moves": [[one.agreement.message, one.agreement.direction, one.agreement.stage, one.to] for one in back.steps]})
        return done.version.short

    def _back(self, files: Files, partner: str, back: Return) -> dict[str, bytes | None]:
        gone = {key for key, entry in back.entries.items() if entry is None}
        return {**back.files, STAGES_FILE: _with(files, partner, [entry for entry in back.entries.values() if entry is not None], gone)}

    def produced(self, partner: str, since: str) -> Produced:
        """What came, was posted and went out since a moment."""
        t = ledger()
        e, m, d, o = t.exchange, t.message, t.message_document, t.outbox
        with self.database.read() as connection:
            exchanges = connection.execute(select(e.c.id, e.c.state).where(e.c.partner == partner, e.c.received_at >= since).order_by(e.c.id)).all()
            query = select(d.c.kind, d.c.number, m.c.lane).join(m, m.c.id == d.c.message_id).join(e, e.c.id == m.c.exchange_id)
            documents = connection.execute(query.where(e.c.partner == partner, e.c.received_at >= since, m.c.state == "posted").order_by(d.c.id)).all()
            sent = connection.execute(select(o.c.id, o.c.name, o.c.control, o.c.state).where(o.c.partner == partner, o.c.created_at >= since).order_by(o.c.id)).all()
        return Produced(tuple((row.id, row.state) for row in exchanges), tuple((row.kind, row.number, row.lane) for row in documents),
                        tuple((row.id, row.name, row.control, row.state) for row in sent))


def steps_to(partner: Partner, agreements: Sequence[Agreement], to: str, limits: Limits | None = None) -> list[Step]:
    """Each agreement's next step: to a stage, or ('') the one that follows. ConfigFault where none follows by itself."""
    made = []
    for one in agreements:
        target = to or following(one.stage)
        if not target:
            raise ConfigFault.at("", 0, 0, f"{partner.name} {one.direction} {one.message} is in the stage {one.stage}: say where to with --to "
                                           f"({', '.join(TABLE[one.stage].next)})")
        made.append(Step(partner.name, one, target, limits))
    return made


def stages_of(files: Files) -> dict[str, list[Moved]]:
    """The stages in force that stand in the files of a version."""
    if STAGES_FILE not in files:
        return {}
    block = parse(files[STAGES_FILE], STAGES_FILE)
    assert isinstance(block, Block), "a version is tried before it comes in force"
    return load_stages(block)


def _stay(moved: Moved | None) -> tuple[str, str]:
    """In which stage since when, a pause left aside."""
    if moved is None:
        return "", ""
    return (moved.former, moved.former_since) if moved.stage == "paused" else (moved.stage, moved.since)


def _entries(connection: Connection, one: version.Version, partner: str) -> dict[tuple[str, str, bool], Moved]:
    """What a version says of a partner's stages; only the one file is read."""
    digest = one.files.get(STAGES_FILE)
    if digest is None:
        return {}
    content = version.files_of(connection, replace(one, files={STAGES_FILE: digest}))
    return {moved.key: moved for moved in stages_of(content).get(partner, ())}


def _with(files: Files, partner: str, moved: Sequence[Moved], gone: set[tuple[str, str, bool]] | None = None) -> bytes:
    """The file of the stages with some of a partner's replaced."""
    stages = stages_of(files)
    keys = {one.key for one in moved} | (gone or set())
    stages[partner] = [*(one for one in stages.get(partner, ()) if one.key not in keys), *moved]
    return stages_text(stages).encode()


def _return(catalog: Catalog, partner: Partner, agreements: Sequence[Agreement], to: version.Version, old: Files, now: Files,
            before: Mapping[tuple[str, str, bool], Moved], since: str, whole: bool) -> Return:
    own, shared = _maps_of(catalog, partner, agreements)
    wanted = {f"mappings/{name}.yaml" for name in own}
    if whole:
        first, rest = (one.format(name=partner.name) for one in OWN_FILES)
        wanted |= {name for name in {*old, *now} if name == first or (name.startswith(rest) and name.endswith(".csv"))}
    files = {name: old.get(name) for name in sorted(wanted) if old.get(name) != now.get(name)}
    left = tuple(sorted(name for one in shared if old.get(name := f"mappings/{one}.yaml") != now.get(name)))
    steps = tuple(Step(partner.name, one, before[one.key].stage if one.key in before else _first(old, partner.name, one)) for one in agreements)
    return Return(to.short, steps, files, left, {one.key: before.get(one.key) for one in agreements}, since)


def _first(files: Files, partner: str, agreement: Agreement) -> str:
    """The stage that the partner's file says where nobody had moved it yet."""
    block = parse(files.get(f"partners/{partner}.yaml", b""), "")
    if not isinstance(block, Block):
        return agreement.stage
    entry = next((one for one in block.get("agreements") or () if isinstance(one, Block) and one.get("message") == agreement.message
                  and (one.get("direction") or "in") == agreement.direction and bool(one.get("test")) == agreement.test), None)
    return str((entry.get("stage") if entry is not None else None) or block.get("stage") or "live")


def _maps_of(catalog: Catalog, partner: Partner, agreements: Sequence[Agreement]) -> tuple[set[str], set[str]]:
    """The maps that these agreements name: those that nobody else uses, and those that others use too."""
    mine = {one.map for one in agreements if one.map}
    keys = {one.key for one in agreements}
    others = {one.map for who in catalog.partners for one in who.agreements if one.map and (who.name != partner.name or one.key not in keys)}
    shared = {name for name in mine if name in others or any(name in _above(catalog, other) for other in catalog.map_index if other != name)}
    return mine - shared, shared


def _above(catalog: Catalog, name: str) -> Iterator[str]:
    """The map that a map extends."""
    path = catalog.map_index[name][0]
    if catalog.map_index[name][2]:
        block = parse(path.read_bytes(), str(path))
        if isinstance(block, Block) and isinstance(block.get("extends"), str):
            yield block["extends"]

