"""A home in which something went on before (an order that was answered, an invoice that was sent), and copies of it for each test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import crash_world  # noqa: E402


@pytest.fixture(scope="session")
def launcher() -> Iterator[crash_world.Launcher]:
    made = crash_world.Launcher()
    yield made
    made.close()


def _begin(world: crash_world.World) -> crash_world.World:
    """What happened before: EARLY was posted and answered, the invoice went out under number 1."""
    world.build()
    world.lay({"nord/0-early.edi": crash_world.EARLY})
    world.wish("invoice-1.json", crash_world.INVOICE)
    world.idle()
    assert [one.about for one in world.got("nord")] == ["899"] and [one.control for one in world.got("lakes")] == ["000000001"], (
        world.says())
    return world


@pytest.fixture(scope="session")
def began(launcher: crash_world.Launcher, tmp_path_factory: pytest.TempPathFactory) -> crash_world.World:
    """On SQLite."""
    return _begin(crash_world.World(tmp_path_factory.mktemp("began"), launcher))


@pytest.fixture(scope="session")
def began_postgres(launcher: crash_world.Launcher, tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> crash_world.World:
    """On PostgreSQL."""
    _statement(postgres_server, "CREATE DATABASE began")
    world = _begin(crash_world.World(tmp_path_factory.mktemp("began"), launcher, f"{postgres_server}/began"))
    world.store.close()  # a database is only copied while nobody is in it
    return world


def _statement(server: str, sql: str) -> None:
    import psycopg

    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(sql.encode())


@pytest.fixture
def new_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., crash_world.World]]:
    """Makes a copy of the home that has begun, on `sqlite` or `postgresql`."""
    made: list[crash_world.World] = []

    def make(kind: str = "sqlite", name: str = "world") -> crash_world.World:
        if kind == "sqlite":
            made.append(request.getfixturevalue("began").copy(tmp_path / name))
            return made[-1]
        server, database = request.getfixturevalue("postgres_server"), f"t{uuid4().hex}"
        before = request.getfixturevalue("began_postgres")
        _statement(server, f'CREATE DATABASE "{database}" TEMPLATE began')
        made.append(before.copy(tmp_path / name, f"{server}/{database}"))
        return made[-1]

    yield make
    for world in made:
        world.store.close()


@pytest.fixture(scope="session")
def faultless(began: crash_world.World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the day comes to when nothing goes wrong, on SQLite; with and without our own second invoice the CRM is the same."""
    world = began.copy(tmp_path_factory.mktemp("faultless"))
    world.lay(crash_world.DAY)
    world.wish("invoice-2.json", crash_world.INVOICE | {"number": "R-2"})
    world.idle()
    world.day_done()
    return world.state()
