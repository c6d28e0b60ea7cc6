"""Real messages through the real path with everything an exchange does: answers, repeats, quarantine, waiting, reconciling.

Expectations are written by hand: the interchanges below from ISO 9735, the 997s from X12.56 as partners' guides print them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydifact.segmentcollection import Interchange
from sqlalchemy import func, select

from edi_bridge.catalog import Catalog
from edi_bridge.crm.identity import own_identities
from edi_bridge.crm.tables import tables
from edi_bridge.database import Database
from edi_bridge.engine import Engine, Incoming, ReceiptSummary
from edi_bridge.engine.acts import Acts
from edi_bridge.engine.outgoing import Writing
from edi_bridge.interchange import Address
from edi_bridge.record import from_json
from edi_bridge.store import alarm, conservation, outbox, queue, waiting
from edi_bridge.store import ledger as receipts
from edi_bridge.store.archive import Archive
from edi_bridge.store.tables import ledger

SAMPLES = Path(__file__).parents[2] / "samples"
PARTNER = """partner: acorn
name: Acorn GmbH
identities:
  - {id: "9521200099999", qualifier: "14"}
  - {id: "ACORN", qualifier: "ZZ", standard: x12}
acknowledge: {contrl: always}
expect: {contrl: 4h, "997": 1d}
agreements:
  - {message: edifact/D96A/ORDERS}
  - {message: edifact/D96A/ORDCHG, wait: 2d}
  - {message: x12/004010/810, direction: out}
