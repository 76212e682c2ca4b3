"""Text outside ASCII, streamed, and the rule that this request carries in `system`."""

import json

from chatproof.contract.clause import VALIDATE, Clauses, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.garbled import add_unicode
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.clauses.validate import abilities
from chatproof.surfaces.messages.examples import COMETAPI, EVENTS, GOOD, streamed
from chatproof.surfaces.streamed_rule import add_streamed_rule

CLAUSES = Clauses(VALIDATE)


def _says(text: str) -> Example:
    return streamed(json.loads(json.dumps(EVENTS).replace('"po"', json.dumps(text)).replace('"ng"', '""')))


def _texts(reply: Reply) -> tuple[str, ...]:
    return (Built(view.events(reply)).text,)


add_unicode(CLAUSES, "messages", COMETAPI, _says, _texts, lambda plain: view.text_of(plain.object), GOOD)
add_streamed_rule(CLAUSES, "messages", "system", COMETAPI, _says, _texts, abilities.heard)
