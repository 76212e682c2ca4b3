"""Finding and removing secrets, in plain and encoded form. The one place where redaction is done.

Removal works on windows of eight characters, so that a key cut in half by a length limit, a line end or a masking
server is removed as well. A second look ignores everything but letters and digits: a key spelt with separators, in
another case or as numbers takes the whole text with it. Both are linear: a bounded number of set look-ups for each
character, no regular expression.
"""

from binascii import b2a_base64
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from chatproof.digest import keyed32
from chatproof.exchange import Secret

MARK = "[REDACTED:api_key]"
SHORTEST = 8  # below this, removing a value by substring would shred the record
_LOWER = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}  # str.lower may change a length
_WINDOW = 8
_SQUEEZED_WINDOW = 12  # longer, because squeezing joins words that stood apart
_WINDOWS_FROM = 20  # shorter secrets are removed whole only: their pieces are ordinary words
_GROUP = 4
_MOST_GZIP, _GZIP_BYTES = 32, 64 * 1024  # base64 runs that are looked into, and bytes read of each
FOREIGN_STARTS = (
    "sk-", "sk_", "pk_", "rk_", "gsk_", "xai-", "hf_", "AIza", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
    "glpat-", "AKIA", "ASIA", "xox", "eyJ", "-----BEGIN", "npm_", "pypi-", "SG.",
)  # fmt: skip
"""Beginnings of secrets that are not ours (foreign.py). A text with none of them holds none."""
_STEP = 256 * 1024
_NO_ALNUM = bytes(byte for byte in range(256) if not (bytes((byte,)).isalnum() and byte < 128))


def encodings(value: str) -> Iterator[tuple[str, str]]:
    """(name, text) of each form in which a server may return a value. All are ASCII, most telling first."""
    raw = value.encode("utf-8", "surrogatepass")
    yield "plain", value
    yield "reversed", value[::-1]
    yield "hex", raw.hex()
    yield "percent-encoded", "".join(f"%{byte:02X}" for byte in raw)
    yield "percent-encoded twice", "".join(f"%25{byte:02X}" for byte in raw)
    yield "JSON escapes", "".join(f"\\u{byte:04x}" for byte in raw)
    yield "escapes", "".join(f"\\x{byte:02x}" for byte in raw)
    yield "octal escapes", "".join(f"\\{byte:03o}" for byte in raw)
    yield "quoted-printable", "".join(f"={byte:02X}" for byte in raw)
    yield "decimal numbers", " ".join(str(byte) for byte in raw)
    yield "HTML references", "".join(f"&#{byte};" for byte in raw)
    yield "HTML references", "".join(f"&#x{byte:x};" for byte in raw)
    yield "HTML references", "".join(f"&#x{byte:04x};" for byte in raw)
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
    """In which form the whole secret stands in `data`; empty when it does not. Case and separators do not matter."""
    if len(secret) < SHORTEST:
        return "plain" if secret.reveal().encode("utf-8", "surrogatepass") in data else ""
    looks = _looks(data)
    return next((name for name, form in _needles(secret) if any(form in look for look in looks)), "")


def _looks(data: bytes) -> tuple[bytes, ...]:
    """`data` squeezed; once more without escape sequences, whose letters would stand between those of a secret."""
    held = _inflated(data)
    inflated = (_squeeze(held),) if held else ()
    if b"\\" not in data and b"\x1b" not in data:
        return (_squeeze(data), *inflated)
    # A run of backslashes is looked at from its beginning only: from each of them, it would cost its length squared.
    escape = rb"(?<!\\)\\++(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[bfnrt0])"
    bare = _without(data, escape, rb"(?<!\\)\\")
    bare = _without(bare, rb"\x1b?\[[0-9;]*[A-Za-z]", rb"\x1b|(?<!\x1b)\[")  # its ESC perhaps escaped and gone already
    return (_squeeze(data), _squeeze(bare), *inflated)


