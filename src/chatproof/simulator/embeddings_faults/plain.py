"""Faults of the plain answer, and of the refusals of a key. Smoke sees each of them."""

import json

from chatproof.simulator import chat
from chatproof.simulator.common_faults import Value, drop, put
from chatproof.simulator.embeddings_faults.parts import ROWS as COMMON
from chatproof.simulator.embeddings_faults.parts import (
    as_floats,
    asking,
    each,
    let_in,
    must,
    numbers,
    plain,
    refused,
    sent,
    should,
    wrong_key,
)
from chatproof.simulator.fault import Turn, edited, error, says
from chatproof.simulator.wire import Reply

_SCHEMA, _CONTENT, _USAGE, _ENCODING = "contract.schema", "contract.content", "contract.usage", "contract.encoding"
_DATA, _VECTOR = "happy.data_array", ("data", 0, "embedding")


def _chat_reply(turn: Turn) -> Reply:
    """As from a gateway that takes every path for chat completions."""
    asked = {"model": "simulator-mini", "messages": [{"role": "user", "content": "pong"}]}
    path = turn.asked.path.replace("/embeddings", "/chat/completions")
    return chat.respond(turn.asked._replace(path=path, body=json.dumps(asked).encode()))


def _urlsafe(item: Value) -> None:
    if isinstance(item["embedding"], str):
        item["embedding"] = item["embedding"].replace("+", "-").replace("/", "_").rstrip("=")


def _nested(item: Value) -> None:
    as_floats(item)
    item["embedding"] = [item["embedding"]]


def _copied(value: Value) -> None:
    for item in value["data"]:
        item["embedding"] = value["data"][0]["embedding"]


def _cut(item: Value) -> None:
    if isinstance(item["embedding"], str):
        item["embedding"] = item["embedding"][:-4]


ROWS = (
    *COMMON.wire(plain, plain),
    *COMMON.listings(),
    must(
        "server-error",
        "The server fails with a JSON error.",
        "server.error",
        plain,
        error(500, "The server had an error.", "server_error", "server_error"),
        "happy.status_200",
    ),
    must(
        "nan-json",
        "The answer contains NaN, which JSON does not have.",
        "body.unsafe_json",
        plain,
        put([float("nan"), 0.5], *_VECTOR),
        "happy.body_json",
    ),
    must(
        "error-under-200",
        "An error is returned under HTTP 200.",
        "contract.error_present",
        plain,
        says(200, {"error": {"message": "The model is overloaded.", "type": "server_error", "code": None}}),
        "happy.no_error_field",
    ),
    must(
        "chat-reply",
        "A chat completion is returned instead of embeddings.",
        "contract.choices_missing",
        plain,
        _chat_reply,
        _DATA,
    ),
    must("data-missing", "The reply has no data.", "contract.choices_missing", plain, drop("data"), _DATA),
    must("data-null", "data is null.", "contract.choices_type", plain, put(None, "data"), _DATA),
    must("data-object", "data is an object, not an array.", "contract.choices_type", plain, put({}, "data"), _DATA),
    must("data-empty", "data is an empty array.", "contract.choices_empty", plain, put([], "data"), _DATA),
    must("item-null", "An item is null.", "contract.choices_type", plain, put(None, "data", 0), _DATA),
    must("embedding-null", "An embedding is null.", _CONTENT, plain, put(None, *_VECTOR), _DATA),
    must("embedding-missing", "An item has no embedding.", _CONTENT, plain, drop(*_VECTOR), _DATA),
    must(
        "nested",
        "An embedding is an array of arrays: a vector for each token.",
        _CONTENT,
        plain,
        each(_nested),
        _DATA,
    ),
    must(
        "always-float",
        "Floats arrive although the request asks for base64.",
        _ENCODING,
        plain,
        each(as_floats),
        "happy.encoding",
    ),
    must(
        "base64-urlsafe", "The base64 is URL-safe and not padded.", _ENCODING, plain, each(_urlsafe), "happy.encoding"
    ),
    must("base64-cut", "The base64 lacks its last bytes.", _ENCODING, plain, each(_cut), "happy.encoding"),
    must(
        "base64-refused",
        "encoding_format base64 is refused.",
        _ENCODING,
        sent(lambda body: body.get("encoding_format") == "base64"),
        error(400, "encoding_format base64 is not supported.", "unsupported_value", param="encoding_format"),
        "happy.base64",
    ),
    must("one-short", "One item is left out.", _CONTENT, plain, edited(lambda v: v["data"].pop()), "happy.count"),
    must(
        "one-more",
        "An item is repeated.",
        _CONTENT,
        plain,
        edited(lambda v: v["data"].append({**v["data"][0], "index": len(v["data"])})),
        "happy.count",
    ),
    must(
        "reversed",
        "The items are in reverse order; their index is right.",
        _CONTENT,
        plain,
        edited(lambda v: v["data"].reverse()),
        "happy.order",
    ),
    *COMMON.served(wrong_key, refused, let_in),
    should(
        "refusal-detail",
        "A refused key gets FastAPI's error.",
        "auth.error_body",
        refused,
        says(401, {"detail": "Unauthorized"}),
        "auth.error_shape",
    ),
    *COMMON.refusals(asking, refused, "invalid_key", "missing_key"),
    COMMON.echoed(plain),
    should(
        "index-from-one",
        "The index begins with 1.",
        _SCHEMA,
        plain,
        each(lambda i: i.update(index=i["index"] + 1)),
        "happy.items",
    ),
    should("index-zero", "Every index is 0.", _SCHEMA, plain, each(lambda i: i.update(index=0)), "happy.items"),
    must("shorter", "One vector is shorter.", _CONTENT, plain, numbers(lambda n: n[:-1]), "happy.one_length"),
    must(
        "no-numbers",
        "The vectors are empty.",
        _CONTENT,
        plain,
        each(lambda i: i.update(embedding="")),
        "happy.one_length",
    ),
    must("nan", "A vector contains NaN.", _CONTENT, plain, numbers(lambda n: [float("nan"), *n[1:]]), "happy.finite"),
    must(
        "infinite",
        "A vector contains Infinity.",
        _CONTENT,
        plain,
        numbers(lambda n: [*n[:-1], float("inf")]),
        "happy.finite",
    ),
    must("zero", "A vector is only zeros.", _CONTENT, plain, numbers(lambda n: [0.0] * len(n), 1), "happy.non_zero"),
    should(
        "one-vector",
        "All texts of a request have the vector of the first.",
        _CONTENT,
        plain,
        edited(_copied),
        "happy.distinct",
    ),
    should("object-missing", "The reply is not labelled as a list.", _SCHEMA, plain, drop("object"), "happy.object"),
    should("model-missing", "The reply names no model.", _SCHEMA, plain, drop("model"), "happy.object"),
    should("index-missing", "The items have no index.", _SCHEMA, plain, each(lambda i: i.pop("index")), "happy.items"),
    should(
        "item-object-missing",
        "The items are not labelled as embeddings.",
        _SCHEMA,
        plain,
        each(lambda i: i.pop("object")),
        "happy.items",
    ),
    should("usage-missing", "No usage is reported.", _USAGE, plain, drop("usage"), "happy.usage"),
    should(
        "usage-string", "The usage counts in strings.", _USAGE, plain, put("6", "usage", "total_tokens"), "happy.usage"
    ),
)
