"""A post's headers and our answers to it: what is refused by its head, what it says of itself, what a partner is told."""

from __future__ import annotations

import asyncio
import base64
import math
import re
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from edi_bridge.finding import visible

NAME_LENGTH = 300
REFUSED_TYPES = ("multipart/", "application/x-www-form-urlencoded")  # a form is no document
EXTENDED = re.compile(r"filename\*\s*=\s*utf-8''([^;\s]+)", re.IGNORECASE)
PLAIN = re.compile(r'''filename\s*=\s*(?:"((?:[^"\\]|\\.)*+)"|([^;\s"]+))''', re.IGNORECASE)
RETRY = 5  # seconds of a Retry-After that no fault names
DRAINED, DRAIN_SECONDS = 1 << 22, 2.0  # what is read of a refused body, so that the answer arrives

SAYS = {
    400: "the body is empty or is not what its headers say", 401: "sign in first", 404: "there is no such place",
    405: "post a document here", 411: "say the length or send in chunks", 413: "the document is too large",
    415: "send the document itself, neither as a form nor compressed", 408: "the document came too slowly",
    429: "too many at once; try again later", 503: "cannot be taken now; try again later",
    500: "a mistake of ours; try again later",
}


def head_refused(request: Request, most: int) -> int:
    """What is wrong with a post by its headers alone; 200 when nothing is."""
    headers = request.headers
    kind = headers.get("content-type", "").strip().lower()
    length = headers.get("content-length", "")
    if kind.startswith(REFUSED_TYPES) or headers.get("content-encoding", "identity").strip().lower() != "identity":
        return 415
    if not length and "transfer-encoding" not in headers:
        return 411
    if length and "transfer-encoding" in headers:  # two ends of one body: a proxy may see another document than we do (RFC 9112 6.3)
        return 400
    return 413 if length.isdigit() and int(length) > most else 200


def digest_agrees(request: Request, digest: bytes) -> bool:
    """Whether the SHA-256 that the partner says of the body is ours (Content-Digest, RFC 9530 2); True where it says none."""
    said = re.search(r"(?:\A|,)\s*sha-256=:([A-Za-z0-9+/=]*):", request.headers.get("content-digest", ""))
    return said is None or said[1] == base64.b64encode(digest).decode("ascii")


def file_name(request: Request) -> str:
    """What the partner calls the file (Content-Disposition, RFC 6266 4.3): text to be shown, never a path of ours."""
    header = request.headers.get("content-disposition", "")[:2000]
    if extended := EXTENDED.search(header):
        name = unquote(extended[1], errors="replace")
    elif plain := PLAIN.search(header):
        name = re.sub(r"\\(.)", r"\1", plain[1]) if plain[1] is not None else plain[2]
    else:
        return ""
    return visible(name)[:NAME_LENGTH]


def refuse(status: int, wait: float = RETRY) -> Response:
    headers = {"Connection": "close"} if status not in (404, 503) else {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="edi-bridge", charset="UTF-8"'
    if status in (429, 503):
        headers["Retry-After"] = str(max(1, math.ceil(wait)))
    return JSONResponse({"error": SAYS[status]}, status, headers)


async def refusal(request: Request, error: Exception) -> Response:
    return refuse(getattr(error, "status_code", 404))


async def drain(request: Request) -> None:
    """Read a little of a body that was refused: a connection closed over unread bytes takes the answer with it."""
    if request.headers.get("expect", "").lower() == "100-continue":
        return  # the body has not been sent
    count = 0
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while count < DRAINED:
                event = await request.receive()
                count += len(event.get("body", b""))
                if event["type"] != "http.request" or not event.get("more_body"):
                    return
    except TimeoutError:
        return
