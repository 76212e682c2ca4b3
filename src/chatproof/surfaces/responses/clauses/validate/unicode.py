"""Text outside ASCII, streamed, and the rule that this request carries in `instructions`."""

import json

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.garbled import add_unicode
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.building import Built
from chatproof.surfaces.responses.clauses.happy import GOOD
from chatproof.surfaces.responses.clauses.validate import abilities
from chatproof.surfaces.responses.examples import EVENTS, streamed
from chatproof.surfaces.streamed_rule import add_streamed_rule

CLAUSES = Clauses(VALIDATE)


def _says(text: str) -> Example:
    said = json.dumps(EVENTS).replace('"pong"', json.dumps(text)).replace('"po"', json.dumps(text))
    return streamed(json.loads(said.replace('"ng"', '""')))


def _texts(reply: Reply) -> tuple[str, ...]:
    return Built(view.events(reply)).text, view.text_of(view.final(reply))


add_unicode(CLAUSES, "responses", OPENAI_SPEC, _says, _texts, lambda plain: view.text_of(plain.object), GOOD)
add_streamed_rule(CLAUSES, "responses", "instructions", OPENAI_SPEC, _says, _texts, abilities.heard)
