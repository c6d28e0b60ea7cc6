"""Character sets: what the envelope declares, which bytes fit it, and text that is safe to hand on.

ISO 9735 data element 0001 names the repertoire (service code list 0001), element 0133 an encoding (list 0133).
Bytes that do not fit are reported with their place and never guessed at: the text then carries U+FFFD there, the
raw bytes stay as they are.

| 0001 | characters | | 0001 | characters |
|---|---|---|---|---|
| UNOA | ISO 646 capitals, digits, blank `.,-()/='+:?!"%&*;<>` | | UNOI | ISO 8859-6 Arabic |
| UNOB | the same with small letters | | UNOJ | ISO 8859-8 Hebrew |
| UNOC | ISO 8859-1 Latin 1 | | UNOK | ISO 8859-9 Latin 5 |
| UNOD | ISO 8859-2 Latin 2 | | UNOL | ISO 8859-15 Latin 9 |
| UNOE | ISO 8859-5 Cyrillic | | UNOW | ISO 10646 in UTF-8 |
| UNOF | ISO 8859-7 Greek | | UNOY | ISO 10646, read as UTF-8 |
| UNOG | ISO 8859-3 Latin 3 | | UNOX | ISO 2022 escapes: not supported, a finding |
| UNOH | ISO 8859-4 Latin 4 | | KECA | Korean, Windows code page 949 |
| IATA | as UNOA (air transport) | | IATB | as UNOB (air transport) |
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from functools import lru_cache

from edi_bridge.fault import ConfigFault

CONTROLS = bytes([*range(32), 127])
PRINTABLE = bytes(range(32, 127))
HIGH = bytes(range(128, 256))
C1 = bytes(range(128, 160))
LEVEL_A = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,-()/='+:?!\"%&*;<>"
LEVEL_B = LEVEL_A + b"abcdefghijklmnopqrstuvwxyz"
LATIN_PARTS = ("1", "2", "3", "4", "9", "10", "13", "14", "15", "16")  # of ISO 8859
SAFE = {code: "\ufffd" for code in (*CONTROLS, *C1) if code not in b"\r\n\t"}
UTF8 = re.compile(rb"(?:[\x00-\x7f]++|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})*+")


@dataclass(frozen=True, slots=True)
class Charset:
    """A character set. `codec` is Python's name, `fits` the bytes that may stand in data, `declared` the words for
    a person; `latin` marks ISO 8859 Latin parts, in which UTF-8 can be recognised by its pairs alone."""

    declared: str
    codec: str
    fits: bytes
    latin: bool = False
    supported: bool = True


@dataclass(frozen=True, slots=True)
class Misfit:
    """A byte that does not fit: finding kind, first place in the bytes, length, how many there are, a sentence."""

    kind: str
    index: int
    length: int
    count: int
    note: str


def _iso(level: str, part: int, latin: bool) -> Charset:
    return Charset(f"{level} (ISO 8859-{part})", f"iso8859-{part}", PRINTABLE + HIGH[32:], latin)


LEVELS: dict[str, Charset] = {
    "IATA": Charset("IATA (ISO 646 capitals)", "ascii", LEVEL_A),
    "IATB": Charset("IATB (ISO 646)", "ascii", LEVEL_B),
    "UNOA": Charset("UNOA (ISO 646 capitals)", "ascii", LEVEL_A),
    "UNOB": Charset("UNOB (ISO 646)", "ascii", LEVEL_B),
    "UNOC": _iso("UNOC", 1, True),
    "UNOD": _iso("UNOD", 2, True),
    "UNOE": _iso("UNOE", 5, False),
    "UNOF": _iso("UNOF", 7, False),
    "UNOG": _iso("UNOG", 3, True),
    "UNOH": _iso("UNOH", 4, True),
    "UNOI": _iso("UNOI", 6, False),
    "UNOJ": _iso("UNOJ", 8, False),
    "UNOK": _iso("UNOK", 9, True),
    "UNOL": _iso("UNOL", 15, True),
    "UNOW": Charset("UNOW (UTF-8)", "utf-8", PRINTABLE + HIGH),
    "UNOY": Charset("UNOY (ISO 10646, read as UTF-8)", "utf-8", PRINTABLE + HIGH),
    "UNOX": Charset("UNOX (ISO 2022 escape sequences)", "ascii", PRINTABLE, supported=False),
    "KECA": Charset("KECA (Korean, code page 949)", "cp949", PRINTABLE + HIGH),
}


def _level_codec(name: str) -> codecs.CodecInfo | None:
    """Levels A and B as codecs of Python (`text.encode("UNOA")`): they hold less than ASCII, and what is written in them no more."""
    level = LEVELS.get(name.upper())
    if level is None or level.fits not in (LEVEL_A, LEVEL_B):
        return None
    signs = {sign: sign for sign in level.fits}
    return codecs.CodecInfo(lambda text, errors="strict": codecs.charmap_encode(text, errors, signs), codecs.ascii_decode, name=name)


codecs.register(_level_codec)
ASCII = Charset("no character set (plain ASCII is taken)", "ascii", PRINTABLE)

# Element 0133. 3 and 4 (code pages 500 and 850) are exchanged between releases of the code list and therefore
# not read; 1, 2 and ZZZ leave the repertoire of 0001 in force.
ENCODINGS = {"": None, "1": None, "2": None, "ZZZ": None, "7": LEVELS["UNOW"]}


def declared(level: str, encoding: str = "") -> Charset:
    """The character set that UNB/S001 declares by 0001 and 0133; `supported` is False where it is not known here."""
    charset = ENCODINGS[encoding] if encoding in ENCODINGS else replace(ASCII, supported=False)
    if charset is None:
        charset = LEVELS.get(level)
    if charset is None:
        return replace(ASCII, declared=f"{level or 'nothing'} (not known)", supported=False)
    return replace(charset, declared=f"{level} with 0133 = {encoding}") if ENCODINGS.get(encoding, ASCII) else charset


@lru_cache(maxsize=64)
def named(name: str) -> Charset:
    """The character set that an agreement declares: a level (`UNOC`) or a codec (`cp1252`, `iso-8859-15`).

    ConfigFault when there is no such codec or when it does not keep ASCII as it is (EBCDIC, UTF-16, ISO 2022):
    delimiters could not be found in it.
    """
    if name.upper() in LEVELS and LEVELS[name.upper()].supported:
        return LEVELS[name.upper()]
    try:
        codec = codecs.lookup(name).name
        plain = PRINTABLE.decode(codec) == PRINTABLE.decode("ascii") and (PRINTABLE * 2)[:-1].decode(codec)
    except (LookupError, UnicodeError, TypeError, AttributeError):
        plain = codec = ""
    if not plain or codec.startswith(("iso2022", "hz", "utf-7", "idna", "punycode", "unicode", "raw")):
        raise ConfigFault.at(
            "", 0, 0, f'charset "{name}" cannot be used: it must be a level of ISO 9735 (UNOA … UNOL, UNOW, UNOY, '
            "KECA) or a character set that holds ASCII unchanged, like iso-8859-15, cp1252 or utf-8")
    part = re.fullmatch(r"iso8859-(\d+)", codec)
    if part:
        return _iso("", int(part[1]), part[1] in LATIN_PARTS)
    if codec == "ascii":
        return replace(ASCII, declared="ASCII")
    return Charset(codec, codec, PRINTABLE + HIGH)


def repertoire(level: str) -> str:
    """The codec that holds the characters of a level and no others, for what is written in it."""
    charset = declared(level)
    return level if charset.fits in (LEVEL_A, LEVEL_B) else charset.codec


def decode(raw: bytes, charset: Charset, delimiters: bytes = b"") -> tuple[str, list[Misfit]]:
    """The text of `raw` and what does not fit. CR, LF and tabs pass; other control characters that are no
    delimiter become U+FFFD, so that masking (`interchange.MARK`) stays unambiguous."""
    strange = raw.translate(None, charset.fits + b"\r\n\t" + delimiters)
    if not strange:
        if raw.isascii():
            return raw.decode("ascii"), []
        try:
            text = raw.decode(charset.codec)
        except UnicodeDecodeError:
            return _explain(raw, charset, delimiters)
        if not charset.latin or not UTF8.fullmatch(raw):
            return text, []
    return _explain(raw, charset, delimiters)


def _explain(raw: bytes, charset: Charset, delimiters: bytes) -> tuple[str, list[Misfit]]:
    """The slow way: name each kind of misfit with its first place and their number."""
    misfits = _utf8(raw, charset)
    beyond = HIGH if charset.codec == "ascii" else C1 if charset.codec.startswith("iso8859") and not misfits else b""
    rows = (
        ("control_character", CONTROLS, "control character"),
        ("wrong_charset", beyond, "byte"),
        ("character_outside_set", PRINTABLE.translate(None, charset.fits), "character"),
    )
    for kind, group, word in rows:
        wanted = group.translate(None, b"\r\n\t" + delimiters)
        hits = re.findall(b"[" + re.escape(wanted) + b"]", raw) if wanted else []
        if hits:
            misfits.append(Misfit(kind, raw.index(hits[0]), 1, len(hits),
                                  f"{word} {hits[0][0]:02X} (hexadecimal) is not in {charset.declared}"))
    if not any(misfit.kind == "wrong_charset" for misfit in misfits):
        misfits += _undecodable(raw, charset)
    text = raw.decode(charset.codec, "replace")
    keep = set(delimiters.decode("latin-1"))
    return text.translate({code: safe for code, safe in SAFE.items() if chr(code) not in keep}), misfits


def _undecodable(raw: bytes, charset: Charset) -> list[Misfit]:
    try:
        raw.decode(charset.codec)
    except UnicodeDecodeError as error:
        return [Misfit("wrong_charset", error.start, error.end - error.start, 1,
                       f"byte {raw[error.start]:02X} (hexadecimal) is not in {charset.declared}")]
    return []


def _utf8(raw: bytes, charset: Charset) -> list[Misfit]:
    """Text in UTF-8 where a part of ISO 8859 is declared: every high byte belongs to a UTF-8 sequence. In parts
    that are not Latin, capitals could look like that; there a byte 80-9F, which ISO 8859 does not use, must occur."""
    if not charset.codec.startswith("iso8859") or raw.isascii() or not UTF8.fullmatch(raw):
        return []
    if not charset.latin and not re.search(rb"[\x80-\x9f]", raw):
        return []
    first = re.search(rb"[\x80-\xff]++", raw)
    assert first
    return [Misfit("wrong_charset", first.start(), first.end() - first.start(), 1,
                   f"the bytes are UTF-8, but {charset.declared} is declared")]