"""


def orders(control: str, number: str, change: str = "", *, sender: str = "9521200099999", test: str = "") -> bytes:
    """An interchange with one ORDERS (or, with `change`, one ORDCHG that cancels its line 1)."""
    name, document = ("ORDCHG", "230") if change else ("ORDERS", "220")
    line = "LIN+1+2+4000862141404:EN'QTY+21:0'" if change else "LIN+1++4000862141404:EN'QTY+21:12'"
    body = [f"UNH+1+{name}:D:96A:UN'", f"BGM+{document}+{change or number}+{'4' if change else '9'}'", "DTM+137:20261120:102'",
            *([f"RFF+ON:{number}'"] if change else []), "NAD+BY+9521200099999::9'", "NAD+SU+9521200034004::9'", line, "UNS+S'"]
    return (f"UNB+UNOC:3+{sender}:14+9521200034004:14+261120:1015+{control}{'++++++' + test if test else ''}'"
            + "".join(body) + f"UNT+{len(body) + 2}+1'UNZ+1+{control}'").encode()


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "partners").mkdir()
    (tmp_path / "partners" / "acorn.yaml").write_text(PARTNER)
    return tmp_path


@pytest.fixture
def engine(database: Database, home: Path, clock: Clock) -> Engine:
    catalog = Catalog(home, check_receiver=True)
    return Engine(database, Archive(home / "archive"), catalog, own=own_identities(catalog.own.parties), strict=True, answers=True, clock=clock)


@pytest.fixture
def post(engine: Engine) -> Callable[[bytes], ReceiptSummary]:
    return lambda content: engine.post_file("x.edi", io.BytesIO(content))


def answer_of(engine: Engine, entry: int) -> bytes:
    with engine.database.read() as connection:
        return outbox.open_content(connection, engine.archive, entry).read()


def rows(engine: Engine, table: Any) -> int:
    with engine.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def alarms(engine: Engine) -> list[str]:
    with engine.database.read() as connection:
        return [one.kind for one in alarm.listing(connection)]


def states(summary: ReceiptSummary) -> list[tuple[str, str, dict[str, int]]]:
    return [(one.state, one.outcome, dict(one.messages)) for one in summary.exchanges]


def test_an_order_is_posted_and_its_contrl_stands_in_the_outbox(engine: Engine, post: Any) -> None:
    summary = post(orders("71", "A-1"))
    assert states(summary) == [("done", "new", {"posted": 1})]
    (entry,) = summary.exchanges[0].answers
    read = Interchange.from_str(answer_of(engine, entry).decode())
    assert (read.sender, read.recipient, read.control_reference) == (["9521200034004", "14"], ["9521200099999", "14"], "1")
    uci = next(one for one in read.segments if one.tag == "UCI")
    assert uci.elements[0] == "71" and uci.elements[3] == "7"


def test_our_numbers_go_on_and_tests_have_their_own(engine: Engine, home: Path, post: Any) -> None:
    (home / "partners" / "acorn.yaml").write_text(PARTNER + "  - {message: edifact/D96A/ORDERS, test: true}\n")
    contents = [answer_of(engine, post(one).exchanges[0].answers[0]) for one in
                (orders("1", "A"), orders("2", "B"), orders("1", "C", test="1"), orders("3", "D"))]
    numbers = [content.split(b"'")[0].split(b"+")[5] for content in contents]
    assert numbers == [b"1", b"2", b"1", b"3"]


def test_a_test_never_reaches_the_live_crm(engine: Engine, home: Path, post: Any) -> None:
    (home / "partners" / "acorn.yaml").write_text(PARTNER + "  - {message: edifact/D96A/ORDERS, test: true}\n")
    post(orders("1", "A", test="1"))
    assert rows(engine, tables().sales_order) == 0 and rows(engine, tables("staging_").sales_order) == 1
    assert states(post(orders("1", "A"))) == [("done", "new", {"posted": 1})], "what came as a test is not what comes live"
    assert rows(engine, tables().sales_order) == 1 and rows(engine, tables("staging_").sales_order) == 1
    with engine.database.read() as connection:
        account = conservation.check(connection, engine.archive)
    assert account.balanced and dict(account.messages) == {"staged": 1, "posted": 1}


def test_the_same_again_gets_the_same_answer_byte_for_byte(engine: Engine, post: Any) -> None:
    first = post(orders("71", "A-1"))
    before = answer_of(engine, first.exchanges[0].answers[0])
    with engine.database.write() as connection:
        outbox.mark(connection, first.exchanges[0].answers[0], "sent", at=engine.now())
    again = post(orders("71", "A-1"))
    assert states(again) == [("duplicate", "again", {})]
    assert [answer_of(engine, entry) for entry in again.exchanges[0].answers] == [before]
    assert rows(engine, tables().sales_order) == 1


def test_while_the_first_answer_is_on_its_way_it_answers_both(engine: Engine, post: Any) -> None:
    post(orders("71", "A-1"))
    assert post(orders("71", "A-1")).exchanges[0].answers == []
    assert rows(engine, ledger().outbox) == 1


def test_a_number_that_came_with_other_content_is_quarantined_and_not_answered(engine: Engine, post: Any) -> None:
    post(orders("71", "A-1"))
    assert states(post(orders("71", "A-2"))) == [("quarantined", "conflict", {})]
    assert rows(engine, ledger().outbox) == 1 and alarms(engine) == ["quarantine"]


@pytest.mark.parametrize("carried", [
    lambda one: one.replace(b"'", b"'\r\n"),  # a line for each segment
    lambda one: one + b"\n",
    lambda one: b"UNA|*.! ~" + one.replace(b":", b"|").replace(b"+", b"*").replace(b"'", b"~"),  # other delimiters
    lambda one: orders("70", "A-0") + one,  # bundled with another one
    lambda one: one.replace(b"261120:1015", b"261121:0800"),  # sent again by the partner's own program, at another time
], ids=["lines", "line_end", "delimiters", "bundle", "time"])
def test_the_same_in_other_bytes_is_the_same_again(engine: Engine, post: Any, carried: Callable[[bytes], bytes]) -> None:
    """Networks rewrite delimiters and line ends, and bundle anew; what the interchange says is what counts."""
    first = post(orders("71", "A-1")).exchanges[0]
    before = answer_of(engine, first.answers[0])
    with engine.database.write() as connection:
        outbox.mark(connection, first.answers[0], "sent", at=engine.now())
    again = post(carried(orders("71", "A-1"))).exchanges[-1]
    assert (again.state, again.outcome, again.original) == ("duplicate", "again", first.id)
    assert [answer_of(engine, entry) for entry in again.answers] == [before]
    assert "quarantine" not in alarms(engine)


def test_of_many_in_one_file_each_is_compared_with_its_own(engine: Engine, post: Any) -> None:
    """What came together comes again in other bytes and another order, one of them with other content."""
    one, two, three = orders("71", "A-1"), orders("72", "A-2"), orders("73", "A-3")
    assert [each.outcome for each in post(one + two + three).exchanges] == ["new"] * 3
    again = post((three + orders("72", "A-9") + one).replace(b"'", b"'\n")).exchanges
    assert [(each.outcome, each.state) for each in again] == [("again", "duplicate"), ("conflict", "quarantined"), ("again", "duplicate")]


def test_an_x12_interchange_in_other_delimiters_is_the_same_again_and_its_group_s_number_counts(engine: Engine, post: Any) -> None:
    one = functional("A")
    other = one.translate(bytes.maketrans(b"*~>", b"|\n:"))
    assert states(post(one))[0][:2] == ("done", "new")
    assert states(post(other))[0][:2] == ("duplicate", "again")
    assert states(post(one.replace(b"*1100*9*X*", b"*1100*8*X*").replace(b"GE*1*9~", b"GE*1*8~")))[0][:2] == ("quarantined", "conflict")


def test_the_same_in_other_bytes_is_the_same_again_within_one_group(engine: Engine) -> None:
    one = orders("71", "A-1")
    taken = engine.receive([Incoming(engine.archive.put(io.BytesIO(content)), name, "acorn.sftp", "acorn")
                            for name, content in (("1.edi", one), ("2.edi", one.replace(b"'", b"'\n")), ("3.edi", orders("71", "A-2")))])
    became = [one.exchanges[0] for one in engine.process(taken) if one is not None]
    assert [(one.state, one.outcome) for one in became] == [("done", "new"), ("duplicate", "again"), ("quarantined", "conflict")]


def test_what_says_the_same_as_bytes_that_are_gone_is_a_conflict(engine: Engine, post: Any) -> None:
    first = post(orders("71", "A-1"))
    engine.archive.path(first.sha256).unlink()
    assert states(post(orders("71", "A-1") + b"\n")) == [("quarantined", "conflict", {})]


def test_after_its_window_a_number_may_come_again(engine: Engine, post: Any, clock: Clock) -> None:
    post(orders("71", "A-1"))
    clock.now += timedelta(days=366)
    assert states(post(orders("71", "A-2"))) == [("done", "new", {"posted": 1})]


def test_an_unknown_sender_is_quarantined_unanswered_and_takes_no_number(engine: Engine, home: Path, post: Any) -> None:
    content = orders("71", "A-1", sender="9521200088888")
    assert states(post(content)) == [("quarantined", "new", {})]
    assert rows(engine, ledger().outbox) == 0 and rows(engine, tables().sales_order) == 0
    with engine.database.read() as connection:
        kinds = set(connection.execute(select(ledger().identity.c.kind)).scalars())
    assert kinds == {"bytes"}


def test_what_nothing_is_agreed_for_waits_for_a_person_and_uses_up_no_number(engine: Engine, post: Any) -> None:
    """A message type that the partner's file does not name: neither posted by the standard's map nor refused to the partner."""
    for control, other, type_ in (("71", b"ORDERS:D:01B", "D01B/ORDERS"), ("72", b"XYZABC:D:96A", "D96A/XYZABC")):
        (one,) = post(orders(control, "A-1").replace(b"ORDERS:D:96A", other)).exchanges
        assert (one.state, one.reason) == ("quarantined", f"nothing is agreed with acorn for edifact/{type_}")
    assert rows(engine, tables().sales_order) == 0 and rows(engine, ledger().outbox) == 0
    assert alarms(engine) == ["quarantine", "quarantine"]
    assert states(post(orders("71", "A-1"))) == [("done", "new", {"posted": 1})], "what waits has not used the number up"


def test_what_another_sends_by_a_partner_s_channel_is_quarantined(engine: Engine) -> None:
    content = orders("71", "A-1", sender="9521200088888")
    (taken,) = engine.receive([Incoming(engine.archive.put(io.BytesIO(content)), "x.edi", "acorn.sftp", "acorn")])
    (summary,) = [one for one in engine.process([taken]) if one is not None]
    assert states(summary) == [("quarantined", "new", {})] and rows(engine, ledger().outbox) == 0


def test_a_file_that_is_no_message_is_quarantined(engine: Engine, post: Any) -> None:
    assert states(post(b"hello")) == [("quarantined", "new", {})]
    assert alarms(engine) == ["quarantine"]


def test_a_letter_with_commas_is_no_table_and_is_quarantined_too(engine: Engine) -> None:
    """It would be refused like a table that no map describes, and neither the partner nor anybody here would be told."""
    content = b"Hello partner, please see attached\nregards, Ann\n"
    (taken,) = engine.receive([Incoming(engine.archive.put(io.BytesIO(content)), "note.txt", "acorn.sftp", "acorn")])
    (summary,) = [one for one in engine.process([taken]) if one is not None]
    assert states(summary) == [("quarantined", "new", {})] and alarms(engine) == ["quarantine"]


def test_a_broken_envelope_of_a_partner_is_refused_with_a_contrl_4_and_its_number_stays_free(engine: Engine, post: Any) -> None:
    broken = orders("71", "A-1").replace(b"UNZ+1+71'", b"UNZ+2+71'")
    summary = post(broken)
    assert states(summary) == [("rejected", "refused", {})]
    assert b"UCI+71+9521200099999:14+9521200034004:14+4" in answer_of(engine, summary.exchanges[0].answers[0])
    assert states(post(orders("71", "A-1"))) == [("done", "new", {"posted": 1})]


def test_a_change_waits_for_its_order_and_goes_on_when_that_comes(engine: Engine, post: Any) -> None:
    early = post(orders("71", "A-1", change="C-1"))
    assert states(early) == [("done", "new", {"waiting": 1})] and len(early.exchanges[0].answers) == 1
    with engine.database.read() as connection:
        assert [one.key for one in waiting.listing(connection)] == ["order A-1"]
    post(orders("72", "A-1"))
    (again,) = engine.resume()
    assert states(again) == [("done", "new", {"posted": 1})]
    assert again.exchanges[0].answers == early.exchanges[0].answers, "it was acknowledged when it came"
    with engine.database.read() as connection:
        assert waiting.listing(connection) == []
        assert connection.execute(select(tables().order_line.c.state)).scalars().all() == ["cancelled"]


def test_a_change_that_waited_long_enough_is_told_as_a_finding(engine: Engine, post: Any, clock: Clock) -> None:
    post(orders("71", "A-1", change="C-1"))
    clock.now += timedelta(days=2, minutes=1)
    with engine.database.write() as connection:
        assert waiting.wake_expired(connection, engine.now()) == 1
    (again,) = engine.resume()
    assert "waiting" not in again.exchanges[0].messages
    with engine.database.read() as connection:
        assert waiting.listing(connection) == []
        assert "unknown_order" in connection.execute(select(ledger().finding.c.kind)).scalars().all()


def invoice_sent(engine: Engine, clock: Clock) -> int:
    record = json.loads((SAMPLES / "x12" / "810-4010-ozark-credit-memo" / "expected" / "record.json").read_text())
    record = record[0] if isinstance(record, list) else record
    writing = Writing(engine.database, engine.archive, engine.catalog, clock)
    made = writing.submit(writing.way("acorn", "invoice"), [from_json(json.dumps(record).encode(), "invoice")], "a test")
    assert made.entries, [one.sentence() for one in made.findings]
    with engine.database.write() as connection:
        outbox.mark(connection, made.entries[0], "sent", at=engine.now(), due_at="2026-11-23T10:00:00.000000Z")
    return made.entries[0]


def test_a_row_of_the_table_outgoing_goes_out_once_and_one_that_cannot_says_why(engine: Engine, clock: Clock) -> None:
    record = (SAMPLES / "x12" / "810-4010-ozark-credit-memo" / "expected" / "record.json").read_text()
    one = json.dumps(json.loads(record)[0])
    t = ledger().outgoing
    with engine.database.write() as connection:
        for partner, text in (("acorn", one), ("acorn", '{"number": "R-1"}'), ("nobody", one)):
            connection.execute(t.insert().values(partner=partner, type="invoice", message="", record=text))
    writing = Writing(engine.database, engine.archive, engine.catalog, clock)
    assert [made.refused for _, made in writing.take_laid_down()] == [False, True, True]
    assert writing.take_laid_down() == []
    with engine.database.read() as connection:
        became = connection.execute(select(t.c.became, t.c.note).order_by(t.c.id)).all()
        numbers = connection.execute(select(ledger().control_number.c.last)).scalars().all()
        (entry,) = connection.execute(select(ledger().outbox.c.id)).scalars()
    assert [row.became for row in became] == ["taken", "refused", "refused"] and became[0].note == f"outbox {entry}"
    assert "no partner nobody" in became[2].note and became[1].note
    assert rows(engine, ledger().outbox) == 1 and set(numbers) == {1}, "what is refused uses up no number"


def test_what_cannot_go_out_any_more_is_set_aside_and_not_composed_again_and_again(engine: Engine, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon looks once a second. Others go out meanwhile, and another configuration tries it again."""
    record = json.loads((SAMPLES / "x12" / "810-4010-ozark-credit-memo" / "expected" / "record.json").read_text())[0]
    texts = [json.dumps({**record, "number": number}) for number in ("R-1", "R-2", "R-3")]
    writing = Writing(engine.database, engine.archive, engine.catalog, clock)
    way = writing.way("acorn", "invoice")
    way = replace(way, agreement=replace(way.agreement, batch=replace(way.agreement.batch, count=2)))
    monkeypatch.setattr(Writing, "way", lambda *_, **__: way)
    for text in texts[:2]:
        with engine.database.write() as connection:
            queue.add(connection, "acorn", way.key, way.map.spec.name, "invoice", text, 500, "a test", False, engine.now())
    composed: list[str] = []
    real = Writing._composed

    def without(number: str) -> Any:
        def now(self: Writing, way: Any, records: Any, *controls: str) -> Any:
            composed.extend(one["number"] for one in records)
            made = real(self, way, records, *controls)
            return replace(made, contents=[]) if any(one["number"] == number for one in records) else made
        return now

    monkeypatch.setattr(Writing, "_composed", without("R-2"))
    assert len(writing.flush()) == 1 and composed == ["R-1", "R-2", "R-1", "R-2", "R-1"]
    assert alarms(engine) == ["refused"]
    composed.clear()
    assert writing.flush(everything=True) == [] and composed == []
    with engine.database.write() as connection:
        queue.add(connection, "acorn", way.key, way.map.spec.name, "invoice", texts[2], 500, "a test", False, engine.now())
    assert len(writing.flush(everything=True)) == 1 and composed == ["R-3"]
    assert alarms(engine) == ["refused"], "one still waits"
    monkeypatch.setattr(Writing, "_composed", without("none"))
    assert len(Writing(engine.database, engine.archive, engine.catalog, clock).flush(everything=True)) == 1 and composed == ["R-3", "R-2"]
    assert alarms(engine) == [] and rows(engine, ledger().queue) == 0


