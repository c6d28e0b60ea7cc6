"""Partners and their channels, maps, code tables and lookups, beside the structures and guides; maps are compiled once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from edi_bridge import channel
from edi_bridge import partner as partners_
from edi_bridge.catalog.guides import Guides
from edi_bridge.channel import Channel
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Interchange, MessageType
from edi_bridge.mapping import mapfile
from edi_bridge.mapping.codec import CodeTable, load_table
from edi_bridge.mapping.compile import CompiledMap
from edi_bridge.mapping.lookup import Layer, Row, Tables
from edi_bridge.mapping.plan import PlanFault
from edi_bridge.yamltext import Block, Problems, parse

Stored = Callable[[str, str], Sequence[Row]]  # (table, partner or '' for all) → rows that a database keeps


class Catalog(Guides):
    """What a home and the package know together. Nothing is read before it is asked for. `stored` gives the rows of lookups that
    are kept in a database, where there is one. `place`: the home itself, where `home` is a copy of its files (a version)."""

    def __init__(self, home: Path | None = None, *, check_receiver: bool = False, stored: Stored | None = None, place: Path | None = None):
        super().__init__(home)
        self.place = place or home
        self.stored = stored
        self._lookups: dict[str, Tables] = {}
        self.check_receiver = check_receiver
        self._maps: dict[str, CompiledMap] = {}
        self._by_type: dict[tuple[MessageType, str, str, bool], CompiledMap | None] = {}
        self._tables: dict[tuple[str, str], CodeTable] = {}

    # --- partners ------------------------------------------------------------------------------------------------

    @cached_property
    def partners(self) -> list[partners_.Partner]:
        """Every partner of the home, and the shipped ones whose name the home does not use."""
        found, problems = [], []
        for name in self.partner_files:
            try:
                found.append(self.load_partner(name))
            except ConfigFault as fault:  # what is wrong with the others is told with it
                problems += [one for one in fault.problems if one not in problems]
        if problems:
            raise ConfigFault(problems)
        partners_.check_unique(found)
        return found

    @cached_property
    def partner_files(self) -> dict[str, Path]:
        """The file of every partner, by its name."""
        return {name: path for name, path in self._files("partners") if not name.startswith("_")}

    def load_partner(self, name: str) -> partners_.Partner:
        """One partner by the name of its file, whatever is wrong with the others. ConfigFault with what is wrong with it."""
        if name not in self.partner_files:
            raise ConfigFault.at("", 0, 0, f"there is no partner {name}; known are {', '.join(self.partner_files)}")
        return partners_.staged(partners_.load(self._block(self.partner_files[name]), self.profile), self.stages.get(name, ()))

    @cached_property
    def stages(self) -> Mapping[str, Sequence[partners_.Moved]]:
        """The stages in force that the program wrote (`partners/_stages.yaml` of the home), by partner."""
        path = self.roots[0] / partners_.STAGES_FILE
        return partners_.load_stages(self._block(path)) if len(self.roots) > 1 and path.is_file() else {}

    def profile(self, name: str) -> Block:
        """The YAML of a profile that partners extend (`partners/profiles/NAME.yaml`). ConfigFault when there is none."""
        return self._named("partners/profiles", name, "profile")

    @cached_property
    def profiles(self) -> dict[str, Path]:
        """Every profile that a partner may extend, by name: the home's before a shipped one of the same name."""
        return dict(self._files("partners/profiles"))

    @property
    def judges_whole(self) -> bool:
        """Whether any partner wants interchanges judged as a whole."""
        return any(one.judged_whole for one in self.partners)

    @cached_property
    def own(self) -> partners_.Own:
        """Our own company (`partners/_own.yaml`)."""
        path = dict(self._files("partners")).get("_own")
        return partners_.load_own(self._block(path)) if path else partners_.Own()

    def partner_of(self, interchange: Interchange) -> partners_.Partner | None:
        """Who sent it, by its envelope."""
        return partners_.find(self.partners, interchange.sender, interchange.standard)

    def partner_named(self, name: str) -> partners_.Partner:
        """The partner of that name; ConfigFault when there is none."""
        for one in self.partners:
            if one.name == name:
                return one
        known = ", ".join(one.name for one in self.partners)
        raise ConfigFault.at("", 0, 0, f"there is no partner {name}; known are {known}")

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """Every channel by name: those of the partners' files, then the company's (`partners/_channels.yaml`), which serve many.

        ConfigFault with everything that is wrong in all of them. Folders of this machine start from the home.
        """
        problems, found = Problems(""), {}
        bases = {name: self._base(path) for name, path in self._files("partners")}
        for one in self.partners:
            found.update(channel.load(one.channels, one.name, one.file, bases.get(one.file.rpartition("/")[2].removesuffix(".yaml"), ""), problems))
        path = dict(self._files("partners")).get("_channels")
        if path is not None:
            found.update(channel.load_company(self._block(path), bases["_channels"], problems))
        channel.clashes(found, problems)
        problems.done()
        return found

    def _base(self, path: Path) -> str:
        """Where folders of this machine start from that a file in partners/ names."""
        root = path.parent.parent
        return str(self.place if root == self.roots[0] and self.place is not None else root)

    @cached_property
    def company_channels(self) -> dict[str, Channel]:
        """Those of `partners/_channels.yaml` alone. ConfigFault with everything that is wrong in it."""
        path = dict(self._files("partners")).get("_channels")
        return channel.load_company(self._block(path), self._base(path)) if path is not None else {}

    def channel_named(self, name: str) -> Channel:
        """The channel of that name (`acme.sftp`); ConfigFault when there is none."""
        if name not in self.channels:
            raise ConfigFault.at("", 0, 0, f"there is no channel {name}; known are {', '.join(self.channels) or 'none'}")
        return self.channels[name]

    def is_ours(self, interchange: Interchange) -> bool:
        """Whether the receiver is our own company; True where nobody asked or nothing is known of us."""
        if not self.check_receiver or not self.own.identities:
            return True
        return any(one.fits(interchange.receiver, interchange.standard) for one in self.own.identities)

    # --- maps ----------------------------------------------------------------------------------------------------

    @cached_property
    def map_index(self) -> dict[str, tuple[Path, str, bool]]:
        """name → (file, message type, whether it extends another); from the files' first lines, without parsing."""
        index = {}
        for name, path in self._files("mappings"):
            text = path.read_text("utf-8", "replace")
            message = re.search(r"^message:\s*[\"']?([^\s\"'#]+)", text, re.MULTILINE)
            extends = re.search(r"^extends:\s*[\"']?([^\s\"'#]+)", text, re.MULTILINE)
            index[name] = (path, message.group(1) if message else "", extends is not None)
        return index

    def versions(self) -> dict[str, str]:
        """A short hash of every map, and one (`*`) of all that stands behind them (codes, fragments, partners, lookups): pinned to
        each exchange, so that what was refused is tried again when any of it was changed."""
        pinned = {name: _hash([path]) for name, (path, *_) in self.map_index.items()}
        behind = [
            path
            for root in self.roots
            for part in ("mappings/codes/*.yaml", "mappings/fragments/*.yaml", "partners/*.yaml", "partners/profiles/*.yaml", "partners/*.csv", "lookups/*.csv")
            for path in sorted(root.glob(part))
        ]
        return {**pinned, "*": _hash(behind)}

    def map_named(self, name: str) -> CompiledMap:
        """The map of that name, or of that file; ConfigFault when there is none or it has mistakes."""
        if name not in self._maps:
            path = self.map_index[name][0] if name in self.map_index else Path(name)
            if name not in self.map_index and not path.is_file():
                import difflib

                if name.endswith((".yaml", ".yml")) or "/" in name:
                    raise ConfigFault.at("", 0, 0, f"there is no file {name}")
                near = difflib.get_close_matches(name, self.map_index, 1)
                raise ConfigFault.at("", 0, 0, f"there is no map {name}" + (f"; did you mean {near[0]}?" if near else
                                                                            f"; known are {', '.join(sorted(self.map_index))}"))
            self._maps[name] = self._compile(self._block(path))
        return self._maps[name]

    def map_for(self, type: MessageType, partner: partners_.Partner | None, direction: str = "in") -> CompiledMap | None:
        """The agreed map, else the one that says itself what message it is for, best one that extends no other."""
        key = (type, partner.name if partner else "", direction, partner.testing if partner else False)
        if key not in self._by_type:
            agreement = partner.agreement(type, direction) if partner else None
            name = agreement.map if agreement else ""
            if not name:
                name = self.plain_map(str(MessageType(type.standard, type.version, type.name)))
            if len(self._by_type) > 1000:
                self._by_type.clear()  # made-up types of a hostile file
            self._by_type[key] = self.map_named(name) if name else None
        return self._by_type[key]

    def plain_map(self, message: str) -> str:
        """The map that says itself that it is for a message, best one that extends no other (a partner's variant does not say
        `message:` again); '' when there is none."""
        fitting = [(extends, name) for name, (_, theirs, extends) in self.map_index.items() if theirs == message]
        return min(fitting)[1] if fitting else ""

    def maps_beside(self, type: MessageType) -> list[str]:
        """The maps for the same message in other releases, but partners' variants: one may fit well enough to be given by hand."""
        return sorted(name for name, (_, message, _) in self.map_index.items()  # a variant does not say `message:` again
                      if type.name and message.split("/")[::2] == [type.standard, type.name])

    def sheet_map(self, first_line: bytes, partner: partners_.Partner | None) -> CompiledMap | None:
        """The CSV map whose required columns all stand in the first line: the partner's agreed ones first."""
        agreed = [one.map for one in partner.agreements if one.map and (partner.testing or not one.test)] if partner else []
        names = [*agreed, *(name for name, (_, message, _) in self.map_index.items() if message.startswith("csv/") and name not in agreed)]
        best: tuple[int, CompiledMap] | None = None
        for name in names:
            if not self._message_of(name).startswith("csv/"):
                continue
            compiled = self.map_named(name)
            weight = compiled.fits_header(first_line)
            if weight and (best is None or weight > best[0]):
                best = (weight, compiled)
        return best[1] if best else None

    def message_of(self, name: str) -> str | None:
        """The message that a map reads or writes, '' where it does not say; None when there is no such map. Nothing is compiled."""
        return self._message_of(name) if name in self.map_index else None

    def _message_of(self, name: str) -> str:
        path, message, _ = self.map_index.get(name, (None, "", False))
        if not message and path is not None:
            parent = self._block(path).get("extends")
            return self._message_of(str(parent)) if parent else ""
        return message

    def compiled(self, text: str, file: str) -> CompiledMap:
        """The map of a YAML text that is not (yet) a file; ConfigFault with everything that is wrong in it."""
        block = parse(text, file)
        if not isinstance(block, Block):
            raise ConfigFault.at(file, 1, 1, "the file must hold keys and values")
        return self._compile(block)

    def _compile(self, block: Block) -> CompiledMap:
        """All mistakes at once: those of the file's form and those against the message's structure, as a PlanFault where it is known."""
        problems: list[tuple[str, int, int, str]] = []
        spec = mapfile.load(block, self._map_block, self._fragment, problems)
        try:
            made = CompiledMap(spec, self._structure_of(spec.message, block), self.table)
        except PlanFault as fault:
            raise PlanFault(sorted({*problems, *fault.problems}), fault.plan) from None
        except ConfigFault as fault:
            raise ConfigFault(sorted({*problems, *fault.problems})) from None
        if problems:
            raise PlanFault(sorted(set(problems)), made.plan)
        return made

    def _structure_of(self, message: str, block: Block) -> Any:
        try:
            return self.structure(message)
        except ConfigFault as fault:
            mark = block.value_marks.get("message", block.mark)
            raise ConfigFault([one if one[0] else (block.file, *mark, one[3]) for one in fault.problems]) from None

    def _map_block(self, name: str) -> Block:
        if name not in self.map_index:
            raise ConfigFault.at("", 0, 0, f"there is no map {name} to extend")
        return self._block(self.map_index[name][0])

    def _fragment(self, name: str) -> Block:
        return self._named("mappings/fragments", name, "fragment")

    def table(self, name: str, standard: str) -> CodeTable:
        """A named code table for one standard."""
        key = (name, standard)
        if key not in self._tables:
            block = self._named("mappings/codes", name, "code table")
            self._tables[key] = load_table(block, standard, block.file)
        return self._tables[key]

    def code_blocks(self, plan: Any) -> dict[str, Block]:
        """The files of the code tables that a map's rules name."""
        names = {value.rule.codes for value in plan.values() if isinstance(value.rule.codes, str)}
        return {name: self._named("mappings/codes", name, "code table") for name in sorted(names)}

    # --- lookups -------------------------------------------------------------------------------------------------

    def lookups_of(self, partner: partners_.Partner | None) -> Tables:
        """The tables of a partner's keys and ours: its own before those of all. Rows of the database count as later than the CSV's."""
        name = partner.name if partner else ""
        if name not in self._lookups:
            self._lookups[name] = Tables(partial(self._layers, name), name)
        return self._lookups[name]

    def _layers(self, partner: str, table: str) -> list[Layer]:
        listed = [self.lookup_rows(table, whose) for whose in dict.fromkeys((partner, ""))]
        return [Layer(rows) for rows in listed if rows]

    def lookup_rows(self, table: str, partner: str) -> list[Row]:
        """The rows of a table of one partner, or of all (''): those of its CSV, then those of the database."""
        return [*self.lookup_csv(table, partner), *(self.stored(table, partner) if self.stored is not None else ())]

    def lookup_csv(self, table: str, partner: str) -> list[Row]:
        """The rows of a table's CSV: `partners/NAME.TABLE.csv` of one partner, `lookups/TABLE.csv` of all. ConfigFault with its mistakes."""
        from edi_bridge.mapping import lookup_csv

        name = f"partners/{partner}.{table}.csv" if partner else f"lookups/{table}.csv"
        path = next((root / name for root in self.roots if (root / name).is_file()), None)
        return lookup_csv.rows(path.read_bytes(), name) if path is not None else []

    def lookup_files(self) -> dict[tuple[str, str], Path]:
        """(table, partner or '') → its CSV; the home's stands before a shipped one of the same name."""
        found: dict[tuple[str, str], Path] = {}
        for root in self.roots:
            for path in (*sorted((root / "partners").glob("*.*.csv")), *sorted((root / "lookups").glob("*.csv"))):
                partner, _, table = path.stem.rpartition(".") if path.parent.name == "partners" else ("", "", path.stem)
                found.setdefault((table, partner), path)
        return found


def _hash(paths: Sequence[Path]) -> str:
    digest = sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
