"""Whether the files of a version can be used at all: tried before they come in force."""

from __future__ import annotations

from pathlib import Path

from edi_bridge.catalog import Catalog


def check(catalog: Catalog) -> None:
    """ConfigFault with what is wrong in it: partners, our own company, channels, what its agreements restrict, and every map of its own
    or agreed."""
    assert catalog.own is not None and catalog.channels is not None
    mine = {path.stem for path in (catalog.roots[0] / "partners").glob("*.yaml")}
    catalog.check_restricts(who for who in catalog.partners if who.name in mine)
    for name in maps(catalog, catalog.roots[0]):
        catalog.map_named(name)


def maps(catalog: Catalog, root: Path) -> list[str]:
    """The maps that stand in a folder, and those that the agreements of partners there name."""
    mine = {name for name, (path, *_) in catalog.map_index.items() if path.is_relative_to(root)}
    partners = {path.stem for path in (root / "partners").glob("*.yaml")}
    mine |= {one.map for who in catalog.partners if who.name in partners for one in who.agreements if one.map}
    return sorted(mine)


def check_folder(root: Path) -> None:
    """The same for the folder of a version."""
    check(Catalog(root))
