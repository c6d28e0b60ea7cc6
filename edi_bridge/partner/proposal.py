"""A first partner file from what a real file shows: address, messages, envelope, who acknowledges; each line with the reason for it.

Pure: what is seen (`Seen`), what profiles and maps there are, is handed in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from edi_bridge.interchange import Address, Delimiters, MessageType
from edi_bridge.partner.effective import flow
from edi_bridge.partner.layers import PREFIX, Profiles, layered
from edi_bridge.yamltext import Block

ROLES = ("element", "component", "terminator", "release", "repetition", "decimal")
ANSWER_KEYS = {"CONTRL": "contrl", "997": "997", "999": "999", "APERAK": "aperak", "824": "824", "TA1": "ta1"}
X12 = Delimiters("*", ">", "~", "", "")
EMPTY: Mapping[str, Any] = {}


@dataclass(slots=True)
class Seen:
    """What the interchanges of one partner show, added up. `ours` says that we sent them: the partner is then the receiver."""

    standard: str
    partner: Address
    we: Address
    ours: bool = False
    group: str = ""  # GS02 (GS03, where we sent)
    syntax: str = ""
    delimiters: Delimiters = Delimiters()
    una: bool = False
    line_breaks: bool = False
    test: bool = False
    asks: bool = False
    charset: str = ""  # what the bytes are, where they are not what the envelope says
    messages: Counter[MessageType] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file that is proposed, and why."""

    text: str
    why: str = ""


@dataclass(slots=True)
class Proposal:
    """The lines of a partner file, and what a person should know that has no line."""

    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, text: str, why: str = "") -> None:
        """Another line."""
        self.lines.append(Line(text, why))

    def yaml(self) -> str:
        """The file, its reasons as comments."""
        wide = max((len(one.text) for one in self.lines if one.why), default=0)
        return "".join(f"{one.text:<{min(wide, 70)}}   # {_shown(one.why)}\n" if one.why else f"{one.text}\n" for one in self.lines)


def _shown(text: str) -> str:
    """A reason on one line, whatever the file held."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile with what it extends laid under it."""

    name: str
    block: Block

    @property
    def agreements(self) -> list[Block]:
        """Its agreements."""
        return [one for one in self.block.get("agreements") or () if isinstance(one, Block)]

    @property
    def standards(self) -> set[str]:
        """The standards that it speaks of; a plain one has the standard in its name."""
        return {str(one.get("message")).partition("/")[0] for one in self.agreements} or {self.name.removeprefix("plain-")}

    def covers(self, type: MessageType, direction: str) -> Block | None:
        """Its agreement for a message."""
        for one in self.agreements:
            own, given = str(one.get("message")).split("/"), (type.standard, type.version, type.name)
            if str(one.get("direction") or "in") == direction and len(own) == 3 and all(a in ("*", b) for a, b in zip(own, given, strict=True)):
                return one
        return None


def profiles_of(names: list[str], read: Profiles) -> list[Profile]:
    """Every profile, made whole. ConfigFault with what is wrong in one."""
    return [Profile(name, layered(read(name), read)[0]) for name in names]


def nearest(known: list[Profile], standard: str, types: list[MessageType], direction: str) -> tuple[Profile | None, str]:
    """The profile that agrees on most of the messages; of two alike the one with fewer messages that nobody has seen. Else the plain
    one of the standard. With the reason."""
    best: tuple[int, int, str] | None = None
    chosen: Profile | None = None
    for one in known:
        covered = sum(one.covers(type, direction) is not None for type in types)
        rank = (-covered, len(one.agreements), one.name)
        if covered and (best is None or rank < best):
            best, chosen = rank, one
    if chosen is not None and best is not None:
        return chosen, f"agrees on {-best[0]} of {len(types)} kinds of messages seen"
    plain = next((one for one in known if one.name == f"plain-{standard}"), None)
    return plain, "no profile agrees on what was seen; this one has the usual envelope" if plain else ""


def propose(name: str, title: str, seen: Seen, known: list[Profile], map_of: Callable[[str], str], wanted: str = "") -> Proposal:
    """The file for a partner. `map_of` names the map for a message ('': none); `wanted` is a profile that a person chose."""
    made = Proposal()
    direction = "out" if seen.ours else "in"
    types = [one for one in seen.messages if not one.is_answer]
    profile, why = nearest(known, seen.standard, types, direction)
    if wanted:
        profile, why = next((one for one in known if one.name == wanted), None), "as it was asked for"
    made.add(f"partner: {flow(name)}")
    made.add(f"name: {flow(title or name)}", "" if title else "fill in")
    if profile is not None:
        made.add(f"extends: {PREFIX}{profile.name}", why)
    made.add("stage: draft", "nothing is agreed yet: validating, pilot and live come later")
    _address(made, seen)
    envelope = _envelope(seen, profile)
    if envelope:
        made.add("envelope:", "for what we send: as they write, so they can read")
        for text, reason in envelope:
            made.add(f"  {text}", reason)
    if seen.charset:
        made.add(f"charset: {flow(seen.charset)}", f"the envelope says {seen.syntax or 'nothing'}, and the bytes are {seen.charset}")
    _answers(made, seen, direction)
    _agreements(made, types, seen, direction, profile, map_of)
    if seen.test:
        made.notes.append("the file is marked as a test; the same address in live traffic has no mark, an id of its own for tests would")
    return made


