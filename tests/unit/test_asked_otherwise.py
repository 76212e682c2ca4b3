"""What clauses of the APIs beside chat say where a captured request asks for something else than ours does."""

from __future__ import annotations

import json

from chatproof.contract.clause import HOLDS, NOT_APPLICABLE, VALIDATE, Context, Example, Outcome
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.models import EXAMPLE_MODEL
from chatproof.surfaces.embeddings import examples as embeddings
from chatproof.target import profile
from tests.support import exchange, from_example
from tests.unit.test_api_clauses import SURFACES


def judged(api: str, id: str, example: Example, **fields: object) -> Outcome:
    """What a clause says of a reply to its request with these fields; None leaves a field out."""
    surface = SURFACES[api]
    clause = surface.clauses(VALIDATE)[id]
    made = exchange(clause.probe, from_example(example), api=api)
    asked = {name: it for name, it in {**json.loads(made.request.body), **fields}.items() if it is not None}
    reply = Reply(made._replace(request=made.request._replace(body=json.dumps(asked).encode())))
    context = Context(profile.load("generic"), EXAMPLE_MODEL, None, {clause.probe: reply}, surface)
    return clause.judge(reply, context)


def test_an_encoding_that_we_do_not_know_is_not_judged() -> None:
    id = "embeddings.happy.encoding"
    assert judged("embeddings", id, embeddings.IN_FLOATS, encoding_format="int8").outcome == HOLDS
    assert judged("embeddings", id, embeddings.IN_FLOATS, encoding_format=None).outcome == HOLDS


def test_without_a_number_of_dimensions_none_is_missing() -> None:
    for asked in (None, "256"):
        found = judged("embeddings", "embeddings.dimensions.honoured", embeddings.GOOD, dimensions=asked)
        assert (found.outcome, found.reason) == (NOT_APPLICABLE, "the request has no dimensions")
