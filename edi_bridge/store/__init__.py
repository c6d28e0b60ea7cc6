"""The ledger: what came in (raw bytes, write-once) and what became of it."""
