"""The models listing: is the model asked for active for this key?"""

from chatproof.clause import BEHAVIOUR, SHOULD, Context, Example, Outcome, Source, broken, clause, holds, undecided
from chatproof.clauses.happy import JSON
from chatproof.exchange import MODEL
from chatproof.models import listed_ids
from chatproof.printable import quote
from chatproof.reply import Reply

EXAMPLE_MODEL = "m"


@clause(
    "model.listed",
    layer=BEHAVIOUR,
    area="Model identifiers",
    says="The model identifier is in the list of models for this key, byte for byte.",
    level=SHOULD,
    source=Source("https://apidoc.cometapi.com/overview/models", "2026-06-08"),
    probe="models",
    why="A model that answers today without being listed may be an alias that goes away.",
    holds_on=(Example(200, JSON, b'{"object":"list","data":[{"id":"other"},{"id":"m"}]}'),),
    breaks_on=(
        Example(200, JSON, b'{"object":"list","data":[{"id":"M"}]}'),
        Example(200, JSON, b'{"data":[]}'),
    ),
)
def listed(reply: Reply, context: Context) -> Outcome:
    if reply.status != 200:
        return undecided("the listing was not answered with 200", f"HTTP {reply.status}")
    ids = listed_ids(reply.json)
    if ids is None:
        return undecided("the listing is not an object with a data array of models", f"{reply.kind} body")
    reply.need(MODEL)
    if context.model in ids:
        return holds(f"one of {len(ids)}")
    if isinstance(reply.json, dict) and reply.json.get("has_more") is True:
        return undecided("the listing goes on over further pages", f"not among the first {len(ids)} ids")
    return broken("$.data[*].id", f"the id {quote(context.model)}", f"not among {len(ids)} ids")
