"""Finding and removing secrets, in plain and encoded form. The one place where redaction is done.

Removal works on windows of eight characters, so that a key cut in half by a length limit, a line end or a masking
server is removed as well. A second look ignores everything but letters and digits: a key spelt with separators, in
another case or as numbers takes the whole text with it. Both are linear: a bounded number of set look-ups for each
character, no regular expression.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain

from chatproof.secrets import packed as forms
from chatproof.secrets import pieces
from chatproof.secrets.digest import keyed32
from chatproof.secrets.packed import SHORTEST, encodings, has_run, packed_size, rows, squeeze, steps
from chatproof.secrets.windows import Windows
from chatproof.wire.exchange import Secret

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatproof.secrets.cut_off import Beginnings

MARK = "[REDACTED:api_key]"
_WINDOW = 8
_SQUEEZED_WINDOW = 12  # longer, because squeezing joins words that stood apart
_WINDOWS_FROM = 20  # shorter secrets are removed whole only: their pieces are ordinary words
_MOST_PIECES = 3  # of a key, shorter than a key, in one text: line ends and length limits make fewer
_READ = 1024 * 1024  # bytes of a reply in which composed forms are looked for; of what is kept, all are read
_FIRST = 2  # parts of a reply in which a key in pieces is looked for: it costs more than all else
MOST_IN_FULL = 8  # further secrets that are looked for in every form; what is beyond, as it stands
_REMEMBERED, _SHORT_TEXT = 4096, 200  # texts that were found clean, and the length of the longest that is remembered
_LARGE = 64 * 1024
_MOST_ESCAPES = 50_000  # of one kind, in a reply: more is no text
FOREIGN_STARTS = (
    "sk-", "sk_", "pk_", "rk_", "gsk_", "xai-", "hf_", "AIza", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_",
    "glpat-", "AKIA", "ASIA", "xox", "eyJ", "-----BEGIN", "npm_", "pypi-", "SG.",
)  # fmt: skip
"""Beginnings of secrets that are not ours (known_formats.py). A text with none of them holds none."""
_ESCAPES, _MANY = ("\\", "&", "%", "="), 16  # of a text that is spelt as a whole
_PACKED_BEGINS = (b"H4sI", b"eJ")
_BEGINS = (b"\\", b"&", b"%", b"=", b"\x1b", b"\xc2\x9b", b"<")
"""What escapes, terminals' codes and tags begin with. Few good replies have any. Letters in full width begin with none
of them: they are looked for in the first mebibyte."""
_NESTS = (b"\\u", b"\\U", b"\\x", b"\\0", b"\\1", b"\\2", b"\\3", b"\\v", b"\\a", b"\\e", b"/*")
_NEST_ALONE = b"&%<\0\x1b"
"""What may stand for a character that is spelt in another way again, or between two."""


def find_secret(data: bytes, secret: Secret) -> str:
    """In which form the whole secret stands in `data`; empty when it does not. Case and separators do not matter."""
    return _found(data, secret)[0]


def find_secret_among(texts: Sequence[bytes], secret: Secret) -> str:
    """As `find_secret`, of several texts at once: what one of them is full of hides nothing in another."""
    found, whole = _found(b"\n".join(texts), secret)
    if found or whole:
        return found
    # What packed text holds was not all looked through, and one of the texts may have filled a part that another began
    # in. The longest was searched in parts of its own, but for its beginning; and all of them as they stand.
    longest = max(texts, key=len)
    begun = (next(steps(text)) if text is longest else text for text in texts)
    return next(filter(None, (_found(text, secret, as_it_stands=False)[0] for text in begun)), "")


def _found(data: bytes, secret: Secret, *, as_it_stands: bool = True) -> tuple[str, bool]:
    """(in which form the secret stands there, whether all that runs hold was looked through)."""
    if secret.reveal().encode("utf-8", "surrogatepass") in data:
        return "plain", True
    if len(secret) < SHORTEST:
        return "", True
    packed, parts = packed_size([len(secret)]), pieces.of((_encoded(secret)[0][1],))  # the plain form is the first
    deeper = (
        look
        for number, part in enumerate(steps(data[:_READ]))
        for look in _deeper(part, *_opened(part)[:2], packed, parts if number < _FIRST else frozenset())
    )
    whole = True
    for number, look in enumerate(chain(_looks(data, _MOST_ESCAPES) if as_it_stands else (), deeper)):
        if look is None:
            whole = False
            continue
        for name, form in _possible(look, _needles(secret)):
            if form in look:
                said = name if as_it_stands and number == 0 else "partly encoded"
                return (said if name == "plain" else name), True
    return "", whole


def is_word_like(secret: Secret) -> bool:
    """It may stand in a text by accident, as what is given to servers that want no key does: `ollama`, `EMPTY`."""
    value = secret.reveal()
    if len(value) < SHORTEST:
        return True
    if len(value) >= _WINDOWS_FROM or not value.replace("-", "").replace("_", "").isalpha():
        return False
    from chatproof import key_form

    return key_form.form(value) != key_form.KEY  # letters that nobody chose are no words


def _looks(data: bytes, most: int = 0) -> Iterator[bytes | None]:
    """`data` squeezed; without escape sequences, whose letters would stand between those of a secret; and with what is
    escaped in it spelt out."""
    yield squeeze(data)
    if any(begin in data for begin in _BEGINS) or (len(data) <= _READ and not data.isascii()):
        from chatproof.secrets.escapes import spelt_out, taken_out

        if b"\\" in data or b"\x1b" in data:
            yield squeeze(taken_out(data))
        plain = spelt_out(data, most)
        if plain != data:
            yield squeeze(plain)


def _opened(part: bytes) -> tuple[bytes, bytes, bool]:
    """(what a reader would see in a part, what gzip in it holds, whether all of that was read)."""
    read = _as_read(part)
    return read, *_held(part, read)


def _deeper(part: bytes, read: bytes, held: bytes, packed: int, parts: frozenset[bytes]) -> Iterator[bytes | None]:
    """A part of a text with words that may be `parts` put together; what a reader would see; and what it held, inflated
    or unpacked, from runs of at least `packed` characters. None: they hold too much, and not all was unpacked."""
    yield squeeze(pieces.put_together(part, parts))
    if held:
        yield from _looks(held)
        yield squeeze(_as_read(held))
    if read:
        yield squeeze(read)
        yield from (squeeze(pieces.put_together(step, parts)) for step in steps(read))
    row = rows(part, packed) + (b"\n" + rows(read, packed) if read else b"")
    if row.strip():
        row += b"\n" + _as_read(row)
        yield squeeze(row)
    if row.strip() or has_run(part, packed) or has_run(read, packed):
        from chatproof.secrets.reading import unpacked

        inner, texts, whole = unpacked(b"\n".join(dict.fromkeys(filter(None, (part, read, row)))), packed)
        yield squeeze(inner)
        yield squeeze(texts)
        yield from (squeeze(pieces.put_together(step, parts)) for step in steps(texts))
        yield squeeze(_inflated(inner)[0])
        if not whole:
            yield None


def _as_read(data: bytes) -> bytes:
    """What a reader would see; empty where that cannot be anything else."""
    # In mail `=` begins an escape. A letter in full width needs three; our own words hold some ten (`string=stop`).
    escapes = b"\\" in data or b"/*" in data
    nests = len(data.translate(None, _NEST_ALONE)) < len(data) or (escapes and any(one in data for one in _NESTS))
    if nests or data.count(b"=") >= 3 * (SHORTEST - 1) or not data.isascii():
        from chatproof.secrets.reading import as_read

        return as_read(data)
    return b""


def _held(data: bytes, read: bytes) -> tuple[bytes, bool]:
    """(What gzip in base64 holds, also where that is spelt in escapes; whether all of it was read)."""
    held, complete = _inflated(data)
    if read != data and any(begin in read for begin in _PACKED_BEGINS):
        more, whole = _inflated(read)
        return held + b"\n" + more, complete and whole
    return held, complete


def _inflated(data: bytes) -> tuple[bytes, bool]:
    """(What gzip or zlib in base64 holds, whether all of it was read)."""
    if not any(begin in data for begin in _PACKED_BEGINS):
        return b"", True
    from chatproof.secrets import inflated

    return inflated.held(data)


@lru_cache(maxsize=8)
def _encoded(secret: Secret) -> tuple[tuple[str, str], ...]:
    """Of a key that has escapes of its own (`%2F`) also what a reader of texts would make of them."""
    value = secret.reveal()
    found = dict.fromkeys(encodings(value))
    if any(begin in value for begin in (*_ESCAPES, "<")):
        from chatproof.secrets.reading import as_read

        read = (
            line.decode("utf-8", "replace") for line in as_read(value.encode("utf-8", "surrogatepass")).split(b"\n")
        )
        found |= dict.fromkeys(("plain", text) for text in read if len(text) >= SHORTEST)
    return tuple(found)


@lru_cache(maxsize=8)
def _needles(secret: Secret) -> tuple[tuple[str, bytes], ...]:
    """(name, squeezed form), computed once for each secret."""
    found = {squeeze(text.encode("utf-8", "surrogatepass")): name for name, text in reversed(_encoded(secret))}
    return tuple((name, form) for form, name in reversed([*found.items()]) if len(form) >= SHORTEST)


def _possible(look: bytes, needles: tuple[tuple[str, bytes], ...]) -> Iterable[tuple[str, bytes]]:
    """The forms that may stand in a text: in a large one, those whose letters all do. What is large is most often one
    thing over and over; to look for a letter costs a twentieth of looking for a form."""
    if len(look) < _LARGE:
        return needles
    lacking = bytes(letter for letter in set(b"".join(form for _, form in needles)) if letter not in look)
    return [(name, form) for name, form in needles if len(form.translate(None, lacking)) == len(form)]


def _looks_as_read(data: bytes) -> Iterator[bytes | None]:
    """The looks at a text, and what a reader would see of it."""
    yield from _looks(data)
    yield squeeze(_as_read(data))


def _is_spelt(run: str) -> bool:
    """A run of a few characters that are spelt with escapes, such as `\\x73\\x6b`."""
    return len(run) < _WINDOWS_FROM and any(begin in run for begin in _ESCAPES)


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
        written = (form for value in long for _, form in _encoded(Secret(value)))
        self._short = tuple(
            form
            for value in values
            if value not in long and not is_word_like(Secret(value))
            for _, form in _needles(Secret(value))
        )
        self._packed, self._parts = packed_size(map(len, values)), pieces.of(tuple(values))
        self._cut: Beginnings | None = None
        if self._whole:
            from chatproof.secrets import cut_off

            telling = [form for form in self._whole if not is_word_like(Secret(form))]
            self._cut = cut_off.Beginnings(telling, self._short, _looks_as_read)
        self._windows = Windows(chain(written, plain), _WINDOW)
        squeezed = (form.decode() for one in long for _, form in _needles(Secret(one)))
        self._squeezed, self._clean = Windows(squeezed, _SQUEEZED_WINDOW), set[str]()

    def __bool__(self) -> bool:
        return bool(self._windows or self._whole)

    def unknown(self, texts: Iterable[str]) -> list[str]:
        """Leave out the texts that are remembered as clean."""
        return [text for text in texts if text not in self._clean]

    def remember(self, texts: list[str]) -> None:
        """Search none of these again: nothing was found in them, of others' secrets neither. Most are our own words."""
        if len(self._clean) > _REMEMBERED:
            self._clean.clear()
        self._clean.update(text for text in texts if len(text) <= _SHORT_TEXT)

    def finds(self, text: str) -> bool:
        """Whether `text` holds anything that would be removed. Of several texts, joined by line ends, that one does."""
        return self.finds_plainly(text) or self._hides(text)

    def finds_as_it_is(self, text: str) -> bool:
        """Whether `text` holds a secret in one form. For values in a row, which make long runs that mean nothing."""
        return self.finds_plainly(text) or bool(self._squeezed.hits(squeeze(text.encode("utf-8", "replace")).decode()))

    def finds_plainly(self, text: str) -> bool:
        """Whether a secret, or eight characters of a long one, stand in `text` in a form that is registered."""
        if any(form in text for form in self._whole) or self._windows.hits(text):
            return True
        return self._cut is not None and self._cut.stand_in(text)

    def text_plainly(self, text: str) -> str:
        """`text` without those."""
        for form in self._whole:
            if form in text:
                text = text.replace(form, MARK)
        return self._without_runs(self._cut.without(text, MARK) if self._cut else text)

    def text(self, text: str) -> str:
        """`text` without any secret, nor any eight characters of a long one, whatever their case."""
        plain = self.text_plainly(text)
        if plain != text and self._windows:
            from chatproof.secrets import partly_seen

            text = partly_seen.without(text, self._packed, self._windows, self._hides, MARK)
            plain = self.text_plainly(text)
        if self._hides(plain.replace(MARK, " ")):
            return MARK
        if plain != text and sum(map(text.count, _ESCAPES)) >= _MANY:
            # Some letters of a spelt key stand in any long text that is spelt so: what that is, is read with them.
            spelt = self._without_runs(text, _is_spelt)
            return MARK if spelt != plain and self._hides(spelt.replace(MARK, " ")) else plain
        return plain

    def without_pieces(self, text: str) -> str:
        """`text` without words that may be pieces of a secret, where one was found in many texts together."""
        from chatproof.secrets import scattered

        return scattered.without(text, self._parts, MARK)

    def _hides(self, text: str) -> bool:
        """Whether a secret is spelt in a way that has no clean edges: nothing of such a text can be kept."""
        raw = text.encode("utf-8", "replace")
        if forms.holds_compressed(raw):
            return bool(self)
        if any(map(self._hides_in, steps(raw))):
            return bool(self)
        return any(map(self._shows, _looks(raw)))

    def _hides_in(self, part: bytes) -> bool:
        # What gzip holds is a text of its own: an excerpt that was cut within it shows eight characters, too.
        read, held, complete = _opened(part)
        if not complete or (held and self._windows.hits(held.decode("latin-1"))):
            return True
        # Letters that nothing joined: eight of them in a row are told from words, as in the text itself.
        spelt = read + b"\n" + pieces.letters(part, self._parts) + b"\n" + pieces.letters(read, self._parts)
        if self._windows.hits(spelt.decode("utf-8", "replace")):
            return True
        return any(map(self._shows, _deeper(part, read, held, self._packed, self._parts)))

    def _shows(self, look: bytes | None) -> bool:
        """Whether a secret can be read in a look, or whether it was impossible to look."""
        if look is None:
            return True
        return any(form in look for form in self._short) or bool(self._squeezed.hits(look.decode()))

    def _without_runs(self, text: str, keeps: Callable[[str], bool] = lambda run: False) -> str:
        hits = self._windows.hits(text)
        if not hits:
            return text
        pieces, at, start, end, short = [], 0, hits[0], hits[0], 0
        for hit in (*hits[1:], len(text) + _WINDOW):
            if hit > end + _WINDOW:  # a gap: close the run that began at `start`
                if not keeps(text[start : end + _WINDOW]):
                    pieces += [text[at:start], MARK]
                    short += end + _WINDOW - start < _WINDOWS_FROM
                    at = end + _WINDOW
                start = hit
            end = hit
        # A key that was cut up on purpose: what stands between the pieces is of it, too.
        return MARK if short > _MOST_PIECES else "".join([*pieces, text[at:]])


