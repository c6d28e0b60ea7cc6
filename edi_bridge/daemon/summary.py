"""What `run --once` says at its end."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Summary:
    """What a round of everything came to."""

    received: int
    messages: dict[str, int]
    sent: int
    refused: int
    failing: list[str]
    waiting: int

    @property
    def good(self) -> bool:
        """Whether nobody must look at anything."""
        return not self.refused and not self.failing and not any(self.messages.get(state) for state in ("rejected", "held", "failed"))

    def __str__(self) -> str:
        counts = ", ".join(f"{count:,} {state}" for state, count in sorted(self.messages.items())) or "none"
        parts = [f"{self.received:,} file{'s' * (self.received != 1)} taken", f"messages: {counts}", f"{self.sent:,} sent"]
        parts += [f"{self.refused:,} refused"] if self.refused else []
        parts += [f"{self.waiting:,} not sent yet"] if self.waiting else []
        parts += [f"failing: {', '.join(self.failing)}"] if self.failing else []
        return " · ".join(parts)
