"""Vectors as they stand in a reply: an array of numbers, or base64 of little-endian float32."""

import math
from collections.abc import Sequence
from operator import mul, sub

from chatproof.evidence.json_values import is_number
from chatproof.values import NamedTuple
from chatproof.wire.strictjson import Json

BASE64, FLOAT = "base64", "float"
_WIDTH = 4  # bytes of a float32


class Vector(NamedTuple):
    """One embedding as it was read. `problem` says why there are no numbers; `encoding` is empty for a value that is
    neither a string nor an array of numbers."""

    encoding: str
    numbers: Sequence[float] = ()
    problem: str = ""

    @property
    def length(self) -> int:
        """How many numbers it has."""
        return len(self.numbers)


def read(value: Json) -> Vector:
    """Read the value of `embedding`."""
    if isinstance(value, str):
        return _from_base64(value)
    if not isinstance(value, list):
        return Vector("", problem="neither a string nor an array of numbers")
    if not all(map(is_number, value)):
        at = next(place for place, one in enumerate(value) if not is_number(one))
        return Vector("", problem=f"its item {at} is not a number")
    return Vector(FLOAT, [_float(one) for one in value])


def _float(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        return math.inf


def _from_base64(text: str) -> Vector:
    import binascii
    from array import array

    try:
        # Lines, as of MIME, are read by all: openai-python's decoder and openai-node's pass over white space.
        data = binascii.a2b_base64("".join(text.split()).encode("ascii"), strict_mode=True)
    except (ValueError, binascii.Error):
        return Vector(BASE64, problem="not padded base64 in the standard alphabet")
    if len(data) % _WIDTH:
        return Vector(BASE64, problem=f"{len(data)} bytes, not a whole number of float32")
    numbers = array("f", data)
    import sys

    if sys.byteorder == "big":
        numbers.byteswap()
    return Vector(BASE64, numbers)


_FORMATS = (
    ("d", "<", "float64"),
    ("f", ">", "big-endian float32"),
    ("d", ">", "big-endian float64"),
    ("e", "<", "float16"),
)


def other_format(text: Json, numbers: Sequence[float], least: float) -> str:
    """Name the format of numbers in which base64 holds these numbers, other than little-endian float32; empty where it
    is none. `least` is the difference from which on two vectors are not one: see `apart`."""
    import binascii
    import struct

    try:
        data = binascii.a2b_base64(text) if isinstance(text, str) else b""
    except (ValueError, binascii.Error):
        return ""
    for code, order, name in _FORMATS:
        count, rest = divmod(len(data), struct.calcsize(f"{order}{code}"))
        if not rest and apart(struct.unpack(f"{order}{count}{code}", data), numbers) < least:
            return name
    return ""


def finite(numbers: Sequence[float]) -> int:
    """The place of the first number that is not finite; -1 where all are."""
    return next((place for place, one in enumerate(numbers) if not math.isfinite(one)), -1)


def norm(numbers: Sequence[float]) -> float:
    """The Euclidean length of a vector."""
    return math.sqrt(sum(one * one for one in numbers))


def cosine(a: Sequence[float], b: Sequence[float]) -> float:
    """The cosine of the angle between two vectors of one length; 0.0 where it has none."""
    if len(a) != len(b):
        return 0.0
    length = norm(a) * norm(b)
    found = sum(map(mul, a, b)) / length if length else 0.0
    return found if math.isfinite(found) else 0.0


def apart(a: Sequence[float], b: Sequence[float]) -> float:
    """The largest difference of two vectors, by the largest number in them; infinite where the lengths differ."""
    if len(a) != len(b):
        return math.inf
    scale = max((abs(one) for one in (*a, *b)), default=0.0)
    return max(map(abs, map(sub, a, b))) / scale if scale else 0.0
