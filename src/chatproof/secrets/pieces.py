"""A key in pieces with something between them: `{"0": "s", "1": "k"}`, a token and its number, numbered lines, calls.

A program that copies a text as if it were an object (`{...key}`) writes it so. What stands between is as many words
each time: every second, third, … word in a row is the key.
"""

from functools import lru_cache

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
    """Every second word of `data`, every third and so on, from each beginning. Empty where too few could be pieces."""
    words = data[:_READ].translate(_BETWEEN).split()
    if sum(len(word) for word in words if word in pieces) < _FEWEST:
        return b""
    return _APART.join(b" ".join(words[first::step]) for step in _STEPS for first in range(step))
