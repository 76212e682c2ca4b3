"""Which part of a refused request is refused: by the server's own words first, by bisection where they say nothing.

Pure: a search yields each smaller request, and gets what it was answered with.
"""

import re
from collections.abc import Generator
from typing import NamedTuple, TypeVar

from chatproof.evidence.provider_error import ProviderError
from chatproof.surfaces.own.optional import without
from chatproof.surfaces.own.request_part import Part, Request

MOST = 8
"""Requests that an explanation may cost."""
_BLAMED = 4  # parts that one error may be taken to blame


class Answer(NamedTuple):
    """`answered`: the smaller request is answered; `error`: why not, where the reply says."""

    answered: bool
    error: ProviderError | None = None


class Explained(NamedTuple):
    """What is refused. `parts` is empty where no smaller request was answered, or none was left to be asked."""

    parts: tuple[Part, ...]
    asked: int
    remark: str = ""  # why there is no more to say

    @property
    def sentence(self) -> str:
        """As "refuses `a` and `b`; without them, it answers", for a subject before it."""
        if not self.parts:
            return f"refuses it; {self.remark}" if self.remark else "refuses it"
        names = " and ".join(dict.fromkeys(part.name for part in self.parts))
        instead = list(dict.fromkeys(part.instead for part in self.parts))
        changed = instead[0] if len(self.parts) == 1 else "without them" if instead == ["without it"] else "changed"
        if len(self.parts) > 1 and changed == "changed":
            changed = "with each of them changed (" + "; ".join(f"{p.name}: {p.instead}" for p in self.parts) + ")"
        return f"refuses {names}; {changed}, it answers"


_ALLOWED = re.compile(r"\bone of:? ?(?:\[[^\]]*\]|\([^)]*\)|\{[^}]*\})", re.IGNORECASE)
"""What a server would take instead: `not one of ['system', 'user']` does not blame the system message."""
_T = TypeVar("_T")
Asking = Generator[Request, Answer | None, _T]
"""Yields a smaller request to be sent. Answered by None: it cannot be asked any more, or was not answered for a reason
of its own."""


class Search:
    """One explanation: what was asked, and what may still be asked."""

    def __init__(self, body: Request, parts: list[Part], most: int = MOST) -> None:
        self.body, self.parts, self.most = body, parts, most
        self.asked = 0
        self.stopped = False

    def run(self, error: ProviderError | None) -> Asking[Explained]:
        """Find the smallest set of parts without which the request is answered."""
        if not self.parts:
            return Explained((), 0, "it has no optional parts")
        guess = yield from self._by_words(error)
        if guess:
            spared = (yield from self._spared()) if any(part.needed for part in guess) else []
            return (yield from self._together(spared or guess))
        plainer = [part for part in self.parts if not part.by_name]
        everything = yield from self._try(plainer)
        if everything is None or not everything.answered:
            said = "even its plainest form is refused" if everything is not None else "no smaller request was answered"
            return Explained((), self.asked, said)
        return (yield from self._together((yield from self._bisected(plainer))))

    def _spared(self) -> Asking[list[Part]]:
        """The parts to blame if the request is answered without what can be spared: the words blamed what it needs.

        A server that streams, but not several choices, says that it does not stream them."""
        spare = [part for part in self.parts if not part.needed and not part.by_name]
        answer = (yield from self._try(spare)) if spare else None
        found = (yield from self._bisected(spare)) if answer is not None and answer.answered else []
        return found if self.asked < self.most or len(found) == 1 else []

    def _together(self, parts: list[Part]) -> Asking[Explained]:
        """What is found; where it is one part that cannot be spared, whether it is refused only beside another such.

        Without this a server that takes tools, and a schema, but not both, would be said to refuse tools."""
        for other in self.parts if len(parts) == 1 and parts[0].needed else []:
            if not other.needed or not other.words or other.name == parts[0].name:
                continue
            answer = yield from self._try([other])
            if answer is None:
                break
            if answer.answered:
                one, two = (part.name for part in self.parts if part in (parts[0], other))
                both = parts[0]._replace(name=f"{one} beside {two}", instead="without one of them")
                return Explained((both,), self.asked)
        return Explained(tuple(parts), self.asked)

    def _try(self, parts: list[Part]) -> Asking[Answer | None]:
        """Ask without these parts, in the order in which they stand. None: not observed."""
        if self.asked >= self.most or self.stopped:
            return None
        self.asked += 1
        answer = yield without(self.body, [part for part in self.parts if part in parts])
        self.stopped = answer is None
        return answer

    def _by_words(self, error: ProviderError | None) -> Asking[list[Part]]:
        """What the errors blame, one after another; empty where they blame nothing, or wrongly."""
        taken: list[Part] = []
        while error is not None and self.asked < self.most // 2:
            blamed = [part for part in self.blamed(error) if part not in taken]
            if not blamed:
                return []
            for part in blamed[:_BLAMED] if len(blamed) > 1 else []:  # one alone is the smaller answer
                alone = yield from self._try([*taken, part])
                if alone is not None and alone.answered:
                    return [*taken, part]
                if self.asked >= self.most // 2:
                    break
            answer = yield from self._try([*taken, *blamed])
            if answer is None:
                return []
            taken += blamed
            if answer.answered:
                return taken
            error = answer.error
        return []

    def blamed(self, error: ProviderError) -> list[Part]:
        """The parts that an error names: the one in `param` first, then those of the longest words."""
        param = _words(error.param)
        said = _words(f"{_ALLOWED.sub(' ', error.message[:2000])} {error.code}")
        ranked: list[tuple[bool, int, int, Part]] = []
        for number, part in enumerate(self.parts):
            words = {word.lower() for word in part.words}
            hits = words & (said | param)
            if not hits:
                continue
            first = part.words[0].lower()
            weight = 1000 * (first in param) + 100 * (first in said) + 10 * len(hits) + max(map(len, hits))
            ranked.append((part.needed, -weight, number, part))  # what can be spared first
        best = sorted(ranked, key=lambda row: row[:3])
        sure = [row for row in best if row[1] <= -100]  # named by its own name; else by words that others share
        return [row[3] for row in (sure or best)][:_BLAMED]

    def _bisected(self, parts: list[Part]) -> Asking[list[Part]]:
        """All of these changed is answered, none is not: find where it turns, and what it needs beside that."""
        found: list[Part] = []
        ceiling = len(parts)
        while True:
            low, high = 0, ceiling  # changed up to `low` with what was found: refused; up to `high`: answered
            while high - low > 1:
                middle = (low + high) // 2
                answer = yield from self._try([*parts[:middle], *found])
                if answer is None:
                    return [*parts[:high], *found]
                low, high = (low, middle) if answer.answered else (middle, high)
            found.insert(0, parts[high - 1])
            if high == 1:
                return found
            answer = yield from self._try(found)
            if answer is None:
                return [*parts[: high - 1], *found]
            if answer.answered:
                return found
            ceiling = high - 1


def _words(text: str) -> set[str]:
    """Words as errors write them, lower case: `$ref`, `non-empty` and its parts, those of `tools[0].strict`."""
    found = re.findall(r"[$A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*", text.lower())
    return {*found, *(piece for word in found for piece in word.split("-"))}
