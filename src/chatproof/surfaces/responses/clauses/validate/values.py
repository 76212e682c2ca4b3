"""Counts, ids and dates whose type is right, and whose value cannot be."""

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
)
from chatproof.evidence.reply import Reply
from chatproof.printable import quote
from chatproof.surfaces.answering_model import add_answering_model
from chatproof.surfaces.event_examples import put
from chatproof.surfaces.fresh_ids import add_fresh_ids
from chatproof.surfaces.plausible_counts import add_counts, add_streamed_input, add_within
from chatproof.surfaces.responses.clauses.happy import GOOD, SHAPE, altered
from chatproof.surfaces.responses.clauses.validate.unicode import says
from chatproof.surfaces.responses.examples import changed
from chatproof.surfaces.text_to_repeat import UNICODE

CLAUSES = Clauses(VALIDATE)

_LATEST = 10**11  # seconds: the year 5138; what is above this counts milliseconds or less


def _asked(tokens: int) -> Example:
    return altered(b'"input_tokens":6', b'"input_tokens":' + str(tokens).encode())


def _answered(tokens: int) -> Example:
    stream = says(UNICODE)
    return stream._replace(body=stream.body.replace(b'"output_tokens": 1', f'"output_tokens": {tokens}'.encode()))


def _streamed_input(tokens: int) -> Example:
    return changed("completed", put(tokens, "response", "usage", "input_tokens"))


add_counts(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    ("$.usage.input_tokens", _asked),
    ("response.usage.output_tokens", _answered),
)
add_streamed_input(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    "response.usage.input_tokens",
    (_streamed_input(6), _streamed_input(10), _streamed_input(60)),
    (_streamed_input(12), _streamed_input(18)),
)
add_answering_model(CLAUSES, "responses", OPENAI_SPEC, GOOD, altered(b'"model":"m"', b'"model":"another-kind"'))
add_fresh_ids(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    "input.list",
    "Clients go on from an answer by its id (previous_response_id) and keep it by that: they get another one's.",
    altered(b'"resp_1"', b'"resp_2"'),
    GOOD,
)


@CLAUSES.add(
    "responses.created_at.seconds",
    layer=BEHAVIOUR,
    area=SHAPE,
    code="contract.schema",
    level=SHOULD,
    says="created_at counts seconds, not milliseconds.",
    source=OPENAI_SPEC,
    probe="happy",
    needs=("responses.happy.created_at",),
    why="The AI SDK makes a date of it, some 56,000 years from now; what sorts or expires by it is wrong.",
    holds_on=(GOOD, altered(b"1795379441", b"100000000000")),
    breaks_on=(
        altered(b"1795379441", b"1795379441000"),
        altered(b"1795379441", b"100000000001"),
        altered(b"1795379441", b"1795379441000.5"),
    ),
)
def in_seconds(reply: Reply, context: Context) -> Outcome:
    created = reply.object.get("created_at")
    if isinstance(created, int | float) and created > _LATEST:
        return broken("$.created_at", "seconds since 1970", quote(created))
    return holds()


_PARTS = (
    ("input_tokens_details", "cached_tokens", "input_tokens"),
    ("output_tokens_details", "reasoning_tokens", "output_tokens"),
)


def _detailed(held: bytes, name: bytes, tokens: int) -> Example:
    return altered(b'"usage":{', b'"usage":{"' + held + b'":{"' + name + b'":' + str(tokens).encode() + b"},")


add_within(
    CLAUSES,
    "responses",
    OPENAI_SPEC,
    "Of the tokens no more are cached than were put in, and no more are of the reasoning than came out.",
    "happy.usage",
    _PARTS,
    (
        _detailed(b"input_tokens_details", b"cached_tokens", 6),
        _detailed(b"output_tokens_details", b"reasoning_tokens", 1),
    ),
    (
        _detailed(b"input_tokens_details", b"cached_tokens", 7),
        _detailed(b"output_tokens_details", b"reasoning_tokens", 2),
    ),
)
