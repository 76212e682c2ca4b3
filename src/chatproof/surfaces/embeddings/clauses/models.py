"""The models listing: is the model asked for active for this key?"""

from chatproof.contract.clause import BEHAVIOUR, SHOULD, SMOKE, Clauses, Example, Source
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.chat.clauses.models import listed

CLAUSES = Clauses(SMOKE)

CLAUSES.add(
    "embeddings.model.listed",
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
)(listed)
