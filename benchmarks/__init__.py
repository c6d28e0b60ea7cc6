"""Deterministic files to measure with, and the measurements."""
