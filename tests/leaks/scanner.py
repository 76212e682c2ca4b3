"""Looking for canaries in bytes: every encoding, every eight characters of the random part, through nested encodings.

Shares nothing with chatproof's own redactor, so that no mistake is made twice. Two halves: `_readings` decodes a text
again and again (a key in base64 in a JSON string in gzip is read); `Canary.found` looks for the canary in one reading.
Windows are looked for by groups at regular places: a reading is cut once into words of four and eight bytes, which are
held against the groups of every canary.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import gzip
import hashlib
import html
import io
import json
import os
import re
import secrets
import sqlite3
import sys
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_to_bytes

DEPTH = 4
WINDOW = 8
MOST_READINGS = 200
MOST_BYTES = 4 * 1024 * 1024


class Found(NamedTuple):
    canary: str  # its name, never its value
    form: str
    path: str  # how it was decoded: "json>base64"
    place: str = ""


class Canary:
    """A value that must not appear. `prefix` is no secret; `random` is."""

    def __init__(self, name: str, prefix: str = "sk-CANARY", random: str = "") -> None:
        self.name = name
        self.prefix = prefix
        self.random = random or os.urandom(20).hex()
        self.value = prefix + self.random
        self._needles = _Needles()
        for name, form in whole_forms(self.value):
            self._needles.add(name, form.encode("utf-8", "surrogatepass"))
        for digest, name in _digests(self.value):
            self._needles.add(name, digest)
        text, raw = self.random, self.random.encode()
        windows: list[tuple[str, set[str], int]] = [
            ("window", {text, text[::-1], codecs.encode(text, "rot13")}, 8),
            ("hex window", {raw.hex(), raw.hex()[::-1]}, 16),
            ("base64 window", set(_base64(raw)), 10),
            ("base32 window", set(_base32(raw)), 13),
            ("base85 window", set(_base85(raw)), 10),
        ]
        for name, texts, size in windows:
            for form in texts:
                for at in range(len(form) - size + 1):
                    self._needles.add(name, form[at : at + size].encode())

    def __repr__(self) -> str:
        return f"Canary({self.name})"  # a failing test prints its locals, too

    def found(self, reading: Reading) -> set[str]:
        """Names of the forms in one reading."""
        return self._needles.within(reading)


class Reading:
    """Bytes as they are searched: in lower case, and cut into the words that begin at each fourth and eighth byte."""

    def __init__(self, data: bytes) -> None:
        self.data = data.lower()
        self.words = {
            size: set(memoryview(self.data)[: len(data) // size * size].cast(kind)) for size, kind in _WORDS.items()
        }


_WORDS = {4: "I", 8: "Q"}


class _Needles:
    """What is looked for, without regard to case. A run of 2g-1 bytes or more holds a whole word of g at a place k*g:
    only where one of its words is in a reading is the needle itself looked for."""

    def __init__(self) -> None:
        self._by_word: dict[int, dict[int, set[tuple[str, bytes]]]] = {size: defaultdict(set) for size in _WORDS}

    def add(self, name: str, needle: bytes) -> None:
        needle = needle.lower()
        size = 8 if len(needle) >= 15 else 4  # a word of four is found by chance in much that is hexadecimal
        assert len(needle) >= 2 * size - 1
        for at in range(len(needle) - size + 1):
            word = int.from_bytes(needle[at : at + size], sys.byteorder)
            self._by_word[size][word].add((name, needle))

    def within(self, reading: Reading) -> set[str]:
        return {
            name
            for size, needles in self._by_word.items()
            for word in needles.keys() & reading.words[size]
            for name, needle in needles[word]
            if needle in reading.data
        }


def whole_forms(value: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each way to write the whole value down."""
    raw = value.encode()
    yield "raw", value
    yield "reversed", value[::-1]
    yield "rot13", codecs.encode(value, "rot13")
    for data, name in ((raw, "base64"), (b"Bearer " + raw, "base64 of Bearer"), (b":" + raw, "base64 of basic")):
        for text in _base64(data):
            yield name, text
    for text in _base32(raw):
        yield "base32", text
    for text in _base85(raw):
        yield "base85", text
    yield "hex", raw.hex()
    yield "hex, colons", raw.hex(":")
    yield "hex, spaces", raw.hex(" ")
    yield "percent", "".join(f"%{b:02x}" for b in raw)
    yield "percent, minimal", quote(value, safe="")
    yield "percent, double", "".join(f"%25{b:02x}" for b in raw)
    yield "\\u", "".join(f"\\u{b:04x}" for b in raw)
    yield "\\x", "".join(f"\\x{b:02x}" for b in raw)
    yield "octal", "".join(f"\\{b:03o}" for b in raw)
    yield "HTML decimal", "".join(f"&#{b};" for b in raw)
    yield "HTML hex", "".join(f"&#x{b:x};" for b in raw)
    yield "quoted-printable", "".join(f"={b:02X}" for b in raw)
    yield "UTF-16", value.encode("utf-16-le").decode("latin-1").rstrip("\0")
    yield "UTF-32", value.encode("utf-32-le").decode("latin-1").rstrip("\0")
    yield "integers", ", ".join(str(b) for b in raw)
    yield "integers, tight", ",".join(str(b) for b in raw)
    yield "one character a line", "\n".join(value)
    yield "NUL-separated", "\0".join(value)


