"""What the CRM speaks: the records and their parts, as one table.

A record at run time is a plain `dict` with the fields below in this order; a field without a value is absent
(never None, never an empty list). Names follow UBL 2.1 / EN 16931 business terms. Values:

- `text`, `code`: str, not empty, no leading or trailing blank. Codes are words of ours for types and functions (`order`,
  `credit_note`, `change`) and the international code where there is one (UNECE Rec 20, ISO 4217, ISO 3166-1 alpha-2);
  `mappings/codes/` says which codes of which standard they are.
- `decimal`: `decimal.Decimal`, digits as they came (JSON: string). `integer`: int. `boolean`: bool.
- `date`: ISO 8601 text with the precision it came with (`2026-11-21`, `2026-11-21T10:30`, `2026-W47`, a
  period as `start/end`).
- a list holds dicts of the named part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

SCALARS = ("text", "code", "decimal", "integer", "boolean", "date")


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `type` is a scalar of SCALARS or the name of a part; `many` means a list of them."""

    name: str
    type: str
    many: bool = False


def _fields(text: str) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for word in text.split():
        name, _, type_ = word.partition(":")
        many = type_.endswith("*")
        fields[name] = Field(name, type_.rstrip("*") or "text", many)
    return fields


# name:type, text where no type is given; a star makes a list.
PARTS: dict[str, dict[str, Field]] = {
    part: _fields(text)
    for part, text in {
        "party": """
            gln duns vat tax_number registration sender_number receiver_number id id_scheme endpoint endpoint_scheme
            name name_2 department street street_2 building city region postcode country:code language:code
            contacts:contact* references:reference*
        """,
        "contact": "role:code number name department phone mobile fax email",
        "reference": "kind:code number line date:date text",
        "dated": "kind:code date:date",
        "kind_amount": "kind:code amount:decimal",
        "note": "kind:code code subject language:code text",
        "document": "number type:code date:date line",
        "payment_terms": """
            kind:code text due_on:date days:integer days_from:code day_of_month:integer discount_percent:decimal discount_amount:decimal discount_days:integer discount_on:date
        """,
        "delivery_terms": "code:code payment:code point:code place place_code text",
        "allowance": """
            kind:code code:code reason percent:decimal amount:decimal base:decimal quantity:decimal unit:code sequence:integer
            percent_of:code rate:decimal rate_basis:decimal rate_unit:code settlement:code number agency:code agency_code tax_category:code tax_rate:decimal
        """,
        "tax": """
            type:code category:code rate:decimal base:decimal amount:decimal currency:code exemption exemption_code:code number jurisdiction
            jurisdiction_scheme:code
        """,
        "schedule": "deliver_to:party location quantity:decimal unit:code date:date earliest:date latest:date ship_on:date",
        "product_id": "scheme:code value",
        "totals": """
            lines:decimal allowances:decimal charges:decimal allowances_and_charges:decimal net:decimal tax:decimal tax_in_tax_currency:decimal gross:decimal prepaid:decimal
            rounding:decimal payable:decimal discount_base:decimal discount:decimal discounted:decimal quantity:decimal line_count:integer
        """,
        "order_line": """
            number parent action:code gtin buyer_item seller_item manufacturer_item other_items:product_id* description
            color size quantity:decimal unit:code open_quantity:decimal free_quantity:decimal net_price:decimal gross_price:decimal price_basis:decimal
            price_basis_unit:code retail_price:decimal currency:code net_amount:decimal requested_delivery:date earliest_delivery:date
            latest_delivery:date deliver_to:party promotion contract requisition pack_count:decimal pack_kind:code units_per_pack:decimal
            pack_size:decimal pack_size_unit:code pack_weight:decimal pack_weight_unit:code pack_volume:decimal pack_volume_unit:code inner_count:integer price_kind:code other_dates:dated*
            schedules:schedule* allowances:allowance* taxes:tax* parts:order_line* notes:note* references:reference*
        """,
        "response_line": """
            number parent order_line order_number outcome:code gtin buyer_item seller_item manufacturer_item other_items:product_id* description color size
            substitutes:product_id* ordered_quantity:decimal ordered_unit:code quantity:decimal unit:code date:date ship_on:date reason:code reason_text
            splits:response_split* free_quantity:decimal units_per_pack:decimal net_price:decimal gross_price:decimal price_basis:decimal price_basis_unit:code
            price_kind:code retail_price:decimal net_amount:decimal requested_delivery:date other_dates:dated* contract promotion
            schedules:schedule* allowances:allowance* taxes:tax* notes:note* references:reference*
        """,
        "response_split": """
            outcome:code quantity:decimal unit:code date:date ship_on:date substitutes:product_id* reason:code
        """,
        "despatch_item": """
            number gtin buyer_item seller_item description quantity:decimal unit:code ordered_quantity:decimal
            batch best_before:date produced_on:date serials:product_id* order_number order_line order_date:date
            manufacturer_item other_items:product_id* color size ordered_unit:code status:code units_per_pack:decimal
            references:reference* other_dates:dated* notes:note*
        """,
        "pack": """
            sscc level:code kind:code count:integer gross_weight:decimal weight_unit:code order_number order_date:date release department
            vendor_number tracking deliver_to:party references:reference* items:despatch_item* packs:pack*
        """,
        "invoice_line": """
            number parent gtin buyer_item seller_item manufacturer_item other_items:product_id* description
            quantity:decimal unit:code free_quantity:decimal units_per_pack:decimal net_price:decimal gross_price:decimal price_basis:decimal
            price_basis_unit:code net_amount:decimal order_number order_line despatch_number despatch_line delivery_note delivery_note_line
            price_kind:code color size retail_price:decimal currency:code pack_kind:code pack_size:decimal pack_size_unit:code
            pack_weight:decimal pack_weight_unit:code pack_volume:decimal pack_volume_unit:code inner_count:integer other_dates:dated*
            delivered_on:date deliver_to:party period:date origin:code taxes:tax* allowances:allowance* references:reference* notes:note*
        """,
        "payment_means": "code:code iban bic account bank_name account_name reference mandate due_on:date",
        "remittance_item": """
            document type:code action:code date:date amount:decimal gross:decimal discount:decimal tax:decimal charge:decimal currency:code order_number
            references:reference* other_dates:dated* buyer:party seller:party payer:party payee:party
            deductions:deduction* lines:remittance_line* notes:note*
        """,
        "remittance_line": """
            number included:code gtin other_items:product_id* amount:decimal gross:decimal discount:decimal tax:decimal charge:decimal other_dates:dated*
            deductions:deduction*
        """,
        "deduction": "reason:code amount:decimal document type:code line date:date references:reference* contacts:contact* notes:note*",
        "identifier": "scheme:code value",
        "location": """
            number number_scheme:code role:code level:code action:code gln duns name name_2 department street street_2 city region postcode
            country:code contacts:contact* references:reference* valid_from:date valid_to:date other_dates:dated*
        """,
        "bank_account": "iban bic account account_kind:code bank_code bank_code_kind:code bank_name holder currency:code country:code",
        "remittance_totals": "due:decimal discount:decimal adjustments:decimal interest:decimal",
    }.items()
}

