"""Runs of the Embeddings API in which one thing is not as it should be, or only just is."""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Sequence
from math import sqrt

from chatproof.surfaces.embeddings import examples
from chatproof.surfaces.embeddings.clauses.validate.floats import SAME
from chatproof.surfaces.embeddings.examples import FIRST, IN_FLOATS, SECOND, A, B, item, of, packed
from chatproof.surfaces.embeddings.probes_validate import BATCH, DIMENSIONS
from tests.api_rows import HTML, Reply, Row, cut_off, error, says

_X, _Y = packed((1.0, 0.0)), packed((0.0, 1.0))
_BESIDE = [SAME, sqrt(1 - SAME**2)]  # its cosine with X is SAME
_SHORT = of(*[packed((0.5,) * DIMENSIONS)] * 2)
_FIRST_MOVED = of([*FIRST[:3], FIRST[3] + 1e-3], list(SECOND))
_LATER_SWAPPED = examples.body(
    examples.whole()
    | {"data": [{"embedding": A}, item(2, B), item(1, A), *(item(number, A) for number in range(3, BATCH))]}
)
_EITHER = struct.unpack("<f", b"\x3f\x80\x80\x3f")[0]  # its bytes are the same in both orders
_TINY = struct.unpack("<f", b"\x3a\0\0\0")[0]  # 0.0005 in the other order
_REFUSED = "encoding_format base64 is not supported"


def _row(name: str, **replies: Reply | None) -> Row:
    return Row("embeddings", f"embeddings: {name}", {probe.replace("_", "."): it for probe, it in replies.items()})


def _as(format: str, numbers: Sequence[float]) -> str:
    """These numbers in another format, as base64."""
    return b64encode(struct.pack(format, *numbers)).decode()


ROWS = [
    *(
        _row(f"the base64 is of {name}", happy=of(_as(format, FIRST), _as(format, SECOND)), float=IN_FLOATS)
        for name, format in (
            ("float64", "<4d"),
            ("big-endian float32", ">4f"),
            ("big-endian float64", ">4d"),
            ("float16", "<4e"),
        )
    ),
    _row("the second vector alone is of float64", happy=of(A, _as("<4d", SECOND)), float=IN_FLOATS),
    _row(
        "the base64 is of float64 and other numbers", happy=of(_as("<4d", SECOND), _as("<4d", FIRST)), float=IN_FLOATS
    ),
    _row(
        "the base64 of float64 is cut off",
        happy=cut_off(of(_as("<4d", FIRST), _as("<4d", SECOND))),
        float=IN_FLOATS,
    ),
    _row(
        "float64 and floats differ by only just what is allowed",
        happy=of(_as("<4d", [*FIRST[:3], FIRST[3] + 1e-3]), _as("<4d", SECOND)),
        float=IN_FLOATS,
    ),
    _row(
        "the numbers are the same in both orders",
        happy=of(packed((_EITHER,) * 4), B),
        float=of([_EITHER] * 4, list(SECOND)),
    ),
    _row(
        "the numbers are almost the same in both orders, and floats only just",
        happy=of(packed((_EITHER, _TINY, _EITHER, _EITHER)), B),
        float=of([_EITHER, _EITHER * 1e-3, _EITHER, _EITHER], list(SECOND)),
    ),
    _row("an error that is a number", happy=of(A, B, error=7)),
    _row("base64 is refused by a page", happy=IN_FLOATS, refused_happy=says(400, b"<html>400</html>", HTML)),
    _row("base64 is refused under 399", happy=IN_FLOATS, refused_happy=error(399, _REFUSED)),
    _row("an error beside the vectors", single=of(A, error="slow"), float=of(list(FIRST), list(SECOND), error="slow")),
    _row("later texts are swapped, the first has no index", batch=_LATER_SWAPPED),
    _row("many texts are refused", batch=error(400, "batch size is invalid, it should not be larger than 10")),
    _row("the text alone is only just another one", happy=of(_X, _Y), single=of(_BESIDE), float=of([1.0, 0], [0, 1.0])),
    _row("the text alone is only just the other one", happy=of(_X, _Y), single=of(_BESIDE[::-1])),
    _row("floats differ by only just what is allowed", float=_FIRST_MOVED),
    _row("nothing comes to the plain request", happy=of(), dimensions=_SHORT),
    _row("the text alone comes with another", single=of(A, B), float=of(list(SECOND), list(FIRST))),
    _row("the plain reply is cut off", happy=cut_off(of(B, A)), single=of(A), float=IN_FLOATS, dimensions=_SHORT),
    _row(
        "no usage, and the plain reply is cut off",
        happy=cut_off(of(A, B, usage=None)),
        float=of(list(FIRST), list(SECOND), usage=None),
    ),
    _row("the floats are cut off", float=cut_off(of(list(SECOND), list(FIRST))), dimensions=_SHORT),
    _row("the text alone is cut off", single=cut_off(of(B)), float=of(list(SECOND), list(FIRST)), dimensions=_SHORT),
]
