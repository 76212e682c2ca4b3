"""The lines of a file, the last one first: whoever needs the end of a long file reads no more than that."""

import os
from collections.abc import Iterator

_PIECE, _LARGEST_PIECE = 64 * 1024, 8 * 1024 * 1024


def lines_backwards(handle: int, size: int, longest: int) -> Iterator[tuple[int, bytes]]:
    """(place, line without its end) of the first `size` bytes of an open file. Empty lines are left out. Of a line that
    is longer than `longest` only the end is given, and nothing before it."""
    end, held = size, b""  # `held` begins at `end`: a line's end whose beginning is still to be read
    reach = _PIECE
    while end > 0:
        begin = max(end - reach, 0)
        pieces = os.pread(handle, end - begin, begin).split(b"\n")
        pieces[-1] += held
        place = end + len(held)
        for piece in reversed(pieces[1:]):
            place -= len(piece)
            if piece:
                yield place, piece
            place -= 1
        held, end = pieces[0], begin
        reach = min(2 * reach, _LARGEST_PIECE) if len(pieces) == 1 else _PIECE
        if len(held) > longest:
            yield end, held
            return
    if held:
        yield 0, held
