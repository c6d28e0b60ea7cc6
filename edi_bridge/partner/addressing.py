"""Which partner an envelope belongs to."""

from __future__ import annotations

from collections.abc import Sequence

from edi_bridge.fault import ConfigFault
from edi_bridge.interchange import Address
from edi_bridge.partner.values import Identity, Partner


def find(partners: Sequence[Partner], address: Address, standard: str) -> Partner | None:
    """The partner with this envelope address: an identity that names the qualifier wins over one that does not."""
    best: tuple[int, Partner] | None = None
    for partner in partners:
        for identity in partner.identities:
            if identity.fits(address, standard):
                weight = bool(identity.qualifier) + bool(identity.standard)
                if best is None or weight > best[0]:
                    best = (weight, partner)
    return best[1] if best else None


def check_unique(partners: Sequence[Partner]) -> None:
    """ConfigFault when one address leads to two partners."""
    seen: dict[Identity, Partner] = {}
    for partner in partners:
        for identity in partner.identities:
            other = seen.setdefault(identity, partner)
            if other is not partner:
                raise ConfigFault.at(partner.file, 0, 0, f"the address {identity.qualifier}:{identity.id} is also {other.name}'s ({other.file})")
