"""Faults of the error contract: mistakes that pass, and refusals that clients cannot use. Only validate sees them."""

import json
from collections.abc import Callable

from chatproof.simulator import messages
from chatproof.simulator.fault import Alter, Fault, Turn, page
from chatproof.simulator.fault import says as says_json
from chatproof.simulator.messages import credential
from chatproof.simulator.messages_faults.parts import Value, asking, let_in, must, says, should
from chatproof.simulator.wire import EMPTY, GOOD, Reply

_VALIDATION = "contract.validation"
_INSTEAD = {
    "model": "simulator-mini",
    "max_tokens": 2048,
    "messages": [{"role": "user", "content": "Respond with the single word: pong"}],
}


def _mistake(name: str, check: Callable[[Value], bool], about: str) -> tuple[Fault, ...]:
    """The four ways in which a mistake can be answered badly."""

    def when(turn: Turn) -> bool:
        asked = asking(turn) and credential(turn.asked) == GOOD and turn.reply.status >= 400
        try:
            body = json.loads(turn.asked.body)
        except ValueError:
            body = {}
        return asked and check(body)

    def pass_on(turn: Turn) -> Reply:
        return messages.respond(turn.asked._replace(body=json.dumps(_INSTEAD).encode()))

    id, slug, hard = f"error.{name}", name.replace("_", "-"), name == "malformed_json"
    about_500: Alter = lambda turn: turn.reply._replace(status=500)  # noqa: E731
    accepted = must if hard else should
    rows = [
        accepted(f"{slug}-accepted", f"A request {about} is answered.", _VALIDATION, when, pass_on, f"{id}.refused"),
        should(
            f"{slug}-page", f"A request {about} gets a page.", _VALIDATION, when, page(400, "Bad"), f"{id}.readable"
        ),
        should(f"{slug}-500", f"A request {about} gets 500.", _VALIDATION, when, about_500, f"{id}.not_retried"),
    ]
    if not hard:
        vague = says(404 if name == "unknown_model" else 400, "Bad request.")
        said = f"The refusal {about} names nothing."
        rows.append(should(f"{slug}-vague", said, _VALIDATION, when, vague, f"{id}.field_named"))
    return tuple(rows)


def _empty_key(turn: Turn) -> bool:
    return asking(turn) and turn.asked.credential == EMPTY


def _unknown(turn: Turn) -> bool:
    return asking(turn) and b"no-such-model" in turn.asked.body


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
        _VALIDATION,
        _unknown,
        says_json(404, {"error": {"message": "The model does not exist", "code": "model_not_found"}}),
        "error.unknown_model.typed",
    ),
    must(
        "empty-key-served",
        "An empty key is served.",
        "auth.not_enforced",
        _empty_key,
        let_in,
        "auth.empty_key.rejected",
    ),
    must(
        "empty-key-page",
        "An empty key gets a page.",
        "auth.error_body",
        _empty_key,
        page(401, "Unauthorized"),
        "auth.empty_key.body_json",
    ),
    must(
        "empty-key-no-error",
        "An empty key gets JSON without an error.",
        "auth.error_body",
        _empty_key,
        lambda turn: turn.reply._replace(body=b"{}"),
        "auth.empty_key.error_present",
    ),
)
