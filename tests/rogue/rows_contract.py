"""Rows of the contract's own fields: choices, message, error, media type, refusals."""

from __future__ import annotations

from tests.rogue.row import AUTH, GO, HAPPY, NO_GO, UNDECIDED, Row, plays
from tests.rogue.scripts import answer, json_body
from tests.rogue.wire import ANSWER, HTML, SSE, completion, dumps, error, reply

ROWS = (
    answer(
        "F124-choices-missing",
        "An empty object.",
        b"{}",
        "$.choices",
        "an empty object",
        code="contract.choices_missing",
    ),
    answer(
        "F125-choices-empty",
        "No choice.",
        completion(choices=[]),
        "$.choices",
        "rogue-1",
        code="contract.choices_empty",
    ),
    *(
        answer(
            "F127-message-missing",
            f"choices is {dumps(choices).decode()}.",
            completion(choices=choices),
            "$.choices[0].message",
            case=case,
            code="contract.message_missing",
        )
        for case, choices in (("object", [{}]), ("null", [None]), ("array", [[]]))
    ),
    answer(
        "F130-error-and-choices",
        "An error beside good choices.",
        completion(error={"message": "boom", "code": "upstream"}),
        "$.error",
        "boom",
        "upstream",
        code="contract.error_present",
    ),
    Row(
        "F130-error-and-choices",
        "error: null beside good choices.",
        json_body(completion(error=None)),
        GO,
        case="null",
        on=HAPPY,
        why="null is no error; faults.json says so in the same row",
    ),
    answer(
        "F131-200-with-error",
        "An error under 200.",
        error("invalid key", code=401),
        "200",
        "401",
        "invalid key",
        code="contract.error_present",
    ),
    Row(
        "F133-ct-html",
        "A 502 page with a script.",
        plays(reply("<html><script>alert(1)</script>", "502 Bad Gateway", media=HTML)),
        NO_GO,
        "gateway.error",
        ("502", "text/html", "alert(1)"),
        why="the truer cause: the page is a gateway's, and neither model nor key are to blame",
        never=("auth.rejected", "model.unavailable"),
        loud=True,
    ),
    Row(
        "F134-ct-sse-for-nonstream",
        "A stream, although stream: false was sent.",
        plays(reply(b"data: " + ANSWER + b"\n\ndata: [DONE]\n\n", media=SSE)),
        NO_GO,
        "stream.unexpected",
        ("text/event-stream", "stream: false was sent"),
        on=HAPPY,
    ),
    *(
        Row(
            "F135-ct-json-suffix",
            f"Content-Type: {media}.",
            plays(reply(ANSWER, media=f"Content-Type: {media}")),
            GO,
            says=(media,),
            case=case,
            on=HAPPY,
        )
        for case, media in (
            ("problem", "application/problem+json"),
            ("case", "Application/JSON; Charset=UTF-8"),
            ("semicolons", "application/json;;"),
        )
    ),
    Row(
        "F137-auth-401-html",
        "A wrong key is refused with a page.",
        plays(reply("<html>401</html>", "401 Unauthorized", media=HTML)),
        NO_GO,
        "auth.error_body",
        ("401", "text/html"),
        on=AUTH,
    ),
    Row(
        "F138-auth-401-no-error",
        "A wrong key is refused with an empty object.",
        plays(reply("{}", "401 Unauthorized")),
        NO_GO,
        "auth.error_body",
        ("401", "an empty object"),
        on=AUTH,
    ),
    *(
        Row(
            "F139-auth-429",
            f"A wrong key is answered with 429 and Retry-After: {after}.",
            plays(reply(error("Too many requests"), "429 Too Many Requests", f"Retry-After: {after}")),
            UNDECIDED,
            "account.rate_limited",
            ("429", after),
            case=case,
            on=AUTH,
        )
        for case, after in (
            ("", "999999999"),
            ("negative", "-1"),
            ("words", "soon"),
            ("date", "Wed, 31 Feb 2026 00:00:00 GMT"),
        )
    ),
    Row(
        "F139-auth-429",
        "Everything is answered with 429 and Retry-After: 999999999.",
        plays(reply(error("Too many requests"), "429 Too Many Requests", "Retry-After: 999999999")),
        NO_GO,
        "account.rate_limited",
        ("429", "999999999"),
        case="all",
        why="a whole reply with another status than 200 breaks a must on the happy path (interface.md)",
    ),
    Row(
        "F140-model-echo-other",
        "The answer names a different model from the requested one.",
        json_body(completion(model="other-\x1b[31mmodel")),
        GO,
        says=("other-\\x1b[31mmodel",),
        on=HAPPY,
        loud=True,
    ),
)