def functional(verdict: str, group: str = "1") -> bytes:
    """A 997 to our first group of invoices (X12.56: AK1, AK2, AK5, AK9)."""
    isa = ("ISA*00*          *00*          *ZZ*ACORN          *01*315369934      *261122*1100*U*00401*000000005*0*P*>~")
    counts = "1*1*1" if verdict == "A" else "1*1*0"
    return (f"{isa}GS*FA*ACORN*315369934*20261122*1100*9*X*004010~ST*997*0001~AK1*IN*{group}~AK2*810*0001~AK5*{verdict}~"
            f"AK9*{verdict}*{counts}~SE*6*0001~GE*1*9~IEA*1*000000005~").encode()


def test_a_997_says_what_became_of_our_invoice(engine: Engine, post: Any, clock: Clock) -> None:
    entry = invoice_sent(engine, clock)
    assert states(post(functional("A"))) == [("done", "new", {"reconciled": 1})]
    with engine.database.read() as connection:
        assert outbox.get(connection, entry).outcome == "accepted"  # type: ignore[union-attr]
        assert [row.outcome for row in outbox.messages(connection, entry)] == ["accepted"]
        assert connection.execute(select(ledger().answered.c.answer, ledger().answered.c.outbox_id)).first() == ("997", entry)
    assert alarms(engine) == []


