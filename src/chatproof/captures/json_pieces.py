"""Cut a long JSON file into values as it is read: the entries of a HAR, the elements of an array, values in a row.

A HAR of gigabytes is never in memory: one piece is. Reading is linear, whatever the bytes are, and bounded in depth and
in the size of a piece.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chatproof.captures.entry import Unreadable

LARGEST = 24 * 1024 * 1024
"""Bytes of one piece; a larger one is passed by."""
DEEPEST = 200
"""Levels of objects and arrays. No request needs them, and each costs a frame of whoever walks through it."""

# Possessive, so that a string which does not end in this chunk is looked at once.
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}"]', re.DOTALL)
_REST = re.compile(rb'(?:[^"\\]++|\\.)*+"', re.DOTALL)
_LONGEST_NAME = 64
_HAR_ENTRIES = ("{", "{log", "[entries")
_PLACES = ((), ("[",), _HAR_ENTRIES)  # where a piece begins
_OPEN, _CLOSE, _QUOTE = b"{[", b"}]", 0x22


class Piece(NamedTuple):
    """One value of the file. `data` is None for one that is too large; `entry`: it is an entry of a HAR."""

    data: bytes | None
    entry: bool


def pieces(chunks: Iterable[bytes]) -> Iterator[Piece]:
    """Each object that is an element of `log.entries`, of the outermost array, or that stands outermost itself.

    Raises Unreadable for what is nested too deeply, for brackets that do not match, and for a file that is cut off,
    after the pieces before it. What stands between brackets is checked by whoever parses the piece.
    """
    cutter = _Cutter()
    for chunk in chunks:
        yield from cutter.feed(chunk)
    cutter.close()


class _Cutter:
    def __init__(self) -> None:
        self._open: list[str] = []  # a bracket for each level, with the name of the value where it is looked at
        self._name = ""  # the last string that was read on the outer levels
        self._in_string = self._escaped = False
        self._begun = b""  # of a string that the chunk did not end
        self._parts: list[bytes] = []
        self._size = 0
        self._level = -1  # of the bracket that began the piece; -1: no piece is being read
        self._too_large = False

    def feed(self, chunk: bytes) -> Iterator[Piece]:
        at = self._end_string(chunk) if self._in_string else 0
        start = 0  # of the piece within this chunk
        if self._in_string:
            self._keep(chunk)
            return
        for token in _TOKEN.finditer(chunk, at):
            byte = chunk[token.start()]
            if byte == _QUOTE:
                if token.end() - token.start() == 1:
                    self._begin_string(chunk, token.end())
                    break
                if len(self._open) <= 2 and token.end() - token.start() <= _LONGEST_NAME:
                    self._name = _text(token[0][1:-1])
            elif byte in _OPEN:
                if self._begins_piece(byte):
                    self._level, start = len(self._open), token.start()
                    self._parts, self._size, self._too_large = [], 0, False
                self._push(chr(byte))
            else:
                self._pop(chr(byte))
                if len(self._open) == self._level:
                    self._keep(chunk[start : token.end()])
                    yield self._ended()
                    start = token.end()
        if self._level >= 0:
            self._keep(chunk[start:])

    def close(self) -> None:
        if self._open or self._in_string:
            raise Unreadable("it ends in the middle of a value: its end may be missing")

    # -- strings that go on in the next chunk -------------------------------------------------------------------------

    def _begin_string(self, chunk: bytes, at: int) -> None:
        self._in_string, self._begun = True, chunk[at : at + _LONGEST_NAME]
        self._escaped = _odd_backslashes(chunk, at)

    def _end_string(self, chunk: bytes) -> int:
        """The place behind the string's end; it is still open when there is none in this chunk."""
        at = 1 if self._escaped and chunk else 0
        end = _REST.match(chunk, at)
        if end is None:
            self._escaped = _odd_backslashes(chunk, at) if len(chunk) > at else False
            self._begun = (self._begun + chunk[:_LONGEST_NAME])[:_LONGEST_NAME]
            return len(chunk)
        self._in_string = False
        if len(self._open) <= 2:
            self._name = _text((self._begun + chunk[: min(end.end() - 1, _LONGEST_NAME)])[:_LONGEST_NAME])
        return end.end()

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _begins_piece(self, bracket: int) -> bool:
        if bracket != _OPEN[0]:
            return False
        inside_har = tuple(self._open) == _HAR_ENTRIES
        return inside_har or (self._level < 0 and tuple(self._open) in _PLACES)

    def _push(self, bracket: str) -> None:
        if len(self._open) >= DEEPEST:
            raise Unreadable(f"it is nested deeper than {DEEPEST} levels")
        named = 0 < len(self._open) <= 2 and self._open[-1].startswith("{")
        self._open.append(bracket + self._name if named else bracket)
        if tuple(self._open) == _HAR_ENTRIES:
            self._level, self._parts = -1, []  # not the whole of it is a piece

    def _pop(self, bracket: str) -> None:
        if not self._open or self._open.pop()[0] != ("{" if bracket == "}" else "["):
            raise Unreadable("its brackets do not match: it is not JSON")

    def _keep(self, data: bytes) -> None:
        if self._level < 0:
            return
        self._size += len(data)
        if self._size > LARGEST:
            self._parts, self._too_large = [], True
        elif not self._too_large:
            self._parts.append(data)

    def _ended(self) -> Piece:
        entry, self._level = tuple(self._open) == _HAR_ENTRIES, -1
        data, self._parts = None if self._too_large else b"".join(self._parts), []
        return Piece(data, entry)


def _text(name: bytes) -> str:
    return name.decode("ascii", "replace")


def _odd_backslashes(chunk: bytes, at: int) -> bool:
    """The text from `at` ends in a backslash that takes the next byte with it."""
    return (len(chunk) - max(at, len(chunk.rstrip(b"\\")))) % 2 == 1
