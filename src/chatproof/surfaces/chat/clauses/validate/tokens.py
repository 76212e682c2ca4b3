"""Token caps, in both dialects, and stop sequences."""

import json

from chatproof.contract.capability import damaged, done, ignored, refusal
from chatproof.contract.clause import (
    BEHAVIOUR,
    OPENAI_SPEC,
    SHOULD,
    VALIDATE,
    Clauses,
    Context,
    Example,
    Outcome,
    broken,
    holds,
    not_applicable,
    undecided,
)
from chatproof.evidence.json_values import count, members
from chatproof.evidence.provider_error import error_words
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of, quote
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.happy import JSON
from chatproof.surfaces.chat.probes_validate import BEFORE_STOP, CAP, COUNT_TO, STOP_AT
from chatproof.surfaces.chat.view import reasoning_of, text_of

CLAUSES = Clauses(VALIDATE)
clause = CLAUSES.add

_AREA = "Capabilities"
_CAPS = "contract.max_tokens"
_SLACK = 4  # times the cap: counts of tokens differ between what serves and what reports
_WIDEST = 8  # characters: more than any list of numbers needs for a token
# OpenAI's answer, with 400, where a reasoning model has used up the cap before it said anything.
_REACHED = "output limit was reached"


def _answer(content: str | None, finish: str = "stop", **message: object) -> Example:
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return Example(200, JSON, json.dumps({"choices": [choice]}).encode())


def _used(reply: Reply) -> int | None:
    return count(members(reply.object.get("usage")).get("completion_tokens"))


def _counting(text: str) -> bool:
    """It begins to count, and does not get there."""
    return text.lstrip().startswith("1") and str(COUNT_TO) not in text


def _cap(dialect: str) -> None:
    _names = (dialect,)

    def honoured(reply: Reply, context: Context) -> Outcome:
        if reply.error and _REACHED in reply.error.message:
            return done(error_words(reply.error))
        refused = refusal(reply, context, dialect, _names)
        if refused:
            return refused
        text, used = text_of(view.message(reply).get("content")), _used(reply)
        said = f"{number_of(len(text), 'character')}, finish_reason {quote(view.finish_reason(reply))}"
        said += f", {used} completion tokens" if used is not None else ""
        if (str(COUNT_TO) in text and len(text) > CAP * _WIDEST) or (used is not None and used > CAP * _SLACK):
            return ignored("$.choices[0].message.content", f"an answer that ends at {CAP} tokens", said)
        if not text.strip() and (reasoning_of(view.message(reply)) or used):
            return done(f"{said}; the model's thinking used all tokens")
        if view.finish_reason(reply) == "length" or _counting(text):
            return done(said)
        # Models abbreviate ("1, 2, 3, …, 100"), mocks answer in a word.
        return undecided("nothing shows that the cap ended this answer", said)

    def reported(reply: Reply, context: Context) -> Outcome:
        if reply.error:
            return not_applicable("the cap was reached before the model wrote anything, and the error says so")
        if view.finish_reason(reply) == "length":
            return holds()
        return broken("$.choices[0].finish_reason", "length", quote(view.finish_reason(reply)))

    clause(
        f"{dialect}.honoured",
        layer=BEHAVIOUR,
        code=_CAPS,
        level=SHOULD,
        capability=dialect,
        area=_AREA,
        says=f"{dialect} caps the answer, or is clearly refused.",
        source=OPENAI_SPEC,
        probe=dialect,
        why="The user's cost limit has no effect.",
        holds_on=(
            _answer("1, 2, 3, 4, 5, 6", "length"),
            _answer("", "length", reasoning_content="The user wants me to count"),
            Example(
                400,
                JSON,
                b'{"error":{"message":"Could not finish the message because max_tokens or model '
                b'output limit was reached. Please try again with higher max_tokens."}}',
            ),
        ),
        breaks_on=(
            _answer(", ".join(map(str, range(1, COUNT_TO + 1)))),
            Example(200, JSON, _answer("1, 2").body[:-1] + b',"usage":{"completion_tokens":300}}'),
            Example(200, JSON, b'{"error":{"message":"no"}}'),
        ),
    )(honoured)
    clause(
        f"{dialect}.finish_reason",
        layer=BEHAVIOUR,
        code=_CAPS,
        level=SHOULD,
        area=_AREA,
        says=f"If {dialect} ended an answer, it says so: finish_reason is length.",
        source=OPENAI_SPEC,
        probe=dialect,
        needs=(f"{dialect}.honoured",),
        why="An incomplete answer is treated as complete.",
        holds_on=(_answer("1, 2, 3, 4, 5, 6, 7", "length"),),
        breaks_on=(_answer("1, 2, 3, 4, 5, 6, 7, 8", "stop"), _answer("", "stop", reasoning="The user wants")),
    )(reported)


_cap("max_tokens")
_cap("max_completion_tokens")


@clause(
    "stop.honoured",
    layer=BEHAVIOUR,
    code="contract.parameter",
    level=SHOULD,
    capability="stop",
    area=_AREA,
    says="The answer ends before the stop sequence, or the stop sequence is clearly refused.",
    source=OPENAI_SPEC,
    probe="stop",
    why="Agents and completion tools rely on the answer ending there; otherwise they read text that they must not see.",
    holds_on=(_answer("1 2 3 4 5 6 "), _answer("one, two … 6")),
    breaks_on=(_answer("1 2 3 4 5 6 7 8 9"), _answer("1 2 3 4 5 6 7")),
)
def stop(reply: Reply, context: Context) -> Outcome:
    refused = refusal(reply, context, "stop", ("stop",))
    if refused:
        return refused
    content = view.message(reply).get("content")
    if not isinstance(content, str | list | None):
        return damaged("$.choices[0].message.content", "a string", quote(content))
    text = text_of(content)
    if STOP_AT not in text and BEFORE_STOP not in text:
        return undecided("the answer ended before the place where the sequence would appear", quote(text, 60))
    if STOP_AT in text:
        kept = "the answer ends with it: " if text.rstrip().endswith(STOP_AT) else ""
        return ignored("$.choices[0].message.content", f"the end before {quote(STOP_AT)}", kept + quote(text, 60))
    return done(quote(text, 40))
