"""Channels from YAML: every option in its type, every mistake with its place, all at once; what cannot work is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edi_bridge import channel
from edi_bridge.catalog import Catalog
from edi_bridge.channel import OPTIONS, Channel, as_markdown
from edi_bridge.channel.options import COMMON
from edi_bridge.channel.rules import DOUBTS, RULES
from edi_bridge.channel.values import TYPES
from edi_bridge.fault import ConfigFault
from edi_bridge.transport import KINDS
from edi_bridge.yamltext import parse

ROOT = Path(__file__).parents[2]
PIN = "SHA256:bEyiKuBOhyPoMSrJ3rbqgxBCz0gRDV5gTG/6+hrLMrE"
SFTP = f"kind: sftp, host: h, user: u, password: p, host_key: '{PIN}', get: /out"


def read(text: str) -> dict[str, Channel]:
    return channel.load(parse(text, "partners/acme.yaml")["channels"], "acme", "partners/acme.yaml", "/home/eb")


def one(options: str) -> Channel:
    (made,) = read(f"channels: {{way: {{{options}}}}}").values()
    return made


def problems(text: str) -> list[tuple[str, int, int, str]]:
    with pytest.raises(ConfigFault) as caught:
        read(text)
    return caught.value.problems


WAYS = (  # what is said of a channel, whether we fetch there, whether partners post there
    (SFTP, True, False),
    (SFTP.replace("get:", "put:"), False, False),
    ("kind: directory, get: in", True, False),
    ("kind: van, host: h, user: u, password: p, host_key: '" + PIN + "', we_get: out, we_put: in", True, False),
    ("kind: van, host: h, user: u, password: p, host_key: '" + PIN + "', we_put: in", False, False),
    ("kind: http, list: 'https://h/files'", True, False),
    ("kind: http, url: 'https://h/in'", False, False),
    ("kind: http-in, token: t", False, True),
)


@pytest.mark.parametrize(("options", "fetches", "served"), WAYS)
def test_by_which_way_files_come(options: str, fetches: bool, served: bool) -> None:
    made = one(options)
    assert (made.fetches, made.served) == (fetches, served)


def test_the_brief_example_is_read() -> None:
    made = read(f"""\
channels:
  sftp:
    kind: sftp
    host: sftp.acme.example
    user: nordwind
    password: acme_sftp
    host_key: ["{PIN}", "{PIN.replace('b', 'c')}="]
    get: /out/
    put: /in
    after: move
    done: /out/done
    pattern: "*.edi"
    settle: 5s
    timeout: 1m
    deadline: 2h
    poll: "*/10  6-20 * jan,Mar-5 mon-fri"
    zone: Europe/Berlin
    holidays: [2026-12-25]
    test: true
""")["acme.sftp"]
    assert (made.name, made.kind, made.partner, made.test, made.file, made.mark) == ("acme.sftp", "sftp", "acme", True, "partners/acme.yaml", (3, 5))
    assert (made.poll, made.zone, made.holidays) == ("*/10 6-20 * jan,Mar-5 mon-fri", "Europe/Berlin", ("2026-12-25",))
    said = made.options
    assert (said["get"], said["done"], said["pattern"], said["settle"], said["timeout"], said["deadline"]) == ("/out", "/out/done", ("*.edi",), 5, 60, 7200)
    assert said["host_key"] == (PIN, PIN.replace("b", "c")) and (said["port"], said["key"], said["weak"]) == (22, None, ())
    assert set(said) == {row.name for row in OPTIONS["sftp"]}


def test_folders_of_this_machine_start_from_the_home() -> None:
    said = one("kind: directory, get: in/acme, put: /srv/acme").options
    assert (said["get"], said["put"]) == ("/home/eb/in/acme", "/srv/acme")


def test_everything_wrong_is_said_at_once_with_its_place() -> None:
    found = problems("""\
channels:
  sftp:
    kind: sftp
    hots: sftp.acme.example
    user: 12
    poll: every 5
    get: /out
  Fax: {kind: fax}
  f: {kind: directory, get: a, settle: 5}