RECORDS: dict[str, dict[str, Field]] = {
    record: _fields(text)
    for record, text in {
        "order": """
            number type:code order_type:code purpose:code response_requested:code issued_on:date currency:code tax_currency:code
            requested_delivery:date earliest_delivery:date latest_delivery:date cancel_after:date ship_on:date
            earliest_ship:date latest_ship:date other_dates:dated* contacts:contact* backorder:code service_level:code
            contract contract_date:date promotion order_number order_date:date release department department_name vendor_number requisition quotation quotation_date:date seller_order_number references:reference*
            buyer:party seller:party deliver_to:party ship_from:party invoicee:party payer:party ordered_by:party ultimate:party
            carrier:party other_parties:named_party*
            payment_terms:payment_terms* delivery_terms:delivery_terms transport_mode:code
            allowances:allowance* taxes:tax* notes:note* lines:order_line* totals:totals
        """,
        "order_response": """
            number order_number outcome:code type:code purpose:code order_type:code issued_on:date currency:code expected:date order_date:date
            change_number change_date:date release seller_order_number contract contract_date:date promotion department vendor_number
            requested_delivery:date earliest_delivery:date latest_delivery:date cancel_after:date ship_on:date earliest_ship:date latest_ship:date
            other_dates:dated* contacts:contact* backorder:code service_level:code references:reference*
            buyer:party seller:party deliver_to:party ship_from:party invoicee:party payer:party carrier:party other_parties:named_party*
            payment_terms:payment_terms* delivery_terms:delivery_terms transport_mode:code
            allowances:allowance* taxes:tax* notes:note* lines:response_line* totals:totals
        """,
        "despatch_advice": """
            number type:code purpose:code issued_on:date shipped_on:date expected:date order_number order_date:date delivery_note bill_of_lading
            carrier_reference transport_mode:code vehicle vehicle_kind:code seal service_level:code vendor_number department
            payment_terms:payment_terms* delivery_terms:delivery_terms references:reference* other_dates:dated* contacts:contact*
            other_parties:named_party* pack_kind:code
            buyer:party seller:party deliver_to:party ship_from:party carrier:party invoicee:party
            gross_weight:decimal weight_unit:code pack_count:integer notes:note* packs:pack* items:despatch_item* totals:totals
        """,
        "invoice": """
            number type:code purpose:code issued_on:date due_on:date tax_point:date shipped_on:date delivered_on:date period:date currency:code tax_currency:code
            other_dates:dated* contacts:contact*
            exchange_rate:decimal order_number order_date:date release department department_name vendor_number promotion seller_order_number despatch_number despatch_date:date delivery_note delivery_note_date:date contract contract_date:date project buyer_reference accounting_cost
            corrects:document* references:reference*
            buyer:party seller:party deliver_to:party ship_from:party invoicee:party payee:party payer:party ordered_by:party
            tax_representative:party issuer:party other_parties:named_party*
            carrier:party transport_mode:code service_level:code carrier_reference carrier_reference_kind:code
            shipped_quantity:decimal shipped_unit:code gross_weight:decimal weight_unit:code other_amounts:kind_amount*
            payment_terms:payment_terms* payment_means:payment_means* delivery_terms:delivery_terms
            allowances:allowance* taxes:tax* notes:note* lines:invoice_line* totals:totals
        """,
        "remittance": """
            number purpose:code handling:code issued_on:date paid_on:date value_date:date other_dates:dated* currency:code amount:decimal direction:code
            means:code format:code trace trace_kind:code trace_originator originator originator_supplement references:reference* payer:party payee:party buyer:party seller:party
            other_parties:named_party* payer_account:bank_account payee_account:bank_account notes:note* items:remittance_item*
            deductions:deduction* totals:remittance_totals
        """,
        "customer": """
            action:code notice_number notice_kind:code issued_on:date sequence number gln duns vat tax_number registration receiver_number other_ids:identifier*
            name name_2 search_name roles:role* department street street_2 building city region postcode po_box country:code language:code
            currency:code website parent_number status:code segment:code valid_from:date valid_to:date
            tax_category:code tax_exemption credit_limit:decimal
            contacts:contact* references:reference* locations:location* bank_accounts:bank_account*
            taxes:tax* other_dates:dated* payment_terms:payment_terms* delivery_terms:delivery_terms notes:note*
        """,
    }.items()
}
PARTS["named_party"] = {"role": Field("role", "code"), **PARTS["party"]}
PARTS["role"] = {"code": Field("code", "code"), "action": Field("action", "code"), "valid_from": Field("valid_from", "date")}


