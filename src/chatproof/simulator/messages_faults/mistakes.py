"""Faults of the error contract: mistakes that pass, and refusals that clients cannot use. Only validate sees them."""

import json
from collections.abc import Callable

from chatproof.simulator import messages
from chatproof.simulator.common_faults import Mistake, Value, with_mistake
from chatproof.simulator.fault import Fault, Turn, json_of
from chatproof.simulator.fault import says as says_json
from chatproof.simulator.messages import credential
from chatproof.simulator.messages_faults.parts import ROWS as COMMON
from chatproof.simulator.messages_faults.parts import asking, let_in, says, should
from chatproof.simulator.wire import EMPTY, GOOD, WRONG, Reply

_INSTEAD = json.dumps(
    {
        "model": "simulator-mini",
        "max_tokens": 2048,
        "messages": [{"role": "user", "content": "Respond with the single word: pong"}],
    }
).encode()


def _with_key(turn: Turn) -> bool:
    return asking(turn) and credential(turn.asked) == GOOD


def _empty_key(turn: Turn) -> bool:
    return asking(turn) and turn.asked.credential == EMPTY


def _wrong_key_streamed(turn: Turn) -> bool:
    return asking(turn) and turn.asked.credential == WRONG and bool(json_of(turn).get("stream"))


def _unknown(turn: Turn) -> bool:
    return asking(turn) and b"no-such-model" in turn.asked.body


def _answered(turn: Turn) -> Reply:
    return messages.respond(turn.asked._replace(body=_INSTEAD))


def _mistake(name: str, check: Callable[[Value], bool], about: str) -> tuple[Fault, ...]:
    vague = says(404 if name == "unknown_model" else 400, "Bad request.")
    answers = Mistake(_answered, vague, page_is_fatal=False)
    return COMMON.mistake(name, about, with_mistake(_with_key, check), answers)


ROWS = (
    *_mistake("malformed_json", lambda asked: not asked, "whose body is cut off"),
    *_mistake("missing_messages", lambda asked: "model" in asked and "messages" not in asked, "without messages"),
    *_mistake("missing_model", lambda asked: "messages" in asked and "model" not in asked, "without a model"),
    *_mistake("missing_max_tokens", lambda asked: "model" in asked and "max_tokens" not in asked, "without max_tokens"),
    *_mistake("wrong_messages_type", lambda asked: asked.get("messages") == 7, "whose messages are a number"),
    *_mistake("temperature_range", lambda asked: asked.get("temperature") == 99, "whose temperature is 99"),
    *_mistake("unknown_model", lambda asked: "no-such-model" in str(asked.get("model")), "for an unknown model"),
    should(
        "unknown-model-of-chat",
        "The refusal of an unknown model has chat's form.",
        "contract.validation",
        _unknown,
        says_json(404, {"error": {"message": "The model does not exist", "code": "model_not_found"}}),
        "error.unknown_model.typed",
    ),
    *COMMON.empty_key(_empty_key, let_in),
    *COMMON.stream_refusals(
        _wrong_key_streamed,
        let_in,
        b'event: error\ndata: {"type":"error","error":{"type":"authentication_error","message":"invalid key"}}\n\n',
    ),
)
