"""Messages ⇄ records as declared in `mappings/*.yaml`; one map serves both directions (docs/maps.md)."""
