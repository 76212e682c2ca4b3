"""Looking for secrets in what is about to leave the house, decoded again and again: a key in base64 in a JSON string.

Three looks at each reading: the values of this process's own key variables, in every form that the Redactor knows;
secrets of known kinds by their form; and the run's own key, which nobody here knows, by its length and fingerprint.
"""

import html
import re
import zlib
from binascii import Error, a2b_base64
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import unquote_to_bytes

from chatproof.secrets import known_formats
from chatproof.secrets.key_check import INVALID_KEY
from chatproof.secrets.packed import SHORTEST
from chatproof.secrets.redaction import find_secret, fingerprint
from chatproof.wire.exchange import Secret

DEPTH = 3
_MOST_READINGS = 60
_MOST_BYTES = 2 * 1024 * 1024
_MOST_WINDOWS = 100_000  # of each reading; a bundle has some ten thousand
_INFLATED = 64 * 1024
_NAMES = ("_KEY", "_TOKEN", "_SECRET")
_WORD = re.compile(r"[!-~]+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_\-]{16,}={0,2}")
_HEX = re.compile(rb"(?:[0-9a-fA-F]{2}[:, -]?){8,}")
_ESCAPE = re.compile(rb"(?<!\\)\\++(?:u00|x)([0-9a-fA-F]{2})")


def find(data: bytes, *, length: int = 0, mark: str = "", environ: Mapping[str, str] | None = None) -> str:
    """What was found, in words that do not show it; empty when nothing was. `length` and `mark`: of the run's key."""
    own = [
        (name, Secret(value))
        for name, value in (environ or {}).items()
        if name.endswith(_NAMES) and len(value) >= max(SHORTEST, 12) and value != INVALID_KEY
    ]
    for way, reading in readings(data[:_MOST_BYTES]):
        where = f" (decoded: {way})" if way else ""
        for name, secret in own:
            if find_secret(reading, secret):
                return f"the value of ${name}{where}"
        text = reading.decode("utf-8", "backslashreplace")
        if known_formats.without(text) != text:
            return f"a token or key of a known kind{where}"
        if length >= SHORTEST and mark and _has_key(text, length, mark):
            return f"the key of the run{where}"
    return ""


def _has_key(text: str, length: int, mark: str) -> bool:
    """Some run of characters has the length and the fingerprint of the run's key."""
    left = _MOST_WINDOWS
    for word in _WORD.finditer(text):
        run = word[0]
        for at in range(len(run) - length + 1):
            left -= 1
            if left < 0:
                return False
            if fingerprint(Secret(run[at : at + length])) == mark:
                return True
    return False


def readings(data: bytes) -> Iterator[tuple[str, bytes]]:
    """(how it was decoded, the bytes), breadth first, each distinct reading once."""
    seen, level, left = {data}, [("", data)], _MOST_READINGS
    yield "", data
    for _ in range(DEPTH):
        deeper = []
        for way, text in level:
            for name, decode in _DECODERS.items():
                found = decode(text)[:_MOST_BYTES]
                if len(found) < SHORTEST or found in seen:
                    continue
                seen.add(found)
                deeper.append((f"{way}, {name}".lstrip(", "), found))
                yield deeper[-1]
                left -= 1
                if not left:
                    return
        level = deeper


def _unbase64(data: bytes) -> bytes:
    """Every run of base64, at its four alignments, either alphabet."""
    parts = []
    for run in _BASE64.findall(data):
        plain = run.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
        for shift in range(4):
            piece = plain[shift:]
            piece = piece[: len(piece) - (len(piece) % 4 == 1)]  # one character left over is no byte
            try:
                parts.append(a2b_base64(piece + b"=" * (-len(piece) % 4)))
            except Error:
                continue
    return b"\n".join(parts)


def _unhex(data: bytes) -> bytes:
    runs = [re.sub(rb"[^0-9a-fA-F]", b"", run) for run in _HEX.findall(data)]
    return b"\n".join(bytes.fromhex(run[: len(run) // 2 * 2].decode()) for run in runs)


def inflated(data: bytes) -> bytes:
    """What gzip and zlib streams in the bytes hold, as far as they can be read; bounded."""
    parts = []
    for start in [found.start() for found in re.finditer(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]", data)][:32]:
        reader = zlib.decompressobj(47)
        try:  # a little at a time: what comes before damage is kept
            for at in range(start, min(len(data), start + _INFLATED), 4):
                parts.append(reader.decompress(data[at : at + 4], _INFLATED))
        except zlib.error:
            pass
        parts.append(b"\n")
    return b"".join(parts)


_DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "escapes": lambda data: _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), data) if b"\\" in data else b"",
    "percent": lambda data: unquote_to_bytes(data) if b"%" in data else b"",
    "HTML": lambda data: html.unescape(data.decode("latin-1")).encode("utf-8", "replace") if b"&" in data else b"",
    "base64": _unbase64,
    "hex": _unhex,
    "gzip": inflated,
    "joined": lambda data: data.translate(None, b" \t\r\n\"'+,"),
}
