"""The only exceptions edi_bridge raises on purpose.

A *finding* says what is wrong with a partner's message and is collected; a *fault* says why the
program itself cannot go on and is raised. The class tells the caller what helps.
"""

from __future__ import annotations


class Fault(Exception):
    """Base of the faults, so that a caller can catch all of them at once."""


class ConfigFault(Fault):
    """Something a person wrote (a map, a partner, a guide, an option) cannot be used as it stands.

    `problems` holds every mistake that was found, each as (file, line, column, sentence); line and
    column count from 1 and are 0 where the mistake has no place.
    """

    def __init__(self, problems: list[tuple[str, int, int, str]]):
        self.problems = problems
        super().__init__("\n".join(place(*problem) for problem in problems))

    @classmethod
    def at(cls, file: str, line: int, column: int, sentence: str) -> ConfigFault:
        """A fault with a single problem."""
        return cls([(file, line, column, sentence)])


class TransientFault(Fault):
    """It may work later (a lock held, a database away); `wait` is a hint in seconds."""

    def __init__(self, sentence: str, wait: float = 5.0):
        self.wait = wait
        super().__init__(sentence)


class UncertainFault(TransientFault):
    """Something may have been done at a partner, or not: look there before doing it again."""


class TerminalFault(Fault):
    """Trying again will not help, and no line of configuration is to blame."""


class ChannelFault(TerminalFault):
    """A partner's server does not let us in, or not like that. What was to be fetched or sent is not to blame: it waits."""


class UntrustedFault(ChannelFault):
    """A server shows another host key or certificate than one that we trust: nothing was said to it."""


def place(file: str, line: int, column: int, sentence: str) -> str:
    """`file:line:column: sentence`, leaving out what is unknown."""
    where = ":".join(str(part) for part in (file, line, column) if part)
    return f"{where}: {sentence}" if where else sentence
