"""What the daemon does once a day: the head of the audit log in its own log, at the start, when a day begins, at the end."""

from __future__ import annotations

import re

from daemon_case import Home, home  # noqa: F401


def heads(says: str) -> list[str]:
    return re.findall(r"audit log: \d+ entr(?:y|ies), head (\d+:[0-9a-f]*)", says)


def test_the_head_of_the_audit_log_is_told_at_the_start_each_day_and_at_the_end(home: Home) -> None:  # noqa: F811
    home.partner("nord")
    daemon = home.start(listen=False, EDI_BRIDGE_CLOCK="2026-11-22T23:50:00Z+120").runs()  # midnight is five seconds away
    daemon.until(lambda: len(heads(daemon.says())) == 2)
    assert daemon.terminate() == 0
    count, last = home.rows("SELECT count(*), max(hash) FILTER (WHERE id = (SELECT max(id) FROM audit)) FROM audit")[0]
    assert heads(daemon.says())[-1] == f"{count}:{last}" and len(heads(daemon.says())) >= 3 and count >= 1
