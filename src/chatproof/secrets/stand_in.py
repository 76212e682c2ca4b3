"""Words that stand in for a text: as long, in the same script, and saying nothing of it.

What is chosen depends on the length and the script alone, never on the letters: equal texts get different words, and
nobody can find a text by trying which one leads to these words. Spaces and punctuation stay, so that a JSON or Markdown
text remains one. Latin words are real ones of no meaning here, for a model would see twice as many tokens in gibberish.
"""

import random
import re
import unicodedata

_LATIN = (
    "dolor amet elit quis nisi aute irure velit esse nulla sint culpa anim fugit odio quasi vero modi ipsam "
    "nemo sequi porro totam rerum autem ullam magni illum minus omnis soluta nobis optio cumque nihil impedit "
    "quo placeat facere possimus assumenda repellendus temporibus quibusdam officiis debitis necessitatibus "
    "saepe eveniet voluptates repudiandae recusandae itaque earum hic tenetur sapiente delectus reiciendis "
    "voluptatibus maiores alias perferendis doloribus asperiores repellat consectetur adipiscing tempor "
    "incididunt labore dolore magna aliqua enim minim veniam nostrud exercitation ullamco laboris aliquip "
    "commodo consequat reprehenderit voluptate cillum fugiat pariatur excepteur occaecat cupidatat proident "
    "sunt officia deserunt mollit laborum perspiciatis unde iste natus accusantium doloremque laudantium "
    "aperiam eaque quae inventore veritatis architecto beatae vitae dicta explicabo aspernatur consequuntur "
    "ratione nesciunt dolorem adipisci numquam eius quaerat voluptatem"
)
_BY_LENGTH: dict[int, list[str]] = {}
for _word in _LATIN.split():
    _BY_LENGTH.setdefault(len(_word), []).append(_word)
_LONGEST = max(_BY_LENGTH)
_CONSONANTS = "bcdfghjklmnpqrstvwxz"
_RUN = re.compile(r"[^\W\d_]+|\d+|[^\W\d_]|[^\x00-\x7f\w\s]")
_WORD = re.compile(r"[a-z]{3,}")
_TRIES = 12
_HAN = range(0x4E00, 0x4F00)
_HANGUL = range(0xAC00, 0xAD00)
_EMOJI = "🟦🟩🟨🟧🟥🟪🟫⬛⬜🔵🟢🟡🟠🔴🟣🟤"


class StandIn:
    """Makes words. `avoid`: texts of which no word of three letters or more should come out by accident.

    `keep`: words, in small letters, that stand for nothing of the user's and stay as they are.
    """

    def __init__(self, avoid: str = "", keep: frozenset[str] = frozenset()) -> None:
        self._avoid = set(_WORD.findall(avoid.lower()))
        self._keep = keep
        self._random = random.Random(0)  # noqa: S311  # nothing is hidden by it: it does not know the text
        self._alphabets: dict[tuple[int, str], str] = {}

    def text(self, text: str) -> str:
        """A text of the same length and script."""
        return _RUN.sub(lambda run: self._run(run[0]), text)

    def number(self, digits: str) -> str:
        """As many digits; the first is no zero where there are several."""
        first = self._random.choice("123456789" if len(digits) > 1 else "0123456789")
        return first + "".join(self._random.choice("0123456789") for _ in digits[1:])

    def _run(self, run: str) -> str:
        if run.isascii():
            return self.number(run) if run[0].isdigit() else self._latin(run)
        return "".join(self._latin(c) if c.isascii() and c.isalpha() else self._sign(c) for c in run)

    def _latin(self, word: str) -> str:
        if word.lower() in self._keep:
            return word
        made = next((found for _ in range(_TRIES) if (found := self._words(len(word))) not in self._avoid), "")
        for _ in range(_TRIES if not made else 0):  # not for ever: a text may hold every word of three letters
            made = "".join(self._random.choice(_CONSONANTS) for _ in word)
            if made not in self._avoid:
                break
        if word.islower():
            return made
        if word.isupper() and len(word) > 1:
            return made.upper()
        return "".join(new.upper() if old.isupper() else new for old, new in zip(word, made, strict=True))

    def _words(self, length: int) -> str:
        """Words without spaces, as long as that together."""
        made = ""
        while (left := length - len(made)) > 0:
            fitting = left if left in _BY_LENGTH else min(_LONGEST, left - 4) if left > 7 else 0
            if fitting not in _BY_LENGTH:
                return made + "".join(self._random.choice(_CONSONANTS) for _ in range(left))
            made += self._random.choice(_BY_LENGTH[fitting])
        return made

    def _sign(self, char: str) -> str:
        """Another sign of its script; of one with thousands, out of a fixed part: the place of a sign would tell."""
        code, category = ord(char), unicodedata.category(char)
        if category in ("Nd", "Nl", "No"):
            return self._random.choice("0123456789")
        if category in ("So", "Cs", "Co", "Cn"):
            return self._random.choice(_EMOJI)
        if not category.startswith(("L", "M")):
            return char
        if 0xAC00 <= code <= 0xD7A3:
            return chr(self._random.choice(_HANGUL))
        if code >= 0x3100:
            return chr(self._random.choice(_HAN))
        return self._random.choice(self._alphabet(code >> 7, category))

    def _alphabet(self, block: int, category: str) -> str:
        if (block, category) not in self._alphabets:
            signs = map(chr, range(block << 7, (block + 1) << 7))
            self._alphabets[block, category] = "".join(sign for sign in signs if unicodedata.category(sign) == category)
        return self._alphabets[block, category]
