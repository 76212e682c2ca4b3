"""Deviations that hurt no client: a run against each of these must stay GO, and warns of nothing."""

from chatproof.simulator.common_faults import Value, put
from chatproof.simulator.embeddings_faults.parts import each, numbers, plain, refused
from chatproof.simulator.fault import GO, Alter, Fault, When, edited, error, gzipped, labelled, rewritten


def _row(name: str, about: str, when: When, alter: Alter) -> Fault:
    return Fault(f"harmless-{name}", about, "", GO, when, alter)


def _in_lines(item: Value) -> None:
    held = item["embedding"]
    if isinstance(held, str):
        item["embedding"] = "\n".join(held[at : at + 76] for at in range(0, len(held), 76)) + "\n"


ROWS = (
    _row("extra-fields", "The reply has unknown fields.", plain, edited(lambda v: v.update(id="embd-1", x={}))),
    _row("extra-in-items", "The items have unknown fields.", plain, each(lambda i: i.update(text_length=23))),
    _row("error-null", "error is null.", plain, put(None, "error")),
    _row("usage-more", "The usage counts more than the text has.", plain, put(0, "usage", "completion_tokens")),
    _row(
        "usage-zero",
        "The usage counts nothing.",
        plain,
        edited(lambda v: v.update(usage={"prompt_tokens": 0, "total_tokens": 0})),
    ),
    _row(
        "other-model",
        "The reply names a snapshot of the model.",
        plain,
        put("simulator-embedding-small-2026-01-01", "model"),
    ),
    _row("not-normalised", "The vectors are not of length 1.", plain, numbers(lambda n: [one * 7 for one in n])),
    _row("negative-zero", "A vector contains a zero with a sign.", plain, numbers(lambda n: [-0.0, *n[1:]])),
    _row("white-space", "White space comes before the JSON.", plain, rewritten(lambda data: b"\n  " + data)),
    _row("base64-in-lines", "The base64 is in lines, as in mail.", plain, each(_in_lines)),
    _row("charset", "The media type has a charset.", plain, labelled(media="application/json; charset=utf-8")),
    _row("gzip", "The answer is compressed.", plain, gzipped()),
    _row("reject-403", "A wrong key gets 403.", refused, error(403, "Forbidden.", "forbidden")),
)
