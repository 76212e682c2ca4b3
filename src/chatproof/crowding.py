"""Whether a JSON text holds more values than memory should: a value of two bytes takes sixty when it is parsed."""

import re

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


def crowded(data: bytes, most: int) -> bool:
    """More than `most` objects and arrays, or commas between values. Linear; what stands in strings is not counted."""
    if sum(map(data.count, (b"{", b"[", b","))) <= most:
        return False
    counts, end = dict.fromkeys((b"{", b"[", b","), 0), 0
    for string in _STRING.finditer(data):
        for mark in counts:
            counts[mark] += data.count(mark, end, string.start())
        end = string.end()
        if max(counts.values()) > most:
            return True
    return any(count + data.count(mark, end) > most for mark, count in counts.items())
