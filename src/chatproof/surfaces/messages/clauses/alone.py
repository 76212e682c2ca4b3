"""What the text of a plain reply is beside the answer."""

import json

from chatproof.contract.clause import SMOKE, Clauses
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.examples import COMETAPI, altered
from chatproof.surfaces.messages.probes import PROMPT
from chatproof.surfaces.shared_clauses import add_answer_alone

CLAUSES = Clauses(SMOKE)

add_answer_alone(
    CLAUSES,
    "messages",
    "content_non_empty",
    COMETAPI,
    PROMPT,
    view.text_of,
    lambda text: altered(b'"text":"pong"', b'"text":' + json.dumps(text).encode()),
)
