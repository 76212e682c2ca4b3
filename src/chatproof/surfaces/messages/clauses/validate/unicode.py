"""Text outside ASCII, streamed and not, and the rule that this request carries in `system`."""

import json

from chatproof.contract.clause import VALIDATE, Clauses, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.garbled import add_unicode, add_unstreamed
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.clauses.validate import abilities
from chatproof.surfaces.messages.examples import COMETAPI, EVENTS, GOOD, altered, streamed
from chatproof.surfaces.streamed_rule import add_streamed_rule

CLAUSES = Clauses(VALIDATE)


def says(text: str) -> Example:
    """The good stream with another text."""
    return streamed(json.loads(json.dumps(EVENTS).replace('"po"', json.dumps(text)).replace('"ng"', '""')))


def _texts(reply: Reply) -> tuple[str, ...]:
    return (Built(view.events(reply)).text,)


def _plain_text(reply: Reply) -> str:
    return view.text_of(reply.object)


def _says_plainly(text: str) -> Example:
    return altered(b'"text":"pong"', b'"text":' + json.dumps(text).encode())


add_unicode(CLAUSES, "messages", COMETAPI, says, _texts, _plain_text, GOOD)
add_unstreamed(CLAUSES, "messages", "system", COMETAPI, _says_plainly, _plain_text)
add_streamed_rule(CLAUSES, "messages", "system", COMETAPI, says, _texts, abilities.heard, ", in a list of blocks")
