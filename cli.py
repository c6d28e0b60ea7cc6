"""Runs the command line from a clone: `python cli.py translate orders.edi`."""

from edi_bridge.cli import main

if __name__ == "__main__":
    main()
