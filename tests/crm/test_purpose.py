"""The words that posting acts on are those that the code tables of the maps give."""

from __future__ import annotations

from pathlib import Path

import pytest

from edi_bridge.crm import identity, purpose
from edi_bridge.yamltext import parse

CODES = Path(__file__).parents[2] / "mappings" / "codes"


def words(table: str) -> set[str]:
    return set(parse((CODES / f"{table}.yaml").read_bytes(), table)["values"])


@pytest.mark.parametrize(
    ("table", "used"),
    [
        ("message_function", purpose.ACTS),
        ("message_function", purpose.LINES_OF_PURPOSE),
        ("order_type", purpose.CHANGE_REQUESTS),
        ("line_action", purpose.LINE_ACTS),
        ("line_action", purpose.ADDS),
        ("customer_action", purpose.CUSTOMER_ACTS),
        ("party_role", purpose.SUPPLIERS),
        ("party_role", purpose.NEVER),
        ("invoice_type", purpose.CREDIT_NOTES - {"self_billed_credit_note"}),
        ("invoice_type", purpose.PROFORMA),
        ("invoice_type", identity.SELF_BILLED - {"self_billed_credit_note"}),
    ],
)
def test_words_stand_in_the_code_table(table: str, used: object) -> None:
    ours = {word for word in used if word.islower()}  # type: ignore[attr-defined]
    assert ours <= words(table), f"{table} has no {ours - words(table)}"


def test_every_line_action_of_the_code_table_is_decided() -> None:
    assert words("line_action") <= set(purpose.LINE_ACTS)


@pytest.mark.parametrize(
    ("word", "act"),
    [
        ("original", "new"),
        ("9", "new"),
        ("", "new"),
        ("confirmation", "new"),
        ("4", "change"),
        ("change", "change"),
        ("1", "cancel"),
        ("5", "replace"),
        ("31", "copy"),
        ("7", "copy"),
        ("53", "test"),
    ],
)
def test_what_a_message_function_does(word: str, act: str) -> None:
    assert purpose.act_of(word, "order") == act


def test_a_change_request_without_function_is_a_change() -> None:
    assert purpose.act_of("", "order_change") == purpose.act_of("9", "230") == "change"


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("invoice", "invoice"),
        ("380", "invoice"),
        ("384", "invoice"),
        ("381", "credit_note"),
        ("credit_note", "credit_note"),
        ("261", "credit_note"),
        ("325", "proforma"),
        ("", "invoice"),
    ],
)
def test_kinds_of_invoices(word: str, kind: str) -> None:
    assert purpose.invoice_kind(word) == kind
