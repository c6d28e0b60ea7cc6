"""The stages of a rollout: what each may take, post, send and acknowledge, and which stages may follow. One table.

A stage belongs to one partner, message and direction, and outranks the envelope: whatever an interchange says of itself, `arriving` and
`leaving` say what becomes of it. What is a test the envelope says where its standard has a flag (UNB 0035, ISA15, cXML deploymentMode),
and else the channel (`is_test`). From that follow the four invariants, for every stage:

- a test is never posted into the live CRM or the pilot's, and leaves by no live channel;
- production is never posted into the staging lane, and leaves by no channel for tests;
- what is sent as production has no test flag: the flag is that of the verdict, and nothing else sets it;
- a stage that is not in the table takes nothing and sends nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

LIVE, STAGING, PILOT = "", "staging_", "pilot_"  # lanes of the CRM
POST, SHADOW, HOLD = "post", "shadow", "hold"  # what becomes of something that came
SEND, DRY, WAIT, REFUSE = "send", "dry", "wait", "refuse"  # and of something that is to go out


@dataclass(frozen=True, slots=True)
class Stage:
    """One row of the table. `tests` and `production` say what becomes of each kind of traffic: where it is posted (staging, pilot,
    live), `dry` (read, checked, compared, never posted or sent) or nothing; `limits`: within the limits of the agreement."""

    name: str
    meaning: str
    tests: str  # staging or ''
    production: str  # live, pilot, dry or ''
    acknowledges: str  # tests, real, both or ''
    next: tuple[str, ...]
    waits: bool = False  # what is to go out waits

    @property
    def sends(self) -> str:
        """What goes out, and by which kind of channel."""
        real = {"live": "production, by the live channel", "pilot": "production, by the live channel, within limits", "dry": "nothing: written dry"}
        parts = [*(["tests, by the test channel"] if self.tests else []), *([real[self.production]] if self.production else [])]
        return "; ".join(parts) or ("nothing: it waits" if self.waits else "nothing")


STAGES = (
    Stage("draft", "files are being written", "", "", "", ("connecting", "retired")),
    Stage("connecting", "channels are being proven", "", "", "", ("draft", "validating", "retired")),
    Stage("validating", "our own scenarios are played", "staging", "", "tests", ("connecting", "certifying", "paused", "retired")),
    Stage("certifying", "scenarios are played with the partner", "staging", "", "tests", ("validating", "shadow", "pilot", "paused", "retired")),
    Stage("shadow", "real copies beside the old channel", "", "dry", "", ("certifying", "pilot", "paused", "retired")),
    Stage("pilot", "near-live: real traffic in a CRM of its own", "", "pilot", "real", ("certifying", "shadow", "live", "paused", "retired")),
    Stage("live", "the only channel", "", "live", "real", ("pilot", "retest", "paused", "retired")),
    Stage("paused", "stopped by a person or a rule, everything is kept", "", "", "", (
        "validating", "certifying", "shadow", "pilot", "live", "retest", "retired"), waits=True),
    Stage("retest", "live goes on, and tests are certified again beside it", "staging", "live", "both", ("live", "pilot", "paused", "retired")),
    Stage("retired", "ended", "", "", "", ("draft",)),
)
TABLE = {one.name: one for one in STAGES}
FORWARD = ("draft", "connecting", "validating", "certifying", "shadow", "pilot", "live")  # the way that `promote` goes by itself, past the gates
_LANES = {"live": LIVE, "pilot": PILOT}


@dataclass(frozen=True, slots=True)
class Arrival:
    """What becomes of something that came. `then`: post it into `lane`, process it dry (shadow), or hold it for a person, for
    `reason`. `acknowledged`: whether the partner is answered. `limited`: the limits of the pilot count."""

    then: str
    lane: str = LIVE
    acknowledged: bool = False
    limited: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Departure:
    """What becomes of something that is to go out. `then`: send, dry (written and kept, never sent), wait (until it is resumed), refuse,
    for `reason`. `test`: its flag in the envelope, and the channel it goes by."""

    then: str
    test: bool = False
    limited: bool = False
    reason: str = ""


def is_test(envelope: bool | None, channel: bool | None) -> bool:
    """Whether something that came is a test: the envelope's word where its standard has a flag, else the channel's."""
    return bool(channel) if envelope is None else envelope


def contradiction(envelope: bool | None, channel: bool | None) -> str:
    """Why an envelope and the channel that it came by do not go together; '' when they do."""
    return "it is live traffic in a channel for tests" if channel and envelope is False else ""


def arriving(stage: str, test: bool, *, tests_only: bool = False) -> Arrival:
    """What becomes of a message of an agreement in a stage. `tests_only`: the agreement is for tests alone (`test: true`)."""
    row = TABLE.get(stage)
    if row is None or not (row.tests or row.production):
        return Arrival(HOLD, reason="paused" if stage == "paused" else f"its agreement is in the stage {stage}: nothing is taken")
    if test:
        if row.tests or tests_only:
            return Arrival(POST, STAGING, acknowledged=True)
        return Arrival(HOLD, reason=f"it is a test, and its agreement is in the stage {stage}: only production is taken")
    if tests_only:
        return Arrival(HOLD, reason="it is production, and what is agreed is for tests")
    if not row.production:
        return Arrival(HOLD, reason=f"it is production, and its agreement is in the stage {stage}: only tests are taken")
    if row.production == "dry":
        return Arrival(SHADOW)
    return Arrival(POST, _LANES[row.production], acknowledged=True, limited=row.production == "pilot")


def leaving(stage: str, wanted: bool | None, *, tests_only: bool = False, former: str = "") -> Departure:
    """What becomes of a record that is to go out. `wanted`: who sends it asks for a test (True) or for production (False); None: the
    stage says. `former`: the stage before it was paused, which says what is written meanwhile."""
    row = TABLE.get(stage)
    if row is not None and row.waits:
        return _while_paused(leaving(former, wanted, tests_only=tests_only) if former != stage else Departure(REFUSE))
    if row is None or not (row.tests or row.production):
        return Departure(REFUSE, reason=f"its agreement is in the stage {stage}: nothing is sent")
    takes_tests = bool(row.tests) or tests_only
    takes_production = bool(row.production) and not tests_only
    test = wanted if wanted is not None else not takes_production
    if test and not takes_tests:
        return Departure(REFUSE, reason=f"a test is asked for, and its agreement is in the stage {stage}: only production is sent")
    if not test and not takes_production:
        why = "what is agreed is for tests" if tests_only else f"its agreement is in the stage {stage}: only tests are sent"
        return Departure(REFUSE, reason=f"production is asked for, and {why}")
    if test:
        return Departure(SEND, True)
    return Departure(DRY) if row.production == "dry" else Departure(SEND, False, row.production == "pilot")


def _while_paused(before: Departure) -> Departure:
    """What goes out in the stage before is written and waits; what did not, does not now either."""
    if before.then == SEND:
        return Departure(WAIT, before.test, before.limited, "paused")
    return before if before.then == DRY else Departure(REFUSE, reason=before.reason or "its agreement is paused")


def by_channel(test: bool, channel_test: bool) -> str:
    """Why something that goes out must not leave by a channel (`channel_test`: it is for tests), as the end of a sentence; '' when it
    may."""
    if test == channel_test:
        return ""
    return "is a test, and must not leave by a live channel" if test else "is live, and must not leave by a channel for tests"


def beyond(total: int, today: int, documents: int, daily: int, approve: int, count: int = 1) -> str:
    """Why the next `count` documents of a pilot, which came together, wait for a person, after `total` in all and `today` on this day;
    '' when they pass. A limit of 0 is none; the first `approve` are looked at by a person."""
    if documents and total + count > documents:
        return f"the pilot's limit of {documents:,} documents is reached ({total:,} came before)"
    if daily and today + count > daily:
        return f"the pilot's limit of {daily:,} documents a day is reached ({today:,} came before)"
    return f"the first {approve:,} documents of the pilot are approved by a person, and this is number {total + 1:,}" if total < approve else ""


def may_follow(before: str, after: str) -> bool:
    """Whether a stage may follow another."""
    return before in TABLE and after in TABLE[before].next


def following(stage: str) -> str:
    """The stage that `promote` goes to where none is named; '' where a person must say."""
    if stage == "retest":
        return "live"
    return FORWARD[FORWARD.index(stage) + 1] if stage in FORWARD[:-1] else ""


def as_markdown() -> str:
    """The table as it stands in `docs/rollout.md`."""
    where = {"staging": "staging lane", "pilot": "pilot lane, within limits", "live": "live CRM", "dry": "dry: read, compared, never posted"}
    answered = {"": "nothing", "tests": "tests", "real": "production", "both": "both"}
    lines = ["| stage | | tests that come | production that comes | goes out | acknowledged | then |", "|---|---|---|---|---|---|---|"]
    for one in STAGES:
        lines.append(f"| `{one.name}` | {one.meaning} | {where.get(one.tests, 'quarantined')} | {where.get(one.production, 'quarantined')} | "
                     f"{one.sends} | {answered[one.acknowledges]} | {', '.join(one.next)} |")
    return "\n".join(lines)

