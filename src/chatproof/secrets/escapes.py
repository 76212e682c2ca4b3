"""Escapes spelt out, of JSON and programs, URLs, HTML and mail, so that a secret is found of which only some characters
are escaped, or between whose characters stand escapes for nothing. Linear: a look-up for each.
"""

import re
from collections.abc import Callable
from functools import lru_cache

_WIDEST = 1024 * 1024  # bytes of a text in which letters in full width are looked for
_NOTHING = (b"&nbsp;", b"&shy;", b"&zwnj;", b"&zwj;", b"&ZeroWidthSpace;")
_BREAKS = (b"<wbr>", b"<br>", b"<br/>", b"<br />", b"</b><b>")
_STEP = 256 * 1024
_LONGEST = 4  # characters that one may become: one of a word in Arabic script becomes eighteen
_ESCAPED_CSI = (
    b"\\x1b[", b"\\x1B[", b"\\u001b[", b"\\u001B[", b"\\U0000001b[", b"\\U0000001B[", b"\\033[", b"\\e["
)  # fmt: skip
"""What a terminal's codes begin with, after one backslash."""
_CAPITALS = {first + at: chr(97 + at) for first in (0x1F150, 0x1F170, 0x1F1E6) for at in range(26)}
_HEX, _OCTAL = frozenset(b"0123456789abcdefABCDEF"), frozenset(b"01234567")
_WIDE = re.compile(rb"\xef[\xbc\xbd]|\xf0\x9d[\x90-\x9f]|\xf3\xa0[\x80-\x85]")
"""Letters in full width, those of mathematics, and those that tags and variants hide."""
# ECMA-48: control sequences, strings of the system's, character sets. Each begins with ESC, or is the one byte for it.
CODES = rb"(?:\x1b\[|\xc2\x9b)[\x30-\x3f]*+[\x20-\x2f]*+[\x40-\x7e]|\x1b\][^\x07\x1b]*+(?:\x07|\x1b\\)|\x1b[(-/]."


def taken_out(data: bytes) -> bytes:
    """`data` with a space for each escape and colour, so that what stood before and after it is none of its own."""
    bare = _single(data, b"\\")
    for escape in _ESCAPED_CSI:
        bare = bare.replace(escape, b"\x1b[")
    if b"\x1b[" in bare:
        bare = without(bare, rb"\x1b\[[0-9;]*+[A-Za-z]", b"\x1b")
    if any(begin in bare for begin in (b"\\x", b"\\u", b"\\U")):
        bare = without(bare, rb"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})", b"\\")
    for letter in b"bfnrt0":
        bare = bare.replace(b"\\%c" % letter, b" ")
    return bare


def spelt_out(data: bytes, most: int = 0) -> bytes:
    """`data` with the characters that its escapes stand for. Those beyond U+00FF leave a space, and so do codes that
    move or colour a terminal. Of a kind that stands there more than `most` times, unless that is 0, all are left."""
    most = most or len(data)
    if b"&" in data:
        data = data.replace(b"&amp;", b"&")
        for mark in _NOTHING:
            data = data.replace(mark, b" ")
    if b"<" in data:
        for mark in _BREAKS:
            data = data.replace(mark, b" ")
    data = _single(data, b"\\")
    for begin, character in _KINDS:
        if 0 < data.count(begin) <= most:
            data = _undone(data, begin, character)
    if b"\\" in data:
        for escaped in (b"\\e", b"\\E"):
            data = data.replace(escaped, b"\x1b")
        for letter in b"bfnrt0":
            data = data.replace(b"\\%c" % letter, b" ")
    if 0 < data.count(b"\x1b") + data.count(b"\xc2\x9b") <= most:
        data = without(data, CODES, b"\x1b")
    if len(data) <= _WIDEST and _WIDE.search(data):
        data = plain_letters(data.decode("utf-8", "replace")).encode("utf-8", "replace")
    return data


def plain_letters(text: str) -> str:
    """`text` with the plain form of each character that has one (NFKC), such as letters in full width. Each by itself:
    a mark that stands beside a letter makes no other letter of it."""
    if text.isascii():
        return text
    import unicodedata

    others = {char for char in set(text) if char > "\x7f"}
    forms = {char: _hidden(char) or unicodedata.normalize("NFKC", char)[:_LONGEST] for char in others}
    plain = {ord(char): form for char, form in forms.items() if form != char}
    return text.translate(plain) if plain else text