def test_a_refusal_rings_and_a_late_answer_still_counts(engine: Engine, post: Any, clock: Clock) -> None:
    entry = invoice_sent(engine, clock)
    clock.now += timedelta(days=3)
    with engine.database.write() as connection:
        assert [one.id for one in outbox.overdue(connection, engine.now())] == [entry]
    post(functional("R"))
    with engine.database.read() as connection:
        assert outbox.get(connection, entry).outcome == "rejected"  # type: ignore[union-attr]
        assert connection.execute(select(ledger().answered.c.late)).scalars().all()[-1] is True
        assert outbox.overdue(connection, engine.now()) == []
    assert alarms(engine) == ["acknowledgement_negative"]


def test_an_answer_to_nothing_we_sent_is_kept_and_rings(engine: Engine, post: Any) -> None:
    assert states(post(functional("A", group="77"))) == [("done", "new", {"reconciled": 1})]
    assert alarms(engine) == ["acknowledgement_unmatched"] and rows(engine, ledger().answered) == 2  # AK1 and AK2
    assert rows(engine, ledger().outbox) == 0, "a 997 is never answered by a 997"


def contrl(sender: str, control: str = "900") -> bytes:
    """A CONTRL that refuses our interchange 55 to acorn, as its UCI says, in an interchange of `sender`."""
    return (f"UNB+UNOC:3+{sender}:14+9521200034004:14+261122:1100+{control}'UNH+1+CONTRL:D:3:UN'"
            f"UCI+55+9521200034004:14+9521200099999:14+4+7'UNT+3+1'UNZ+1+{control}'").encode()


