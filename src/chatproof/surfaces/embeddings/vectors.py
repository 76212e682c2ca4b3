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


def finite(numbers: Sequence[float]) -> int:
    """The place of the first number that is not finite; -1 where all are."""
    return next((place for place, one in enumerate(numbers) if not math.isfinite(one)), -1)


def cosine(a: Sequence[float], b: Sequence[float]) -> float:
    """The cosine of the angle between two vectors of one length; 0.0 where it has none."""
    if len(a) != len(b):
        return 0.0
    length = math.sqrt(sum(x * x for x in a)) * math.sqrt(sum(x * x for x in b))
    found = sum(map(mul, a, b)) / length if length else 0.0
    return found if math.isfinite(found) else 0.0


def apart(a: Sequence[float], b: Sequence[float]) -> float:
    """The largest difference of two vectors, by the largest number in them; infinite where the lengths differ."""
    if len(a) != len(b):
        return math.inf
    scale = max((abs(one) for one in (*a, *b)), default=0.0)
    return max(map(abs, map(sub, a, b))) / scale if scale else 0.0
