"""The certificate that a partner's FTPS server shows, watched by the daemon: a real vsftpd whose certificate ends soon, and is changed."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

from daemon_case import Home, home, order  # noqa: F401

sys.path.insert(0, str(Path(__file__).parents[1] / "transport"))
from ftp_lab import PASSWORD, Vsftpd, make_certificate  # noqa: E402

DAYS = 20


class Partner:
    """nord's server: it may show another certificate from one moment to the next."""

    def __init__(self, home: Home, folder: Path, pem: Path, trusted: str):  # noqa: F811
        self.folder, self.servers = folder, [Vsftpd(folder / "0", pem)]
        for name in ("out", "in"):
            (folder / name).mkdir()
        home.secret("ours", PASSWORD)
        home.partner("nord", channels=f"  folder: {{kind: ftps, host: 127.0.0.1, port: {self.server.port}, user: {self.server.user}, password: ours, {trusted},"
                     f" get: {folder}/out, put: {folder}/in, poll: every 30s, settle: 0s, timeout: 20s}}\n")

    @property
    def server(self) -> Vsftpd:
        return self.servers[-1]

    def shows(self, pem: Path) -> None:
        """The same port and files, another certificate."""
        before = self.server
        before.close()
        self.servers.append(Vsftpd(self.folder / str(len(self.servers)), pem, port=before.port))

    def lies(self, name: str, content: bytes) -> None:
        path = self.folder / "out" / name
        path.with_suffix(".part").write_bytes(content)
        path.with_suffix(".part").rename(path)

    def has(self) -> set[str]:
        return {path.name for path in (self.folder / "out").iterdir()}


def alarms(home: Home) -> list[tuple[str, str]]:  # noqa: F811
    return home.rows("SELECT kind, sentence FROM alarm WHERE open = 'open' ORDER BY id")


def fast() -> dict[str, str]:
    """From now on, thirty times as fast: polls and looks each second or two."""
    return {"EDI_BRIDGE_CLOCK": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%dT%H:%M:%S}Z+30"}


def test_a_server_s_certificate_rings_before_it_ends_and_no_more_when_the_server_shows_another(home: Home, tmp_path: Path) -> None:  # noqa: F811
    authority, soon, later = (tmp_path / f"{name}.pem" for name in ("authority", "soon", "later"))
    make_certificate(authority, days=(-1, 400))
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=DAYS)
    make_certificate(soon, days=(-1, DAYS), by=authority)
    make_certificate(later, days=(-1, 300), by=authority)
    partner = Partner(home, tmp_path / "ftp", soon, f"ca: {authority}")
    try:
        daemon = home.start(**fast()).runs()
        partner.lies("1.edi", order("nord", "1"))
        daemon.until(lambda: alarms(home) == [("expiry", f"the certificate of the server of nord.folder ends on {ends:%Y-%m-%d}")])
        daemon.until(lambda: "alarm (expiry): the certificate of the server of nord.folder" in daemon.says())
        daemon.until(lambda: home.orders() == {"PO1"} and partner.has() == set())  # it is only a warning
        partner.shows(later)
        daemon.until(lambda: not [kind for kind, _ in alarms(home) if kind == "expiry"])
        partner.lies("2.edi", order("nord", "2"))
        daemon.until(lambda: home.orders() == {"PO1", "PO2"})
        assert home.rows("SELECT count(*) FROM alarm WHERE kind IN ('expiry', 'trust')") == [(1,)], "it rang once"
        assert daemon.terminate() == 0
    finally:
        partner.server.close()


def test_a_pinned_certificate_that_is_changed_rings_at_once_and_nothing_goes_by_that_server(home: Home, tmp_path: Path) -> None:  # noqa: F811
    ours, other = tmp_path / "ours.pem", tmp_path / "other.pem"
    pin, shown = make_certificate(ours, days=(-1, DAYS)), make_certificate(other, days=(-1, 300))
    partner = Partner(home, tmp_path / "ftp", ours, f'certificate: "{pin}"')
    try:
        daemon = home.start(**fast()).runs()
        daemon.until(lambda: [kind for kind, _ in alarms(home)] == ["expiry"])  # pinned ones end, too
        partner.shows(other)
        partner.lies("1.edi", order("nord", "1"))
        daemon.until(lambda: [sentence for kind, sentence in alarms(home) if kind == "trust" and shown in sentence])
        assert partner.has() == {"1.edi"} and home.orders() == set()
        partner.shows(ours)
        daemon.until(lambda: home.orders() == {"PO1"} and [kind for kind, _ in alarms(home)] == ["expiry"])
        assert daemon.terminate() == 0
    finally:
        partner.server.close()
