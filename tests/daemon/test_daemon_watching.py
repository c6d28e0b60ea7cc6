"""What nobody notices by itself, noticed: silence, overdue answers, certificates that end; and the daemon's smaller parts."""

from __future__ import annotations

import datetime
import io
import json
import logging
import re
import sys
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from daemon_case import HANGS, OURS, Home, home, order  # noqa: F401

from edi_bridge.daemon import HomeLock, logs
from edi_bridge.daemon.backlog import Backlog
from edi_bridge.daemon.expiring import end_of
from edi_bridge.fault import ConfigFault
from edi_bridge.store.ledger import Receipt

sys.path.insert(0, str(Path(__file__).parents[1] / "transport"))
from http_partner import Authority, Partner  # noqa: E402


def alarms(home: Home) -> list[tuple[str, str]]:  # noqa: F811
    return home.rows("SELECT kind, sentence FROM alarm WHERE open = 'open' ORDER BY id")


def test_a_partner_that_has_not_sent_by_its_time_rings_once_until_it_sends(home: Home) -> None:  # noqa: F811
    home.partner("quiet", 'silence: [{message: "*/*/ORDERS", by: "10:00", days: 1-5, zone: Europe/Berlin}]\n')
    daemon = home.start(EDI_BRIDGE_CLOCK="2026-11-23T08:56:00Z+60")  # a Monday; 10:00 of Berlin is 09:00 UTC
    daemon.until(lambda: home.rows("SELECT count FROM alarm WHERE kind = 'silence' AND count > 2"))
    # one: Friday was over long before this program was here
    assert home.rows("SELECT kind, sentence FROM alarm WHERE kind = 'silence'") == [("silence", "nothing of type */*/ORDERS came from quiet on 2026-11-23 by 10:00 (Europe/Berlin)")]
    home.lies("quiet", "late.edi", order("quiet", "1"))
    daemon.until(lambda: not home.rows("SELECT id FROM alarm WHERE kind = 'silence' AND open = 'open'"))


def test_an_answer_that_does_not_come_in_time_rings(home: Home) -> None:  # noqa: F811
    home.partner("nord", "expect: {contrl: 1h}\nagreements:\n  - {message: edifact/D96A/ORDERS, direction: out}\n")
    place = home.folder / "outgoing" / "nord"
    place.mkdir()
    (place / "order-1.json").write_text(json.dumps({
        "number": "A1", "type": "order", "purpose": "original", "issued_on": "2026-11-02", "currency": "EUR", "buyer": {"gln": OURS},
        "lines": [{"number": "1", "gtin": "9521200002119", "quantity": "48"}]}))
    daemon = home.start(EDI_BRIDGE_CLOCK="2026-11-23T08:00:00Z+900")
    daemon.until(lambda: home.rows("SELECT state FROM outbox") == [("sent",)])
    daemon.until(lambda: [kind for kind, _ in alarms(home)] == ["acknowledgement_overdue"])
    ((_, sentence),) = alarms(home)
    said = re.fullmatch(r"nord has not answered ORDERS 1, sent (\S+): due (\S+)", sentence)
    assert said and datetime.datetime.fromisoformat(said[2]) - datetime.datetime.fromisoformat(said[1]) == datetime.timedelta(hours=1), sentence
    daemon.until(lambda: "alarm (acknowledgement_overdue)" in daemon.says())


def test_live_traffic_never_leaves_by_a_channel_for_tests(home: Home) -> None:  # noqa: F811
    home.partner("nord", channels=f"  in: {{kind: directory, get: {home.out('nord')}, settle: 0s}}\n"
                 f"  folder: {{kind: directory, put: {home.inbox('nord')}, test: true}}\n")
    home.lies("nord", "o1.edi", order("nord", "417"))
    daemon = home.start("--once")
    daemon.process.wait(HANGS)
    assert home.orders() == {"PO417"} and home.answers("nord") == []
    assert home.rows("SELECT state FROM outbox") == [("failed",)]
    assert [kind for kind, _ in alarms(home)] == ["sending_failed"]


