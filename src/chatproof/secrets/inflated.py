"""What gzip in base64 holds, as programs put a compressed body into a log. Loaded only where there is some."""

import re
import zlib
from binascii import a2b_base64
from contextlib import suppress

_MOST_TRIED, _MOST_GZIP = 128, 32  # base64 runs that are looked into, and that may hold anything
_RUN = re.compile(rb"(?:H4sI|(?<![A-Za-z0-9])eJ)[A-Za-z0-9+/_-]{20,}+")  # gzip, zlib: also where it was cut
_GZIP_BYTES, _PIECE = 64 * 1024, 512  # read of each, and at once where it is damaged


def held(data: bytes) -> tuple[bytes, bool]:
    """(What it holds, whether all of it was read). The look is bounded: more of it is no accident."""
    found: list[bytes] = []
    complete = True
    for number, run in enumerate(_RUN.finditer(data.replace(b"\\/", b"/"))):
        if number == _MOST_TRIED:
            return b"\n".join(found), False
        text = run[0][: 4 * (_GZIP_BYTES // 4)].translate(bytes.maketrans(b"-_", b"+/"))
        packed, inflating, held = a2b_base64(text[: len(text) // 4 * 4]), zlib.decompressobj(47), b""
        is_all = len(run[0]) <= _GZIP_BYTES
        try:
            held = inflating.decompress(packed, _GZIP_BYTES)
        except zlib.error:  # what came before the damage can be read all the same: byte by byte, it is not thrown away
            held, is_all = _before_the_damage(packed), True  # nothing can be read behind it
        if held and len(found) == _MOST_GZIP:
            return b"\n".join(found), False
        found += [held[:_GZIP_BYTES]] if held else []
        complete = complete and len(held) < _GZIP_BYTES and is_all
    return b"\n".join(found), complete


def _before_the_damage(packed: bytes) -> bytes:
    """In pieces, the damaged one byte by byte from where it begins."""
    inflating, held = zlib.decompressobj(47), b""
    with suppress(zlib.error):
        for at in range(0, len(packed), _PIECE):
            before, piece = inflating.copy(), packed[at : at + _PIECE]
            try:
                held += inflating.decompress(piece, _GZIP_BYTES)
            except zlib.error:
                for start in range(len(piece)):
                    held += before.decompress(piece[start : start + 1], _GZIP_BYTES)
            if len(held) >= _GZIP_BYTES:
                break
    return held