def _hidden(char: str) -> str:
    """The letter that a tag (U+E0020…) or a variant (U+E0100…) hides: nobody sees it, and whoever copies it has it. And
    that of letters to which Unicode gives no plain form: white on black, of flags."""
    code = ord(char)
    if code in _CAPITALS:
        return _CAPITALS[code]
    if 0xE0020 <= code <= 0xE007E:
        return chr(code - 0xE0000)
    return chr(code - 0xE0100 + 16) if 0xE0110 <= code <= 0xE016E else ""


def _undone(data: bytes, begin: bytes, character: Callable[[bytes], tuple[bytes, int]]) -> bytes:
    first, *rest = data.split(begin)
    out = [first]
    for piece in rest:
        meant, length = character(piece)
        out += (meant, piece[length:]) if length else (begin, piece)
    return b"".join(out)


@lru_cache(maxsize=1)
def _pairs() -> dict[bytes, bytes]:
    digits = [bytes((digit,)) for digit in _HEX]
    return {high + low: bytes((int(high + low, 16),)) for high in digits for low in digits}


def _two(piece: bytes) -> tuple[bytes, int]:
    found = _pairs().get(piece[:2])
    return (found, 2) if found else (b"", 0)


def _unicode(piece: bytes) -> tuple[bytes, int]:
    if piece[:1] == b"{":
        end = piece.find(b"}", 1, 12)
        return (_byte(piece[1:end], 16), end + 1) if end > 1 and _HEX.issuperset(piece[1:end]) else (b"", 0)
    if len(piece) < 4 or not _HEX.issuperset(piece[:4]):
        return b"", 0
    return _byte(piece[:4], 16), 4


def _long(piece: bytes) -> tuple[bytes, int]:
    return (_byte(piece[:8], 16), 8) if len(piece) >= 8 and _HEX.issuperset(piece[:8]) else (b"", 0)


def _octal(piece: bytes) -> tuple[bytes, int]:
    digits = piece[:3]
    return (_byte(digits, 8), 3) if len(digits) == 3 and _OCTAL.issuperset(digits) else (b"", 0)


def _reference(piece: bytes) -> tuple[bytes, int]:
    end = piece.find(b";", 0, 12)
    digits, base = (piece[1:end], 16) if piece[:1] in b"xX" else (piece[:end], 10)
    if end < 0 or not digits or not _HEX.issuperset(digits) or (base == 10 and not digits.isdigit()):
        return b"", 0
    return _byte(digits, base), end + 1


_KINDS: tuple[tuple[bytes, Callable[[bytes], tuple[bytes, int]]], ...] = (
    (b"\\u", _unicode),
    (b"\\x", _two),
    (b"\\U", _long),
    (b"\\", _octal),
    (b"&#", _reference),
    (b"%", _two),
    (b"%", _two),  # a proxy escapes what was escaped
    (b"=", _two),
)
"""How an escape begins; (what it means, how much of the text after its beginning is part of it: 0 when it is none)."""


def _byte(digits: bytes, base: int) -> bytes:
    number = int(digits, base)
    return bytes((number,)) if number < 256 else b" "


def _single(data: bytes, byte: bytes) -> bytes:
    """`data` with one of a byte where several stand in a row: a search would begin anew at each of them."""
    while byte * 2 in data:
        for several in (byte * 64, byte * 8, byte * 2):
            data = data.replace(several, byte)
    return data


def without(data: bytes, form: bytes, begin: bytes, instead: bytes = b" ") -> bytes:
    """`data` with `instead` for what has a form, which begins with `begin` and holds no other.

    In steps that end before one: `re` needs forty bytes for each place where it takes something out.
    """
    pieces, at = [], 0
    while at < len(data):
        found = data.find(begin, at + _STEP)
        end = found if found >= 0 else len(data)
        pieces.append(re.sub(form, instead, data[at:end]))
        at = end
    return b"".join(pieces)
