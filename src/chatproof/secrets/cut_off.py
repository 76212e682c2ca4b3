"""What a sentence of ours left of a short secret where it cut the text that it quotes: the secret's first characters.

Of a secret of twenty characters or more, any eight in a row are found. A shorter one is removed whole, for its pieces
are ordinary words; but a sentence is cut before it is redacted, and what stood before the cut was no piece in the
reply. Loaded only where a secret is short.
"""

import re
from collections.abc import Callable, Iterator

CUT = "…"
_FEWEST, _FEWEST_SPELT = 4, 6  # characters before a cut that are taken for a beginning
_LONGEST = 320  # characters before a cut that are looked at: nineteen letters in escapes of ten, and more
_HALF = re.compile(r"(?:\\[uUx]?\{?[0-9a-fA-F]{0,7}|&#?[xX]?\w{0,7}|[%=][0-9a-fA-F]?|<[^<>]{0,40})\Z")
"""An escape or a tag that was cut, too."""


class Beginnings:
    """`forms` are those of the secrets as they may stand in a text; `needles` are squeezed, and looked for in all that
    `looks` makes of a text."""

    def __init__(
        self, forms: list[str], needles: tuple[bytes, ...], looks: Callable[[bytes], Iterator[bytes | None]]
    ) -> None:
        self._forms = [(form, max(_FEWEST, len(form) // 4)) for form in forms]
        self._needles = [(form, max(_FEWEST_SPELT, len(form) // 4)) for form in needles]
        self._looks = looks

    def stand_in(self, text: str) -> bool:
        return any(self._length(head) or self._are_spelt(head) for head in text.split(CUT)[:-1])

    def without(self, text: str, mark: str) -> str:
        """`text` with a mark for each of them; for all that stands before the cut where it is spelt."""
        if CUT not in text:
            return text
        *heads, end = text.split(CUT)
        for number, head in enumerate(heads):
            length = self._length(head)
            if length or self._are_spelt(head):
                heads[number] = f"{head[:-length] if length else ''}{mark}"
        return CUT.join([*heads, end])

    def _length(self, head: str) -> int:
        """How many characters at the end begin a form."""
        tail = head[-_LONGEST:]
        found = 0
        for form, least in self._forms:
            if form[:least] in tail:
                sizes = range(len(form) - 1, least - 1, -1)
                found = max(found, next((size for size in sizes if tail.endswith(form[:size])), 0))
        return found

    def _are_spelt(self, head: str) -> bool:
        tail = head[-_LONGEST:]
        return any(
            look.endswith(form[:size])
            for text in dict.fromkeys((tail, _HALF.sub("", tail)))
            for look in self._looks(text.encode("utf-8", "replace"))
            if look is not None
            for form, least in self._needles
            if form[:least] in look
            for size in range(least, len(form))
        )
