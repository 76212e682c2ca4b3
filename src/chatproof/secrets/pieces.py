"""A key in pieces with something between them: `{"0": "s", "1": "k"}`, a token and its number, numbered lines, calls.

A program that copies a text as if it were an object (`{...key}`) writes it so. What stands between is as many words
each time: every second, third, … word in a row is the key. Or there is a number before each of them.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby

_LONGEST = 7  # characters: longer pieces are found as they stand
_FEWEST = 8  # characters of all pieces: of the shortest key that is looked for
_STEPS = range(2, 13)  # words from one piece to the next: a token with its likelihood and bytes takes ten
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
    """Every second word of `data`, every third and so on, from each beginning; and what stands behind numbers, in their
    order. Empty where too few could be pieces."""
    words = _words(data[:_READ], pieces)
    rows = (words[first::step] for step in _STEPS for first in range(step)) if words else ()
    return _APART.join(b" ".join(row) for row in (*rows, *_by_number(words, pieces)))


def letters(data: bytes, pieces: frozenset[bytes]) -> bytes:
    """The words of `data` of one letter each, where eight or more stand in a row, as one word. What is spelt so is no
    accident: fewer of them are enough to be seen than of words that were joined."""
    words = _words(data[:_READ], pieces)
    rows = (b"".join(row) for alone, row in groupby(words, lambda word: len(word) == 1) if alone)
    return b" ".join(row for row in rows if len(row) >= _FEWEST)


@lru_cache(maxsize=2)
def _words(data: bytes, pieces: frozenset[bytes]) -> tuple[bytes, ...]:
    """The words of a text; none where too few could be pieces."""
    words = data.translate(_BETWEEN).split()
    return tuple(words) if sum(len(word) for word in words if word in pieces) >= _FEWEST else ()


def _by_number(words: tuple[bytes, ...], pieces: frozenset[bytes]) -> Iterator[list[bytes]]:
    """Pieces behind their numbers, brought into their order: many programs sort the names of an object as texts, so
    that 10 comes before 2."""
    for first in range(2):
        pairs = zip(words[first::2], words[first + 1 :: 2], strict=False)
        for numbered, run in groupby(pairs, lambda pair: pair[0].isdigit() and len(pair[0]) < 5 and pair[1] in pieces):
            if numbered:
                yield [piece for _, piece in sorted(run, key=lambda pair: int(pair[0]))]
