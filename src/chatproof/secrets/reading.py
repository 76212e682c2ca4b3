"""What a person, a page or a program would read in a text: a key is found in it however its spellings are combined.

A server may write the letters of a key in full width, escape those for JSON, escape that for HTML, and put tags or
comments between them. Each spelling alone is found elsewhere; here all are undone, in rounds, until nothing changes.
Everything is linear in the text, and the rounds and the part of the text that is read are bounded.
"""

import re
import struct
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from itertools import groupby

from chatproof.secrets.escapes import CODES, plain_letters, without
from chatproof.secrets.packed import NUMBERS

_READ = 1024 * 1024  # bytes: more of a body is kept nowhere
_STEP, _OVERLAP = 128 * 1024, 32 * 1024  # bytes at once: `re` needs a hundred for each escape; and of any spelt key
_ROUNDS = 4  # one more than people and gateways were seen to nest
_UNPACKED = (
    2 * 1024 * 1024
)  # bytes of all that runs hold: more than those of what a Redactor searches at once do, inflated

_BACKSLASHES = re.compile(r"\\{2,}+")
_BLANKS = re.compile(r"\\[abfnrtv]|=\r?\n")
_CODE_POINT = re.compile(
    r"\\[ux]\{0*+([0-9a-fA-F]{1,6})\}|[\\%]u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\(00[0-9a-fA-F]{4})"  # the last: CSS
)
_BYTE = re.compile(r"(?:\\x|=)([0-9a-fA-F]{2})")
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})++")
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_ZEROS = re.compile(r"&#([xX]?)0++(?=[0-9a-fA-F])")
_NO_CHARACTER = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+")  # no code point has so many digits, and `int` would raise
_TAG = re.compile(r"<[^<>]*+>")
_ONE_ALPHABET = bytes.maketrans(b"-_", b"+/")
_DIGITS = bytes.maketrans(b",:;|-", b"     ")
_WINDOWS = {ord(char): byte for byte in range(0x80, 0xA0) for char in bytes((byte,)).decode("cp1252", "ignore")}
_OCTET = rf"(?:[\x80-\xbf{''.join(map(chr, _WINDOWS))}]|\\x[89abAB][0-9a-fA-F])"
# UTF-8 that was read as Latin-1, as headers are, or as Windows' own: U+FF53 is EF BD 93. A control is escaped.
_TAKEN_APART = re.compile(rf"[\xc2-\xdf]{_OCTET}|[\xe0-\xef]{_OCTET}{{2}}|[\xf0-\xf4]{_OCTET}{{3}}")
_TWICE = 2
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_COMMENTS = (("<!--", "-->"), ("/*", "*/"))
_UNSEEN = dict.fromkeys(
    (
        *(code for code in range(32) if chr(code) not in "\t\n\r\a\x1b"),
        *(0x7F, 0xAD, 0x34F, 0x61C, 0x180E, 0xFEFF),
        *range(0x300, 0x370), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070),
        *range(0xFE00, 0xFE10),
    )
)  # fmt: skip
"""Characters that nobody sees, or sees upon another: controls, joiners, directions, accents, variants."""
_FIVE_BITS = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567abcdefghijklmnopqrstuvwxyz", (b"0123456789abcdefghijklmnopqrstuv" * 2)[:58]
)
_FLOATS = {
    "<f": re.compile(rb"(?:\0\0[\0-\xff]\x42){8,}+", re.DOTALL),  # 32.0 to 127.5, in 32 bits
    ">f": re.compile(rb"(?:\x42[\0-\xff]\0\0){8,}+", re.DOTALL),
    "<d": re.compile(rb"(?:\0{5}[\0\x40\x80\xc0][\x40-\x5f]\x40){8,}+", re.DOTALL),  # in 64
    ">d": re.compile(rb"(?:\x40[\x40-\x5f][\0\x40\x80\xc0]\0{5}){8,}+", re.DOTALL),
}
_NUMBERS = re.compile(
    rb"(?<![0-9a-zA-Z])(?:(?:0[xX])?[0-9a-fA-F]{1,3}[,:;|\s-]{1,16}+){%d,}+(?:(?:0[xX])?[0-9a-fA-F]{1,3}(?![0-9a-zA-Z]))?"
    % (NUMBERS - 1)
)
_PLACES = re.compile(  # of bytes: names of an object's members, the offsets of a dump and what it shows beside them
    rb"\\*\"\d{1,5}\\*\"\s{0,4}:|(?:^|(?<=[\nn]))[0-9a-fA-F]{4,16}:?[ \t]{1,4}(?=[0-9a-fA-F]{2})"
    rb"|[ \t]{1,4}\|[^|\n]{1,16}\|"
)
_DECIMAL = {b"%0*d" % (width, byte): byte for byte in range(256) for width in (1, 2, 3)}
_HEXADECIMAL = {b"%0*x" % (width, byte): byte for byte in range(256) for width in (1, 2, 3)}
_BETWEEN = (b",", b":", b";", b"|", b"-", b" ", b"\t", b"\n", b"\r", b"\v", b"\f")  # numbers
_FEWEST = 8  # bytes of the shortest key that is looked for
_LINE_ENDS = re.compile(
    rb"(?=[\r\n\\])(?<=[A-Za-z0-9+/_-]{56})(?:\r?\n|(?:\\r)?\\n)[ \t]{0,8}(?=[A-Za-z0-9+/_-])"
)  # of base64 in mail
_FIRST_BYTES, _FURTHER_BYTES = bytes(range(0xC0, 0x100)), bytes(range(0x80, 0xC0))
_READ_FROM_ALL = 16 * 1024  # digits of base 32: five times what a long key in escapes has
_BASE32 = re.compile(rb"[A-Z2-7]{32,}+|[a-z2-7]{32,}+")
_WIDE_UNITS = re.compile(r"[\x00-\x5e]?(?:\\xff[\x00-\x5e]){3,}+(?:\\xff)?")
_HIGH_BYTES = 4  # of one alphabet, those of letters beyond the first 65,536 and of what stands between included
_HIGHS = frozenset(b"\0\1\2\3\x1d\x1f\x20\x21\x24\x2a\x2c\x30\x32\x33\xa7\xd8\xdb\xfb\xfe\xff")
"""The high bytes of all letters that have a form in ASCII, in UTF-16."""
_SAMPLE = 1024  # bytes by which a piece is known
_COMPRESSED = (b"\x1f\x8b\x08", b"x\x01", b"x\x5e", b"x\x9c", b"x\xda")
_INFLATED, _MOST_INFLATED = 64 * 1024, 1024 * 1024  # bytes of each, and of all


