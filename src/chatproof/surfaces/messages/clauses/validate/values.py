"""Counts and ids whose type is right, and whose value cannot be."""

from chatproof.contract.clause import VALIDATE, Clauses, Example
from chatproof.surfaces.answering_model import add_answering_model
from chatproof.surfaces.event_examples import put
from chatproof.surfaces.fresh_ids import add_fresh_ids
from chatproof.surfaces.messages.clauses.validate.unicode import says
from chatproof.surfaces.messages.examples import GOOD, SDK, STREAMED, altered, changed
from chatproof.surfaces.plausible_counts import add_counts, add_streamed_input
from chatproof.surfaces.text_to_repeat import UNICODE

CLAUSES = Clauses(VALIDATE)


def _asked(tokens: int) -> Example:
    return altered(b'"input_tokens":14', b'"input_tokens":' + str(tokens).encode())


def _answered(tokens: int) -> Example:
    stream = says(UNICODE)
    return stream._replace(body=stream.body.replace(b'"output_tokens": 4', f'"output_tokens": {tokens}'.encode()))


def _streamed_input(tokens: int) -> Example:
    return changed("message_delta", put(tokens, "usage", "input_tokens"))


add_counts(
    CLAUSES,
    "messages",
    SDK,
    ("$.usage.input_tokens", _asked),
    ("message_delta.usage.output_tokens", _answered),
)
add_streamed_input(
    CLAUSES,
    "messages",
    SDK,
    "usage.input_tokens",
    (STREAMED, _streamed_input(18), _streamed_input(60)),
    (_streamed_input(28), _streamed_input(42)),
)
add_answering_model(CLAUSES, "messages", SDK, GOOD, altered(b'"model":"m"', b'"model":"another-kind"'))
add_fresh_ids(
    CLAUSES,
    "messages",
    SDK,
    "system",
    "Claude Code keeps a conversation by these ids, and its users count tokens and costs once for each.",
    altered(b'"msg_1"', b'"msg_2"'),
    GOOD,
)
