"""Base32, base85 and rot13 of a value; and whether base64, hex or numbers may stand in a text: a look that loads
nothing, for nearly every text has none. And a text in parts, and without what a key's letters may stand between."""

from binascii import b2a_base64
from collections.abc import Iterable, Iterator
from operator import eq
from sys import byteorder

SHORTEST = 8  # characters: below this, removing a value by substring would shred the record
ASCII85 = bytes(range(33, 33 + 85)).decode()
BASE85 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"  # RFC 1924
_RUN_OF_URL = bytes(97 if (chr(byte).isalnum() and byte < 128) or byte in b"+/-_" else 32 for byte in range(256))
_HEX = bytes(97 if byte in b"0123456789abcdefABCDEF" else 32 for byte in range(256))
_BASE32 = bytes(97 if (chr(byte).isalpha() and byte < 128) or byte in b"234567" else 32 for byte in range(256))
_MOST_RUNS = 1024  # that are none: more are looked into without a second thought
_NUMBER = bytes(
    48 if byte in b"0123456789abcdefABCDEF" else 44 if byte in b" ,:;|-\t\r\n" else 32 for byte in range(256)
)
_COMPRESSED = tuple(
    first + second
    for begin, end in ((b"\x1f", b"\x8b"), (b"x", b"\x9c"))
    for first in ((b"x",) if begin == b"x" else (b"\x1f", b"\\x1f", b"\\u001f"))
    for second in (b"\xc2" + end, b"\\x%x" % end[0], b"\\u00%x" % end[0])
)
"""What gzip and zlib begin with, each byte written as a character: itself, or an escape of it."""
_MORE = 25  # characters that follow where any secret is: `printable.begun` shows 24 at most
_AT_ONCE, _OVERLAP = (
    128 * 1024,
    32 * 1024,
)  # bytes of a part, and of what the next repeats: more than a key that is spelt
_LONGEST_PACKED, _SHORTEST_PACKED = 40, 16  # ids of 32 digits are everywhere: only for shorter keys they are unpacked
_WORDS = bytes(byte if (chr(byte).isalnum() and byte < 128) or byte in b"+/=_" else 32 for byte in range(256))
_BLANK_ESCAPES = (b"\\r", b"\\n", b"\\t")
_VARIED = 8  # words: of fewer, over and over, nothing is written
_HALVED = 4  # times: of up to sixteen separators in a row one is left
_NO_ALNUM = bytes(byte for byte in range(256) if not (bytes((byte,)).isalnum() and byte < 128))
GROUP = 4
_FEW_WORDS = 8  # to find so many in the text, one after another, costs less than to look at each of its words
_RARELY = 64  # bytes of a text for each place where a word is found, at least
NUMBERS = 12  # in a row: bytes of a key, as hex or decimal numbers with something between them


def has_run(data: bytes, shortest: int) -> bool:
    """Whether `data` has so many characters of base64, base32 or hex in a row, or as many numbers as a key has bytes.

    Names of headers and of media types beside ids are long, too; base64 of a text has letters of both cases."""
    wanted, marked, at = b"a" * shortest, data.translate(_RUN_OF_URL), 0
    for _ in range(_MOST_RUNS):
        at = marked.find(wanted, at)
        if at < 0:
            return has_numbers(data)
        end = marked.find(b" ", at)
        run = data[at : end if end >= 0 else len(data)]
        if _may_be_packed(run, shortest):
            return True
        at += len(run)
    return True


def _may_be_packed(run: bytes, shortest: int) -> bool:
    small, large = run.islower(), run.isupper()
    if not (small or large):
        return True
    letters = b"a" * shortest
    return letters in run.translate(_HEX) or letters in run.translate(_BASE32)


def has_numbers(data: bytes) -> bool:
    """Whether as many numbers of two or three digits stand in a row as a key has bytes, at least."""
    marked = data.translate(_NUMBER, b"xX").replace(b"000,", b"00,")
    if b"00," not in marked:
        return False
    for _ in range(_HALVED):
        marked = marked.replace(b",,", b",")
    return b"00," * (NUMBERS - 1) in marked