def as_read(data: bytes) -> bytes:
    """The beginning of `data` (bytes of UTF-8, 1 MiB at most) with its escapes undone and its letters made plain; and
    once more without tags, comments, terminal codes and what nobody sees, for a key may stand between or within them.
    """
    data = data[:_READ].replace(b"\xff", b"\\xff")  # as `printable.decode` shows it
    return b"\n".join(_read(data[at : at + _STEP + _OVERLAP]) for at in range(0, len(data), _STEP))


def _read(data: bytes) -> bytes:
    text = data.decode("utf-8", "replace")
    if "\\xff" in text:
        text = _WIDE_UNITS.sub(_narrow, text.replace("\0", ""))
    readings = [_spelt_out(text)]
    if ("\\" in text or "&" in text) and (plain := plain_letters(text)) != text:
        readings.append(plain)  # a backslash before a letter in full width is no escape, and becomes one
    # What is taken out may have stood within escapes.
    # A terminal's code may be spelt out, too, and each of its characters may stand in a tag of its own.
    for take_out in (_without_unseen, _without_unseen, _without_markup, _without_unseen):
        text = take_out(readings[-1])
        if text != readings[-1]:
            readings += dict.fromkeys((text, _spelt_out(text)))
    return "\n".join(readings).encode("utf-8", "replace")


def _narrow(units: re.Match[str]) -> str:
    """Letters in full width, of UTF-16 that was read as bytes: U+FF53 is 53 FF or FF 53."""
    return "".join(chr(ord(low) + 0x20) for low in units[0].replace("\\xff", ""))


def _spelt_out(text: str) -> str:
    for _ in range(_ROUNDS):
        undone = _undone(text)
        if undone == text:
            break
        text = undone
    return text


