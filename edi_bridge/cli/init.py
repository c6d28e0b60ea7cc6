"""`edi-bridge init`: a home to work with, every folder explained where it stands."""

from __future__ import annotations

from pathlib import Path

import click

from edi_bridge.cli import show
from edi_bridge.fault import ConfigFault

SETTINGS = """\
# Settings of this home; each line shows the default. `edi-bridge post --help` names the options that override them.

# The CRM: the path of an SQLite file, or postgresql://user@host/name (the password comes with PGPASSWORD or .pgpass).
# database: edi-bridge.sqlite

# A message whose content came before under another number: hold it for a person, or post it.
# same_content: hold

# Changed partners and maps come in force by themselves (automatic), or when somebody says `edi-bridge catalog activate` (explicit).
# activate: automatic

# How many messages, or how many milliseconds of work, share a transaction.
# batch_messages: 64
# batch_milliseconds: 200
"""

OWN = """\
# Our own company. These identities decide who is the customer: the other side of each document.
own: us
name: Our Company            # fill in

# How partners address us in envelopes (UNB, ISA, EndpointID). While the list is empty, every receiver is taken as us.
identities: []
#  - {id: "4012345000009", qualifier: "14"}                  # GLN in EDIFACT
#  - {id: "012345678", qualifier: "01", standard: x12}       # DUNS in X12

# How documents name us as buyer or seller.
parties: []
#  - {scheme: gln, value: "4012345000009"}
#  - {scheme: vat, value: "DE123456789"}
"""

PARTNERS = """\
A file for each partner, named as the partner: `acme.yaml`.

    partner: acme
    name: Acme Retail
    identities:
      - {id: "4098765000004", qualifier: "14"}       # as it stands in UNB or ISA
    agreements:
      - {message: edifact/D96A/ORDERS}               # the standard's map is used …
      - {message: x12/004010/850, map: order.acme}   # … unless a map is named
    findings:
      invalid_check_digit: reject                    # what a finding does: reject, note or off

`_own.yaml` is our own company. `edi-bridge partner list` shows who is known.
"""

MAPPINGS = """\
Our own maps: `order.acme.yaml`. A file here stands before the shipped one of the same name;
`edi-bridge map list` shows all. Most are a few lines on top of a shipped map:

    map: order.acme
    extends: order.edifact-d96a
    fields:
      contract: {at: "SG1[RFF/1153=CT]/RFF/1154"}
      promotion: ~

`codes/` holds code tables and `fragments/` parts of maps that several maps share.
"""

LOOKUPS = """\
Tables of keys and ours that hold for all partners, as CSV: `items.csv` with the columns theirs, ours, valid_from, valid_to. Those of one
partner stand beside its file: `partners/acme.items.csv`. `edi-bridge lookup` keeps such tables in the database.
"""

HOME = """\
# A home of edi-bridge

| | |
|---|---|
| settings.yaml | which database, and how posting goes about it |
| partners/ | who we exchange messages with, and who we are (`_own.yaml`: fill this in first) |
| mappings/ | our own maps; the shipped ones stand behind them |
| lookups/ | tables of partners' keys and ours |
| inbox/ | files to be posted: `edi-bridge post inbox/` takes everything that lies there |
| outgoing/ | what is to be sent |
| archive/ | the raw bytes of all that was posted, under their SHA-256; made when first needed, never altered |
| .versions/ | copies of the partners and maps in force, by version (`edi-bridge catalog log`); made by the program |
| edi-bridge.sqlite | the ledger and the CRM, unless settings.yaml names another database |

    export EDI_BRIDGE_HOME={home}
    edi-bridge post inbox/
    edi-bridge crm customers
"""

FILES = {
    "settings.yaml": SETTINGS,
    "partners/_own.yaml": OWN,
    "partners/README.md": PARTNERS,
    "mappings/README.md": MAPPINGS,
    "lookups/README.md": LOOKUPS,
    "README.md": HOME,
}
FOLDERS = ("partners", "mappings/codes", "mappings/fragments", "lookups", "inbox", "outgoing")


@click.command(short_help="Make a home: settings, partners, mappings, lookups, inbox, outgoing.")
@click.argument("folder", metavar="DIR")
def init(folder: str) -> None:
    """Make a home in DIR, which must be new or empty.

    \b
    Example:
      edi-bridge init my-home
      export EDI_BRIDGE_HOME=my-home
    """
    home = Path(folder)
    make(home)
    show.note(f"made the home {show.clean(folder)}")
    show.note(f"\nnext: fill in {show.clean(str(home / 'partners' / '_own.yaml'))}, then")
    show.note(f"  export EDI_BRIDGE_HOME={show.clean(folder)}\n  edi-bridge post FILE…\n  edi-bridge crm customers")


def make(home: Path) -> None:
    """The folders and files of a home. ConfigFault when something is there already, or nothing can be made."""
    try:
        if home.exists() and (not home.is_dir() or any(home.iterdir())):
            raise ConfigFault.at(str(home), 0, 0, "is there already and not an empty folder; nothing was changed")
        for name in FOLDERS:
            (home / name).mkdir(parents=True, exist_ok=True)
        for name, text in FILES.items():
            (home / name).write_text(text.replace("{home}", str(home)), "utf-8")
    except OSError as error:
        raise ConfigFault.at(str(home), 0, 0, f"cannot be made: {error.strerror}") from None
