"""Real servers that several of the tests of transports talk to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ftp_lab import Vsftpd, make_certificate
from ssh_lab import Sshd, serving


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An sshd that knows our key."""
    with serving(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A certificate with its key, and its fingerprint."""
    path = tmp_path_factory.mktemp("pem") / "server.pem"
    return path, make_certificate(path)


@pytest.fixture(scope="module")
def vsftpd(tmp_path_factory: pytest.TempPathFactory, pem: tuple[Path, str]) -> Iterator[Vsftpd]:
    """A vsftpd with that certificate."""
    server = Vsftpd(tmp_path_factory.mktemp("vsftpd"), pem[0])
    yield server
    server.close()
