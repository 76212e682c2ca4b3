"""Every run of a few characters of some texts, looked for in another text in linear time."""

from collections.abc import Iterable
from functools import cached_property
from itertools import chain

from chatproof.secrets import packed as forms
from chatproof.secrets.packed import GROUP

_LOWER = {ord(upper): upper.lower() for upper in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}  # str.lower may change a length
_FEW = 64  # places to look at: to search the joined texts for each costs less than to cut every run out of them


class Windows:
    """Every run of `size` characters of some texts, whatever their case, and where one of them begins in another text.

    A run holds four bytes at a place divisible by four, and a long one more of them in a row. Those are compared first,
    as numbers: a clean text, as nearly all are, costs a look-up for each four bytes.
    """

    def __init__(self, texts: Iterable[str], size: int) -> None:
        self.size = size
        self._texts = [_folded(text) for text in texts if len(text) >= size]
        self._joined = "A".join(self._texts)  # a capital stands in no folded text: no run reaches from one to the next
        self._looked_at = 0  # places, in all texts: after a few of them a set of the runs is worth its making
        held = forms.bytewise(self._joined)
        self._groups = frozenset(chain.from_iterable(forms.words(held[i:]) for i in range(GROUP)))

    def __bool__(self) -> bool:
        return bool(self._texts)

    def whole_in(self, text: str) -> bool:
        """Whether one of the texts stands there whole."""
        folded = _folded(text)
        return any(one in folded for one in self._texts)

    def hits(self, text: str) -> list[int]:
        """Where a run begins, in order."""
        data = forms.bytewise(text)
        near = forms.places(data, self._groups.intersection(forms.words(data)))
        further = (self.size - GROUP + 1) // GROUP - 1  # a run holds so many more words behind its first
        near = [i for i, last in zip(near, near[further:], strict=False) if last - i == further * GROUP]
        if not near:
            return []
        self._looked_at += len(near)
        size, folded, few = self.size, _folded(text), self._looked_at <= _FEW
        known, behind = (self._joined, self._joined) if few else (self._known, self._behind)
        last = len(text) - size  # and the first such place in a run is one of its first four
        shared = size - GROUP + 1  # so many characters from there are in all runs that hold the place
        found, upto = [], 0
        for i in near:
            if folded[i : i + shared] not in behind:
                continue
            found += [at for at in range(max(i - GROUP + 1, upto), min(i, last) + 1) if folded[at : at + size] in known]
            upto = i + 1
        return found

    @cached_property
    def _known(self) -> frozenset[str]:
        size = self.size
        return frozenset(held[i : i + size] for held in self._texts for i in range(len(held) - size + 1))

    @cached_property
    def _behind(self) -> frozenset[str]:
        size = self.size - GROUP + 1
        return frozenset(held[i : i + size] for held in self._texts for i in range(len(held) - size + 1))


def _folded(text: str) -> str:
    return text.lower() if text.isascii() else text.translate(_LOWER)
