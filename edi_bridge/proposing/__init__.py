"""A first map: proposed from the other maps of a record, a guide and samples (`draft`), or from a CSV file (`sheet`)."""
