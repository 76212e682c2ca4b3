"""What a conversation may hold: system and developer messages, several turns, any script, an image."""

import json

from chatproof.contract.capability import done, ignored, refusal
from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    undecided,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces import places
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON
from chatproof.surfaces.chat.probes import PROMPT
from chatproof.surfaces.chat.view import reasoning_of, text_of

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Capabilities"
_CODE = "contract.messages"
_AT = "$.choices[0].message.content"
WORD = "pong"  # what the happy path asks for, and only these messages do
# Words of the messages that are to be heard.
_SENT = ("answer with the single word", "answer with these two lines", places.ASKED)


def _answer(content: str) -> Example:
    reply = {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}]}
    return Example(200, JSON, json.dumps(reply, ensure_ascii=False).encode())


_REFUSED = Example(400, JSON, b'{"error":{"message":"role developer is not supported"}}')


def _follows(context: Context) -> bool:
    """The model says what it is asked to say: only then does another answer show that it was not asked."""
    said = text_of(view.message(context.control).get("content")) if context.control else ""
    return WORD in said.lower() and PROMPT not in said  # an echo says everything


def _heard(probe: str, capability: str, says: str, why: str) -> None:
    """A clause that a message was taken into account: the answer holds the word that only it holds."""

    def judge(reply: Reply, context: Context) -> Outcome:
        refused = refusal(reply, context, capability, ("role", "system", "developer"))
        if refused:
            return refused
        text = text_of(view.message(reply).get("content"))
        if any(words in text for words in _SENT):
            return undecided("the answer repeats the request", quote(text, 80))  # an echo is no answer
        if WORD in text.lower():
            return done()
        if not text.strip() and reasoning_of(view.message(reply)):
            return done("the model only thought; the message was accepted")
        if not _follows(context):
            return undecided("this model does not follow the plain request either", quote(text, 60))
        return ignored(_AT, "the word that the message asks for", quote(text, 60))

    clause(
        f"{capability}.heard",
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        capability=capability,
        area=_AREA,
        says=says,
        source=OPENAI_SPEC,
        probe=probe,
        why=why,
        holds_on=(GOOD, _answer("Pong!")),
        breaks_on=(_answer("Hello! How can I help you?"), Example(200, JSON, b'{"error":"no"}')),
    )(judge)


_heard(
    "role.system",
    "system",
    "A system message has an effect, or is clearly refused.",
    "The application's instructions and guard rails are dropped without an error.",
)
_heard(
    "role.developer",
    "developer",
    "A developer message has an effect, or is clearly refused.",
    "Newer SDKs send instructions with this role; they are dropped without an error.",
)
_heard(
    "multi_turn",
    "multi_turn",
    "The model sees the earlier turns of a conversation.",
    "Every chat application sends the earlier turns; an endpoint that reads only the last one has no memory.",
)


@clause(
    "image.accepted",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    capability="image",
    area=_AREA,
    says="An image part is accepted, or clearly refused.",
    source=OPENAI_SPEC,
    probe="image",
    why="Applications send screenshots and photos in this form.",
    holds_on=(_answer("Black."),),
    breaks_on=(Example(200, JSON, b'{"error":{"message":"cannot decode image"}}'), _answer("")),
)
def image(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "image", ("image", "image_url", "content", "vision"))
    if refused:
        return refused
    text = text_of(view.message(reply).get("content"))
    if text.strip() or reasoning_of(view.message(reply)):
        return done(quote(text, 40))
    return ignored(_AT, "an answer about the image", quote(view.message(reply).get("content")))
