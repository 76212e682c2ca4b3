"""Vectors of several requests beside each other: what is told of them, and what keeps us from comparing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatproof.contract.clause import BROKEN, HOLDS, NOT_APPLICABLE, VALIDATE, Context, Example, Outcome
from chatproof.evidence.reply import Reply
from chatproof.surfaces import surface_of
from chatproof.surfaces.embeddings.examples import FIRST, GOOD, IN_FLOATS, SECOND, A, B, of, packed
from chatproof.surfaces.embeddings.probes_validate import ALIKE, BATCH
from chatproof.target import profile
from tests.support import exchange, from_example

API = "embeddings"
SURFACE = surface_of(API)
MOVED = of(packed((0.0, 1.0, 0.0, 0.0)), B)
NOT_READ = Outcome(NOT_APPLICABLE, reason="no vectors of the texts to compare with")


def judged(name: str, reply: Example, *, asked: object = None, **others: Example | bytes) -> Outcome:
    """What a clause says of a reply, beside others by their probes; `asked` is the input of its request, if not ours."""
    clause = SURFACE.clauses(VALIDATE)[f"{API}.{name}"]
    sent = {
        probe: exchange(probe, from_example(one) if isinstance(one, Example) else one, api=API)
        for probe, one in {**others, clause.probe: reply}.items()
    }
    if asked is not None:
        own = sent[clause.probe]
        body = json.dumps({"model": "m", "input": asked}).encode()
        sent[clause.probe] = own._replace(request=own.request._replace(body=body))
    replies = {probe: Reply(one) for probe, one in sent.items()}
    return clause.judge(replies[clause.probe], Context(profile.load("generic"), "m", None, replies, SURFACE))


# -- texts that were sent as tokens ----------------------------------------------------------------------------------


def test_tokens_are_not_compared_where_vectors_cannot_be() -> None:
    others = of(B, A)
    assert judged("tokens.read", others, happy=GOOD).outcome == BROKEN, "the premise"
    assert judged("tokens.read", others) == NOT_READ
    assert judged("tokens.read", of(), happy=GOOD) == NOT_READ
    cut_off = from_example(GOOD).replace(b"Content-Length: ", b"Content-Length: 9")
    assert judged("tokens.read", others, happy=cut_off) == NOT_READ
    moves = Outcome(NOT_APPLICABLE, reason="the same text gets a different vector each time")
    assert judged("tokens.read", others, happy=GOOD, single=MOVED) == moves
    unread = "base64 and floats are different vectors: see embeddings.float.agrees"
    floats = of(list(SECOND), list(FIRST))
    assert judged("tokens.read", others, happy=GOOD, float=floats) == Outcome(NOT_APPLICABLE, reason=unread)
    assert judged("tokens.read", others, happy=GOOD, float=IN_FLOATS, single=GOOD).outcome == BROKEN


def test_tokens_are_read_where_the_vectors_are_nearer_than_the_mark() -> None:
    plain = of([1, 0, 0, 0, 0], [1, 0, 0, 0, 0])
    at_it, nearer = [99, 14, 1, 1, 1], [99, 14, 1, 1, 0]  # the first has a length of 100
    told = Outcome(BROKEN, "$.data[1].embedding", "the vector of the text that these tokens say", "cosine 0.9900")
    assert judged("tokens.read", of(nearer, at_it), happy=plain) == told
    assert judged("tokens.read", of(nearer, nearer), happy=plain) == Outcome(HOLDS, observed="cosine 0.9900")


# -- vectors whose length, or numbers, are those of no model ---------------------------------------------------------


def test_short_vectors_need_length_1_only_where_all_whole_ones_have_it() -> None:
    one, two = packed((1.0, 0.0)), packed((2.0, 0.0))
    short = of(one, packed((0.5, 0.0)))
    either = Outcome(NOT_APPLICABLE, reason="whole vectors do not have length 1, either")
    assert judged("dimensions.unit", short) == either
    for plain in (of(one, two), of(two, one), of(two, two)):
        assert judged("dimensions.unit", short, happy=plain) == either
    told = Outcome(BROKEN, "$.data[1].embedding", "length 1, as whole vectors have", "length 0.500")
    assert judged("dimensions.unit", short, happy=of(one, one)) == told


def test_each_vector_is_looked_at_for_fractions_and_its_first_numbers_are_shown() -> None:
    found = judged("float.fractions", of([0.5, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6]))
    assert found == Outcome(
        BROKEN, "$.data[1].embedding", "numbers with fractions", "whole numbers alone: 1, 2, 3, 4, …"
    )


def test_floats_may_differ_by_what_one_text_differs_from_itself() -> None:
    apart = of([one + 0.005 for one in FIRST], list(SECOND))
    assert judged("float.agrees", apart, happy=GOOD).outcome == BROKEN
    assert judged("float.agrees", apart, happy=GOOD, single=of(packed((1.0, 0.25, -0.5, 0.002)))).outcome == HOLDS
    assert judged("float.agrees", apart, happy=GOOD, single=of(packed((1.0, 0.25, -0.5, 0.0015)))).outcome == BROKEN


# -- different texts with one vector ---------------------------------------------------------------------------------

NO_LETTER = "this text has no letter of ASCII"
CUT_OFF = f"these long texts are alike in their first {ALIKE} characters, and what follows was cut off"


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("cat", "dog", ""),
        ("кошка", "ложка", NO_LETTER),
        ("кошка!", "ложка?", NO_LETTER),  # signs of ASCII are no letters
        ("кошка 1", "ложка 2", ""),
        ("é", "ô", NO_LETTER),
        ("a" * ALIKE + "b", "a" * ALIKE + "c", CUT_OFF),
        ("a" * (ALIKE - 1) + "b", "a" * (ALIKE - 1) + "c", ""),
        ([1, 2], [3, 4], ""),  # as tokens
        ([1] * (ALIKE + 1), [2] * (ALIKE + 1), ""),
    ],
)
def test_what_two_texts_with_one_vector_are_is_told(one: Any, other: Any, why: str) -> None:
    same = "the same numbers as in $.data[1].embedding"
    found = judged("batch.distinct", of(A, B, B), asked=["first", one, other])
    said = f"{same}; {why}" if why else same
    assert found == Outcome(BROKEN, "$.data[2].embedding", "a vector of its own", said)


def test_texts_with_vectors_of_their_own_are_fine() -> None:
    many = of(*(packed((float(number), 1.0)) for number in range(BATCH)))
    assert judged("batch.distinct", many, asked=[f"text {number}" for number in range(BATCH)]) == Outcome(HOLDS)
    alone = Outcome(NOT_APPLICABLE, reason="the request has no two texts that differ")
    assert judged("batch.distinct", of(A, A), asked=["кошка", "кошка"]) == alone
