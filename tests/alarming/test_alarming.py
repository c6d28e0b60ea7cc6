"""People are told of each alarm once, by a real mail server and a real webhook; what fails is tried again and nothing is lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alarming_case import PASSWORD, USER, Hook, Mailbox, certificate, free_port, hook_server, mail_server

from edi_bridge.alarming import Telling, declared
from edi_bridge.database import Database
from edi_bridge.fault import ConfigFault
from edi_bridge.secret import Secrets
from edi_bridge.store import alarm
from edi_bridge.yamltext import parse

SECRETS = Secrets(environ={"EDI_BRIDGE_SECRET_MAIL": PASSWORD, "EDI_BRIDGE_SECRET_HOOK": "sesame"})
AT = "2026-11-22T10:00:00.000000Z"


class Log:
    """What would stand in the log: each trouble once until it is over."""

    def __init__(self) -> None:
        self.open: dict[str, str] = {}
        self.lines: list[str] = []

    def note(self, what: str, sentence: str) -> bool:
        fresh = self.open.get(what) != sentence
        self.open[what] = sentence
        self.lines += [sentence] if fresh else []
        return fresh

    def over(self, what: str, sentence: str = "") -> bool:
        return self.open.pop(what, None) is not None


class Desk:
    """A telling over a database, with a clock for its pauses that a test moves."""

    def __init__(self, database: Database, folder: Path, **ways: Any):
        self.database, self.log, self.seconds, self.now = database, Log(), 0.0, AT
        block = parse(json.dumps({"alarms": ways}), "settings.yaml")["alarms"]
        self.telling = Telling(declared(block, "settings.yaml", folder), database, SECRETS, "/srv/edi", lambda: self.now, self.log, lambda: self.seconds)

    def ring(self, kind: str = "quarantine", subject: str = "exchange 12", sentence: str = "exchange 12 is quarantined") -> None:
        with self.database.write() as connection:
            alarm.raise_(connection, kind, subject, sentence, AT)

    def untold(self) -> int:
        with self.database.read() as connection:
            return len(alarm.untold(connection))


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    return certificate(tmp_path)


@pytest.fixture(params=["starttls", "implicit"])
def mailbox(request: pytest.FixtureRequest, pem: Path) -> Iterator[tuple[str, Mailbox]]:
    with mail_server(pem, request.param == "implicit") as box:
        yield request.param, box


def mail(box: Mailbox, tls: str = "starttls", **more: Any) -> dict[str, Any]:
    return {"host": "127.0.0.1", "port": box.port, "tls": tls, "user": USER, "password": "mail", "from": "edi@example.com",
            "to": ["desk@example.com", "night@example.com"], "ca": "server.pem", **more}


def pinned(pem: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(pem.read_text().partition("-----BEGIN PRIVATE")[0])
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")


def test_each_alarm_is_mailed_once_under_tls(database: Database, tmp_path: Path, mailbox: tuple[str, Mailbox]) -> None:
    tls, box = mailbox
    desk = Desk(database, tmp_path, mail=mail(box, tls))
    desk.ring()
    assert (desk.telling.tell(), desk.telling.tell()) == (1, 0)
    desk.ring()  # the same again: it counts, and rings no more
    desk.telling.tell()
    (got,) = box.mails
    assert box.tls == [True] and box.users == [USER] and desk.untold() == 0 and not desk.log.lines
    assert got["From"] == "edi@example.com" and got["To"] == "desk@example.com, night@example.com" and got["Auto-Submitted"] == "auto-generated"
    assert got["Subject"] == "edi-bridge: exchange 12 is quarantined" and got.get_content_type() == "text/plain"
    assert abs((got["Date"].datetime - datetime.now(UTC)).total_seconds()) < 600  # RFC 5322 3.6.1: no mail is without one
    assert "2026-11-22 10:00:00 UTC" in got.get_content() and "/srv/edi" in got.get_content()


def test_a_bad_night_is_one_mail(database: Database, tmp_path: Path, mailbox: tuple[str, Mailbox]) -> None:
    desk = Desk(database, tmp_path, mail=mail(mailbox[1], mailbox[0]))
    for number in range(30):
        desk.ring(subject=f"exchange {number}", sentence=f"exchange {number} is quarantined")
    assert desk.telling.tell() == 30
    (got,) = mailbox[1].mails
    assert got["Subject"].startswith("edi-bridge: 30 alarms: exchange 0 ") and all(f"exchange {n} is quarantined" in got.get_content() for n in range(30))


def test_what_a_partner_wrote_gets_into_no_header(database: Database, tmp_path: Path, pem: Path) -> None:
    with mail_server(pem) as box:
        desk = Desk(database, tmp_path, mail=mail(box))
        desk.ring(sentence="file a\r\nBcc: victim@example.com\r\n\r\n<b>evil</b>\x1b[31m\u2028\u202e.\n.\nis quarantined ü")
        desk.telling.tell()
        (got,) = box.mails
    assert got["Bcc"] is None and "\\r\\nBcc: victim@example.com" in got["Subject"] and len(got.keys()) == len(set(got.keys()))
    assert "\x1b" not in got.get_content() and "\u202e" not in got.get_content() and "is quarantined ü" in got.get_content()


def test_a_mail_server_that_fails_loses_nothing_and_is_told_once(database: Database, tmp_path: Path, pem: Path) -> None:
    with mail_server(pem) as box:
        box.broken = True
        desk = Desk(database, tmp_path, mail=mail(box))
        desk.ring()
        for _ in range(5):
            desk.telling.tell()
        assert desk.untold() == 1 and not box.mails and len(desk.log.lines) == 1 and "451" in desk.log.lines[0]
        box.broken = False
        desk.telling.tell()
        assert not box.mails  # it rests for a while
        desk.seconds = 31
        assert desk.telling.tell() == 1 and len(box.mails) == 1 and desk.untold() == 0 and not desk.log.open
        first = box.mails[0]["Message-ID"]
        with database.write() as connection:  # as if the program had died before it could note that
            connection.exec_driver_sql("UPDATE alarm SET told_at = ''")
        again = Desk(database, tmp_path, mail=mail(box))
        again.telling.tell()
        assert [one["Message-ID"] for one in box.mails] == [first, first]


def test_pauses_grow_and_end(database: Database, tmp_path: Path) -> None:
    desk = Desk(database, tmp_path, webhook={"url": f"http://127.0.0.1:{free_port()}/", "secret": "hook"})
    desk.ring()
    times = []
    for second in range(0, 40_000, 10):
        desk.seconds = float(second)
        before = desk.telling._rest.get("webhook")
        desk.telling.tell()
        times += [second] if desk.telling._rest["webhook"] != before else []
    pauses = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert pauses[:4] == [30, 60, 120, 240] and max(pauses) == 3600 and len(desk.log.lines) == 1


@pytest.mark.parametrize(("wrong", "words"), [
    ({"password": "hook"}, "refuses the login of edi"), ({"ca": "other.pem"}, "did not take the mail"), ({"tls": "implicit"}, "did not take the mail")])
def test_no_password_is_said_to_the_wrong_server_and_none_in_the_log(
        database: Database, tmp_path: Path, pem: Path, wrong: dict[str, str], words: str) -> None:
    (tmp_path / "else").mkdir()
    (tmp_path / "other.pem").write_bytes(certificate(tmp_path / "else").read_bytes())
    with mail_server(pem) as box:
        desk = Desk(database, tmp_path, mail=mail(box, **wrong))
        desk.ring()
        desk.telling.tell()
        assert desk.untold() == 1 and not box.mails and not box.users
    assert words in desk.log.lines[0] and PASSWORD not in desk.log.lines[0] and "sesame" not in desk.log.lines[0]


def test_a_server_without_starttls_gets_nothing(database: Database, tmp_path: Path, pem: Path) -> None:
    with mail_server(None, login=False) as box:
        desk = Desk(database, tmp_path, mail=mail(box))
        desk.ring()
        desk.telling.tell()
        assert desk.untold() == 1 and not box.mails
        clear = Desk(database, tmp_path, mail={key: value for key, value in mail(box, "none").items() if key not in ("user", "password")})
        clear.telling.tell()
        assert desk.untold() == 0 and len(box.mails) == 1


def test_one_receiver_that_is_refused_keeps_nobody_else_from_being_told(database: Database, tmp_path: Path, pem: Path) -> None:
    with mail_server(pem) as box:
        box.refusing = {"night@example.com"}
        desk = Desk(database, tmp_path, mail=mail(box))
        desk.ring()
        assert desk.telling.tell() == 1 and desk.telling.tell() == 0 and len(box.mails) == 1
    assert desk.log.lines == ["the mail server 127.0.0.1 refuses night@example.com; the others have the mail"]


# --- webhook


def verified(hook: Hook, secret: bytes) -> list[dict[str, Any]]:
    """What came, each body held against its signature as a receiver would."""
    for headers, body in hook.got:
        stamp = headers["X-Edi-Bridge-Timestamp"]
        wanted = "sha256=" + hmac.new(secret, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
        assert hmac.compare_digest(headers["X-Edi-Bridge-Signature"], wanted) and abs(time.time() - int(stamp)) < 60
        assert headers["Content-Type"] == "application/json"
    return [json.loads(body) for _, body in hook.got]


def test_a_webhook_gets_each_alarm_signed(database: Database, tmp_path: Path, pem: Path) -> None:
    for more in ({"ca": "server.pem"}, {"certificate": pinned(pem)}):
        with hook_server(pem) as hook:
            desk = Desk(database, tmp_path, webhook={"url": hook.url, "secret": "hook", **more})
            desk.ring(subject=f"exchange {more}", sentence="is\nquarantined")
            assert (desk.telling.tell(), desk.telling.tell()) == (1, 0)
            (said,) = verified(hook, b"sesame")
            assert hook.got[0][0]["Content-Length"] == str(len(hook.got[0][1]))  # in pieces it is refused by many
            assert (said["kind"], said["sentence"], said["raised_at"], said["home"]) == ("quarantine", "is\\nquarantined", AT, "/srv/edi")


def test_another_certificate_gets_nothing(database: Database, tmp_path: Path, pem: Path) -> None:
    with hook_server(pem) as hook:
        for more in ({}, {"certificate": "SHA256:" + "A" * 43}):
            desk = Desk(database, tmp_path, webhook={"url": hook.url, "secret": "hook", **more})
            desk.ring()
            desk.telling.tell()
            assert desk.untold() == 1 and not hook.got and len(desk.log.lines) == 1


def test_a_webhook_that_fails_in_the_middle_gets_the_rest_later_and_nothing_twice(database: Database, tmp_path: Path) -> None:
    with hook_server() as hook:
        hook.statuses = [200, 503]
        desk = Desk(database, tmp_path, webhook={"url": hook.url, "secret": "hook"})
        for number in range(3):
            desk.ring(subject=str(number))
        assert desk.telling.tell() == 1 and "503" in desk.log.lines[0]
        desk.seconds = 31
        assert desk.telling.tell() == 2
        said = verified(hook, b"sesame")
    assert [one["subject"] for one in said] == ["0", "1", "1", "2"]
    keys = [headers["Idempotency-Key"] for headers, _ in hook.got]
    assert keys[1] == keys[2] and len(set(keys)) == 3


def test_a_mail_server_that_is_away_does_not_double_the_webhook(database: Database, tmp_path: Path) -> None:
    gone = {"host": "127.0.0.1", "port": free_port(), "tls": "none", "from": "edi@example.com", "to": "desk@example.com"}
    with hook_server() as hook:
        desk = Desk(database, tmp_path, mail=gone, webhook={"url": hook.url, "secret": "hook"})
        desk.ring()
        for desk.seconds in (0, 100, 300, 900):
            desk.telling.tell()
        assert len(hook.got) == 1 and desk.untold() == 1
        with mail_server(None, login=False) as box:
            late = Desk(database, tmp_path, mail={**gone, "port": box.port})
            late.telling.tell()
        assert len(box.mails) == 1 and desk.untold() == 0


def test_each_way_tells_the_kinds_it_is_for(database: Database, tmp_path: Path) -> None:
    with hook_server() as hook, mail_server(None, login=False) as box:
        plain = {"host": "127.0.0.1", "port": box.port, "tls": "none", "from": "edi@example.com", "to": "desk@example.com"}
        desk = Desk(database, tmp_path, mail={**plain, "kinds": ["silence", "disk"]}, webhook={"url": hook.url, "secret": "hook", "kinds": ["quarantine"]})
        for kind in ("quarantine", "silence", "expiry"):
            desk.ring(kind, kind, f"about {kind}")
        assert desk.telling.tell() == 3 and desk.untold() == 0
    assert [one["kind"] for one in verified(hook, b"sesame")] == ["quarantine"] and [one["Subject"] for one in box.mails] == ["edi-bridge: about silence"]


def test_what_is_over_since_long_is_not_told_and_what_is_open_is(database: Database, tmp_path: Path) -> None:
    with hook_server() as hook:
        desk = Desk(database, tmp_path, webhook={"url": hook.url, "secret": "hook"})
        for subject in ("old and over", "old and open"):
            desk.ring(subject=subject)
        with database.write() as connection:
            alarm.clear(connection, "quarantine", "old and over", AT)
        desk.now = "2026-11-25T10:00:00.000000Z"
        desk.telling.tell()
        assert [one["subject"] for one in verified(hook, b"sesame")] == ["old and open"] and desk.untold() == 0


# --- settings


def test_everything_that_is_wrong_is_said_with_its_line(tmp_path: Path) -> None:
    block = parse("""alarms:
  mail: {host: smtp.example, port: 99999, tls: none, from: "edi@example.com\\nBcc: x@example.com", to: [desk], user: edi, kinds: [quiet]}
  webhook: {url: "http://hooks.example/", secret: "correct horse", certificate: abc, colour: red}
""", "settings.yaml")
    with pytest.raises(ConfigFault) as caught:
        declared(block["alarms"], "settings.yaml", tmp_path)
    said = str(caught.value)
    for words in ("tls: none is for", "port is", "from is", "to is an address", "password is a text", "no alarm of kind quiet", "use https", "NAME of a secret",
                  "certificate is a fingerprint", "colour"):
        assert words in said, (words, said)
    assert all(line.startswith("settings.yaml:") for line in said.splitlines())