@lru_cache(maxsize=16)
def redactor(*secrets: Secret) -> Redactor:
    """The Redactor of these secrets, made once: a run needs it when it begins and when it ends."""
    return Redactor([*secrets])


@lru_cache(maxsize=2)
def plainly(secrets: tuple[Secret, ...]) -> Redactor:
    """A Redactor of many secrets at once, for texts in which they may stand as they are."""
    return Redactor([], [*secrets])


def among_many(secrets: tuple[Secret, ...], texts: Callable[[], Iterable[str]]) -> Redactor | None:
    """The Redactor of secrets that are too many to be looked for in full, where one stands in the texts as it is."""
    if len(secrets) <= MOST_IN_FULL:
        return None
    found = plainly(secrets)
    return found if found.finds_plainly("\n".join(texts())) else None


def clean(text: str, *secrets: Secret | None) -> str:
    """`text` as it may be shown: without these secrets, and without what looks like anybody else's."""
    text = redactor(*filter(None, secrets)).text(text)
    if any(start in text for start in FOREIGN_STARTS):
        from chatproof.secrets import known_formats

        text = known_formats.without(text)
    return text


def _forms(value: str) -> set[str]:
    """Every form as it may stand in a text, in both cases where case carries nothing."""
    return {cased for _, text in encodings(value) for cased in (text, text.lower(), text.upper())}


def fingerprint(secret: Secret) -> str:
    """Tells two keys apart without being an oracle for either: 32 bits of a keyed hash."""
    value = secret.reveal().encode("utf-8", "surrogatepass")
    return keyed32(value, b"chatproof key fingerprint")
