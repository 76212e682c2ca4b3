"""The models listing: is the model asked for active for this key?"""

from chatproof.contract.clause import (
    BEHAVIOUR,
    SHOULD,
    SMOKE,
    Clauses,
    Context,
    Example,
    Outcome,
    Source,
    broken,
    holds,
    undecided,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.model_listing import AUTO, listed_ids
from chatproof.wire.exchange import MODEL, STATUS

CLAUSES = Clauses(SMOKE)
clause = CLAUSES.add

EXAMPLE_MODEL = "m"
_CHAT_MAY_ANSWER = (400, 403, 404, 405, 501)
"""Statuses of a listing that is not there, or not for this key: nothing is said of chat, which may be well."""


@clause(
    "model.listed",
    layer=BEHAVIOUR,
    area="Model identifiers",
    says="The list of models for this key contains exactly this model identifier.",
    level=SHOULD,
    source=Source("https://apidoc.cometapi.com/overview/models", "2026-06-08"),
    probe="models",
    why="A model that answers today but is not listed may be an alias that will be removed.",
    holds_on=(Example(200, JSON, b'{"object":"list","data":[{"id":"other"},{"id":"m"}]}'),),
    breaks_on=(
        Example(200, JSON, b'{"object":"list","data":[{"id":"M"}]}'),
        Example(200, JSON, b'{"data":[]}'),
    ),
)
def listed(reply: Reply, context: Context) -> Outcome:
    if reply.lacks(STATUS) and reply.error is not None:  # of a capture that holds nothing but the body
        return undecided("the list of models was not answered: an error came", f"at {reply.error.where}")
    if reply.status != 200:
        if context.model == AUTO and reply.status not in _CHAT_MAY_ANSWER:
            return broken(
                "status", "a list of models, from which --model auto chooses one", f"HTTP status {reply.status}"
            )
        return undecided("the list of models was not answered with status 200", f"HTTP {reply.status}")
    ids = listed_ids(reply.json)
    if ids is None:
        return undecided("the list of models is not an object with an array of models in `data`", f"{reply.kind} body")
    reply.need(MODEL)
    if context.model in ids:
        return holds(f"one of {len(ids)}")
    if isinstance(reply.json, dict) and reply.json.get("has_more") is True:
        return undecided("the listing continues on further pages", f"not among the first {number_of(len(ids), 'id')}")
    return broken("$.data[*].id", f"the id {quote(context.model)}", f"not among {number_of(len(ids), 'id')}")