def fields_of(name: str) -> dict[str, Field]:
    """The fields of a record or part; KeyError when there is none of that name."""
    return RECORDS[name] if name in RECORDS else PARTS[name]


def to_json(value: Any, *, indent: bool = False) -> bytes:
    """A record as JSON (UTF-8): decimals as strings with the digits they came with."""
    encoded = _ENCODER.encode(value)
    return msgspec.json.format(encoded, indent=2) if indent else encoded


_ENCODER = msgspec.json.Encoder(decimal_format="string")


def from_json(text: bytes | str, record: str) -> dict[str, Any]:
    """The inverse of `to_json`; numbers become Decimal where the record says so. ValueError on anything else."""
    return _typed(msgspec.json.decode(text), fields_of(record), record)


def all_from_json(text: bytes | str, record: str) -> list[dict[str, Any]]:
    """Records of which `to_json` wrote one, or a list: where a message is made of several."""
    value = msgspec.json.decode(text)
    return [_typed(one, fields_of(record), record) for one in (value if isinstance(value, list) else [value])]


def _typed(value: Any, fields: dict[str, Field], where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{where}: expected an object")
    unknown = [name for name in value if name not in fields]
    if unknown:
        raise ValueError(f"{where}: no field {unknown[0]}")
    return {name: _typed_field(value[name], field, f"{where}.{name}") for name, field in fields.items() if name in value}


def _typed_field(value: Any, field: Field, where: str) -> Any:
    if field.many:
        if not isinstance(value, list):
            raise ValueError(f"{where}: expected a list")
        one = Field(field.name, field.type)
        return [_typed_field(item, one, f"{where}[{n}]") for n, item in enumerate(value)]
    match field.type:
        case "decimal":
            return _decimal(value, where)
        case "integer" if isinstance(value, int):
            return value
        case "boolean" if isinstance(value, bool):
            return value
        case "text" | "code" | "date" if isinstance(value, str):
            return value
        case part if part in PARTS:
            return _typed(value, PARTS[part], where)
    raise ValueError(f"{where}: {value!r} is not of type {field.type}")


def _decimal(value: Any, where: str) -> Decimal:
    try:
        number = Decimal(value if isinstance(value, str) else str(value))
    except ArithmeticError:
        raise ValueError(f"{where}: {value!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{where}: {value!r} is not a number")
    return number


def normal(value: Any) -> Any:
    """A record for comparison: decimals without trailing zeros, absent and empty the same."""
    if isinstance(value, dict):
        return {key: normal(item) for key, item in value.items() if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, Decimal):
        return value.normalize() + 0
    return value


def differences(old: Any, new: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, old, new) for every field in which two records differ, after `normal`; absent is None."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            yield from differences(old.get(key), new.get(key), f"{path}.{key}" if path else key)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            before, after = (side[index] if index < len(side) else None for side in (old, new))
            yield from differences(before, after, f"{path}[{index}]")
    elif normal(old) != normal(new):
        yield path, old, new


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(path, value) of every value that is no object and no list: `lines[2].quantity`, items from 0; `path` is where `value` stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{number}]")
    else:
        yield path, value


