"""Traffic by shape: one request of each, without its texts, and how many calls there were of it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from chatproof.captures.entry import Unreadable
from chatproof.captures.traffic import Traffic
from chatproof.contract.surface import CHAT
from chatproof.surfaces.chat.anonymous_request import kept_words
from chatproof.surfaces.chat.request_shape import Shapes, TooDeep
from chatproof.surfaces.own.form import Form, form_of

MOST_SHAPES = 500
"""Shapes that are kept; what is beyond is counted."""
_MOST_BYTES = 64 * 1024 * 1024  # of all kept bodies, about: they are in memory until the end


class Shaped(NamedTuple):
    """One shape: `calls` of it, and `body`, a request of it with stand-ins for all that is not the API's."""

    calls: int
    body: dict[str, Any]


class Found(NamedTuple):
    """`shapes`, the most frequent first; `calls` of them all; `left_out`: how many were passed by, by reason."""

    shapes: tuple[Shaped, ...]
    calls: int
    left_out: dict[str, int]


def collect(files: Iterable[tuple[str, Traffic]], api: str = CHAT) -> Found:
    """Group the requests to one API in some files, given with their names. Raises Unreadable where none holds any.

    Of each shape the first request is kept. A file that breaks off is read up to there, and that is counted.
    """
    form = form_of(api)
    shapes, kept, calls = Shapes(), dict[str, list[Any]](), 0
    left_out, held, empty = dict[str, int](), 0, list[str]()

    def pass_by(reason: str, count: int = 1) -> None:
        left_out[reason] = left_out.get(reason, 0) + count

    for name, traffic in files:
        before = calls
        try:
            for body in traffic.bodies():
                try:
                    key = shapes.key(body)
                except (TooDeep, RecursionError):
                    pass_by("nested too deeply")
                    continue
                calls += 1
                if key in kept:
                    kept[key][0] += 1
                elif len(kept) >= MOST_SHAPES or held > _MOST_BYTES:
                    pass_by("with shapes beyond the limit")
                else:
                    kept[key] = [1, body]
                    held += _size(body)
        except Unreadable as problem:
            if calls == before:
                raise Unreadable(f"{name}: {problem}") from None
            pass_by("after the place where a file cannot be read")
        for reason, count in traffic.left_out.items():
            pass_by(reason, count)
        if calls == before:
            empty.append(f"{name}: it contains no request to the {api} path{_said(traffic.left_out)}")
    if not calls and empty:
        raise Unreadable(empty[0])
    if empty:
        left_out[f"files without a request to the {api} path"] = len(empty)
    made = []
    for count, body in sorted(kept.values(), key=lambda one: -one[0]):
        shaped = _anonymous(body, form)
        if shaped is None:
            pass_by("whose texts could not all be replaced", count)
        else:
            made.append(Shaped(count, shaped))
    return Found(tuple(made), calls, left_out)


def _anonymous(body: dict[str, Any], form: Form) -> dict[str, Any] | None:
    """The request with stand-ins; None where the second look finds a word of it still there."""
    try:
        made = form.anonymous(body)
        return None if kept_words(body, made) else made
    except RecursionError:
        return None


def _size(value: Any) -> int:
    """Bytes of a body in memory, about: strings, and a little for everything else."""
    size, waiting = 0, [value]
    while waiting:
        one = waiting.pop()
        size += 64
        if isinstance(one, str):
            size += len(one)
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            waiting += one.values()
            size += sum(map(len, one))
    return size


def _said(left_out: dict[str, int]) -> str:
    counted = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
    return f" (left out: {counted})" if counted else ""