def test_nobody_answers_for_another_partner(engine: Engine, home: Path, clock: Clock) -> None:
    """A CONTRL names the receiver of what it answers itself (UCI, S003): a rival's must not refuse what went to acorn."""
    (home / "partners" / "rival.yaml").write_text(
        'partner: rival\nname: Rival GmbH\nidentities:\n  - {id: "9521200077018", qualifier: "14"}\nagreements:\n  - {message: edifact/D96A/ORDERS}\n')
    engine = Engine(engine.database, engine.archive, Catalog(home, check_receiver=True), strict=True, answers=True, clock=clock)
    with engine.database.write() as connection:
        mine = outbox.Outgoing("acorn", "document", "INVOIC", "edifact", Address("9521200034004", "14"), Address("9521200099999", "14"), "55", b"x",
                               messages=[outbox.SentMessage(1, "1", "edifact/D96A/INVOIC", document="R-1")])
        entry = outbox.add(connection, engine.archive, mine, engine.now())
        outbox.mark(connection, entry, "sent", at=engine.now())

    def outcome() -> str:
        with engine.database.read() as connection:
            return outbox.get(connection, entry).outcome  # type: ignore[union-attr]

    engine.post_file("forged.edi", io.BytesIO(contrl("9521200077018")))
    assert outcome() == "" and alarms(engine) == ["acknowledgement_unmatched"]
    with engine.database.read() as connection:
        (told,) = alarm.listing(connection)
    assert "interchange 55 went to acorn, and rival answers it: nothing changes" in told.sentence
    engine.post_file("true.edi", io.BytesIO(contrl("9521200099999")))
    assert outcome() == "rejected" and "acknowledgement_negative" in alarms(engine)


