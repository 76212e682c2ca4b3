"""Pieces of a text that repeat each other, and honest ones that only look so."""

from __future__ import annotations

import pytest

from chatproof.surfaces.repeated_text import exceeding, repeated

TWICE, GROWS, AGAIN, SOME = (
    "each comes twice",
    "each delta repeats all the text so far",
    "the whole text comes twice",
    "some come more than once",
)


@pytest.mark.parametrize(
    ("pieces", "answer", "told"),
    [
        (["po", "po", "ng", "ng"], "pong", TWICE),
        (["po", "po", "ng", "ng"], "", ""),
        (["pong", "pong"], "pong", ""),
        ([f"{n // 2}, " for n in range(12)], "", ""),
        ([f"{n // 2}, " for n in range(14)], "", TWICE),
        (["ha"] * 20, "", ""),
        (["po", "pong"], "pong", GROWS),
        (["po", "pong "], "pong", GROWS),
        (["po", "pong"], "", ""),
        (["p", "po", "pon"], "", GROWS),
        (["po", "po", "pon"], "", ""),
        (["po", "ng", "pong"], "pong", AGAIN),
        (["po", "ng", "po"], "pong", ""),
        (["po", "ng", "pong"], "", ""),
    ],
)
def test_pieces_repeat_each_other(pieces: list[str], answer: str, told: str) -> None:
    assert repeated(pieces, answer) == told


@pytest.mark.parametrize(
    ("pieces", "whole", "told"),
    [
        (["po", "ng"], "pong", ""),
        ([" po", "ng"], "pong\n", ""),
        (["pong", "pong"], "pongpong", ""),
        (["pong", "pong"], "pong", SOME),
        (["po", "ng", "ng"], " pong ", SOME),
        (["po", "ng", "po"], "pong", SOME),
        (["ha", "ha", "po", "po"], "hahapo", ""),
        (["po", "pong"], "pong", GROWS),
        (["po", "ng"], "ping", ""),
        (["po", "po"], "", ""),
        (["p", "po", "pon"], " ", ""),
        ([" po", "ng", "ng"], "pong", SOME),
        (["a", "a", "b", "a"], "aba", SOME),
    ],
)
def test_pieces_that_join_to_more_than_the_whole(pieces: list[str], whole: str, told: str) -> None:
    assert exceeding(pieces, whole) == told
