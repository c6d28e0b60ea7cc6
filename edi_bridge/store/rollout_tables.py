"""The tables of the rollout: versions of the configuration, evidence for its steps, rehearsals, comparisons, what was seen.

They stand beside the ledger and have no lane. Partner '' is the programme as a whole. Times are ISO 8601 texts in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

from edi_bridge.database import Id, new_metadata


@dataclass(frozen=True, slots=True)
class RolloutTables:
    """The rollout's tables by name."""

    version: Table
    version_file: Table
    activation: Table
    rollout_step: Table
    rollout_evidence: Table
    rollout_waiver: Table
    scenario_run: Table
    comparison: Table
    explained: Table
    observed: Table
    watched: Table
    piloted: Table


def _key() -> Column[int]:
    return Column("id", Id, primary_key=True)


def _texts(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


def make(metadata: MetaData) -> RolloutTables:
    """Define the rollout's tables in `metadata`."""
    version = Table(  # one state of all files of the home; `hash` over their names and hashes
        "version", metadata, _key(), *_texts("hash", "files", "made_at", "program"),  # files: JSON, name → SHA-256
        UniqueConstraint("hash"),
    )
    version_file = Table(  # each content once
        "version_file", metadata, _key(), *_texts("sha256"), Column("content", LargeBinary, nullable=False), UniqueConstraint("sha256"),
    )
    activation = Table(  # which version was in force from when on; only ever added to
        "activation", metadata, _key(), Column("version_id", Id, ForeignKey("version.id"), nullable=False), *_texts("at", "actor", "reason"),
    )
    rollout_step = Table(  # what a person said of a step: who, until when
        "rollout_step", metadata, _key(), *_texts("partner", "step", "owner", "due", "note", "changed_at"), UniqueConstraint("partner", "step"),
    )
    rollout_evidence = Table(  # stated by a person, with a file; the newest of a name holds
        "rollout_evidence", metadata, _key(),
        *_texts("partner", "step", "name", "value", "owner", "day", "file_name", "sha256", "note", "at"), Index(None, "partner", "step"),
    )
    rollout_waiver = Table(  # a step, a gate or an override of both, for a time
        "rollout_waiver", metadata, _key(), *_texts("partner", "subject", "owner", "reason", "until", "at"), Index(None, "partner"),
    )
    scenario_run = Table(  # one scenario played once; those of one `run` belong together
        "scenario_run", metadata, _key(), *_texts("partner", "direction", "message", "scenario", "outcome", "details", "version", "at"),
        Column("run", Id, nullable=False), Column("negative", Boolean, nullable=False), Index(None, "partner", "message"),
    )
    comparison = Table(  # one business document as both channels have it; `legacy`: the record of the old one (JSON), to compare it again
        "comparison", metadata, _key(), *_texts("partner", "direction", "message", "key", "day", "outcome", "differences", "version", "at", "legacy"),
        Column("exchange_id", Id), Column("documents", Integer, nullable=False),
        UniqueConstraint("partner", "direction", "message", "key"), Index(None, "partner", "day"),
    )
    explained = Table(  # differences that a person ticked off: `key` '' is for all documents
        "explained", metadata, _key(), *_texts("partner", "direction", "message", "key", "field", "reason", "actor", "at", "until"),
        Index(None, "partner"),
    )
    observed = Table(  # values at places, seen for the first time: qualifiers, codes, segments, rules of a map
        "observed", metadata, _key(), *_texts("partner", "direction", "message", "kind", "place", "value", "stage", "first_at", "accepted_by", "accepted_at"),
        Column("exchange_id", Id), UniqueConstraint("partner", "direction", "message", "kind", "place", "value"),
    )
    piloted = Table(  # how many documents of a pilot passed on a day; `since` tells one pilot from the next
        "piloted", metadata, _key(), *_texts("partner", "direction", "message", "since", "day"), Column("documents", Integer, nullable=False),
        UniqueConstraint("partner", "direction", "message", "since", "day"),
    )
    watched = Table(  # how far somebody who looks through the ledger has come
        "watched", metadata, _key(), *_texts("name"), Column("last", Id, nullable=False), UniqueConstraint("name"),
    )
    return RolloutTables(version, version_file, activation, rollout_step, rollout_evidence, rollout_waiver, scenario_run, comparison,
                         explained, observed, watched, piloted)


@cache
def rollout() -> RolloutTables:
    """The rollout's tables for queries."""
    return make(new_metadata())
