"""A key in pieces with something between them: `{"0": "s", "1": "k"}`, a token and its number, numbered lines, calls.

A program that copies a text as if it were an object (`{...key}`) writes it so. What stands between is as many words
each time: every second, third, … word in a row is the key. Or there is a number before each of them; or, however far
apart they are, the same word: the name of what a stream's events hold.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import compress, groupby

_LONGEST = 7  # characters: longer pieces are found as they stand
_FEWEST = 8  # characters of all pieces: of the shortest key that is looked for
_STEPS = range(2, 13)  # words from one piece to the next: a token with its likelihood and bytes takes ten
_DIGITS = b"0123456789"
_READ = 256 * 1024  # bytes: who writes a key so writes twenty bytes for each letter
_APART = b" zqzqzq "  # letters, so that the end of one row and the beginning of the next are nothing together
_BETWEEN = bytes(byte if (chr(byte).isalnum() and byte < 128) or byte in b"-_" else 32 for byte in range(256)).lower()


@lru_cache(maxsize=8)
def of(values: tuple[str, ...]) -> frozenset[bytes]:
    """What one word may hold of these secrets: some characters, or the number of one."""
    found: set[bytes] = set()
    for value in values:
        raw = value.encode("utf-8", "surrogatepass").lower()
        found.update(raw[at : at + size] for size in range(1, _LONGEST + 1) for at in range(len(raw)))
        for byte in {*raw, *raw.upper()}:
            found.update((b"%d" % byte, b"%02x" % byte, b"0x%02x" % byte))
    return frozenset(found)


def put_together(data: bytes, pieces: frozenset[bytes]) -> bytes:
    """What every second word of `data`, every third and so on spells where pieces follow each other; and what stands
    behind numbers, in their order. Empty where too few could be pieces."""
    words, are_pieces = _words(data[:_READ], pieces)
    found: list[bytes] = []
    for step, start, end in _runs(words, are_pieces):
        # One word more on each side: it may end, or begin, with the rest.
        found.append(b" ".join(words[start - step if start >= step else start : end + step : step]))
        if step == 2:
            numbers = (words[at - 1] if at else b"" for at in range(start, end, step))
            found += _by_number(numbers, words[start:end:step])
    found += (b" ".join(row) for row in _by_name(data[:_READ], pieces))
    return _APART.join(found)


def letters(data: bytes, pieces: frozenset[bytes]) -> bytes:
    """The words of `data` of one letter each, where eight or more stand in a row or behind the same name, as one word.
    What is spelt so is no accident: fewer of them are enough to be seen than of words that were joined."""
    words, _ = _words(data[:_READ], pieces)
    rows = [b"".join(row) for alone, row in groupby(words, lambda word: len(word) == 1) if alone]
    named = (b"".join(word for word in row if len(word) == 1) for row in _by_name(data[:_READ], pieces))
    rows += (row for row in named if not row.isdigit())  # the numbers of choices and events count up
    return b" ".join(row for row in rows if len(row) >= _FEWEST)


@lru_cache(maxsize=2)
def _words(data: bytes, pieces: frozenset[bytes]) -> tuple[tuple[bytes, ...], bytes]:
    """(the words of a text, which of them may be pieces: a byte 1 each); nothing where too few could be."""
    words = data.translate(_BETWEEN).split()
    are_pieces = bytes(map(pieces.__contains__, words))
    if sum(map(len, compress(words, are_pieces))) < _FEWEST:
        return (), b""
    return tuple(words), are_pieces


def _runs(words: tuple[bytes, ...], are_pieces: bytes) -> Iterator[tuple[int, int, int]]:
    """Where pieces follow each other, some words apart, long enough together for a key: (words from one to the next,
    the first, behind the last).

    All words are compared with those one step further as two large numbers: most texts have few such pairs.
    """
    held = int.from_bytes(are_pieces, "little")
    for step in _STEPS if held else ():
        if not held >> 8 * step & held:
            continue
        for first in range(step):
            row = are_pieces[first::step]
            at = row.find(b"\1\1")
            while at >= 0:
                end = row.find(b"\0", at)
                end = len(row) if end < 0 else end
                start, behind = first + at * step, first + end * step
                if end - at >= _FEWEST or sum(map(len, words[start:behind:step])) >= _FEWEST:
                    yield step, start, behind
                at = row.find(b"\1\1", end)


@lru_cache(maxsize=2)
def _by_name(data: bytes, pieces: frozenset[bytes]) -> tuple[list[bytes], ...]:
    """Pieces that follow the same word, in their order: `"delta":"sk-"` in each event of a stream. A number in that
    word does not count. In the second half, a piece that follows a piece goes on with it: a mark stood between them."""
    words, are_pieces = _words(data, pieces)
    if sum(map(len, {*compress(words, are_pieces)})) < _FEWEST:  # one letter over and over, as of escaped line ends
        return ()
    rows: tuple[dict[bytes, list[bytes]], ...] = ({}, {})
    names: dict[bytes, bytes] = {}
    last, row = -2, list[bytes]()
    at = are_pieces.find(b"\1")
    while at >= 0:
        before = words[at - 1] if at else b""
        if (name := names.get(before)) is None:
            name = names[before] = before.translate(None, _DIGITS)
        rows[0].setdefault(name, []).append(words[at])
        if last != at - 1 or before.isdigit():
            row = rows[1].setdefault(name, [])
        row.append(words[at])
        last, at = at, are_pieces.find(b"\1", at + 1)
    return tuple(row for half in rows for row in half.values() if sum(map(len, row)) >= _FEWEST)


def _by_number(numbers: Iterable[bytes], row: tuple[bytes, ...]) -> Iterator[bytes]:
    """Pieces of a row in the order of the numbers before them: many programs sort the names of an object as texts, so
    that 10 comes before 2."""
    pairs = zip(numbers, row, strict=False)
    for numbered, run in groupby(pairs, lambda pair: pair[0].isdigit() and len(pair[0]) < 5):
        if numbered:
            yield b" ".join(piece for _, piece in sorted(run, key=lambda pair: int(pair[0])))
