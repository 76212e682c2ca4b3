"""What the text of a plain reply is beside the answer."""

import json

from chatproof.contract.clause import OPENAI_SPEC, SMOKE, Clauses
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.clauses.happy import altered
from chatproof.surfaces.responses.probes import PROMPT
from chatproof.surfaces.shared_clauses import add_answer_alone

CLAUSES = Clauses(SMOKE)

add_answer_alone(
    CLAUSES,
    "responses",
    "message_once",
    OPENAI_SPEC,
    PROMPT,
    view.text_of,
    lambda text: altered(b'"text":"pong"', b'"text":' + json.dumps(text).encode()),
)
