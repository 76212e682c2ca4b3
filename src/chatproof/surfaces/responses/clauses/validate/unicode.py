"""Text outside ASCII, streamed and not, and the rule that this request carries in `instructions`."""

import json

from chatproof.contract.clause import OPENAI_SPEC, VALIDATE, Clauses, Example
from chatproof.evidence.reply import Reply
from chatproof.surfaces.event_examples import put
from chatproof.surfaces.garbled import add_in_calls, add_unicode, add_unstreamed
from chatproof.surfaces.responses import view
from chatproof.surfaces.responses.building import Built
from chatproof.surfaces.responses.clauses.happy import GOOD, altered
from chatproof.surfaces.responses.clauses.validate import abilities
from chatproof.surfaces.responses.clauses.validate.tools import AREA, value_of
from chatproof.surfaces.responses.clauses.validate.tools_stream import streamed_calls
from chatproof.surfaces.responses.examples import CALL_EVENTS, EVENTS, changed, streamed
from chatproof.surfaces.streamed_rule import add_streamed_rule
from chatproof.wire.strictjson import Json

CLAUSES = Clauses(VALIDATE)


def says(text: str) -> Example:
    """The good stream with another text."""
    said = json.dumps(EVENTS).replace('"pong"', json.dumps(text)).replace('"po"', json.dumps(text))
    return streamed(json.loads(said.replace('"ng"', '""')))


def _calls(word: str) -> Example:
    """The good stream of a call with another word."""
    return changed("output_item.done", put(json.dumps({"word": word}), "item", "arguments"), CALL_EVENTS)


def _arguments(reply: Reply) -> list[Json]:
    return [value_of(view.members(item.done).get("arguments"))[0] for _, item in streamed_calls(reply)]


def _texts(reply: Reply) -> tuple[str, ...]:
    return Built(view.events(reply)).text, view.text_of(view.final(reply))


def _plain_text(reply: Reply) -> str:
    return view.text_of(reply.object)


def _says_plainly(text: str) -> Example:
    return altered(b'"text":"pong"', b'"text":' + json.dumps(text).encode())


add_unicode(CLAUSES, "responses", OPENAI_SPEC, says, _texts, _plain_text, GOOD)
add_unstreamed(CLAUSES, "responses", "instructions", OPENAI_SPEC, _says_plainly, _plain_text)
add_streamed_rule(CLAUSES, "responses", "instructions", OPENAI_SPEC, says, _texts, abilities.heard)
add_in_calls(
    CLAUSES,
    "responses.tools.stream.intact",
    AREA,
    OPENAI_SPEC,
    "responses.tools.stream.forced",
    _calls,
    _arguments,
)
