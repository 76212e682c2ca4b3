"""Faults in what an answer says: nothing, a refusal, or the key."""

import json
from binascii import b2a_base64
from collections.abc import Callable

from chatproof.simulator.fault import (
    NO_GO,
    Alter,
    Fault,
    answer,
    choice,
    edited,
    plain,
)
from chatproof.simulator.wire import Reply


def _leak(place: Callable[[Reply, str], Reply]) -> Alter:
    return lambda turn: place(turn.reply, turn.key)


def _echo(reply: Reply, text: str) -> Reply:
    return reply._replace(body=json.dumps({**json.loads(reply.body), "debug": {"authorization": text}}).encode())


def _base64(text: str) -> str:
    return b2a_base64(text.encode(), newline=False).decode()


CONTENT = (
    Fault("empty-content", "The content is an empty string.", "content.empty", NO_GO, plain, answer(content="")),
    Fault("null-content", "The content is null.", "content.empty", NO_GO, plain, answer(content=None)),
    Fault("blank-content", "The content is white space.", "content.empty", NO_GO, plain, answer(content=" \n")),
    Fault(
        "missing-content",
        "The message has no content.",
        "content.empty",
        NO_GO,
        plain,
        choice(message={"role": "assistant"}),
    ),
    Fault(
        "reasoning-only",
        "The model thinks until its budget is spent.",
        "content.reasoning_budget",
        NO_GO,
        plain,
        answer("length", content="", reasoning_content="The user wants one word. Let me think about it"),
    ),
    Fault(
        "reasoning-tokens",
        "Only the usage shows that the budget went into thinking.",
        "content.reasoning_budget",
        NO_GO,
        plain,
        edited(
            lambda value: (
                value["choices"][0].update(finish_reason="length", message={"role": "assistant", "content": None}),
                value["usage"]["completion_tokens_details"].update(reasoning_tokens=512),
            )
        ),
    ),
    Fault(
        "content-filtered",
        "A content filter removed the answer.",
        "content.filtered",
        NO_GO,
        plain,
        answer("content_filter", content=None),
    ),
    Fault(
        "refused",
        "The model refuses.",
        "content.refused",
        NO_GO,
        plain,
        answer(content=None, refusal="I'm sorry, I can't help with that."),
    ),
)

SECRET = (
    Fault("key-in-body", "The key comes back in the answer's body.", "secret.reflected", NO_GO, plain, _leak(_echo)),
    Fault(
        "key-in-base64",
        "The key comes back in base64.",
        "secret.reflected",
        NO_GO,
        plain,
        _leak(lambda reply, key: _echo(reply, _base64(f"Bearer {key}"))),
    ),
    Fault(
        "key-in-header",
        "The key comes back in a header.",
        "secret.reflected",
        NO_GO,
        plain,
        _leak(lambda reply, key: reply._replace(headers=(*reply.headers, ("X-Debug-Authorization", f"Bearer {key}")))),
    ),
    Fault(
        "key-in-hex-header",
        "The key comes back in a header, in hex.",
        "secret.reflected",
        NO_GO,
        plain,
        _leak(lambda reply, key: reply._replace(headers=(*reply.headers, ("X-Trace", key.encode().hex())))),
    ),
)

ROWS = (*CONTENT, *SECRET)
