"""Which partner an envelope belongs to, and what would make that uncertain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Address
from edi_bridge.partner.values import Partner

Problem = tuple[str, int, int, str]


def find(partners: Sequence[Partner], address: Address, standard: str) -> Partner | None:
    """The partner with this envelope address: of the identities that fit, the one that says most (`Identity.weight`)."""
    best: tuple[int, Partner] | None = None
    for partner in partners:
        for identity in partner.identities:
            if identity.fits(address, standard):
                weight = identity.weight(standard)
                if best is None or weight > best[0]:
                    best = (weight, partner)
    return best[1] if best else None


def check_unique(partners: Sequence[Partner]) -> None:
    """ConfigFault, with everything that is wrong, when one address leads to two partners."""
    found = list(clashes(partners))
    if found:
        raise ConfigFault(found)


def clashes(partners: Sequence[Partner]) -> Iterator[Problem]:
    """Addresses that lead to two partners: in envelopes, as AS2 name, as mailbox of a network."""
    seen: dict[tuple[str, ...], Partner] = {}
    for partner in partners:
        for key, words, mark in _addresses(partner):
            other = seen.setdefault(key, partner)
            if other is not partner:
                yield partner.file, *mark, f"the {words} is also {other.name}'s ({other.file})"


def _addresses(partner: Partner) -> Iterator[tuple[tuple[str, ...], str, tuple[int, int]]]:
    for identity in partner.identities:
        yield ("envelope", *identity.same()), f"address {identity.qualifier}:{identity.id}", identity.mark
    marks = partner.source.value_marks if partner.source is not None else {}
    if partner.as2:
        yield ("as2", partner.as2), f"AS2 name {partner.as2}", marks.get("as2", (0, 0))
    if partner.van:
        network, mailbox = partner.van.get("network", ""), partner.van.get("mailbox", "")
        yield ("van", network, mailbox), f"mailbox {mailbox} at {network}", marks.get("van", (0, 0))
