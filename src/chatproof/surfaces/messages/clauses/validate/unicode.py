"""Text outside ASCII, streamed and not, and the rule that this request carries in `system`."""

import json

from chatproof.contract.clause import VALIDATE, Clauses, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.garbled import add_in_calls, add_unicode, add_unstreamed
from chatproof.surfaces.messages import view
from chatproof.surfaces.messages.building import Built
from chatproof.surfaces.messages.clauses.validate import abilities
from chatproof.surfaces.messages.clauses.validate.tools import AREA
from chatproof.surfaces.messages.examples import CALL_EVENTS, COMETAPI, EVENTS, GOOD, altered, streamed
from chatproof.surfaces.streamed_rule import add_streamed_rule
from chatproof.wire.strictjson import Json, parse

CLAUSES = Clauses(VALIDATE)


def says(text: str) -> Example:
    """The good stream with another text."""
    return streamed(json.loads(json.dumps(EVENTS).replace('"po"', json.dumps(text)).replace('"ng"', '""')))


def _calls(word: str) -> Example:
    """The good stream of a call with another word, in one piece."""
    whole = {"type": "input_json_delta", "partial_json": json.dumps({"word": word})}
    return streamed([*CALL_EVENTS[:2], {**CALL_EVENTS[2], "delta": whole}, *CALL_EVENTS[4:]])


def _arguments(reply: Reply) -> list[Json]:
    calls = Built(view.events(reply)).calls()
    return [parse(call.arguments.encode("utf-8", "surrogatepass") or b"{}")[0] for call in calls]


def _texts(reply: Reply) -> tuple[str, ...]:
    return (Built(view.events(reply)).text,)


def _plain_text(reply: Reply) -> str:
    return view.text_of(reply.object)


def _says_plainly(text: str) -> Example:
    return altered(b'"text":"pong"', b'"text":' + json.dumps(text).encode())


add_unicode(CLAUSES, "messages", COMETAPI, says, _texts, _plain_text, GOOD)
add_unstreamed(CLAUSES, "messages", "system", COMETAPI, _says_plainly, _plain_text)
add_streamed_rule(CLAUSES, "messages", "system", COMETAPI, says, _texts, abilities.heard, ", in a list of blocks")
add_in_calls(
    CLAUSES,
    "messages.tools.stream_intact",
    AREA,
    COMETAPI,
    "messages.tools.stream_forced",
    _calls,
    _arguments,
)
