"""What the request of a reply asked for: how many texts, and in which encoding. A capture may not hold it."""

from chatproof.evidence.reply import Reply
from chatproof.surfaces.embeddings.vectors import FLOAT
from chatproof.wire.exchange import ARRIVALS, REQUEST, NotCaptured
from chatproof.wire.strictjson import Json


def request(reply: Reply) -> dict[str, Json]:
    """The request's JSON object. Raises NotCaptured where it was not captured."""
    reply.need(REQUEST)
    if not reply.exchange.request.body and ARRIVALS in reply.exchange.missing:
        raise NotCaptured(REQUEST)
    from chatproof.surfaces.own.own_request import asked_of

    return asked_of(reply)


def inputs_of(body: dict[str, Json]) -> list[Json]:
    """What a request asks vectors for: one for a text or an array of tokens, one for each of an array of these."""
    given = body.get("input")
    return given if isinstance(given, list) and given and not isinstance(given[0], int | float) else [given]


def count_of(body: dict[str, Json]) -> int:
    """How many vectors a request asks for."""
    return len(inputs_of(body))


def encoding_of(body: dict[str, Json]) -> str:
    """The encoding that a request asks for; float where it does not say."""
    said = body.get("encoding_format")
    return said if isinstance(said, str) else FLOAT
