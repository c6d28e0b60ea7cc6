"""Groups of commands as tables: a command's module is imported when it is called, so that `--help` answers at once."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

Table = Mapping[str, tuple[str, str, str]]  # command → (module of edi_bridge.cli, its name there, one line for --help)


def commands_of(table: Table) -> type[click.Group]:
    """A group whose commands are the table's, in its order."""

    class Commands(click.Group):
        def list_commands(self, ctx: click.Context) -> list[str]:
            return list(table)

        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
            if cmd_name not in table:
                return None
            module, name, _ = table[cmd_name]
            command: click.Command = getattr(importlib.import_module(f"edi_bridge.cli.{module}"), name)
            return command

        def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
            with formatter.section("Commands"):
                formatter.write_dl([(name, line) for name, (_, _, line) in table.items()])

    return Commands
