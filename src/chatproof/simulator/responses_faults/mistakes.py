"""Faults of the error contract: mistakes that pass, and refusals that clients cannot use. Only validate sees them."""

import json
from collections.abc import Callable

from chatproof.simulator.common_faults import Mistake, Value, with_mistake
from chatproof.simulator.fault import Fault, Turn, error, json_of, says
from chatproof.simulator.responses_faults.parts import ROWS as COMMON
from chatproof.simulator.responses_faults.parts import asking, let_in, wrong_key
from chatproof.simulator.wire import EMPTY, GOOD, Reply

_INSTEAD = json.dumps({"model": "simulator-mini", "input": "Respond with the single word: pong"}).encode()


def _with_key(turn: Turn) -> bool:
    return asking(turn) and turn.asked.credential == GOOD


def _empty_key(turn: Turn) -> bool:
    return asking(turn) and turn.asked.credential == EMPTY


def _wrong_key_streamed(turn: Turn) -> bool:
    return wrong_key(turn) and bool(json_of(turn).get("stream"))


def _answered(turn: Turn) -> Reply:
    return let_in(turn._replace(asked=turn.asked._replace(body=_INSTEAD)))


def _mistake(name: str, check: Callable[[Value], bool], about: str) -> tuple[Fault, ...]:
    return COMMON.mistake(name, about, with_mistake(_with_key, check), Mistake(_answered, error(400, "Bad request.")))


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
    COMMON.should(
        "unknown-model-detail",
        "The refusal of an unknown model is FastAPI's error.",
        "contract.validation",
        with_mistake(_with_key, lambda asked: "no-such-model" in str(asked.get("model"))),
        says(404, {"detail": "The model does not exist"}),
        "error.unknown_model.shape",
    ),
    *COMMON.empty_key(_empty_key, let_in),
    *COMMON.stream_refusals(
        _wrong_key_streamed,
        let_in,
        b'event: error\ndata: {"type":"error","code":"invalid_api_key","message":"Incorrect API key provided.",'
        b'"param":null,"sequence_number":0}\n\n',
    ),
)
