"""How the pieces of a streamed text repeat each other: what clients join comes out more than once.

Alike pieces come by chance, too: short ones mean something only beside the text that they should join to.
"""

from collections.abc import Sequence
from itertools import accumulate, groupby, pairwise

_BY_CHANCE = 6  # pieces that come twice each, and could be what a model counted


def repeated(pieces: Sequence[str], answer: str) -> str:
    """Say how the pieces repeat each other; empty where they do not. `answer` is what the same request was answered
    with without a stream, without white space around it; empty where that is not known."""
    grows = all(b.startswith(a) and len(b) > len(a) for a, b in pairwise(pieces))
    once = pieces[::2] if pieces[::2] == pieces[1::2] else []
    if (len(once) > _BY_CHANCE and len(set(once)) > 1) or (len(once) > 1 and "".join(once).strip() == answer):
        return "each comes twice"
    # Two pieces may be alike by chance, unless the second is all that the plain request was answered with.
    if grows and (len(pieces) > 2 or (len(pieces) == 2 and pieces[1].strip() == answer)):
        return "each delta repeats all the text so far"
    if len(pieces) > 2 and answer and _comes_twice(pieces, answer):
        return "the whole text comes twice"
    return ""


def _comes_twice(pieces: Sequence[str], text: str) -> bool:
    """The pieces up to one of them join to the text, and so do the others; white space around both aside. Each
    character is looked at once or twice: a stream may have a hundred thousand pieces."""
    joined = "".join(pieces)
    ends = len(joined) - len(joined.lstrip()) + len(text)
    rest = joined[ends:]
    if joined[:ends].lstrip() != text or rest.strip() != text:
        return False
    latest = ends + len(rest) - len(rest.lstrip())
    return any(ends <= length <= latest for length in accumulate(map(len, pieces)))


def exceeding(pieces: Sequence[str], whole: str) -> str:
    """Say how pieces that join to more than the `whole` repeat a part of it; empty where they differ in another way."""
    whole = whole.strip()
    if not whole or "".join(pieces).strip() == whole:
        return ""
    told = repeated(pieces, whole)
    if told:
        return told
    once = ([piece for piece, _ in groupby(pieces)], dict.fromkeys(pieces))
    return "some come more than once" if any("".join(some).strip() == whole for some in once) else ""
