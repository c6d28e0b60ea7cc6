"""`edi-bridge map schema`: the JSON Schema of maps, for editors."""

from __future__ import annotations

import click

from edi_bridge.cli import options


@click.command("schema", short_help="The JSON Schema of maps, for editors.")
@click.option("--fragment", is_flag=True, help="The schema of fragments (mappings/fragments/) instead.")
def map_schema(fragment: bool) -> None:
    """Print the JSON Schema (2020-12) of map files: keys, fields of each record, conversions, with a sentence for each.

    Editors that know the YAML language server use it by the first line of a map:
    # yaml-language-server: $schema=map.schema.json

    \b
    Example:
      edi-bridge map schema > my-home/map.schema.json
    """
    from edi_bridge.mapping.schema import schema

    options.print_json(schema("fragment" if fragment else "map"))