def rows(data: bytes, shortest: int) -> bytes:
    """Words of one length in a row, put together where they make at least `shortest` characters: base64 in lines of any
    width, or with something between its letters. Divided at what is blank, and at what is no letter or digit."""
    if len(data) < shortest:
        return b""
    if b"\\" in data:
        for blank in _BLANK_ESCAPES:
            data = data.replace(blank, b" ")
    found: dict[bytes, None] = {}
    for words in (data.split(), data.translate(_WORDS).split()):
        sizes = [*map(len, words)]
        same = bytes(map(eq, sizes, sizes[1:]))  # 1: the next word is as long
        at = same.find(b"\1")
        while at >= 0:
            end = same.find(b"\0", at)
            end = len(same) if end < 0 else end
            size = sizes[at]
            if (end - at + 1) * size >= shortest:
                last = end + 1 < len(sizes) and sizes[end + 1] < size  # the last line is shorter
                row = words[at : end + 1 + last]
                joined = b"".join(row)
                are_words = joined.isalpha() and (joined.islower() or joined.isupper())
                if not are_words and len({*row}) >= min(len(row) // 2, _VARIED):
                    # Its first piece may stand at the end of another word: `realm=c 2 s`.
                    before = words[at - 1][-size:] if at and sizes[at - 1] > size else b""
                    found |= {joined: None, before + joined: None}
            at = same.find(b"\1", end)
    return b"\n".join(found)


def encodings(value: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each form in which a server may return a value. All are ASCII, most telling first."""
    raw = value.encode("utf-8", "surrogatepass")
    yield "plain", value
    yield "reversed", value[::-1]
    yield "hex", raw.hex()
    yield "percent-encoded", "".join(f"%{byte:02X}" for byte in raw)
    yield "percent-encoded twice", "".join(f"%25{byte:02X}" for byte in raw)
    yield "JSON escapes", "".join(f"\\u{byte:04x}" for byte in raw)
    yield "JSON escapes", "".join(f"\\u{{{byte:x}}}" for byte in raw)
    yield "escapes", "".join(f"\\x{byte:02x}" for byte in raw)
    yield "octal escapes", "".join(f"\\{byte:03o}" for byte in raw)
    yield "quoted-printable", "".join(f"={byte:02X}" for byte in raw)
    yield "hexadecimal numbers", " ".join(f"0x{byte:02x}" for byte in raw)
    yield "decimal numbers", " ".join(str(byte) for byte in raw)
    yield "decimal numbers", " ".join(f"{byte:03}" for byte in raw)
    yield "HTML references", "".join(f"&#{byte};" for byte in raw)
    yield "HTML references", "".join(f"&#x{byte:x};" for byte in raw)
    yield "HTML references", "".join(f"&#x{byte:04x};" for byte in raw)
    yield "rot13", rot13(value)
    # The value may begin at any alignment; characters shared with its neighbours are cut off.
    for shift in range(5):
        padded = base32(b"\0" * shift + raw)
        yield "base32", padded[-(-shift * 8 // 5) : len(padded) - (1 if (shift + len(raw)) % 5 else 0)]
    for name, data in (("base64", raw), ("base64 of UTF-16", value.encode("utf-16-le", "surrogatepass"))):
        for shift in range(3):
            padded = b2a_base64(b"\0" * shift + data, newline=False).decode().rstrip("=")
            aligned = padded[-(-shift * 8 // 6) : len(padded) - (1 if (shift + len(data)) % 3 else 0)]
            yield name, aligned
            yield name, aligned.replace("+", "-").replace("/", "_")
    for shift in range(4):
        for alphabet in (BASE85, ASCII85):
            aligned = base85(raw[shift:], alphabet)
            if len(aligned) >= SHORTEST:
                yield "base85", aligned


def base32(raw: bytes) -> str:
    """RFC 4648 without padding; the base64 module would be one more import on the cold path."""
    bits = len(raw) * 8
    number = int.from_bytes(raw) << (-bits % 5)
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return "".join(digits[number >> shift & 31] for shift in range((bits + 4) // 5 * 5 - 5, -1, -5))


def base85(raw: bytes, alphabet: str) -> str:
    """Whole groups only: what four bytes make is shared with nobody."""
    numbers = [int.from_bytes(raw[at : at + 4]) for at in range(0, len(raw) - 3, 4)]
    return "".join([alphabet[number // power % 85] for number in numbers for power in (52200625, 614125, 7225, 85, 1)])


def rot13(text: str) -> str:
    small, large = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return text.translate(str.maketrans(small + large, small[13:] + small[:13] + large[13:] + large[:13]))


def holds_compressed(data: bytes) -> bool:
    """Whether compressed bytes stand in a text as characters or escapes, as programs print a body: `b'\\x1f\\x8b…'`."""
    if b"\x8b" not in data and b"\x9c" not in data and b"8b" not in data.lower() and b"9c" not in data.lower():
        return False
    plain = data.replace(b"\\\\", b"\\").lower()
    after = (rest for mark in _COMPRESSED if mark in plain for rest in plain.split(mark)[1:])
    return any(len(rest.partition("…".encode())[0]) >= _MORE for rest in after)


def steps(data: bytes) -> Iterator[bytes]:
    """A text in parts that are searched one by one, so that nothing in one is too much for what stands in another."""
    for at in range(0, max(len(data) - _OVERLAP, 1), _AT_ONCE):
        yield data[at : at + _AT_ONCE + _OVERLAP]


def packed_size(lengths: Iterable[int]) -> int:
    """How long base64 of one of the secrets is at least, in whatever form it was."""
    return max(_SHORTEST_PACKED, min([_LONGEST_PACKED, *(length * 4 // 3 for length in lengths)]))


def squeeze(data: bytes) -> bytes:
    """Letters and digits only, lower case. UTF-16 loses its zero bytes, hex its colons, escapes their backslashes."""
    return data.translate(None, _NO_ALNUM).lower()


def bytewise(text: str) -> bytes:
    """A byte for each character, ASCII letters in lower case."""
    return text.encode("latin-1", "replace").lower()


def words(data: bytes) -> "memoryview[int]":
    """Four bytes each, as numbers; a shorter rest is left out."""
    return memoryview(data)[: len(data) // GROUP * GROUP].cast("I")


def places(data: bytes, wanted: frozenset[int]) -> list[int]:
    """Where one of these words of four bytes stands, at places divisible by four, in order."""
    found, looks = [], len(data) // _RARELY
    for word in wanted if len(wanted) <= _FEW_WORDS else ():
        held = word.to_bytes(GROUP, byteorder)
        at = data.find(held)
        while at >= 0 and looks >= 0:
            found += [at] if at % GROUP == 0 else []
            at, looks = data.find(held, at + 1), looks - 1
    if len(wanted) > _FEW_WORDS or looks < 0:  # they stand everywhere: a look at each word is cheaper
        return [i * GROUP for i, word in enumerate(words(data)) if word in wanted]
    return sorted(found)
