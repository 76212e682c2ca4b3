"""What a reply to one of the user's own requests for embeddings owes it."""

from chatproof.contract.clause import OPENAI_SPEC, Clauses, Example
from chatproof.contract.probe import OWN
from chatproof.evidence.json_values import count, members
from chatproof.evidence.reply import Reply
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.embeddings.examples import FIRST, SECOND, body, of, packed
from chatproof.surfaces.embeddings.vectors import read
from chatproof.surfaces.own import clauses
from chatproof.surfaces.own.clauses import Reading
from chatproof.surfaces.own.own_request import asked_of
from chatproof.surfaces.own.reading import Asked, Said

CLAUSES = Clauses(OWN)


def asked(reply: Reply) -> Asked:
    """What a request asks for."""
    return Asked(length=count(asked_of(reply).get("dimensions")))


def said(reply: Reply) -> Said:
    """How long the first vector is, and whether tokens are counted."""
    data = reply.object.get("data")
    first = members(data[0]).get("embedding") if isinstance(data, list) and data else None
    vector = read(first)
    used = count(members(reply.object.get("usage")).get("prompt_tokens"))
    return Said(length=None if vector.problem else vector.length, counted=used is not None)


READING = Reading(
    "embeddings",
    "a list of embeddings",
    OPENAI_SPEC,
    asked,
    said,
    ("happy.status_200", "happy.base64"),
    {"text": "$.data[].embedding", "usage": "$.usage.prompt_tokens"},
)
_FLOATS = of(list(FIRST), list(SECOND))
_REFUSED = Example(400, JSON, b'{"error":{"message":"dimensions is not supported","param":"dimensions"}}')
clauses.add(
    CLAUSES,
    READING,
    {
        "answered": ((_FLOATS,), (_REFUSED, body({"error": "no"}))),
        "readable": ((_FLOATS,), (of(list(FIRST)), body({"data": []}), of(packed(FIRST), packed(SECOND)))),
        "usage": ((_FLOATS,), (of(list(FIRST), list(SECOND), usage=None),)),
        "length": ((_FLOATS,), (of([*FIRST, 0.5], [*SECOND, 0.5]),)),
    },
)
