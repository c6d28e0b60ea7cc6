"""Which partner an envelope belongs to: ids right-trimmed and nothing else, `2 ` is 02, who says most is meant, one address one partner."""

from __future__ import annotations

from typing import Any

import pytest

from edi_bridge import partner as partners
from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Address
from edi_bridge.yamltext import parse


def partner(name: str, *identities: str, more: str = "") -> partners.Partner:
    block: Any = parse(f"partner: {name}\nidentities:\n" + "".join(f"  - {{{one}}}\n" for one in identities) + more, f"partners/{name}.yaml")
    return partners.load(block)


def found(known: list[partners.Partner], address: Address, standard: str = "x12") -> str:
    one = partners.find(known, address, standard)
    return one.name if one else ""


@pytest.mark.parametrize(("sent", "theirs"), [
    (Address("0123", "02"), "a"),
    (Address("0123           ", "02"), "a"),  # ISA06 is filled with blanks to fifteen characters
    (Address("0123", "2 "), "a"),
    (Address("123", "02"), ""),  # a leading zero is part of the id
    (Address(" 0123", "02"), ""),
    (Address("0123", "20"), ""),
    (Address("Ab9", "ZZ"), "a"),
    (Address("AB9", "ZZ"), ""),  # capitals are other letters
])
def test_an_id_is_right_trimmed_and_compared_as_it_is(sent: Address, theirs: str) -> None:
    assert found([partner("a", 'id: "0123", qualifier: "02"', 'id: "Ab9", qualifier: ZZ')], sent) == theirs


def test_of_the_identities_that_fit_the_one_that_says_most_is_meant() -> None:
    known = [partner("any", 'id: X'), partner("x12", 'id: X, standard: x12'), partner("zz", 'id: X, qualifier: ZZ'),
             partner("both", 'id: X, qualifier: ZZ, standard: edifact'), partner("inner", 'id: X, internal: SHOP')]
    asked = [(Address("X", "01"), "xml"), (Address("X", "01"), "x12"), (Address("X", "ZZ"), "x12"), (Address("X", "ZZ"), "edifact"),
             (Address("X", "ZZ", "SHOP"), "edifact"), (Address("X", "ZZ", "OTHER"), "edifact")]
    assert [found(known, *one) for one in asked] == ["any", "x12", "zz", "both", "inner", "both"]


def test_the_internal_address_is_written_where_it_is_known() -> None:
    assert partner("a", 'id: X, qualifier: ZZ, internal: SHOP').identities[0].address == Address("X", "ZZ", "SHOP")


@pytest.mark.parametrize(("one", "other", "words"), [
    ('id: "77", qualifier: "2 "', 'id: "77  ", qualifier: "02"', "address 02:77"),
    ('id: "77"', 'id: "77"', "address :77"),
])
def test_an_address_belongs_to_one_partner(one: str, other: str, words: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        partners.check_unique([partner("a", one), partner("b", 'id: "9"', other)])
    assert str(fault.value) == f"partners/b.yaml:4:5: the {words} is also a's (partners/a.yaml)"


def test_addresses_of_networks_belong_to_one_partner_too() -> None:
    more = "as2: ONE\nvan: {network: lab, mailbox: M}\n"
    with pytest.raises(ConfigFault) as fault:
        partners.check_unique([partner("a", "id: A", more=more), partner("b", "id: B", more=more)])
    assert str(fault.value).splitlines() == ["partners/b.yaml:4:6: the AS2 name ONE is also a's (partners/a.yaml)",
                                             "partners/b.yaml:5:6: the mailbox M at lab is also a's (partners/a.yaml)"]


def test_addresses_that_differ_in_anything_but_the_qualifier_s_form_are_two() -> None:
    partners.check_unique([partner("a", 'id: "7", qualifier: "01"'), partner("b", 'id: "07", qualifier: "01"'), partner("c", 'id: "7", qualifier: ZZ'),
                           partner("d", 'id: "7", qualifier: "01", standard: edifact')])