RIVAL = """partner: rival
name: Rival GmbH
identities:
  - {id: "9521200077018", qualifier: "14"}
agreements:
  - {message: edifact/D96A/ORDERS}
  - {message: edifact/D96A/ORDCHG}
"""


@pytest.mark.parametrize("may", [False, True])
def test_nobody_changes_another_partner_s_orders(engine: Engine, home: Path, clock: Clock, may: bool) -> None:
    """Its own envelope, its own channel, and another partner as the buyer in the message: a person must look. Who speaks for others
    by agreement has their identifiers among its `parties:`."""
    allowed = 'parties: [{scheme: gln, value: "9521200099999"}]\n' if may else ""
    (home / "partners" / "rival.yaml").write_text(RIVAL + allowed)
    engine = Engine(engine.database, engine.archive, Catalog(home, check_receiver=True), strict=True, answers=True, clock=clock)

    def posted(content: bytes) -> tuple[str, dict[str, int]]:
        (one,) = engine.post_file("x.edi", io.BytesIO(content)).exchanges
        return one.state, dict(one.messages)

    def changes() -> int:
        return rows(engine, tables().order_change)

    assert posted(orders("71", "A-1")) == ("done", {"posted": 1})
    rivals = orders("72", "A-1", "C-1", sender="9521200077018")
    if may:
        assert posted(rivals) == ("done", {"posted": 1}) and changes() == 1
        return
    assert posted(rivals) == ("held", {"held": 1}) and changes() == 0
    with engine.database.read() as connection:
        ((number, why),) = connection.execute(select(ledger().message.c.exchange_id, ledger().message.c.failure)
                                              .where(ledger().message.c.state == "held"))
    assert why == "its buyer is acorn (gln 9521200099999), and rival sent it"
    assert posted(orders("73", "A-1", "C-1")) == ("done", {"posted": 1}) and changes() == 1, "acorn itself may"
    Acts(engine.database, "ann", engine.now).release(number, "acorn said so by telephone")
    engine.resume()
    with engine.database.read() as connection:
        assert "held" not in connection.execute(select(ledger().message.c.state)).scalars().all(), "a person let it pass"


def test_a_file_that_stops_the_program_twice_is_quarantined(engine: Engine) -> None:
    (taken,) = engine.receive([Incoming(engine.archive.put(io.BytesIO(orders("71", "A-1"))), "x.edi")])
    with engine.database.write() as connection:  # what two processes leave that were killed while they read it
        for _ in range(2):
            receipts.started(connection, taken[0].id)
    list(engine.process([taken]))
    assert alarms(engine) == ["quarantine"] and rows(engine, tables().sales_order) == 0
    with engine.database.read() as connection:
        assert receipts.unfinished(connection) == []
