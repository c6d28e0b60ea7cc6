"""People are told of alarms, each once: by mail and by webhook. The log tells them in any case.

    alarms:                              # settings.yaml
      mail: {host: smtp.example, user: edi, password: mail, from: edi@example.com, to: [desk@example.com]}
      webhook: {url: "https://hooks.example/edi", secret: hook}

An alarm counts as told when every way that wants its kind has it; until then it is tried again. Each telling carries a name of its
own (Message-ID, Idempotency-Key), so that what is repeated after a crash can be recognised.
"""

from __future__ import annotations

from edi_bridge.alarming.declared import Mail, Ways, Webhook, declared
from edi_bridge.alarming.telling import Telling

__all__ = ["Mail", "Telling", "Ways", "Webhook", "declared"]
