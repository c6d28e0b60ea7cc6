"""In which encoding an XML file is: what its first bytes tell, what it declares, what was agreed (XML 1.0 4.3.3, appendix F)."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

_BOMS = ((codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"), (codecs.BOM_UTF8, "utf-8"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
         (b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_UTF8_XML = codecs.BOM_UTF8 + b"<?xml"
_ENCODING = re.compile(rb"\sencoding\s*=\s*[\"']([A-Za-z][A-Za-z0-9._-]*)")
# Encodings in which the bytes of ASCII characters mean nothing else: their markup can be looked for in the bytes.
_ASCII = re.compile(r"utf-8|ascii|iso8859-\d+|cp125\d|koi8-[ru]|cp(437|850|852|858|866)|mac-roman|tis-620")


def encodings(start: bytes, charset: str | None) -> tuple[str, str]:
    """(Python's name or 'utf-8', libxml2's name) of a file's encoding, by its beginning and the agreed override."""
    return _chosen(_mark(start[:4]), _declared(start), charset)


def keeps_ascii(codec: str) -> bool:
    """Whether the bytes of ASCII characters mean nothing else in it, so that markup can be looked for in the bytes."""
    return _ASCII.fullmatch(codec) is not None


def _mark(start: bytes) -> str:
    """The encoding that a byte order mark or the first bytes tell (XML 1.0 appendix F); '' where they do not."""
    for mark, name in _BOMS:
        if start.startswith(mark):
            return name
    return ""


def _declared(start: bytes) -> str:
    """The encoding that the XML declaration names; 'utf-8' without one."""
    end = start.find(b"?>", 0, 1024) if start.startswith((b"<?xml", _UTF8_XML)) else -1
    return _named(start[:end]) if end > 0 else "utf-8"


@lru_cache(maxsize=64)
def _named(declaration: bytes) -> str:
    name = _ENCODING.search(declaration)
    return name[1].decode() if name else "utf-8"


@lru_cache(maxsize=64)
def _chosen(mark: str, declared: str, charset: str | None) -> tuple[str, str]:
    codec = _codec(charset) if charset else mark or _codec(declared)
    if codec.startswith(("utf-16-", "utf-32-")):
        return codec, codec.upper().replace("-LE", "LE").replace("-BE", "BE")
    return codec or "utf-8", charset or declared


def _codec(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return ""
