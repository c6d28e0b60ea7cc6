"""Published dictionaries (UN/EDIFACT directories) turned into our own structure files."""
