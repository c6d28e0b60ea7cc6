"""The network in a box over FTPS, spoken to by the standard library's client."""

from __future__ import annotations

import ftplib
import io
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lab_case import Lab, edifact

from edi_bridge.transport.certificate import fingerprint


class Reusing(ftplib.FTP_TLS):
    """ftplib's client; data connections take up the TLS session of the control connection."""

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[object, int | None]:
        line, size = ftplib.FTP.ntransfercmd(self, cmd, rest)
        return self.context.wrap_socket(line, server_hostname=self.host, session=self.sock.session), size  # type: ignore[union-attr]


@pytest.fixture
def lab(start: Callable[..., Lab]) -> Lab:
    return start(ftps_port=0)


@pytest.fixture
def sign_in(lab: Lab) -> Iterator[Callable[[str], Reusing]]:
    made: list[Reusing] = []

    def sign_in(name: str) -> Reusing:
        assert lab.van.ftps is not None
        context = ssl.create_default_context(cafile=str(lab.folder / "ftps.pem"))
        client = Reusing(context=context, timeout=5)
        client.connect("127.0.0.1", lab.van.ftps.port)
        client.login(name, lab.account(name).password)
        client.prot_p()
        made.append(client)
        return client

    yield sign_in
    for client in made:
        client.close()


def test_an_interchange_goes_by_ftps_and_is_fetched_by_sftp(lab: Lab, sign_in: Callable[[str], Reusing]) -> None:
    client = sign_in("we")
    assert sorted(client.nlst("/")) == ["done", "in", "out", "reports"]
    client.storbinary("STOR /in/order.edi.part", io.BytesIO(edifact("1")))
    client.rename("/in/order.edi.part", "/in/order.edi")
    assert lab.arrived("acme", 1) == [edifact("1")]
    (name,) = lab.box("acme")
    with lab.sftp("acme") as sftp:
        assert sftp.open(f"/out/{name}").read() == edifact("1")
    lab.until(lambda: ("picked_up", "1", "") in lab.said("we"))


def test_a_mailbox_that_deletes_on_reading(lab: Lab, sign_in: Callable[[str], Reusing]) -> None:
    lab.put("we", "order.edi", edifact("1"))
    lab.arrived("acme", 1)
    lab.set(delete_on_read="on")
    got: list[bytes] = []
    (name,) = lab.box("acme")
    sign_in("acme").retrbinary(f"RETR /out/{name}", got.append)
    assert b"".join(got) == edifact("1")
    lab.until(lambda: lab.box("acme") == {})
    lab.until(lambda: ("picked_up", "1", "") in lab.said("we"))


def test_a_line_that_is_cut_both_ways(lab: Lab, sign_in: Callable[[str], Reusing]) -> None:
    lab.set(disconnect="1")
    with pytest.raises((ftplib.Error, OSError, EOFError)):
        sign_in("we").storbinary("STOR /in/order.edi", io.BytesIO(edifact("1")))
    lab.until(lambda: list(lab.box("we", "in").values()) == [edifact("1")[: len(edifact("1")) // 2]])
    sign_in("we").storbinary("STOR /in/order.edi", io.BytesIO(edifact("1")))
    lab.arrived("acme", 1)
    lab.set(disconnect="1", delete_on_read="on")
    (name,) = lab.box("acme")
    got: list[bytes] = []
    with pytest.raises((ftplib.Error, OSError, EOFError)):
        sign_in("acme").retrbinary(f"RETR /out/{name}", got.append)
    assert len(b"".join(got)) < len(edifact("1")) and list(lab.box("acme").values()) == [edifact("1")]
    got.clear()
    sign_in("acme").retrbinary(f"RETR /out/{name}", got.append)
    assert b"".join(got) == edifact("1")


def test_renaming_and_writing_are_refused(lab: Lab, sign_in: Callable[[str], Reusing]) -> None:
    lab.set(rename_fails="1", full="1")
    with pytest.raises((ftplib.Error, OSError)):
        sign_in("we").storbinary("STOR /in/order.edi.part", io.BytesIO(edifact("1")))
    assert any("quota used up" in line for line in lab.journal())
    client = sign_in("we")
    client.storbinary("STOR /in/order.edi.part", io.BytesIO(edifact("1")))
    with pytest.raises(ftplib.error_perm, match="550 Renaming is refused"):
        client.rename("/in/order.edi.part", "/in/order.edi")
    client.rename("/in/order.edi.part", "/in/order.edi")
    lab.arrived("acme", 1)


def test_an_account_stays_in_its_folders(lab: Lab, sign_in: Callable[[str], Reusing]) -> None:
    (lab.van.network.box("acme", "out") / "theirs").write_bytes(b"x")
    client = sign_in("we")
    for path in ("/../acme/out/theirs", "/../../passwords.json", str(lab.folder / "passwords.json")):
        with pytest.raises(ftplib.error_perm):
            client.retrbinary(f"RETR {path}", lambda block: None)
    for path in ("/out/new", "/new", "/../new"):
        with pytest.raises(ftplib.error_perm):
            client.storbinary(f"STOR {path}", io.BytesIO(b"x"))
    with pytest.raises(ftplib.error_perm):
        client.mkd("/in/folder")


def test_nobody_signs_in_without_tls_or_password(lab: Lab) -> None:
    assert lab.van.ftps is not None
    clear = ftplib.FTP(timeout=5)
    clear.connect("127.0.0.1", lab.van.ftps.port)
    with pytest.raises(ftplib.error_perm, match="550 SSL/TLS required"):
        clear.login("we", lab.account("we").password)
    clear.close()


def test_the_certificate_is_kept_and_its_fingerprint_is_told(lab: Lab, sign_in: Callable[[str], Reusing], tmp_path: Path) -> None:
    assert lab.van.ftps is not None
    shown = sign_in("we").sock.getpeercert(binary_form=True)  # type: ignore[union-attr]
    assert fingerprint(shown) == lab.van.ftps.fingerprint and lab.van.ftps.fingerprint in lab.van.told()
    assert (tmp_path / "ftps.pem").stat().st_mode & 0o077 == 0