def certificate(days: int) -> bytes:
    """Made by the library, not by us."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "us")])
    now = datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(7)
            .not_valid_before(now - datetime.timedelta(days=400)).not_valid_after(now + datetime.timedelta(days=days)).sign(key, hashes.SHA256()))
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private + made.public_bytes(serialization.Encoding.PEM)


def test_our_own_certificates_ring_before_they_end(home: Home) -> None:  # noqa: F811
    (home.folder / "secrets").mkdir()
    for name, days in (("soon", 20), ("later", 200), ("over", -3)):
        (home.folder / "secrets" / name).write_bytes(certificate(days))
        (home.folder / "secrets" / name).chmod(0o600)
    ways = "".join(f"  {name}: {{kind: http, url: \"https://127.0.0.1:9/\", client_certificate: {name}}}\n" for name in ("soon", "later", "over"))
    home.partner("nord", channels=ways + f"  folder: {{kind: directory, put: {home.inbox('nord')}}}\n")
    home.start("--once", EDI_BRIDGE_CLOCK="2026-11-22T00:00:00Z").process.wait(HANGS)
    assert alarms(home) == [("expiry", "the certificate soon of nord.soon ends on 2026-12-12"),
                            ("expiry", "the certificate over of nord.over ended on 2026-11-19")]
    assert end_of(b"no certificate") is None


def test_a_partner_s_certificate_rings_before_it_ends_until_another_is_shown(home: Home, tmp_path: Path) -> None:  # noqa: F811
    authority = Authority(tmp_path)
    (tmp_path / "posted").mkdir()
    home.secret("token", "horse")

    def run(days: int, setting: int) -> list[tuple[str, str]]:
        partner = Partner(tmp_path / "posted", tmp_path / "posted", "horse", authority.pem("edi.acme.example", days))
        home.partner("nord", channels=f"  way: {{kind: http, list: \"{partner.at}/out\", fetch: \"{partner.at}/out/{{name}}\", bearer: token, "
                     f"ca: {authority.ca}}}\n  folder: {{kind: directory, put: {home.inbox('nord')}}}\n")
        (home.folder / "settings.yaml").write_text(f"expiry_days: {setting}\n")
        try:
            daemon = home.start("--once")
            assert daemon.process.wait(HANGS) == 0, daemon.says()
        finally:
            partner.close()
        return [(kind, sentence.rpartition(" ")[0]) for kind, sentence in alarms(home) if kind == "expiry"]

    assert run(20, 30) == [("expiry", "the certificate of the server of nord.way ends on")]
    assert run(20, 10) == []
    assert len(run(20, 30)) == 1
    assert run(90, 30) == []


# --- smaller parts ---------------------------------------------------------------------------------------------------


def receipt(id: int, partner: str, size: int = 1000, state: str = "received") -> Receipt:
    return Receipt(id, f"{id:064x}", size, f"{id}.edi", state, partner)


def ids(group: list[tuple[Receipt, bool]]) -> list[int]:
    return [one.id for one, _ in group]


def test_partners_take_turns_and_small_ones_go_together() -> None:
    backlog = Backlog()
    backlog.add([(receipt(number, "many"), False) for number in range(1, 101)])
    backlog.add([(receipt(200, "one"), False), (receipt(300, "other"), False), (receipt(400, "many", 2_000_000), False)])
    first = ids(backlog.group())
    assert len(first) == 64 and {200, 300} <= set(first[:4])
    assert ids(backlog.group()) == list(range(63, 101)) and backlog.group() == []
    large = backlog.large()
    assert large is not None and large[0].id == 400 and backlog.large() is None
    assert backlog.waiting() == (103, 102 * 1000 + 2_000_000)  # until they are through
    backlog.done(range(1, 500))
    assert backlog.waiting() == (0, 0)


def test_what_may_have_stopped_the_program_goes_alone() -> None:
    backlog = Backlog()
    backlog.alone |= {2}
    backlog.add([(receipt(number, "p"), True) for number in (1, 2, 3, 4)])
    assert [ids(backlog.group()) for _ in range(3)] == [[1], [2], [3, 4]]


def test_nothing_is_done_twice_and_what_is_closed_needs_nothing() -> None:
    backlog = Backlog()
    assert backlog.add([(receipt(1, "p"), False), (receipt(1, "p"), False), (receipt(2, "p", state="done"), True)]) == 1
    assert ids(backlog.group()) == [1]
    backlog.done([1])
    assert backlog.add([(receipt(1, "p"), False)]) == 0, "who received it was slower than the ledger"
    assert backlog.add([(receipt(1, "p"), True)]) == 1, "opened again"


def test_there_is_no_room_when_too_much_waits() -> None:
    backlog = Backlog(most=3)
    backlog.add([(receipt(number, "p"), False) for number in (1, 2, 3)])
    assert not backlog.room()
    backlog.done([2])
    assert backlog.room()


def test_a_lock_says_who_holds_it_and_goes_with_its_holder(tmp_path: object) -> None:
    place = Path(str(tmp_path))
    with HomeLock(place, "2026-11-22T10:00:00Z"):
        with pytest.raises(ConfigFault, match=r"run\.lock: edi-bridge runs here already \(process \d+, since 2026-11-22T10:00:00Z\)"):
            HomeLock(place, "later").__enter__()
    with HomeLock(place, "later"):
        pass


@pytest.fixture
def logged() -> io.StringIO:
    stream = io.StringIO()
    handler = logs.begin("json", stream)
    yield stream  # type: ignore[misc]
    logging.getLogger("edi_bridge").removeHandler(handler)


def test_a_line_of_the_log_is_one_line_whatever_a_partner_calls_its_file(logged: io.StringIO) -> None:
    logs.log.info("%s is done", "a\n{\"level\": \"error\"}\x1b[2J.edi", extra={"exchange": 12, "receipt": None})
    (line,) = logged.getvalue().splitlines()
    said = json.loads(line)
    assert (said["exchange"], said["level"]) == (12, "info") and "receipt" not in said and "\x1b" not in line
    text = logs.Text().format(logging.LogRecord("edi_bridge", 20, "", 0, "a\nb\x1b[2J", (), None))
    assert text.endswith("a\\nb\\x1b[2J")


def test_a_trouble_is_told_once_however_many_it_stops_and_once_when_it_is_over(logged: io.StringIO) -> None:
    troubles = logs.Troubles()
    threads = [threading.Thread(target=lambda number=number: [troubles.note(f"channel {number}", "the disk is full") for _ in range(50)])
               for number in range(20)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert [json.loads(line)["says"] for line in logged.getvalue().splitlines()] == ["the disk is full"]
    assert troubles.note("channel 3", "the host key is another") and len(troubles.all()) == 20
    assert troubles.over("channel 3", "works again") and not troubles.over("channel 3", "works again")
    assert len(logged.getvalue().splitlines()) == 3