def _address(made: Proposal, seen: Seen) -> None:
    if not seen.partner.id:
        made.notes.append(f"{seen.standard} has no address in an envelope: name the partner with --partner, or give it a channel of its own")
        return
    said = {"id": seen.partner.id.rstrip(), **({"qualifier": seen.partner.qualifier} if seen.partner.qualifier else {}), "standard": seen.standard}
    if seen.standard == "x12" and seen.group and seen.group != seen.partner.id.rstrip():
        said["internal"] = seen.group
    made.add("identities:")
    text = ", ".join(f"{key}: {_quoted(value) if key != 'standard' else value}" for key, value in said.items())
    side = "receiver" if seen.ours else "sender"
    made.add(f"  - {{{text}}}", f"the {side} in the envelope" + (f"; {'GS03' if seen.ours else 'GS02'} is another id" if "internal" in said else ""))
    if seen.standard == "edifact" and seen.partner.internal:
        made.notes.append(f"behind the address stands {_quoted(seen.partner.internal)} (UNB {'0014' if seen.ours else '0008'}): put it as internal: where "
                          "several partners share the address")


def _quoted(text: str) -> str:
    """An id always in quotes, so that no zero is lost."""
    shown = flow(text)
    return shown if shown.startswith('"') else f'"{text}"'


def _envelope(seen: Seen, profile: Profile | None) -> list[tuple[str, str]]:
    """The settings of the envelope in which the file differs from the profile."""
    said = (profile.block.get("envelope") if profile else None) or EMPTY
    rows: list[tuple[str, str]] = []
    if seen.standard == "edifact" and seen.syntax and seen.syntax != said.get("syntax", "UNOC:3"):
        rows.append((f"syntax: {flow(seen.syntax)}", "UNB S001"))
    usual = X12 if seen.standard == "x12" else Delimiters(repetition="*" if seen.syntax.endswith(":4") else "")
    theirs = said.get("delimiters") or EMPTY
    other = {role: getattr(seen.delimiters, role) for role in ROLES if getattr(seen.delimiters, role) != theirs.get(role, getattr(usual, role))}
    if seen.standard == "x12":
        other = {role: sign for role, sign in other.items() if role in ("element", "component", "terminator", "repetition")}
    if other and seen.standard in ("edifact", "x12"):
        rows.append(("delimiters: {" + ", ".join(f"{role}: {_quoted(sign)}" for role, sign in other.items()) + "}",
                     "UNA" if seen.standard == "edifact" else "the fixed places of ISA"))
    if seen.line_breaks and not said.get("line_breaks"):
        rows.append(("line_breaks: true", "each segment stands on a line of its own"))
    if seen.una and not other and seen.standard == "edifact":
        rows.append(("una: true", "UNA is there though the delimiters are the usual ones"))
    return rows


def _answers(made: Proposal, seen: Seen, direction: str) -> None:
    if seen.standard not in ("edifact", "x12"):
        return
    asked = "UNB 0031" if seen.standard == "edifact" else "ISA14"
    given = sorted({ANSWER_KEYS[one.name] for one in seen.messages if one.is_answer and one.name in ANSWER_KEYS})
    if given and direction == "in":
        made.add("expect: {" + ", ".join(f'"{key}": 24h' for key in given) + "}", "they answer with it; a day is a guess")
    if "999" in given:
        made.add('acknowledge: {"999": always}', "who writes 999 most likely reads it")
    if seen.asks:
        made.notes.append(f"{'we ask' if seen.ours else 'they ask'} for an acknowledgement in the envelope ({asked})")


def _agreements(made: Proposal, types: list[MessageType], seen: Seen, direction: str, profile: Profile | None, map_of: Callable[[str], str]) -> None:
    if not types:
        made.notes.append("there is no business message in the file: write agreements: by hand")
        return
    made.add("agreements:")
    for one in sorted(types, key=str):
        message, count = str(MessageType(one.standard, one.version, one.name)), seen.messages[one]
        agreed = profile.covers(one, direction) if profile else None
        map = map_of(message)
        inherited = agreed is not None and agreed.get("map") in (map, None)
        parts = [f"message: {_plain(message)}", *(["direction: out"] if direction == "out" else []),
                 *([f"map: {_plain(map)}"] if map and not inherited else [])]
        why = f"seen {count} times" if count > 1 else "seen once"
        why += f", {one.usage}" if one.usage.isprintable() and one.usage and "#" not in one.usage else ""
        why += "" if not inherited or agreed is None else f"; the profile's map {agreed.get('map')}" if agreed.get("map") else ""
        made.add(f"  - {{{', '.join(parts)}}}", why)
        if not map:
            made.notes.append(f"no map is for {message}: edi-bridge map new --message {message} --record … --from-samples FILE")
    if profile is not None:
        others = [f"{one.get('message')} {one.get('direction') or 'in'}" for one in profile.agreements
                  if not any(profile.covers(type, direction) is one for type in types)]
        if others:
            made.notes.append(f"the profile also agrees on {', '.join(others)}; `agreed: false` takes one out")


def _plain(text: str) -> str:
    shown = flow(text)
    return shown if shown.startswith('"') and not text.replace("/", "").replace(".", "").replace("-", "").replace("_", "").isalnum() else text
