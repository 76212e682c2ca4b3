"""Faults of the error contract: mistakes that pass, and refusals that clients cannot use. Only validate sees them."""

import json
from collections.abc import Callable

from chatproof.simulator.fault import Alter, Fault, Turn, error, page
from chatproof.simulator.responses_faults.parts import Value, asking, let_in, must, should
from chatproof.simulator.wire import EMPTY, GOOD, Reply

_VALIDATION = "contract.validation"


def _mistake(name: str, check: Callable[[Value], bool], about: str) -> tuple[Fault, ...]:
    """The four ways in which a mistake can be answered badly."""

    def when(turn: Turn) -> bool:
        asked = asking(turn) and turn.asked.credential == GOOD and turn.reply.status >= 400
        try:
            body = json.loads(turn.asked.body)
        except ValueError:
            body = {}
        return asked and check(body)

    id = f"error.{name}"
    slug = name.replace("_", "-")
    instead = {"model": "simulator-mini", "input": "Respond with the single word: pong"}
    hard = name == "malformed_json"
    accepted = must if hard else should
    pass_on: Alter = lambda turn: let_in(  # noqa: E731
        turn._replace(asked=turn.asked._replace(body=json.dumps(instead).encode()))
    )
    rows = [
        accepted(f"{slug}-accepted", f"A request {about} is answered.", _VALIDATION, when, pass_on, f"{id}.refused"),
        must(
            f"{slug}-page",
            f"A request {about} gets a page.",
            _VALIDATION,
            when,
            page(400, "Bad Request"),
            f"{id}.readable",
        ),
        should(f"{slug}-500", f"A request {about} gets 500.", _VALIDATION, when, _as_500, f"{id}.not_retried"),
    ]
    if not hard:
        vague = error(400, "Bad request.")
        rows.append(
            should(
                f"{slug}-vague", f"The refusal {about} names nothing.", _VALIDATION, when, vague, f"{id}.field_named"
            )
        )
    return tuple(rows)


def _as_500(turn: Turn) -> Reply:
    return turn.reply._replace(status=500)


def _empty_key(turn: Turn) -> bool:
    return asking(turn) and turn.asked.credential == EMPTY


ROWS = (
    *_mistake("malformed_json", lambda asked: not asked, "whose body is cut off"),
    *_mistake("missing_input", lambda asked: "model" in asked and "input" not in asked, "without input"),
    *_mistake("missing_model", lambda asked: "input" in asked and "model" not in asked, "without a model"),
    *_mistake("wrong_input_type", lambda asked: asked.get("input") == 7, "whose input is a number"),
    *_mistake("temperature_range", lambda asked: asked.get("temperature") == 99, "whose temperature is 99"),
    *_mistake("unknown_model", lambda asked: "no-such-model" in str(asked.get("model")), "for an unknown model"),
    *_mistake(
        "unknown_previous", lambda asked: "nosuch" in str(asked.get("previous_response_id")), "from an unknown response"
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
