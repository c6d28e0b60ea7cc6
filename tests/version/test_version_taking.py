"""What is in force for a process that begins or looks again: automatic and explicit, one home and several, good files and bad ones."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import version_case as case

import edi_bridge
from edi_bridge import versioning
from edi_bridge.database import Database, connect
from edi_bridge.fault import ConfigFault
from edi_bridge.store import version
from edi_bridge.versioning import taking
from edi_bridge.versioning.usable import check_folder

NORTH, STORES = "partners/north.yaml", "North Stores"


def take(home: Path, database: Database, activate: str = "automatic", **more: bool) -> versioning.InForce:
    return versioning.take(home, database, check_folder, lambda: case.NOW, activate=activate, **more)


def edit(home: Path, old: str = STORES, new: str = "North Group") -> None:
    path = home / NORTH
    path.write_text(path.read_text().replace(old, new))


def log(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        return [(one.actor, one.reason) for one in version.log(connection)]


def test_the_first_version_is_what_lies_there(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDI_BRIDGE_ACTOR", "ann")
    home = case.make_home(tmp_path / "home")
    made = take(home, database, "explicit")
    assert made.version.hash == case.hash_by_hand(case.FILES, edi_bridge.__version__)  # notes, swap files and settings are no part
    assert case.lies(made.root) == case.FILES and not made.waiting
    assert log(database) == [("ann", "the first version")]
    assert take(home, database).version == made.version and len(log(database)) == 1


def test_files_that_were_changed_come_in_force_by_themselves_with_their_names(database: Database, tmp_path: Path) -> None:
    home = case.make_home(tmp_path / "home")
    first = take(home, database)
    edit(home)
    (home / "lookups/items.csv").unlink()
    second = take(home, database)
    assert second.version.hash == case.hash_by_hand(case.lies(home), edi_bridge.__version__) != first.version.hash
    assert log(database)[0][1] == "files changed: lookups/items.csv, partners/north.yaml"
    assert case.lies(first.root) == case.FILES, "who works by the former version still reads it whole"
    (home / "change-reason.txt").write_text("their new name,\n as they wrote on Friday\n")
    edit(home, "North Group", "North & Co")
    take(home, database)
    assert log(database)[0][1] == "their new name, as they wrote on Friday" and not (home / "change-reason.txt").exists()


def test_explicit_goes_on_with_what_is_active_until_somebody_activates(database: Database, tmp_path: Path) -> None:
    home = case.make_home(tmp_path / "home")
    first = take(home, database, "explicit")
    edit(home)
    waits = take(home, database, "explicit")
    assert waits.version == first.version and case.lies(waits.root) == case.FILES
    assert waits.differs == (NORTH,) and NORTH in waits.waiting and "catalog activate" in waits.waiting
    done = versioning.activate_home(home, database, check_folder, "ben", "new name", lambda: case.NOW)
    after = take(home, database, "explicit")
    assert after.version == done.version and not after.waiting and "North Group" in case.lies(after.root)[NORTH]
    assert log(database)[0] == ("ben", "new name")


def test_files_that_cannot_be_used_leave_the_version_before(database: Database, tmp_path: Path) -> None:
    home = case.make_home(tmp_path / "home", {**case.FILES, NORTH: case.FAULTY})
    with pytest.raises(ConfigFault, match="message: is of the form"):
        take(home, database, lenient=True)  # there is none before
    assert log(database) == []
    edit(home, "message: ORDERS", "message: edifact/D96A/ORDERS")
    good = take(home, database)
    edit(home, "edifact/D96A/ORDERS", "ORDERS")
    with pytest.raises(ConfigFault, match=r"partners/north\.yaml:5"):
        take(home, database)
    held = take(home, database, lenient=True)
    assert held.version == good.version and "message: is of the form" in held.waiting and len(log(database)) == 1


def test_two_machines_with_other_files_do_not_undo_each_other(database: Database, tmp_path: Path) -> None:
    """Each activates what was changed on it, once, and follows the other's activation else."""
    here, there = case.make_home(tmp_path / "here"), case.make_home(tmp_path / "there")
    assert take(here, database).version == take(there, database).version and len(log(database)) == 1
    edit(here)
    new = take(here, database)
    followed = take(there, database)
    assert followed.version == new.version and followed.differs == (NORTH,) and case.lies(followed.root) == case.lies(here)
    assert take(here, database).version == take(there, database).version == new.version and len(log(database)) == 2
    edit(there, new="North of there")  # now somebody works there
    assert take(there, database).version == take(here, database).version != new.version
    assert [reason for _, reason in log(database)] == ["files changed: partners/north.yaml"] * 2 + ["the first version"]


