"""A pinned value changed in a file that somebody wrote by hand: every other character stays."""

from __future__ import annotations

import pytest

from edi_bridge.channel.pinning import repinned
from edi_bridge.fault import ConfigFault

OLD, NEW, MORE = "SHA256:" + "O" * 43, "SHA256:" + "N" * 43, "SHA256:" + "M" * 43


def file(value: str) -> str:
    return f"""# Acme, since 2019 – ask for Mr Å
partner: acme

channels:
  other: {{kind: sftp, host_key: "{OLD}"}}   # not this one
  sftp:   # the one
    host:   sftp.acme.example    # their new server
    host_key: {value}    # told by phone

    user: nordwind
agreements: []
"""


@pytest.mark.parametrize(("value", "replaced", "kept"), [
    (f'"{OLD}"', f'"{NEW}"', f'["{OLD}", "{NEW}"]'),
    (OLD, f'"{NEW}"', f'[{OLD}, "{NEW}"]'),
    (f'["{OLD}", "{MORE}"]', f'"{NEW}"', f'["{OLD}", "{MORE}", "{NEW}"]'),
    (f'["{OLD}"]', f'"{NEW}"', f'["{OLD}", "{NEW}"]'),
])
def test_a_value_in_its_line(value: str, replaced: str, kept: str) -> None:
    for text in (file(value), file(value).replace("\n", "\r\n")):
        for keep, wanted in ((False, replaced), (True, kept)):
            assert repinned(text, "acme.yaml", "sftp", "host_key", NEW, keep) == text.replace(f"    host_key: {value}", f"    host_key: {wanted}")


def test_a_list_with_a_line_for_each() -> None:
    text = file(f'\n      - "{OLD}"   # old\n      - "{MORE}"   # older')
    assert repinned(text, "acme.yaml", "sftp", "host_key", NEW, True) == file(f'\n      - "{OLD}"   # old\n      - "{MORE}"   # older    # told by phone\n      - "{NEW}"').replace(
        f'- "{NEW}"    # told by phone', f'- "{NEW}"')
    assert repinned(text, "acme.yaml", "sftp", "host_key", NEW, False) == file(f'\n      - "{NEW}"   # old\n').replace("\n    # told by phone", "")


def test_a_key_that_was_not_there() -> None:
    text = file(f'"{OLD}"')
    block = text.replace(f'    host_key: "{OLD}"    # told by phone\n', "")
    assert repinned(block, "acme.yaml", "sftp", "host_key", NEW, False) == block.replace(
        "    host:   sftp", f'    host_key: "{NEW}"\n    host:   sftp')
    flow = "channels: {sftp: {kind: sftp, host: h}}  # all\n"
    assert repinned(flow, "acme.yaml", "sftp", "host_key", NEW, False) == f'channels: {{sftp: {{kind: sftp, host_key: "{NEW}", host: h}}}}  # all\n'


def test_a_channel_that_is_not_there() -> None:
    with pytest.raises(ConfigFault, match="channel ftp was not found"):
        repinned(file(OLD), "acme.yaml", "ftp", "host_key", NEW, False)
