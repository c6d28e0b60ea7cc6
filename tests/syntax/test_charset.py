"""Character sets: what the envelope declares, and bytes that do not fit it."""

from __future__ import annotations

import pytest

from edi_bridge.fault import ConfigFault
from edi_bridge.syntax.charset import LEVELS, declared, decode, named


@pytest.mark.parametrize(
    ("level", "raw", "text"),
    [
        ("UNOC", b"\xe9\xdf", "éß"),
        ("UNOD", b"\xb3\xf3d\xbc", "łódź"),
        ("UNOE", b"\xbc\xde\xe1\xda\xd2\xd0", "Москва"),
        ("UNOF", b"\xc1\xe8\xde\xed\xe1", "Αθήνα"),
        ("UNOG", b"\xa6", "Ĥ"),
        ("UNOH", b"\xb3", "ŗ"),
        ("UNOI", b"\xc7", "ا"),
        ("UNOJ", b"\xf9\xec\xe5\xed", "שלום"),
        ("UNOK", b"\xfe\xfd", "şı"),
        ("UNOL", b"\xa4", "€"),
        ("UNOW", "Łódź €".encode(), "Łódź €"),
        ("UNOY", "日本".encode(), "日本"),
        ("KECA", b"\xc7\xd1\xb1\xb9", "한국"),
        ("UNOA", b"ORDER 1", "ORDER 1"),
        ("UNOB", b"Order 1", "Order 1"),
        ("IATB", b"Pax", "Pax"),
    ],
)
def test_each_level_reads_its_characters(level: str, raw: bytes, text: str) -> None:
    assert decode(raw, declared(level)) == (text, [])


@pytest.mark.parametrize(
    ("level", "raw", "kind", "index", "text"),
    [
        ("UNOA", b"AB\xe9", "wrong_charset", 2, "AB�"),
        ("UNOB", "é".encode(), "wrong_charset", 0, "��"),
        ("UNOC", b"10 \x80", "wrong_charset", 3, "10 �"),  # the euro sign of cp1252 is no ISO 8859-1
        ("UNOC", "Müller".encode(), "wrong_charset", 1, "MÃ¼ller"),  # UTF-8 declared as UNOC
        ("UNOD", "Łódź".encode(), "wrong_charset", 0, None),
        ("UNOE", "Москва".encode(), "wrong_charset", 0, None),
        ("UNOG", b"\xa5", "wrong_charset", 0, "�"),  # ISO 8859-3 has a hole there
        ("UNOW", b"M\xfcller", "wrong_charset", 1, "M�ller"),
        ("KECA", b"A\xc7", "wrong_charset", 1, "A�"),
        ("UNOC", b"A\0B", "control_character", 1, "A�B"),
        ("UNOC", b"A\x01\x02B", "control_character", 1, "A��B"),
        ("UNOA", b"ORDERS 1 a", "character_outside_set", 9, "ORDERS 1 a"),
        ("UNOB", b"a@b", "character_outside_set", 1, "a@b"),
    ],
)
def test_what_does_not_fit_is_named_with_its_place(
    level: str, raw: bytes, kind: str, index: int, text: str | None
) -> None:
    got, misfits = decode(raw, declared(level))
    assert [(misfit.kind, misfit.index) for misfit in misfits] == [(kind, index)]
    assert text is None or got == text


def test_latin_text_that_only_looks_a_little_like_utf_8_is_fine() -> None:
    assert decode("Ã¼ und ü".encode("latin-1"), declared("UNOC")) == ("Ã¼ und ü", [])


def test_every_place_is_counted() -> None:
    _, [misfit] = decode(b"\x80A\x81", declared("UNOC"))
    assert (misfit.index, misfit.count) == (0, 2)


def test_delimiters_that_are_control_characters_may_stand() -> None:
    assert decode(b"UNB\x1dX\x1c", declared("UNOB"), b"\x1d\x1c") == ("UNB\x1dX\x1c", [])


def test_encoding_0133() -> None:
    assert declared("UNOC", "7").codec == "utf-8"
    assert declared("UNOC", "2").codec == "iso8859-1"
    assert not declared("UNOC", "5").supported  # UCS-2


@pytest.mark.parametrize("level", ["UNOX", "UNOZ", "", "ABCD"])
def test_unknown_levels_are_not_supported(level: str) -> None:
    assert not declared(level).supported


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("cp1252", "cp1252"),
        ("iso-8859-15", "iso8859-15"),
        ("UTF-8", "utf-8"),
        ("UNOC", "iso8859-1"),
        ("latin-1", "iso8859-1"),
        ("gb18030", "gb18030"),
        ("us-ascii", "ascii"),
    ],
)
def test_an_agreement_may_declare_a_character_set(name: str, codec: str) -> None:
    assert named(name).codec == codec


@pytest.mark.parametrize(
    "name", ["cp500", "utf-16", "utf-7", "iso2022_jp", "hz", "nonsense", "base64", "rot13", "UNOX", "idna"]
)
def test_character_sets_in_which_delimiters_cannot_be_found_are_refused(name: str) -> None:
    with pytest.raises(ConfigFault, match="cannot be used"):
        named(name)


def test_every_level_keeps_its_own_repertoire() -> None:
    for charset in LEVELS.values():
        if charset.supported:
            text = bytes(c for c in charset.fits if c < 128)
            assert decode(text, charset) == (text.decode("ascii"), [])