def test_many_that_load_the_same_new_files_at_once_make_one_version_and_one_activation(database_url: str, tmp_path: Path) -> None:
    homes = [case.make_home(tmp_path / f"home{number}") for number in range(4)]
    opened = [connect(database_url, patience=20.0) for _ in homes]
    for change in ("first", "second"):
        for home in homes:
            edit(home, "name: ", f"name: {change} ")
        made: dict[int, versioning.InForce] = {}
        together = threading.Barrier(len(homes))

        def begin(number: int, made: dict[int, versioning.InForce] = made, together: threading.Barrier = together) -> None:
            together.wait()
            made[number] = take(homes[number], opened[number])

        threads = [threading.Thread(target=begin, args=(number,)) for number in range(len(homes))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len({one.version.hash for one in made.values()}) == 1 and len(made) == len(homes)
    assert len(log(opened[0])) == 2, "one activation for each state, whoever was first"
    for one in opened:
        one.close()


def test_another_program_makes_another_version_of_the_same_files(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = case.make_home(tmp_path / "home")
    old = take(home, database)
    monkeypatch.setattr(edi_bridge, "__version__", "99.0")
    new = take(home, database, "explicit")
    assert new.version.hash == case.hash_by_hand(case.FILES, "99.0") and new.version.files == old.version.files
    assert log(database)[0][1] == f"the program is 99.0, it was {old.version.program}" and not new.waiting
    assert take(home, database).version == new.version and len(log(database)) == 2


def test_a_copy_that_was_altered_by_hand_is_made_anew(database: Database, tmp_path: Path) -> None:
    home = case.make_home(tmp_path / "home")
    root = take(home, database).root
    (root / NORTH).chmod(0o644)
    (root / NORTH).write_text("partner: south\n")
    (root / "partners" / "more.yaml").write_text("partner: more\n")
    assert case.lies(take(home, database).root) == case.FILES


def test_a_change_of_one_file_takes_nothing_else_with_it(database: Database, tmp_path: Path) -> None:
    """What the rollout writes is in force at once; what somebody else is editing stays as it lies there, and is not in force."""
    home = case.make_home(tmp_path / "home")
    take(home, database, "explicit")
    edit(home)
    done = versioning.change(home, database, lambda files: {"lookups/items.csv": files["lookups/items.csv"] + b"B,2\n", "lookups/more.csv": b"theirs,ours\n"},
                             check_folder, "ann", "B is new", lambda: case.NOW, activate="explicit")
    assert done.changes == [("changed", "lookups/items.csv"), ("new", "lookups/more.csv")]
    after = take(home, database, "explicit")
    assert after.differs == (NORTH,) and STORES in case.lies(after.root)[NORTH] and "North Group" in case.lies(home)[NORTH]
    assert case.lies(home)["lookups/items.csv"].endswith("B,2\n") and case.lies(after.root)["lookups/more.csv"] == "theirs,ours\n"
    with pytest.raises(ConfigFault, match="nothing would change"):
        versioning.change(home, database, lambda files: {"lookups/gone.csv": None}, check_folder, "ann", "r", lambda: case.NOW, activate="explicit")
    with pytest.raises(ConfigFault, match="message: is of the form"):
        versioning.change(home, database, lambda files: {NORTH: case.FAULTY.encode()}, check_folder, "ann", "r", lambda: case.NOW, activate="explicit")
    assert take(home, database, "explicit").version == after.version


def test_a_link_in_the_home_is_not_written_through(database: Database, tmp_path: Path) -> None:
    home = case.make_home(tmp_path / "home")
    take(home, database)
    edit(home)
    take(home, database)
    outside = tmp_path / "outside.yaml"
    (home / NORTH).rename(outside)
    (home / NORTH).symlink_to(outside)
    before = outside.read_text()
    with database.read() as connection:
        former = version.find(connection, "former")
    with pytest.raises(ConfigFault, match="is a link"):
        versioning.put_in_force(home, database, former, check_folder, "ann", "r", lambda: case.NOW)
    assert outside.read_text() == before and "North Group" in take(home, database).root.joinpath(NORTH).read_text()


def test_reasons_name_a_few_files_of_many() -> None:
    assert taking.named(["a", "b", "c", "d", "e", "f", "g"]) == "a, b, c, d, e and 2 more" and taking.named(["a"]) == "a"