def unnumbered(path: str) -> str:
    """A path without the numbers of its items: `lines.quantity` of `lines[2].quantity`; also of a path in an XML document."""
    return _ITEM.sub("", path)


_ITEM = re.compile(r"\[\d+\]")


def together(paths: Iterable[str], every: Iterable[str]) -> list[str]:
    """Fields of a record named as briefly as they can be: `references[1]` where all that it has of `every` is among the `paths`."""
    wanted = list(dict.fromkeys(paths))
    others = set(every) - set(wanted)
    found: dict[str, None] = {}
    for path in wanted:
        around = (path[:at] for at, sign in enumerate(path) if sign == ".")
        found[next((one for one in around if not any(other.startswith(f"{one}.") for other in others)), path)] = None
    return list(found)


def tables() -> str:
    """Every record and part as Markdown; `docs/records.md` is this text."""
    lines = [
        "# Records",
        "",
        "What the CRM speaks, printed from `edi_bridge/record.py`. Values: `decimal` keeps its digits (a string in JSON), `date` is ISO 8601",
        "with the precision it came with, `code` is a word of ours or an international code, a star makes a list.",
    ]
    for title, group in (("Records", RECORDS), ("Parts", PARTS)):
        lines += ["", f"## {title}"]
        for name, fields in group.items():
            lines += ["", f"### {name}", "", "| field | type |", "|---|---|"]
            lines += [f"| {field.name} | {field.type}{'*' if field.many else ''} |" for field in fields.values()]
    return "\n".join(lines) + "\n"
