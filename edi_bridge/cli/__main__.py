"""`python -m edi_bridge.cli` is the command `edi-bridge`."""

from edi_bridge.cli import main

main()