def _digests(value: str) -> Iterator[tuple[bytes, str]]:
    """An unsalted hash of a key is an oracle."""
    for written in (value, f"Bearer {value}"):
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, written.encode())
            yield digest.hexdigest().encode(), name
            yield base64.b64encode(digest.digest()).rstrip(b"="), name


def _base64(raw: bytes) -> Iterator[str]:
    """At the three alignments, without the characters shared with neighbours, in both alphabets."""
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        text = text[(0, 2, 3)[shift] : len(text) - (1 if (shift + len(raw)) % 3 else 0)]
        yield text
        yield text.replace("+", "-").replace("/", "_")


def _base32(raw: bytes) -> Iterator[str]:
    for shift in range(5):
        text = base64.b32encode(b"\0" * shift + raw).decode().rstrip("=")
        yield text[-(-shift * 8 // 5) : len(text) - 1]


def _base85(raw: bytes) -> Iterator[str]:
    for encode in (base64.b85encode, base64.a85encode):
        for shift in range(4):
            text = encode(b"\1" * shift + raw).decode()
            yield text[5 if shift else 0 : len(text) - 5]


# -- reading ----------------------------------------------------------------------------------------------------------


def scan(data: bytes | str | Path, *canaries: Canary) -> list[Found]:
    """Each canary, form and way of decoding; empty when nothing is there. A path: a file, or all files of a folder."""
    if isinstance(data, Path):
        files = sorted(p for p in data.rglob("*") if p.is_file()) if data.is_dir() else [data]
        named = [(str(p), p.read_bytes()) for p in files] + [("file name", str(p).encode()) for p in files]
        return [f._replace(place=place) for place, content in named for f in scan(content, *canaries)]
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    if raw.startswith((_SQLITE, *_WAL_STARTS)):
        return [*_scan(raw, canaries, 1), *(f for text in _rows(raw) for f in _scan(text, canaries, DEPTH))]
    return list(_scan(raw, canaries, DEPTH))


_SQLITE = b"SQLite format 3\0"
_WAL_STARTS = tuple(b"\x37\x7f\x06" + end for end in (b"\x82", b"\x83"))


def _rows(data: bytes) -> list[bytes]:
    """Every text and blob in a SQLite database: its pages hold them in pieces, and are too many to be read deeply."""
    if data[:16] != _SQLITE:
        return []
    kept = sqlite3.connect(":memory:")
    try:
        kept.deserialize(data[:18] + b"\1\1" + data[20:])  # in memory there is no write-ahead log
        names = [row[0] for row in kept.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [row for name in names for row in kept.execute(f'SELECT * FROM "{name}"')]
    except sqlite3.DatabaseError:
        return []
    finally:
        kept.close()
    values = {value for row in rows for value in row if isinstance(value, str | bytes)}
    return [value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value for value in values]


@lru_cache(maxsize=512)
def _scan(data: bytes, canaries: tuple[Canary, ...], depth: int) -> tuple[Found, ...]:
    return tuple(
        Found(canary.name, form, path)
        for path, decoded in readings(data, depth)
        for reading in (Reading(decoded),)
        for canary in canaries
        for form in sorted(canary.found(reading))
    )


def readings(data: bytes, depth: int = DEPTH) -> Iterator[tuple[str, bytes]]:
    """The bytes, and what they decode to, breadth first to a depth of four. Equal readings come once."""
    seen: set[bytes] = {data}
    level = [("", data)]
    yield "", data
    left = MOST_READINGS
    for _ in range(depth):
        deeper: list[tuple[str, bytes]] = []
        for path, text in level:
            done = set(path.split(">"))
            for name, decode in DECODERS.items():
                if name in _ONCE and done & _ONCE[name]:
                    continue
                decoded = decode(text)
                if decoded is None or len(decoded) < WINDOW or decoded in seen:
                    continue
                decoded = decoded[:MOST_BYTES]
                seen.add(decoded)
                deeper.append((f"{path}>{name}".lstrip(">"), decoded))
                yield deeper[-1]
                left -= 1
                if not left:
                    return
        level = deeper


# Joining and stripping commute: once on a way is enough, and in one order.
_ONCE = {
    "json": {"json", "strings", "space"},
    "ansi": {"ansi", "space", "strings"},
    "strings": {"strings", "space"},
    "space": {"space"},
    "deltas": {"deltas", "space", "strings"},
    "html": {"html"},
    "quoted-printable": {"quoted-printable"},
    "integers": {"integers"},
    "places": {"places"},
    "base32": {"base32"},
}
_ODD = bytes(range(1, 9)) + bytes(range(14, 32)) + bytes(range(127, 256))


def _sense(data: bytes) -> bool:
    """Decoded by chance, or on purpose: text, wide text or something compressed. Noise is not decoded further; a key
    within noise is found by the windows of its encoded form."""
    return len(data) >= WINDOW and (
        data[:2] in (b"\x1f\x8b", b"PK") or data[:1] == b"x" or len(data.translate(None, _ODD)) * 4 > len(data) * 3
    )


def _joined(parts: list[bytes]) -> bytes | None:
    return b"\n".join(part for part in parts if _sense(part)) or None


def _inflate(data: bytes) -> bytes | None:
    found = []
    for start in (m.start() for m in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", data[:MOST_BYTES])):
        reader = zlib.decompressobj(47)
        try:  # piece by piece: what comes before damage is kept
            for at in range(start, min(len(data), start + MOST_BYTES), 16):
                found.append(reader.decompress(data[at : at + 16], MOST_BYTES))
        except zlib.error:
            continue
    return b"".join(found) or None


def _unzip(data: bytes) -> bytes | None:
    start = data.find(b"PK\x03\x04")
    if start < 0:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(data[start:])) as archive:
            return b"\n".join(archive.read(name) for name in archive.namelist())
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, ValueError, OSError, EOFError):
        return None


def _runs_of(alphabet: bytes) -> Callable[[bytes], list[bytes]]:
    """Finds the runs of sixteen or more of these bytes, without the cost of a regex at each place."""
    others = bytes(set(range(256)) - set(alphabet))
    table = bytes.maketrans(others, b" " * len(others))
    return lambda data: [run for run in data.translate(table).split() if len(run) >= 16]


_b64_runs = _runs_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-")
_b32_runs = _runs_of(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
_b32_low_runs = _runs_of(b"abcdefghijklmnopqrstuvwxyz234567")
_hex_runs = _runs_of(b"0123456789abcdefABCDEF")
_B32_DIGIT = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHIJKLMNOPQRSTUV")
_B64_CHAR = frozenset(b"0123456789+/_-")


def _unbase64(data: bytes) -> bytes | None:
    found = []
    for run in _b64_runs(data):
        if run.islower() and not _B64_CHAR & set(run):
            continue  # a word
        standard = run.translate(bytes.maketrans(b"-_", b"+/"))
        for shift in range(4):
            part = standard[shift:]
            part = part[: len(part) // 4 * 4]
            if part:
                found.append(binascii.a2b_base64(part))
    return _joined(found)


def _unbase32(data: bytes) -> bytes | None:
    found = []
    for run in {*_b32_runs(data), *_b32_low_runs(data)}:
        digits = run.upper().translate(_B32_DIGIT)
        for shift in range(8):
            part = digits[shift : len(digits) - (len(digits) - shift) % 8]
            if part:
                found.append(int(part, 32).to_bytes(len(part) * 5 // 8, "big"))
    return _joined(found)


_SPLIT_HEX = re.compile(rb"[0-9a-fA-F]{2}(?:[:,\s-]{1,2}(?:0x)?[0-9a-fA-F]{2}){7,}")


def _unhex(data: bytes) -> bytes | None:
    found = []
    for run in _hex_runs(data):
        for digits in (run, run[1:]):
            found.append(bytes.fromhex(digits[: len(digits) // 2 * 2].decode()))
    for run in _SPLIT_HEX.findall(data):
        digits = re.sub(rb"0x|[^0-9a-fA-F]", b"", run)
        found.append(bytes.fromhex(digits[: len(digits) // 2 * 2].decode()))
    return _joined(found)


def _unpercent(data: bytes) -> bytes | None:
    return unquote_to_bytes(data) if b"%" in data else None


_ESCAPE = re.compile(
    rb"\\+(?:u\{?([0-9a-fA-F]{4,6})\}?|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([0-3][0-7]{2})|([nrt\"'/\\]))"
)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def _unescape(data: bytes) -> bytes | None:
    def char(m: re.Match[bytes]) -> bytes:
        code = m[1] or m[2] or m[3]
        number = int(code, 16) if code else int(m[4], 8) if m[4] else -1
        if number < 0:
            return _LETTERS.get(m[5], m[5])
        if number < 0x80:
            return bytes((number,))
        return chr(number).encode("utf-8", "surrogatepass") if number < 0x110000 else m[0]

    return _ESCAPE.sub(char, data) if b"\\" in data else None


def _unhtml(data: bytes) -> bytes | None:
    return html.unescape(data.decode("latin-1")).encode("utf-8", "surrogatepass") if b"&" in data else None


def _unquote_printable(data: bytes) -> bytes | None:
    return binascii.a2b_qp(data) if re.search(rb"=[0-9A-F]{2}|=\r?\n", data) else None


_INTEGERS = re.compile(rb"\d{2,3}(?:[,;\s]+\d{2,3}){7,}")


def _integers(data: bytes) -> bytes | None:
    runs = [[int(n) for n in re.findall(rb"\d+", run)] for run in _INTEGERS.findall(data)]
    return b"\n".join(bytes(n for n in run if n < 256) for run in runs) or None


def _wide(data: bytes) -> bytes | None:
    return data.replace(b"\0", b"") if b"\0" in data else None


_ANSI = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_SPACE = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]+")


def _strip_ansi(data: bytes) -> bytes | None:
    return _ANSI.sub(b"", data) if b"\x1b" in data else None


def _strip_space(data: bytes) -> bytes | None:
    return _SPACE.sub("", data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _join_strings(data: bytes) -> bytes | None:
    """`"sk-CAN" "ARY"`, `'a' + 'b'`, `["a", "b"]`."""
    return re.sub(rb"[\"']\]?\s*[,+.]?\s*\[?[\"']", b"", data)


_DELTA = re.compile(rb"\"(?:content|reasoning_content|text|refusal|arguments|delta)\"\s*:\s*\"((?:[^\"\\]|\\.)*)\"")


def _join_deltas(data: bytes) -> bytes | None:
    """All SSE delta contents in a row, wherever they stand: a stream, or an excerpt of one."""
    return b"".join(_DELTA.findall(data)) or None


_PLACE = re.compile(rb"[\[{(,\n ]\\*[\"']?\d{1,4}\\*[\"']?\s*[:,]\s*\\*[\"']?([A-Za-z0-9_-]{1,7})(?![A-Za-z0-9_-])")


def _join_places(data: bytes) -> bytes | None:
    """`{"0": "s", "1": "k"}`, `1: sk-C`: what stands behind numbers, in a row; numbers of bytes as those."""
    found = _PLACE.findall(data)
    if len(found) < WINDOW:
        return None
    codes = bytes(int(one) for one in found if one.isdigit() and int(one) < 256)
    return b"".join(found) + b"\n" + codes


def _join_json(data: bytes) -> bytes | None:
    """All strings of a JSON document, names included, one a line and joined."""
    if data.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        strings = list(_strings(json.loads(data)))
    except (ValueError, RecursionError):
        return None
    return "\n".join((*strings, "", "".join(strings))).encode("utf-8", "surrogatepass")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield str(name)
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


DECODERS: dict[str, Callable[[bytes], bytes | None]] = {
    "json": _join_json,
    "escapes": _unescape,
    "deltas": _join_deltas,
    "inflate": _inflate,
    "zip": _unzip,
    "base64": _unbase64,
    "hex": _unhex,
    "base32": _unbase32,
    "percent": _unpercent,
    "html": _unhtml,
    "quoted-printable": _unquote_printable,
    "integers": _integers,
    "places": _join_places,
    "utf-16/32": _wide,
    "ansi": _strip_ansi,
    "space": _strip_space,
    "strings": _join_strings,
}


def controls(data: bytes, allowed: bytes = b"\n\t") -> list[str]:
    """Raw control, bidi and zero-width characters, which no text sink may let through."""
    text = data.decode("utf-8", "replace")
    return sorted({f"U+{ord(c):04X}" for c in text if not c.isprintable() and c not in allowed.decode()})


KEY = Canary("key")
PROXY = Canary("proxy userinfo", prefix="pw-CANARY")
ODD_KEY = Canary("key in no known form", prefix="CANARY")
"""A key that no prefix gives away."""
STRANGER = Canary("another secret", prefix="ghp_CANARY")
"""What a server lets slip: known by its form alone."""
_WORDS_OF_NAMES = "otter lantern cobalt maple harbour velvet copper meadow falcon granite juniper saffron".split()  # noqa: SIM905
DECOY = Canary("decoy", prefix="dk-decoy-", random="-".join(secrets.SystemRandom().sample(_WORDS_OF_NAMES, 6)))
"""Expected in every run: the positive control. A name, because what looks like a key is refused as an argument."""


def hidden(canary: Canary = DECOY) -> bytes:
    """The decoy as hard to find as a key might be: gzip in base64 in percent-encoding."""
    return quote(base64.b64encode(gzip.compress(canary.value.encode(), mtime=0)).decode(), safe="").encode()
