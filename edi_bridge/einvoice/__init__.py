"""Schemas and business rules of XML documents: where their files are, and the engine that runs the rules."""