def _without(data: bytes, form: bytes, begin: bytes) -> bytes:
    """`data` without what has a form, which begins where `begin` does and nowhere inside. In steps that end before such
    a beginning: `re` needs forty bytes for each place where it takes something out."""
    import re

    pieces, at = [], 0
    while at < len(data):
        found = re.compile(begin).search(data, at + _STEP)
        end = found.start() if found else len(data)
        pieces.append(re.sub(form, b"", data[at:end]))
        at = end
    return b"".join(pieces)


def _inflated(data: bytes) -> bytes:
    """What gzip in base64 holds: in front of a text stands H4sI then. A bounded look: more of it is no accident."""
    if b"H4sI" not in data:
        return b""
    import re
    import zlib
    from binascii import a2b_base64

    found = []
    for run in re.finditer(rb"H4sI[A-Za-z0-9+/_-]{20,}+", data.replace(b"\\/", b"/")):
        text = run[0][: 4 * (_GZIP_BYTES // 4)].translate(bytes.maketrans(b"-_", b"+/"))
        try:
            found.append(zlib.decompressobj(31).decompress(a2b_base64(text[: len(text) // 4 * 4]), _GZIP_BYTES))
        except (ValueError, zlib.error):
            continue
        if len(found) == _MOST_GZIP:
            break
    return b"\n".join(found)


def _squeeze(data: bytes) -> bytes:
    """Letters and digits only, lower case. UTF-16 loses its zero bytes, hex its colons, escapes their backslashes."""
    return data.translate(None, _NO_ALNUM).lower()


@lru_cache(maxsize=8)
def _needles(secret: Secret) -> tuple[tuple[str, bytes], ...]:
    """(name, squeezed form), computed once for each secret."""
    found = {
        _squeeze(text.encode("utf-8", "surrogatepass")): name for name, text in reversed([*encodings(secret.reveal())])
    }
    return tuple((name, form) for form, name in reversed([*found.items()]) if len(form) >= SHORTEST)


@lru_cache(maxsize=8)
def _plainly(secret: Secret) -> tuple[str, ...]:
    """The forms that have a character for each of the secret's, in lower case."""
    value = secret.reveal().lower()
    return value, value[::-1], _rot13(value)


class _Windows:
    """Every run of `size` characters of some texts, and where one of them begins in another text."""

    def __init__(self, texts: Iterator[str], size: int) -> None:
        self.size = size
        self.known = frozenset(text[i : i + size] for text in texts for i in range(len(text) - size + 1))
        # A run holds a group of four at a place divisible by four: looking at those first is four times less work.
        self.groups = frozenset(run[i : i + _GROUP] for run in self.known for i in range(size - _GROUP + 1))

    def hits(self, text: str) -> list[int]:
        """Where a run begins, in order."""
        if not self.known:
            return []
        last, groups, reach = len(text) - self.size, self.groups, self.size - _GROUP
        near = [i for i in range(0, len(text), _GROUP) if text[i : i + _GROUP] in groups]
        places = {at for i in near for at in range(max(i - reach, 0), min(i, last) + 1)}
        return sorted(at for at in places if text[at : at + self.size] in self.known)


def suspects(text: str, secrets: list[Secret]) -> bool:
    """Whether a Redactor could find anything in `text`. Cheap: most documents are clean, and need no Redactor at all.

    Every run that shows eight characters of a secret holds a block looked for here: eight of its characters, as they
    are, reversed or in rot13, or, of the squeezed forms, two groups of four at places divisible by four.
    """
    raw = text.encode("utf-8", "replace")
    folded, looks = f"{text}\n{_inflated(raw).decode('latin-1')}".lower(), _looks(raw)
    for secret in secrets:
        if any(_holds_run(folded, form) for form in _plainly(secret)):
            return True
        for _, form in _needles(secret):
            blocks = [form[i : i + 8] for i in range(0, max(len(form) - 8, 0) + 1, 4)]
            if any(block in look for look in looks for block in blocks):
                return True
    return False


def _holds_run(text: str, form: str) -> bool:
    """Whether eight characters of `form` stand in `text`. Eight in a row hold a group of four at a place divisible by
    four: those are looked for first."""
    if len(form) <= _WINDOW:
        return form in text
    return any(
        form[at : at + _GROUP] in text
        and any(form[i : i + _WINDOW] in text for i in range(max(at - _GROUP, 0), min(at, len(form) - _WINDOW) + 1))
        for at in range(0, len(form) - _GROUP + 1, _GROUP)
    )


class Redactor:
    """Replaces every registered secret, whole or in part, by a mark of fixed length.

    `others` are secrets that a capture happens to hold, such as cookies: there may be hundreds, of kilobytes each, and
    nothing was asked with them; they are looked for as they stand.
    """

    def __init__(self, secrets: list[Secret], others: list[Secret] | None = None) -> None:
        values = [secret.reveal() for secret in secrets if len(secret) >= SHORTEST]
        long = [value for value in values if len(value) >= _WINDOWS_FROM]
        short = {form for value in values if value not in long for form in _forms(value)}
        foreign = [secret.reveal() for secret in others or () if len(secret) >= SHORTEST]
        short |= {value for value in foreign if len(value) < _WINDOWS_FROM}
        self._whole = sorted(short, key=len, reverse=True)  # longest first: one secret may begin with another
        plain = [value for value in foreign if len(value) >= _WINDOWS_FROM]
        written = chain((form for value in long for _, form in encodings(value)), plain)
        self._windows = _Windows((form.translate(_LOWER) for form in written), _WINDOW)
        squeezed = (form.decode() for value in long for _, form in _needles(Secret(value)))
        self._squeezed = _Windows(squeezed, _SQUEEZED_WINDOW)

    def __bool__(self) -> bool:
        return bool(self._windows.known or self._whole)

    def text(self, text: str) -> str:
        """`text` without any secret, nor any eight characters of a long one, whatever their case."""
        for form in self._whole:
            if form in text:
                text = text.replace(form, MARK)
        text = self._without_runs(text)
        rest = text.replace(MARK, " ").encode("utf-8", "replace")
        # What gzip holds is a text of its own: an excerpt that was cut within it shows eight characters, too.
        if self._windows.hits(_inflated(rest).decode("latin-1").translate(_LOWER)):
            return MARK
        if any(self._squeezed.hits(look.decode()) for look in _looks(rest)):
            return MARK  # spelt in a way that has no clean edges: nothing of this text is kept
        return text

    def _without_runs(self, text: str) -> str:
        hits = self._windows.hits(text.translate(_LOWER))
        if not hits:
            return text
        pieces, at, start, end = [], 0, hits[0], hits[0]
        for hit in (*hits[1:], len(text) + _WINDOW):
            if hit > end + _WINDOW:  # a gap: close the run that began at `start`
                pieces += [text[at:start], MARK]
                at, start = end + _WINDOW, hit
            end = hit
        return "".join([*pieces, text[at:]])


def clean(text: str, key: Secret | None) -> str:
    """`text` as it may be shown: without the key, and without what looks like anybody else's secret."""
    text = Redactor([key] if key else []).text(text)
    if any(start in text for start in FOREIGN_STARTS):
        from chatproof import foreign

        text = foreign.without(text)
    return text


def _forms(value: str) -> set[str]:
    """Every form as it may stand in a text, in both cases where case carries nothing."""
    return {cased for _, text in encodings(value) for cased in (text, text.lower(), text.upper())}


def fingerprint(secret: Secret) -> str:
    """Tells two keys apart without being an oracle for either: 32 bits of a keyed hash."""
    value = secret.reveal().encode("utf-8", "surrogatepass")
    return keyed32(value, b"chatproof key fingerprint")


def _base32(raw: bytes) -> str:
    """RFC 4648 without padding; the base64 module would be one more import on the cold path."""
    bits = len(raw) * 8
    number = int.from_bytes(raw) << (-bits % 5)
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    return "".join(digits[number >> shift & 31] for shift in range((bits + 4) // 5 * 5 - 5, -1, -5))


def _rot13(text: str) -> str:
    small, large = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return text.translate(str.maketrans(small + large, small[13:] + small[:13] + large[13:] + large[:13]))