def _without_unseen(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    if not _UNSEEN.keys().isdisjoint(map(ord, set(text))):
        text = text.translate(_UNSEEN)
    if "\x1b" in text or "\x9b" in text:
        text = without(text.encode("utf-8", "replace"), CODES, b"\x1b", b"").decode("utf-8", "replace")
    return text


def _without_markup(text: str) -> str:
    for begin, end in _COMMENTS:
        text = _without_comments(text, begin, end)
    return _TAG.sub("", text)


def unpacked(data: bytes, shortest: int) -> tuple[bytes, bytes, bool]:
    """(what runs of base64 and hex of at least `shortest` characters, of base32, and of numbers hold, one level deep,
    line by line; those lines that are texts, as they are read; whether all was unpacked).

    Forwards and backwards, and from each place where a group may begin; what is compressed is inflated. Runs that hold
    more than anybody would quote may stand before one that holds a key: whoever keeps a text asks the last."""
    pieces: list[bytes] = []
    texts: list[bytes] = []
    inflatable, left = _MOST_INFLATED, _UNPACKED
    joined = _LINE_ENDS.sub(b"", data)  # also with what is no more of it
    for held in _held(data if joined == data else data + b"\n" + joined, shortest):
        piece = held
        if held.startswith(_COMPRESSED) and (packed := _inflated(held, min(inflatable, _INFLATED))):
            if len(packed) >= min(inflatable, _INFLATED):
                return b"\n".join(pieces), b"\n".join(texts), False
            piece, inflatable = packed, inflatable - len(packed)
        else:
            left -= len(piece)
        pieces.append(piece)
        texts += _of_floats(piece)
        if _is_text(piece):
            texts.append(as_read(piece) or piece)
        else:
            texts += map(as_read, _of_utf16(piece))
        if left < 0:
            return b"\n".join(pieces), b"\n".join(texts), False
    return b"\n".join(pieces), b"\n".join(texts), True


def _is_text(piece: bytes) -> bool:
    """Nearly all of it is, or would be without what UTF-16 adds to each letter. What stood before it may have made a
    wrong beginning."""
    narrow = piece.translate(None, b"\0\xff")
    odd = len(narrow) // 16
    if len(narrow) * 3 < len(piece) or _at_least_odd(narrow) > odd:
        return False
    return narrow.decode("utf-8", "replace").count("\ufffd") <= odd


def _at_least_odd(data: bytes) -> int:
    """How many places are no UTF-8, at the least: a letter has one first byte, and one to three more. To count them
    costs a tenth of reading megabytes that are no text."""
    first, further = (len(data) - len(data.translate(None, kind)) for kind in (_FIRST_BYTES, _FURTHER_BYTES))
    return max(first - further, further - 3 * first)


def _of_utf16(piece: bytes) -> Iterator[bytes]:
    """What it says if it is UTF-16 of letters of one alphabet: every second byte, the high one, is one of a few."""
    for high in (0, 1):
        column = piece[high:_SAMPLE:2]
        found = set(column)
        # Neither can be so: nearly all pieces end here, and there may be a hundred thousand of them. Of a letter beyond
        # the first 65,536 only one of two high bytes counts.
        if len(found) > _HIGH_BYTES + len(column) // 4 or sum(map(column.count, found & _HIGHS)) * 3 < len(column):
            continue
        if sum(sorted(map(column.count, found))[-_HIGH_BYTES:]) * 4 >= len(column) * 3 > 0:
            for start, order in ((high, "utf-16-be"), (1 - high, "utf-16-le")):
                letters = piece[start:_SAMPLE].decode(order, "replace")
                if sum(map(_is_plain, letters)) * 2 >= len(letters):
                    yield piece[start:].decode(order, "replace").encode("utf-8", "replace")


def _of_floats(piece: bytes) -> Iterator[bytes]:
    """The characters whose numbers are floats in a row, as a vector in base64 has them."""
    if b"\0\0" not in piece:
        return
    for form, row in _FLOATS.items():
        size = struct.calcsize(form)
        for found in row.findall(piece):
            numbers = (number for (number,) in struct.iter_unpack(form, found[: len(found) // size * size]))
            yield bytes(int(number) & 0x7F for number in numbers)


@lru_cache(maxsize=4096)
def _is_plain(letter: str) -> bool:
    """Whether a letter is one of ASCII, or has such a form."""
    return plain_letters(letter).isascii()


def _inflated(piece: bytes, most: int) -> bytes:
    import zlib

    try:
        return zlib.decompressobj(47).decompress(piece, most) if most > 0 else b"\0"
    except zlib.error:
        return b""


def _held(data: bytes, shortest: int) -> Iterator[bytes]:
    # A reading repeats what was read: each run once.
    for found in dict.fromkeys(re.findall(rb"[A-Za-z0-9+/_-]{%d,}+" % shortest, data)):
        for run in (found, found[::-1]):
            yield from _unbase64(run)
    for found in dict.fromkeys(
        re.findall(rb"[0-9a-fA-F]{%d,}+" % shortest, data)
    ):  # what is beside it is no part of it
        for run in (found, found[::-1], found[1:]):  # backwards, the last is the first
            yield bytes.fromhex(run[: len(run) // 2 * 2].decode())
    yield from _from_base32(data)
    yield from _from_numbers(data)


def _unbase64(run: bytes) -> Iterator[bytes]:
    """From each of the four places where a group may begin: what stands before it may be of base64's letters, too."""
    plain = run.translate(_ONE_ALPHABET)
    for start in range(4):
        whole = plain[start:-1] if (len(run) - start) % 4 == 1 else plain[start:]
        with suppress(NotBase64):
            yield a2b_base64(whole + b"=" * (-len(whole) % 4))


def _from_base32(data: bytes) -> Iterator[bytes]:
    """What runs hold, and for the first of them what each would from another of the eight places where a group may
    begin, or backwards: sixteen readings of a megabyte would cost seconds, and use up what all readings may hold."""
    left = _READ_FROM_ALL
    for found in dict.fromkeys(_BASE32.findall(data)):
        digits = found.translate(_FIVE_BITS)
        yield _of_digits(digits)
        left -= len(digits)
        if left >= 0:
            yield from (_of_digits(run[start:]) for run in (digits, digits[::-1]) for start in range(8))


def _of_digits(digits: bytes) -> bytes:
    """As one number, whose digits are in base 32: for a power of two `int` only looks at each of them."""
    whole = len(digits) * 5 // 8  # bytes; what a group holds beyond them is no byte
    return (int(digits, 32) >> (len(digits) * 5 - whole * 8)).to_bytes(whole, "big")


def _from_numbers(data: bytes) -> Iterator[bytes]:
    if sum(map(data.count, _BETWEEN)) < NUMBERS - 1:
        return
    if data.count(b":") >= NUMBERS or b"|" in data:
        data += b"\n;\n" + _PLACES.sub(b" ", data)
    for found in _NUMBERS.finditer(data):
        digits = found[0].lower().replace(b"0x", b"").translate(_DIGITS).split()
        for known in (_DECIMAL, _HEXADECIMAL):
            # A word beside them (`a`, `bad`) may be a number, too, and one that is none divides them.
            for are_bytes, row in groupby(map(known.get, digits), lambda byte: byte is not None):
                if are_bytes and len(held := bytes(byte for byte in row if byte is not None)) >= _FEWEST:
                    yield held


def _undone(text: str) -> str:
    """One layer of each kind of escape."""
    if not text.isascii():
        for _ in range(_TWICE):  # before letters are made plain: one of the bytes may be ½
            text, found = _TAKEN_APART.subn(_put_together, text)
            if not found:
                break
    if "\\" in text or "%u" in text:
        text = _BACKSLASHES.sub(r"\\", text)
        text = _CODE_POINT.sub(_character, text)
        if _SURROGATE.search(text):  # two escapes for one letter beyond the first 65,536
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        text = _OCTAL.sub(lambda found: f"%{int(found[1], 8):02x}", text)
    if "\\" in text or "=" in text:
        text = _BYTE.sub(r"%\1", _BLANKS.sub(" ", text))
    if "%" in text:
        text = _PERCENT.sub(lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace"), text)
    if "&" in text:
        import html

        text = html.unescape(_NO_CHARACTER.sub(" ", _ZEROS.sub(r"&#\1", text)))
    return plain_letters(text)


def _put_together(found: re.Match[str]) -> str:
    """The letter whose bytes were taken for letters each."""
    plain = _BYTE.sub(lambda escape: chr(int(escape[1], 16)), found[0]).translate(_WINDOWS)
    try:
        return plain.encode("latin-1").decode("utf-8")
    except ValueError:
        return found[0]


def _character(found: re.Match[str]) -> str:
    number = int(found[found.lastindex or 0], 16)
    return chr(number) if number < 0x110000 else " "


def _without_comments(text: str, begin: str, end: str) -> str:
    """Found by hand: an expression would look for the end anew from each beginning that has none."""
    pieces, at = [], 0
    while (start := text.find(begin, at)) >= 0 and (stop := text.find(end, start + len(begin))) >= 0:
        pieces.append(text[at:start])
        at = stop + len(end)
    return "".join([*pieces, text[at:]])
