"""Counts, ids and names whose type is right, and whose value cannot be."""

from chatproof.contract.clause import (
    BEHAVIOUR,
    BROKEN,
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
)
from chatproof.evidence.json_values import count, members
from chatproof.evidence.reply import Reply
from chatproof.printable import number_of
from chatproof.surfaces.answering_model import add_answering_model
from chatproof.surfaces.chat import view
from chatproof.surfaces.chat.clauses.happy import GOOD, JSON
from chatproof.surfaces.chat.clauses.stream import SSE
from chatproof.surfaces.chat.clauses.validate.every_stream import text_once
from chatproof.surfaces.fresh_ids import add_fresh_ids
from chatproof.surfaces.plausible_counts import add_counts, add_within
from chatproof.surfaces.shared_clauses import add_list_form

CLAUSES = Clauses(VALIDATE)

_AREA, _CODE = "Response shape", "contract.usage"
_HEAD = b'"object":"chat.completion.chunk","created":1795379441,"model":"m","choices":'
_BYTES = 100
"""Bytes of a stream's text for each token that is counted: the text is long, so that one token for it stands out."""
_LONG = b"1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29"


def _counted(prompt: int, completion: int, more: bytes = b"") -> bytes:
    return b'"usage":{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d%b}' % (
        prompt,
        completion,
        prompt + completion,
        more,
    )


def _plain(prompt: int, completion: int = 1, more: bytes = b"") -> Example:
    return GOOD._replace(body=GOOD.body[:-1] + b"," + _counted(prompt, completion, more) + b"}")


def _chunk(choices: bytes, more: bytes = b"") -> bytes:
    return b'data: {"id":"c1",' + _HEAD + choices + more + b"}\n\n"


def _streamed(*reports: tuple[int, int], text: bytes = _LONG) -> Example:
    """A stream whose chunks with text report all but the last usage, and a chunk of its own that one."""
    told = [b"," + _counted(*report) for report in reports]
    said = b'[{"index":0,"delta":{"role":"assistant","content":"%b"},"finish_reason":null}]' % text
    first = [_chunk(said, one) for one in (told[:-1] or [b""])]
    end = b'[{"index":0,"delta":{},"finish_reason":"stop"}]'
    body = b"".join(first) + _chunk(end) + _chunk(b"[]", told[-1]) + b"data: [DONE]\n\n"
    return Example(200, SSE, body)


def _asked(tokens: int) -> Example:
    return _plain(tokens)


def _answered(tokens: int) -> Example:
    return _streamed((9, tokens))


def _repeats(reply: Reply, context: Context) -> str:
    twice = text_once(reply, context).outcome == BROKEN
    return "the stream repeats its text: see envelope.elsewhere.text_once" if twice else ""


add_counts(
    CLAUSES,
    "chat",
    OPENAI_SPEC,
    ("$.usage.prompt_tokens", _asked),
    ("$.usage.completion_tokens", _answered),
    "stream.usage",
    ("stream.usage",),
    _BYTES,
    _repeats,
    "multi_turn",
)


def _none_of(counts: dict[str, int], said: bool) -> str:
    """Which count is 0, where there was something to count; empty where none is."""
    if counts.get("prompt") == 0:
        return "prompt"
    return "completion" if said and counts.get("completion") == 0 else ""


def counted(reply: Reply, context: Context) -> Outcome:
    """Judge whether something was counted for a request and for its answer."""
    counts = view.usage(reply)
    if not counts:
        return not_applicable("the reply has no counts")
    nothing = _none_of(counts, counts["answer_bytes"] > 0)
    if nothing:
        return broken(f"$.usage.{nothing}_tokens", "1 or more", "0")
    return holds(f"{counts.get('prompt')} and {counts.get('completion')}")


def streamed_counted(reply: Reply, context: Context) -> Outcome:
    """Judge the same of a stream, where the plain reply counts."""
    plain = context.control
    if plain is not None and view.usage(plain) and counted(plain, context).at:
        return not_applicable("the plain reply counts nothing, either")
    return counted(reply, context)


def _add_counted(id: str, of: str, probe: str, needs: str, good: Example, *bad: Example) -> None:
    CLAUSES.add(
        id,
        layer=BEHAVIOUR,
        code=_CODE,
        level=SHOULD,
        area=_AREA,
        says=f"The usage of {of} counts at least one token for the prompt, and one for an answer with text.",
        source=OPENAI_SPEC,
        probe=probe,
        needs=(needs,),
        why="Every client that shows or limits costs takes the request for free.",
        holds_on=(good,),
        breaks_on=bad,
    )(counted if probe == "happy" else streamed_counted)


_add_counted("usage.counted", "a reply", "happy", "usage.complete", _plain(9), _plain(0), _plain(9, 0))
_add_counted(
    "stream.usage_counted",
    "a stream",
    "stream.usage",
    "stream.usage",
    _streamed((9, 60)),
    _streamed((0, 60)),
    _streamed((9, 0)),
)


_CACHED = b',"prompt_tokens_details":{"cached_tokens":%d}'
add_within(  # not those of the reasoning: xAI does not count them in completion_tokens
    CLAUSES,
    "chat",
    OPENAI_SPEC,
    "Of the tokens of the prompt no more are cached than there are.",
    "usage.complete",
    (("prompt_tokens_details", "cached_tokens", "prompt_tokens"),),
    (_plain(9, 1, _CACHED % 9),),
    (_plain(9, 1, _CACHED % 10),),
)


@CLAUSES.add(
    "stream.usage_once",
    layer=BEHAVIOUR,
    code=_CODE,
    level=SHOULD,
    area="Streaming",
    says="The usage of a stream stands in one chunk: no other repeats its counts.",
    source=OPENAI_SPEC,
    probe="stream.usage",
    needs=("stream.usage",),
    why="LangChain adds up what each chunk reports: a short answer costs as much as a book.",
    holds_on=(_streamed((9, 60)), _streamed((0, 0), (9, 60))),
    breaks_on=(_streamed((9, 30), (9, 60)),),
)
def usage_once(reply: Reply, context: Context) -> Outcome:
    totals = [count(members(chunk.get("usage")).get("total_tokens")) or 0 for chunk in reply.chunks]
    told = [total for total in totals if total]
    if len(told) < 2:
        return holds()
    said = f"in {number_of(len(told), 'chunk')}, {sum(told):,} tokens if they are added"
    return broken("$.usage", "in one chunk, and null in the others", said)


_OTHER = GOOD._replace(body=GOOD.body.replace(b'"model":"m"', b'"model":"another-kind"'))
_STREAM = _streamed((9, 60))

add_answering_model(CLAUSES, "chat", OPENAI_SPEC, GOOD, _OTHER)
add_answering_model(
    CLAUSES,
    "chat",
    OPENAI_SPEC,
    _STREAM,
    _STREAM._replace(body=_STREAM.body.replace(b'"model":"m"', b'"model":"another-kind"')),
    "stream",
)
add_fresh_ids(
    CLAUSES,
    "chat",
    OPENAI_SPEC,
    "multi_turn",
    "Tracing tools such as LangSmith and Langfuse, and programs that keep answers by this id, take one for another.",
    GOOD._replace(body=GOOD.body.replace(b'"chatcmpl-1"', b'"chatcmpl-2"')),
    GOOD,
)
add_list_form(CLAUSES, "chat", Example(200, JSON, b'{"object":"list","data":[{"id":"other"},{"id":"m"}]}'))
