"""Documents posted to us over HTTP(S), the health of the daemon and its figures: a small server in a thread of its own.

`POST /in/CHANNEL` takes one file. Its bytes go to disk as they come, up to a limit; then `take` is called, which returns only
when receipt and bytes are durable, and only then the partner gets its 201 (200 where the same bytes are in hand already).
`GET /health` needs no sign-in and says no more than what it is given; `GET /metrics` answers this machine, or who has the token.

A partner learns nothing from an answer but its receipt: no payload, no path, no sentence of a fault, and without signing in not
even which channels there are. Threads and `async` stay inside this module.
"""

from __future__ import annotations

from edi_bridge.listening.connection import Tls
from edi_bridge.listening.door import Door, door
from edi_bridge.listening.server import Health, Listening, Metrics, Patience, Take, Taken

__all__ = ["Door", "Health", "Listening", "Metrics", "Patience", "Take", "Taken", "Tls", "door"]
