"""Finding and removing secrets, in plain and encoded form. The one place where redaction is done.

Removal works on windows of eight characters, so that a key cut in half by a length limit, a line end or a masking
server is removed as well. It is linear: a bounded number of set look-ups for each character, no regular expression.
"""

from binascii import b2a_base64
from collections.abc import Iterator
from functools import lru_cache

from chatproof.exchange import Secret

MARK = "[REDACTED:api_key]"
_WINDOW = 8
_GROUP = 4
_WINDOWS_FROM = 20  # shorter secrets are removed whole only: their pieces are ordinary words
SHORTEST = 8  # below this, removing a value by substring would shred the record


def encodings(value: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each form in which a server may return a value. All are ASCII, most telling first."""
    raw = value.encode("utf-8", "surrogatepass")
    yield "plain", value
    yield "reversed", value[::-1]
    yield "hex", raw.hex()
    yield "hex", raw.hex().upper()
    yield "percent-encoded", "".join(f"%{byte:02X}" for byte in raw)
    yield "percent-encoded", "".join(f"%{byte:02x}" for byte in raw)
    yield "JSON escapes", "".join(f"\\u{byte:04x}" for byte in raw)
    yield "JSON escapes", "".join(f"\\u{byte:04X}" for byte in raw)
    yield "HTML references", "".join(f"&#{byte};" for byte in raw)
    yield "HTML references", "".join(f"&#x{byte:x};" for byte in raw)
    yield "HTML references", "".join(f"&#x{byte:X};" for byte in raw)
    yield "rot13", _rot13(value)
    yield "base32", _base32(raw)
    for shift in range(3):
        # The value may begin at any of three alignments; characters shared with its neighbours are cut off.
        padded = b2a_base64(b"\0" * shift + raw, newline=False).decode().rstrip("=")
        first = -(-shift * 8 // 6)
        last = len(padded) - (1 if (shift + len(raw)) % 3 else 0)
        yield "base64", padded[first:last]
        yield "base64", padded[first:last].replace("+", "-").replace("/", "_")


def find_secret(data: bytes, secret: Secret) -> str:
    """In which form the whole secret stands in `data`; empty when it does not."""
    value = secret.reveal()
    if len(value) < SHORTEST:
        return "plain" if value.encode("utf-8", "surrogatepass") in data else ""
    folded = data.lower()
    for name, form, any_case in _needles(secret):
        if form in (folded if any_case else data):
            return name
    return ""


@lru_cache(maxsize=8)
def _needles(secret: Secret) -> tuple[tuple[str, bytes, bool], ...]:
    """(name, bytes to look for, whether case is folded), computed once for each secret."""
    value = secret.reveal()
    folded = ("plain", "hex", "base32", "rot13", "reversed")
    found = dict.fromkeys((name, text.lower() if name in folded else text) for name, text in encodings(value))
    wide = ("UTF-16", value.encode("utf-16-le", "surrogatepass"), False)
    return (*((name, text.encode("utf-8", "surrogatepass"), name in folded) for name, text in found), wide)


class Redactor:
    """Replaces every registered secret, whole or in part, by a mark of fixed length."""

    def __init__(self, secrets: list[Secret]) -> None:
        self._short: list[str] = []
        self._whole: list[str] = []
        windows: set[str] = set()
        for secret in secrets:
            value = secret.reveal()
            if len(value) < SHORTEST:
                continue
            forms = {text for _, text in encodings(value)} | {value.lower(), value.upper()}
            if len(value) < _WINDOWS_FROM:
                self._whole.extend(forms)
                continue
            for form in forms:
                windows.update(form[i : i + _WINDOW] for i in range(len(form) - _WINDOW + 1))
        self._whole.sort(key=len, reverse=True)  # longest first: one secret may begin with another
        self._windows = frozenset(windows)
        # Eight characters in a row hold an aligned group of four: looking at those first is four times less work.
        self._groups = frozenset(window[i : i + _GROUP] for window in windows for i in range(_WINDOW - _GROUP + 1))

    def __bool__(self) -> bool:
        return bool(self._windows or self._whole)

    def text(self, text: str) -> str:
        """`text` without any secret, nor any eight characters of a long one."""
        for form in self._whole:
            if form in text:
                text = text.replace(form, MARK)
        if not self._windows or len(text) < _WINDOW:
            return text
        hits = self._hits(text)
        if not hits:
            return text
        pieces, at, start, end = [], 0, hits[0], hits[0]
        for hit in (*hits[1:], len(text) + _WINDOW):
            if hit > end + _WINDOW:  # a gap: close the run that began at `start`
                pieces += [text[at:start], MARK]
                at, start = end + _WINDOW, hit
            end = hit
        return "".join([*pieces, text[at:]])

    def _hits(self, text: str) -> list[int]:
        """Where a window of a secret begins, in order."""
        windows, groups, last = self._windows, self._groups, len(text) - _WINDOW
        near = [i for i in range(0, len(text), _GROUP) if text[i : i + _GROUP] in groups]
        places = {at for i in near for at in range(max(i - _GROUP, 0), min(i, last) + 1)}
        return sorted(at for at in places if text[at : at + _WINDOW] in windows)


def fingerprint(secret: Secret) -> str:
    """Tells two keys apart without being an oracle for either: 32 bits of a keyed hash."""
    from hashlib import blake2s

    value = secret.reveal().encode("utf-8", "surrogatepass")
    return blake2s(value, key=b"chatproof key fingerprint", digest_size=4).hexdigest()


def _base32(raw: bytes) -> str:
    """RFC 4648 without padding; the base64 module would be one more import on the cold path."""
    bits = len(raw) * 8
    number = int.from_bytes(raw) << (-bits % 5)
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return "".join(digits[number >> shift & 31] for shift in range((bits + 4) // 5 * 5 - 5, -1, -5))


def _rot13(text: str) -> str:
    small, large = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return text.translate(str.maketrans(small + large, small[13:] + small[:13] + large[13:] + large[:13]))
