"""How the pieces of a text repeat each other, in time that does not grow with the square of their number."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from chatproof.surfaces.chat import call_text
from chatproof.surfaces.messages.clauses.stream_end import _is_broken_form
from chatproof.surfaces.repeated_text import exceeding, repeated
from tests.pace import within


def comes_twice(pieces: list[str], answer: str) -> bool:
    """As it is said: some beginning of the pieces joins to the answer, and the rest does."""
    return any("".join(pieces[:at]).strip() == "".join(pieces[at:]).strip() == answer for at, _ in enumerate(pieces, 1))


def sent_twice(pieces: list[str]) -> bool:
    told = [piece for piece in pieces if piece]
    return any("".join(told[:count]) == "".join(told[count:]) for count in range(1, len(told)))


@pytest.mark.parametrize("seed", range(4))
def test_what_is_said_is_so(seed: int) -> None:
    chance = random.Random(seed)
    count = 0
    for _ in range(5000):
        pieces = [chance.choice(["a", "b", "ab", " ", " a", "a ", "b\n", ""]) for _ in range(chance.randrange(9))]
        answer = chance.choice(["a", "ab", "a b", "aba", "ba", "bb", "b"])
        told = repeated([piece for piece in pieces if piece], answer)
        if told in ("", "the whole text comes twice"):
            kept = [piece for piece in pieces if piece]
            assert (told != "") == (len(kept) > 2 and comes_twice(kept, answer)), (pieces, answer)
            count += told != ""
        grown = [piece for piece in pieces if piece]
        if not (len(grown) > 1 and all(len(b) > len(a) and b.startswith(a) for a, b in pairwise(grown))):
            assert (call_text.repeated(pieces) != "") == sent_twice(pieces), pieces
    assert count > 5


def test_blanks_are_no_text_that_comes_twice() -> None:
    assert repeated([" ", "\n", " "], "") == ""


@pytest.mark.parametrize("answer", ["pong", "abcdefghijklmnopqrstuvwxyz" * 700])
def test_a_hundred_thousand_pieces_cost_little(answer: str) -> None:
    pieces = [chr(97 + number % 26) for number in range(100_000)]
    with within(0.5):
        repeated(pieces, answer)
        exceeding(pieces, answer)
        call_text.repeated(pieces)


@pytest.mark.parametrize("answer", ["pong", "ab" * 50_000])
def test_a_stream_of_messages_is_not_tried_at_each_of_many_places(answer: str) -> None:
    with within(0.5):
        assert not _is_broken_form(["ab"] * 49_999 + ["ba"], answer)
    assert _is_broken_form(["po", "po", "ng"], "pong") and _is_broken_form(["ng", "po"], "pong")
    assert _is_broken_form(["p", "ng"], "pong") and not _is_broken_form(["pong", "!", "!"], "ping")
