"""Clauses that a text is the answer alone: what templates, parsers and prompts of a server leave around it."""

import re
from collections.abc import Callable

from chatproof.contract.clause import (
    BEHAVIOUR,
    SHOULD,
    Clauses,
    Context,
    Example,
    Judge,
    Outcome,
    Source,
    broken,
    holds,
    not_applicable,
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.chat.view import thinking_tag
from chatproof.wire.strictjson import Json

_LONGEST_MARK = 24  # characters
_MARK = re.compile(r"(<\|[a-z_]+\|>|</s>|<end_of_turn>)$")  # with which templates of models end a turn
_TELLING = 4  # characters: shorter words are said twice in words of many languages


def add_answer_alone(
    clauses: Clauses,
    api: str,
    need: str,
    source: Source,
    prompt: str,
    text_of: Callable[[dict[str, Json]], str],
    says: Callable[[str], Example],
) -> None:
    """Add the clause that the plain reply's text has nothing beside the answer. `says` makes the reply with a text."""

    def alone(reply: Reply, context: Context) -> Outcome:
        beside = beside_answer(text_of(reply.object), prompt)
        return broken("the text", "only the answer", beside) if beside else holds()

    clauses.add(
        f"{api}.happy.answer_alone",
        layer=BEHAVIOUR,
        code="contract.content",
        level=SHOULD,
        area="Response shape",
        says="The text is the answer alone: neither the request's words nor thinking in tags come before it, no mark "
        "of the model's template after it, and it is not there twice.",
        source=source,
        probe="happy",
        needs=(f"{api}.happy.{need}",),
        why="Every client shows the whole text.",
        holds_on=(
            says("pong"),
            says("pong pong"),
            says("nono"),
            says(prompt),
            says("<b>pong</b>"),
            says("A <think>: pong"),
        ),
        breaks_on=(
            says(f"{prompt} pong"),
            says(" <Think> One word. </think> pong"),
            says("pongpong"),
            says("pong<|im_end|>\n"),
            says("pong</s>"),
        ),
    )(alone)


def add_streamed_alone(
    clause: Callable[..., Callable[[Judge], Judge]],
    api: str,
    need: str,
    prompt: str,
    streamed_text: Callable[[Reply], str],
    plain_text: Callable[[dict[str, Json]], str],
    says: Callable[[str, str], Example],
) -> None:
    """Add the clause that a stream's text has nothing beside the answer. `says` makes a stream with a text before and
    one behind its own."""

    def alone(reply: Reply, context: Context) -> Outcome:
        own, beside = context.control, around_answer(streamed_text(reply), prompt)
        if beside and own is not None and own.complete and around_answer(plain_text(own.object), prompt):
            return not_applicable("the plain reply has the same")
        return broken("the text", "only the answer", beside) if beside else holds()

    clause(
        "answer_alone",
        "The streamed text is the answer alone, where the plain reply's is: neither the request's words nor thinking "
        "in tags come before it, and no mark of the model's template after it.",
        "Every client shows the whole text.",
        layer=BEHAVIOUR,
        level=SHOULD,
        code="contract.content",
        needs=(f"{api}.stream.{need}",),
        holds_on=(says("", ""), says("The word is ", "!"), says("<b>", "</b>")),
        breaks_on=(says(f"{prompt} ", ""), says("<think>Hm.</think>", ""), says("", "<|eot_id|>")),
    )(alone)


def around_answer(text: str, prompt: str) -> str:
    """What stands in a text before or behind the answer; empty where nothing does."""
    text = text.strip()
    if text.startswith(prompt) and text != prompt:
        return f"it begins with the request: {quote(text, 60)}"
    if tag := thinking_tag(text):
        return f"it begins with {tag}"
    mark = _MARK.search(text[-_LONGEST_MARK:])
    return f"it ends with {mark[0]}" if mark else ""


def beside_answer(text: str, prompt: str) -> str:
    """What stands in a text beside the answer, or that it is there twice; empty where nothing does."""
    text = text.strip()
    if around := around_answer(text, prompt):
        return around
    half = len(text) // 2
    joined = half >= _TELLING and text[half - 1 : half + 1].isalnum()  # twice, and no space between
    return f"it comes twice: {quote(text, 60)}" if joined and text[:half] == text[half:] else ""
