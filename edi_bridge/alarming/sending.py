"""The two ways: a mail by SMTP, a post by HTTP. What goes wrong is a fault; the caller tries again."""

from __future__ import annotations

import io
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime

from edi_bridge.alarming import words
from edi_bridge.alarming.declared import Mail, Webhook
from edi_bridge.fault import TransientFault, UncertainFault
from edi_bridge.finding import visible
from edi_bridge.secret import Secrets
from edi_bridge.store.alarm import Alarm
from edi_bridge.transport import certificate

TIMEOUT = 20.0  # seconds of one step
DEADLINE = 60.0  # of a whole post
SHOWN = 200


def send_mail(said: Mail, secrets: Secrets, alarms: Sequence[Alarm], home: str) -> None:
    """One mail about all of `alarms`. TransientFault when the server did not take it; ConfigFault when a secret or file is missing."""
    password = secrets.get(said.password) if said.password else ""
    context = certificate.client_context(str(said.ca or ""), ())
    try:
        with _connected(said, context) as server:
            if said.user:
                server.login(said.user, password)
            message = words.mail(said, alarms, home)
            message["Date"] = format_datetime(datetime.now(UTC))  # RFC 5322 3.6: a mail must have one; the real time, whatever clock the program was given
            refused = server.send_message(message, said.sender, said.to)
    except smtplib.SMTPAuthenticationError as error:
        raise TransientFault(f"the mail server {said.host} refuses the login of {said.user} ({error.smtp_code})") from None
    except (smtplib.SMTPException, OSError) as error:
        raise TransientFault(f"the mail server {said.host} did not take the mail: {_words(error)}") from None
    if refused:  # the others have it: to send it again would tell them twice
        raise PartlyRefused(f"the mail server {said.host} refuses {', '.join(sorted(refused))}; the others have the mail")


class PartlyRefused(Exception):
    """Some of the receivers have the mail."""


def _connected(said: Mail, context: ssl.SSLContext) -> smtplib.SMTP:
    if said.tls == "implicit":
        return smtplib.SMTP_SSL(said.host, said.port, timeout=TIMEOUT, context=context)
    server = smtplib.SMTP(said.host, said.port, timeout=TIMEOUT)
    if said.tls == "starttls":
        try:
            server.starttls(context=context)  # SMTPNotSupportedError where the server has none: nothing is said in clear then
        except (smtplib.SMTPException, OSError):
            server.close()
            raise
    return server


def _words(error: BaseException) -> str:
    """What an error says on one line, without what we sent."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return "it refuses every receiver: " + ", ".join(sorted(error.recipients))[:SHOWN]
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else str(error.smtp_error)
        return visible(f"{error.smtp_code} {said}")[:SHOWN]
    if isinstance(error, socket.timeout):
        return f"no answer for {TIMEOUT:g} s"
    return visible(getattr(error, "strerror", None) or str(error) or type(error).__name__)[:SHOWN]


def send_post(said: Webhook, secrets: Secrets, one: Alarm, home: str) -> None:
    """An alarm to the webhook. TransientFault when it did not take it; TerminalFault for another certificate; ConfigFault when a
    secret or file is missing. The signature's time is the real one, whatever clock the program was given."""
    content = words.body(one, home)
    from edi_bridge.transport.http_call import Body, Caller, Limits  # loads long, and most homes post nothing

    context = certificate.client_context(str(said.ca or ""), said.pins)
    caller = Caller(context, said.pins, Limits(TIMEOUT, DEADLINE), words.signed(secrets.get(said.secret), str(int(time.time())), content))
    try:
        headers = {"Content-Type": "application/json", "Content-Length": str(len(content)), "Idempotency-Key": words.name([one], home)}
        with caller.ask("POST", said.url, headers, Body(io.BytesIO(content), len(content))) as answer:
            if not 200 <= answer.status_code < 300:
                raise TransientFault(f"the webhook answers {answer.status_code}")
    except UncertainFault as fault:  # it knows a repeat by its key
        raise TransientFault(str(fault)) from None
    finally:
        caller.close()