""")
    assert [(line, column, says.split(":")[0].split(" ")[-1]) for _, line, column, says in found] == [
        (4, 5, "host?"), (6, 11, "poll"), (3, 5, "host"), (5, 11, "user"), (8, 3, "_"), (8, 15, "kind"), (9, 40, "settle")] or found
    assert {file for file, *_ in found} == {"partners/acme.yaml"}
    assert found[0][3] == "a channel of kind sftp has no key 'hots'; did you mean host?"


WRONG = [
    ("kind: directory", "nothing to do"),
    (SFTP + ", after: move", "needs done:"),
    (SFTP + ", done: /x", "after: move alone"),
    (SFTP + ", after: move, done: /out", "again and again"),
    (SFTP + ", put: /out", "we would fetch what we put"),
    ("kind: directory, get: a, claim: a", "a folder of its own"),
    ("kind: sftp, host: h, user: u, get: /o", "how we sign in"),
    (SFTP + ", passphrase: x", "there is none"),
    (SFTP + ", timeout: 0s", "longer than nothing"),
    (SFTP + ", deadline: 1s", "shorter than timeout"),
    (SFTP + ", after: move, done: /d, rename: never", "cannot rename"),
    (SFTP.replace(PIN, "aa:bb"), "43 characters"),
    (SFTP.replace(PIN, "16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"), "MD5"),
    (SFTP.replace("password: p", "password: 'p w!'"), "NAME of a secret"),
    (SFTP + ", port: 0", "65535"),
    (SFTP + ", port: '22'", "65535"),
    (SFTP + ", upload: '{name}'", "rename: never"),
    (SFTP + ", upload: 'x.tmp'", "{name} stands once"),
    (SFTP + ", upload: '../{name}.tmp'", "`..`"),
    (SFTP + ", pattern: '/in/*.edi'", "without folders"),
    (SFTP + ", pattern: 5", "in quotes"),
    (SFTP + ", after: burn", "delete, move or keep"),
    (SFTP + ", agent: 'yes'", "true or false"),
    (SFTP + ", poll: 5m", "five fields"),
    (SFTP + ", poll: every 0s", "at least 1s"),
    (SFTP + ", poll: '60 * * * *'", "from 0 to 59"),
    (SFTP + ", poll: '* * 0 * *'", "from 1 to 31"),
    (SFTP + ", poll: '*/0 * * * *'", "from 0 to 59"),
    (SFTP + ", poll: '5-1 * * * *'", "from 0 to 59"),
    (SFTP + ", poll: '1,,2 * * * *'", "from 0 to 59"),
    (SFTP + ", zone: '+01:00'", "Europe/Berlin"),
    (SFTP + ", holidays: [2026-02-30]", "2026-12-25"),
    (SFTP + ", settle: 5", "with its unit"),
    (SFTP + ", get: ''", "a folder"),
    (SFTP + ', host: "a\\nb"', "one line"),
    ("kind: directory, get: ../x", "`..`"),
]


@pytest.mark.parametrize(("options", "says"), WRONG, ids=lambda value: str(value)[-28:])
def test_what_cannot_work_is_refused(options: str, says: str) -> None:
    if options.count("host:") == 2 or options.count("get:") == 2:
        options = options.replace("host: h, ", "") if options.count("host:") == 2 else options.replace("get: /out, ", "")
    ((file, line, column, sentence),) = problems(f"channels: {{way: {{{options}}}}}")
    assert says in sentence and (file, line) == ("partners/acme.yaml", 1) and column > 16


def test_each_rule_has_a_case_that_breaks_it() -> None:
    unbroken = [rule.says for rule in RULES if rule.kinds[0] in ("directory", "sftp") and not any(says in rule.says for _, says in WRONG)]
    assert unbroken == []


@pytest.mark.parametrize(("options", "says"), [
    (SFTP.replace(f"host_key: '{PIN}', ", ""), "no host key is pinned"),
    (SFTP + ", put: /in, rename: never", "still being written"),
    (SFTP + ", weak: hmac-sha1", "old algorithms"),
    (SFTP + ", after: keep", "somebody must clear"),
    (SFTP + ", settle: 0s", "by a rename"),
], ids=lambda value: str(value)[:20])
def test_what_is_allowed_and_seldom_meant_is_remarked(options: str, says: str) -> None:
    (remark,) = channel.doubts(one(options))
    assert says in remark
    assert channel.doubts(one(SFTP)) == []


def test_each_doubt_is_of_a_known_kind() -> None:
    assert {kind for rule in (*RULES, *DOUBTS) for kind in rule.kinds} <= set(OPTIONS)


def test_a_broken_rule_may_be_fixed_by_what_it_says() -> None:
    assert one(SFTP + ", after: move, done: /out/done").options["done"] == "/out/done"
    assert one(SFTP + ", put: /out, pattern: '*.edi'").options["put"] == "/out"


def test_every_kind_has_a_transport_and_its_defaults_are_of_their_types() -> None:
    assert set(OPTIONS) - set(KINDS) <= {"http-in"}, "where partners come to us there is nothing to open"
    for row in (*COMMON, *(row for rows in OPTIONS.values() for row in rows)):
        assert row.type in TYPES and row.says
        if isinstance(row.default, str) and not row.choices:
            assert TYPES[row.type].read(row.default)[1] == "", row.name
        assert not row.choices or row.default in row.choices


def home(tmp_path: Path, files: dict[str, str]) -> Catalog:
    (tmp_path / "partners").mkdir()
    for name, text in files.items():
        (tmp_path / "partners" / name).write_text(text)
    return Catalog(tmp_path)


def test_the_catalog_knows_the_partners_channels_and_the_company_s(tmp_path: Path) -> None:
    catalog = home(tmp_path, {"zeta.yaml": "partner: zeta\nchannels: {drop: {kind: directory, get: in/zeta}}\n",
                              "_channels.yaml": f"channels: {{network: {{{SFTP}}}}}\n"})
    assert {name: (made.partner, made.file) for name, made in catalog.channels.items()} == {
        "zeta.drop": ("zeta", "partners/zeta.yaml"), "network": ("", "partners/_channels.yaml")}
    assert catalog.channel_named("zeta.drop").options["get"] == str(tmp_path / "in" / "zeta")
    with pytest.raises(ConfigFault, match="there is no channel fax; known are zeta.drop, network"):
        catalog.channel_named("fax")


def test_the_catalog_says_what_is_wrong_in_all_files(tmp_path: Path) -> None:
    catalog = home(tmp_path, {"zeta.yaml": "partner: zeta\nchannels: {drop: {kind: directory}}\n",
                              "_channels.yaml": "channels:\n  network: {kind: fax}\nchanels: 3\n"})
    with pytest.raises(ConfigFault) as caught:
        _ = catalog.channels
    assert [(file, line) for file, line, *_ in caught.value.problems] == [("partners/zeta.yaml", 2), ("partners/_channels.yaml", 3), ("partners/_channels.yaml", 2)]


def test_two_channels_that_take_the_same_files_are_refused(tmp_path: Path) -> None:
    same = "channels: {drop: {kind: directory, get: in}}\n"
    catalog = home(tmp_path, {"yota.yaml": "partner: yota\n" + same, "zeta.yaml": "partner: zeta\n" + same})
    with pytest.raises(ConfigFault, match=r"partners/zeta\.yaml:2:\d+: channel zeta\.drop fetches the same files as yota\.drop"):
        _ = catalog.channels


def test_the_tables_of_options_are_printed_from_the_code() -> None:
    text = (ROOT / "docs" / "channels.md").read_text("utf-8")
    assert text.endswith(as_markdown()), 'print the end of the page anew: python -c "from edi_bridge.channel import as_markdown; print(as_markdown(), end=\'\')"'


def test_the_page_s_examples_are_channels() -> None:
    import re

    text = (ROOT / "docs" / "channels.md").read_text("utf-8")
    examples: list[Any] = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(examples) >= 3
    for example in examples:
        block = parse(example, "channels.md")
        assert channel.load(block["channels"], "acme", "channels.md")
