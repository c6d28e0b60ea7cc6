"""`edi-bridge partner package` and its way back: the same content is the same version; what is forged, leads elsewhere or holds a secret is refused."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_case import Run

OWN = 'own: us\nidentities:\n  - {id: "9521200034004", qualifier: "14"}\n'
PARTNER = """partner: kiosk
name: Kiosk AG
extends: profiles/shops
identities:
  - {id: "9521200099997", qualifier: "14"}
send: sftp
channels:
  sftp: {kind: sftp, host: sftp.kiosk.example, user: us, password: kiosk_word, put: /in}
agreements:
  - {message: edifact/D96A/ORDERS, map: order.kiosk}
"""
PROFILE = "profile: shops\nextends: profiles/plain-edifact\nwindow: 30d\n"
MAP = "map: order.kiosk\nextends: order.edifact-d96a\nfields:\n  contract: {at: \"SG1[RFF/1153=CT]/RFF/1154\"}\n"
ORDER = (b"UNB+UNOC:3+9521200099997:14+9521200034004:14+261102:0815+417'UNH+1+ORDERS:D:96A:UN:EAN008'BGM+220+4500017731+9'"
         b"DTM+137:20261102:102'NAD+BY+9521200099997::9'NAD+SU+9521200034004::9'LIN+1++9521200002119:EN'QTY+21:48'"
         b"UNS+S'CNT+2:1'UNT+10+1'UNZ+1+417'")


def make(folder: Path, *, full: bool = True) -> Path:
    files = {"partners/_own.yaml": OWN}
    if full:
        files |= {"partners/kiosk.yaml": PARTNER, "partners/profiles/shops.yaml": PROFILE, "mappings/order.kiosk.yaml": MAP,
                  "partners/other.yaml": 'partner: other\nidentities: [{id: OTHER}]\n', "samples/kiosk/case.yaml": "map: order.kiosk\npartner: kiosk\n"}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    if full:
        (folder / "samples/kiosk/message.edi").write_bytes(ORDER)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make(tmp_path / "home")


@pytest.fixture
def packed(edi: Run, home: Path, tmp_path: Path) -> Path:
    done = edi("partner", "package", "kiosk", "--out", "kiosk.zip", "--home", home)
    assert done.returncode == 0, done.stderr
    return tmp_path / "kiosk.zip"


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None], *, honest: bool = True) -> None:
    """The zip with other files; `honest`: its manifest is that of a forger who knows how it is made."""
    files = contents(path)
    change(files)
    if honest:
        manifest = json.loads(files.pop("manifest.json"))
        manifest["files"] = {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(manifest["files"].items()))
        manifest["version"] = hashlib.sha256(lines.encode()).hexdigest()
        files["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


def test_a_package_holds_what_is_agreed_and_no_more(packed: Path) -> None:
    files = contents(packed)
    manifest = json.loads(files["manifest.json"])
    assert {"partners/kiosk.yaml", "partners/profiles/shops.yaml", "partners/profiles/plain-edifact.yaml", "mappings/order.kiosk.yaml",
            "mappings/order.edifact-d96a.yaml", "mappings/codes/unit.yaml", "mappings/fragments/edifact_party.yaml", "samples/kiosk/message.edi",
            "results.json"} < set(files)
    assert not [name for name in files if "other" in name or "_own" in name]
    assert manifest["partner"] == "kiosk" and manifest["secrets"] == ["kiosk_word"]
    assert manifest["files"] == {name: hashlib.sha256(content).hexdigest() for name, content in files.items() if name != "manifest.json"}
    (result,) = json.loads(files["results.json"])
    assert (result["map"], result["passed"]) == ("order.kiosk", True) and "read again" in result["steps"]


def test_the_same_content_is_the_same_file_and_another_content_another_version(edi: Run, home: Path, packed: Path, tmp_path: Path) -> None:
    assert edi("partner", "package", "kiosk", "--out", "again.zip", "--home", home).returncode == 0
    assert (tmp_path / "again.zip").read_bytes() == packed.read_bytes()
    assert edi("partner", "package", "kiosk", "--out", "folder", "--home", home).returncode == 0
    assert {path.relative_to(tmp_path / "folder").as_posix(): path.read_bytes() for path in (tmp_path / "folder").rglob("*") if path.is_file()} == contents(packed)
    (home / "partners/profiles/shops.yaml").write_text(PROFILE + "priority: 2\n", "utf-8")
    said = json.loads(edi("partner", "package", "kiosk", "--out", "new.zip", "--home", home, "--json").stdout)
    assert said["version"] != json.loads(contents(packed)["manifest.json"])["version"]
    assert edi("partner", "package", "kiosk", "--out", "new.zip", "--home", home).returncode == 2  # it is there already


@pytest.mark.parametrize("kind", ["zip", "folder"])
def test_a_package_comes_into_another_home(edi: Run, home: Path, packed: Path, tmp_path: Path, kind: str) -> None:
    other = make(tmp_path / "there", full=False)
    source: str | Path = packed
    if kind == "folder":
        assert edi("partner", "package", "kiosk", "--out", "folder", "--home", home).returncode == 0
        source = tmp_path / "folder"
    seen = edi("partner", "package", "import", source, "--home", other)
    assert seen.returncode == 0 and b"new      partners/kiosk.yaml" in seen.stdout and b"same     mappings/order.edifact-d96a.yaml" in seen.stdout
    assert b"needs the secrets kiosk_word" in seen.stderr and not (other / "partners/kiosk.yaml").exists()
    assert edi("partner", "package", "import", source, "--home", other, "--apply").returncode == 0
    for name in ("partners/kiosk.yaml", "partners/profiles/shops.yaml", "mappings/order.kiosk.yaml", "samples/kiosk/message.edi"):
        assert (other / name).read_bytes() == (home / name).read_bytes()
    assert not (other / "mappings/order.edifact-d96a.yaml").exists()  # it is the shipped one: nothing is copied
    assert edi("partner", "package", "kiosk", "--out", "back.zip", "--home", other).returncode == 0
    assert (tmp_path / "back.zip").read_bytes() == packed.read_bytes()


def test_the_difference_is_shown_line_by_line(edi: Run, home: Path, packed: Path) -> None:
    (home / "partners/profiles/shops.yaml").write_text(PROFILE.replace("30d", "60d"), "utf-8")
    rows = json.loads(edi("partner", "package", "import", packed, "--home", home, "--json").stdout)["files"]
    assert [(row["file"], row["lines"]) for row in rows if row["state"] != "same"] == [
        ("partners/profiles/shops.yaml", ["@@ -2,2 +2,2 @@", " extends: profiles/plain-edifact", "-window: 60d", "+window: 30d"])]


FORGED = [
    ("other bytes", lambda files: files.update({"partners/kiosk.yaml": files["partners/kiosk.yaml"] + b"#"}), False,
     "partners/kiosk.yaml is not the file that was packed"),
    ("one more", lambda files: files.update({"mappings/x.yaml": b"map: x\n"}), False, "mappings/x.yaml is there, and the manifest does not name it"),
    ("one less", lambda files: files.pop("mappings/order.kiosk.yaml"), False, "mappings/order.kiosk.yaml is missing"),
    ("upwards", lambda files: files.update({"../evil.yaml": b"x"}), True, "'../evil.yaml' has no place"),
    ("inside upwards", lambda files: files.update({"mappings/../../evil.yaml": b"x"}), True, "has no place in a partner's package"),
    ("absolute", lambda files: files.update({"/etc/cron.d/evil": b"x"}), True, "'/etc/cron.d/evil' has no place"),
    ("drive", lambda files: files.update({"C:/evil.yaml": b"x"}), True, "'C:/evil.yaml' has no place"),
    ("a secret's folder", lambda files: files.update({"secrets/word": b"x"}), True, "'secrets/word' has no place"),
    ("settings", lambda files: files.update({"settings.yaml": b"x"}), True, "'settings.yaml' has no place"),
    ("ourselves", lambda files: files.update({"partners/_own.yaml": b"own: x\n"}), True, "'partners/_own.yaml' has no place"),
    ("a stranger", lambda files: files.update({"partners/other.yaml": b"partner: other\n"}), True, "partners/other.yaml is another partner's"),
    ("a stranger's keys", lambda files: files.update({"partners/other.items.csv": b"theirs,ours\n"}), True, "is another partner's"),
    ("a key", lambda files: files.update({"samples/k/key.txt": b"-----BEGIN OPENSSH PRIVATE KEY-----\n"}), True, "samples/k/key.txt holds a private key"),
    ("no manifest", lambda files: files.pop("manifest.json"), False, "holds no manifest.json"),
    ("junk", lambda files: files.update({"manifest.json": b"[" * 100_000}), False, "is not that of an edi-bridge partner package"),
    ("a broken map", lambda files: files.update({"mappings/order.kiosk.yaml": MAP.replace("contract", "fax").encode()}), True, "mappings/order.kiosk.yaml:4:3:"),
    ("hosts swapped", lambda files: files.update({"partners/kiosk.yaml": PARTNER.replace("9521200099997", "9521200034004").encode()}), True,
     "is our own address"),
    ("a device", lambda files: files.update({"mappings/NUL.yaml": b"x"}), True, "'mappings/NUL.yaml' has no place"),
]


@pytest.mark.parametrize(("change", "honest", "says"), [one[1:] for one in FORGED], ids=[one[0] for one in FORGED])
def test_what_was_tampered_with_is_refused_and_nothing_is_written(
        edi: Run, packed: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None], honest: bool, says: str) -> None:
    other = make(tmp_path / "there", full=False)
    rewritten(packed, change, honest=honest)
    before = sorted(tmp_path.rglob("*"))
    done = edi("partner", "package", "import", packed, "--home", other, "--apply")
    assert done.returncode == 2 and says in done.stderr.decode(), done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_links_and_bombs_are_refused(edi: Run, packed: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "there", full=False)
    files = contents(packed)
    link = zipfile.ZipInfo("mappings/link.yaml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(link, "/etc/passwd")
    packed.write_bytes(out.getvalue())
    done = edi("partner", "package", "import", packed, "--home", other)
    assert done.returncode == 2 and b"mappings/link.yaml is a link or a device" in done.stderr
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mappings/big.yaml", b"\0" * 40_000_000)
    packed.write_bytes(out.getvalue())
    done = edi("partner", "package", "import", packed, "--home", other)
    assert done.returncode == 2 and b"mappings/big.yaml is larger than 32,000,000 bytes" in done.stderr
    folder = tmp_path / "folder"
    (folder / "mappings").mkdir(parents=True)
    (folder / "manifest.json").write_bytes(files["manifest.json"])
    (folder / "mappings" / "x.yaml").symlink_to("/etc/passwd")
    done = edi("partner", "package", "import", folder, "--home", other)
    assert done.returncode == 2 and b"x.yaml: is a link or a device" in done.stderr
    packed.write_bytes(b"PK\x03\x04 nothing")
    assert b"is no zip that can be read" in edi("partner", "package", "import", packed, "--home", other).stderr


def test_a_zip_whose_packed_bytes_are_broken_and_names_that_cannot_be_files_are_sentences(edi: Run, packed: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "there", full=False)
    good = packed.read_bytes()
    with zipfile.ZipFile(packed) as archive:
        entry = max(archive.infolist(), key=lambda one: one.compress_size)
    begin = entry.header_offset + 30 + len(entry.filename.encode())
    packed.write_bytes(good[:begin] + b"\xff" * 8 + good[begin + 8:])  # zlib itself gives up
    done = edi("partner", "package", "import", packed, "--home", other)
    assert done.returncode == 2 and b"is no zip that can be read" in done.stderr, done.stderr
    for name, says in (("samples/a", b"samples/a is a file and a folder"), ("samples/" + "x" * 300, b"is too long for the name of a file")):
        packed.write_bytes(good)
        rewritten(packed, lambda files: files.update({name: b"1", f"{name}/b": b"2"}))
        done = edi("partner", "package", "import", packed, "--home", other, "--apply")
        assert done.returncode == 2 and says in done.stderr, done.stderr


def test_nothing_is_written_through_a_link(edi: Run, packed: Path, tmp_path: Path) -> None:
    other = make(tmp_path / "there", full=False)
    (tmp_path / "elsewhere").mkdir()
    (other / "samples").symlink_to(tmp_path / "elsewhere")
    done = edi("partner", "package", "import", packed, "--home", other, "--apply")
    assert done.returncode == 2 and b"is a link, or behind one; nothing is written" in done.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == [] and sorted(path.name for path in (other / "partners").iterdir()) == ["_own.yaml"]


def test_a_secret_of_this_home_never_goes_into_a_package(edi: Run, home: Path, tmp_path: Path) -> None:
    (home / "secrets").mkdir()
    (home / "secrets" / "kiosk_word").write_text("correct-horse\n", "utf-8")
    assert edi("partner", "package", "kiosk", "--out", "good.zip", "--home", home).returncode == 0
    assert b"correct-horse" not in b"".join(contents(tmp_path / "good.zip").values())
    (home / "partners/kiosk.yaml").write_text(PARTNER + "about: the password is correct-horse\n", "utf-8")
    for more in ({}, {"EDI_BRIDGE_SECRET_KIOSK_WORD": "correct-horse"}):
        done = edi("partner", "package", "kiosk", "--out", "bad.zip", "--home", home, **more)
        assert done.returncode == 2 and b"partners/kiosk.yaml holds the secret kiosk_word; nothing was packed" in done.stderr
        assert b"correct-horse" not in done.stderr and not (tmp_path / "bad.zip").exists()


def test_tables_of_keys_go_with_it(edi: Run, tmp_path: Path) -> None:
    assert edi("partner", "package", "mittelmark", "--out", "m.zip").returncode == 0
    files = contents(tmp_path / "m.zip")
    assert {"partners/mittelmark.items.csv", "partners/mittelmark.branches.csv"} < set(files)


def test_a_sample_that_fails_is_told(edi: Run, home: Path, tmp_path: Path) -> None:
    expected = home / "samples/kiosk/expected"
    expected.mkdir()
    (expected / "record.json").write_text('[{"number": "another"}]', "utf-8")
    done = edi("partner", "package", "kiosk", "--out", "bad.zip", "--home", home)
    assert done.returncode == 1 and b"order.kiosk fails its sample kiosk: number: expected" in done.stderr
    (result,) = json.loads(contents(tmp_path / "bad.zip")["results.json"])
    assert result["passed"] is False
