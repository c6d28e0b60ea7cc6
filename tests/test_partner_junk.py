"""Whatever stands behind a key of a partner's file: it is a partner, which can be shown and linted, or a ConfigFault with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edi_bridge import channel
from edi_bridge import partner as partners
from edi_bridge.fault import ConfigFault
from edi_bridge.partner import people, words
from edi_bridge.partner.effective import settings
from edi_bridge.partner.lint import Known, lint
from edi_bridge.partner.loading import AGREEMENT_KEYS, PARTNER_KEYS
from edi_bridge.yamltext import parse

JUNK: list[Any] = [5, -1, 1.5, "x", "", True, None, [], {}, [1], ["x"], [None], [[1]], [{}], {"a": 1}, {"a": {"b": [1]}}, [{"a": 1}], "a/b/c", "12h"]
KNOWN = Known(partners.Own(), lambda name: None, lambda message: False, lambda table: False)
INNER = {  # the keys below a key
    "numbers": words.NUMBER_KEYS, "errors": tuple(words.ERRORS), "envelope": words.ENVELOPE_KEYS, "van": people.VAN_KEYS, "expect": words.EXPECTED,
    "acknowledge": words.WHEN, "findings": ("unknown_code",), "channels": ("sftp",)}
LISTED = {"identities": words.IDENTITY_KEYS, "contacts": people.CONTACT_KEYS, "escalation": people.ESCALATION_KEYS, "parties": people.PARTY_KEYS,
          "silence": words.SILENCE_KEYS, "agreements": AGREEMENT_KEYS}


def documents(junk: Any) -> list[dict[str, Any]]:
    """Partner files with this in every place where anything can stand."""
    made: list[dict[str, Any]] = [{"partner": "p", key: junk} for key in PARTNER_KEYS]
    made += [{"partner": "p", key: {inner: junk}} for key, keys in INNER.items() for inner in keys]
    made += [{"partner": "p", key: [{inner: junk}]} for key, keys in LISTED.items() for inner in keys]
    made += [{"partner": "p", "agreements": [{"message": "a/b/c", "direction": "out", inner: junk}]} for inner in AGREEMENT_KEYS]
    made += [{"partner": "p", "agreements": [{"message": "a/b/c", "batch": {inner: junk}}]} for inner in words.BATCH_KEYS]
    return made


@pytest.mark.parametrize("junk", JUNK, ids=json.dumps)
def test_junk_is_told_or_harmless(junk: Any) -> None:
    for document in documents(junk):
        block: Any = parse(json.dumps(document), "partners/p.yaml")
        try:
            one = partners.load(block)
        except ConfigFault as fault:
            assert all(file == "partners/p.yaml" and line == 1 and column >= 1 for file, line, column, _ in fault.problems), (document, str(fault))
            continue
        settings(one)
        lint(one, KNOWN)
        try:
            channel.load(one.channels, one.name, one.file)
        except ConfigFault:
            continue
