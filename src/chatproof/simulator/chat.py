"""A conformant chat completions API as a pure function: a request goes in, a reply value comes out.

Shapes and messages follow OpenAI's reference and what its servers answer. To add a parameter: one entry in CHECKS
for what must be refused, and its effect in `_answer`.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from chatproof.simulator.wire import EMPTY, GOOD, JSON, MISSING, SSE, Asked, Headers, Reply

MODEL = "simulator-mini"
CHAT_MODELS = ("simulator-large", MODEL)
OTHER_MODELS = ("simulator-embedding-small", "simulator-tts")  # a listing holds more than chat models
MODELS = tuple(sorted((*CHAT_MODELS, *OTHER_MODELS)))
RELEASED = 1767225600  # 2026-01-01: `created` of each model

CHAT_PATH = "/v1/chat/completions"
MODELS_PATH = "/v1/models"
ROLES = ("developer", "system", "user", "assistant", "tool", "function")

_NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
_NOT_JSON = "We could not parse the JSON body of your request. The API expects a JSON payload."

Body = dict[str, Any]


class Flaw(NamedTuple):
    """Why a request is refused with 400."""

    message: str
    param: str | None
    code: str | None


class Answer(NamedTuple):
    """What the model says, and the tools that it calls."""

    text: str
    finish_reason: str
    calls: tuple[Body, ...] = ()


_PLAIN = frozenset(("model", "messages", "stream", "stream_options"))  # anything else asks for an ability


def respond(asked: Asked) -> Reply:
    """The conformant answer to any request: path, then method, then key, then body."""
    methods = _methods(asked.path)
    if not methods:
        return error(404, f"Invalid URL ({asked.method} {asked.path})")
    handler = methods.get("GET" if asked.method == "HEAD" else asked.method)
    if handler is None:
        allow = ", ".join(sorted({*methods, *(("HEAD",) if "GET" in methods else ())}))
        said = f"Not allowed to {asked.method} on {asked.path}."
        return error(405, said, code="method_not_supported", headers=(("Allow", allow),))
    if asked.credential != GOOD:
        return refusal(asked.credential)
    return handler(asked)


def refusal(credential: str) -> Reply:
    """401 for a request whose key is wrong or missing. The key is never quoted, not even masked."""
    challenge = (("WWW-Authenticate", "Bearer"),)
    if credential in (MISSING, EMPTY):
        return error(401, _NO_KEY, headers=challenge)
    return error(401, "Incorrect API key provided.", code="invalid_api_key", headers=challenge)


def error(
    status: int,
    message: str,
    *,
    type: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
    headers: Headers = (),
) -> Reply:
    """A JSON error in OpenAI's shape."""
    return json_reply({"error": {"message": message, "type": type, "param": param, "code": code}}, status, headers)


def json_reply(value: object, status: int = 200, headers: Headers = ()) -> Reply:
    return Reply(status, (("Content-Type", JSON), *headers), json.dumps(value).encode())


def event(value: object) -> bytes:
    """A server-sent event that carries a value as JSON."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"


def _methods(path: str) -> dict[str, Callable[[Asked], Reply]]:
    """What can be done with a path; empty for a path that does not exist."""
    if path == CHAT_PATH:
        return {"POST": _complete}
    if path == MODELS_PATH:
        return {"GET": _list}
    if path.startswith(MODELS_PATH + "/"):
        return {"GET": _retrieve}
    return {}


# -- models -----------------------------------------------------------------------------------------------


def _list(asked: Asked) -> Reply:
    return json_reply({"object": "list", "data": [_card(model) for model in MODELS]})


def _retrieve(asked: Asked) -> Reply:
    from urllib.parse import unquote  # not on the way of a smoke run

    wanted = unquote(asked.path.removeprefix(MODELS_PATH + "/"))
    return json_reply(_card(wanted)) if wanted in MODELS else unknown_model(wanted)


def _card(model: str) -> Body:
    return {"id": model, "object": "model", "created": RELEASED, "owned_by": "chatproof"}


def unknown_model(model: str) -> Reply:
    said = f"The model `{model}` does not exist or you do not have access to it."
    return error(404, said, code="model_not_found")


# -- chat -------------------------------------------------------------------------------------------------


def _complete(asked: Asked) -> Reply:
    if asked.media and not asked.media.lower().startswith(JSON):
        said = f"Unsupported media type: expected {JSON}."
        return error(415, said, code="unsupported_media_type")
    body = _parse(asked.body)
    flaw = _flaw_in(body) if body is not None else Flaw(_NOT_JSON, None, None)
    if flaw:
        return error(400, flaw.message, param=flaw.param, code=flaw.code)
    assert isinstance(body, dict)  # what the first check has found
    model = body["model"]
    if model in OTHER_MODELS:
        said = f"The model `{model}` is not a chat model."
        return error(400, said, param="model", code="model_not_supported")
    if model not in CHAT_MODELS:
        return unknown_model(model)
    answer = _answer(body)
    if body.get("stream"):
        options = body.get("stream_options") or {}
        events = _stream(asked, body, answer, usage=bool(options.get("include_usage")))
        return Reply(200, (("Content-Type", SSE), ("Cache-Control", "no-cache")), events=events)
    return json_reply(_completion(asked, body, answer))


def _flaw_in(body: Any) -> Flaw | None:
    found = next((flaw for check in CHECKS if (flaw := check(body))), None)
    if found is None and not _PLAIN.issuperset(body):
        from chatproof.simulator import abilities  # not on the way of a smoke run

        return abilities.flaw(body)
    return found


def _parse(data: bytes) -> Any:
    """The body's JSON value; None when it is not JSON. `null` is refused just the same."""
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _answer(body: Body) -> Answer:
    wants_more = len(body["messages"]) == 1 and "pong" not in str(body["messages"][0].get("content"))
    if wants_more or not _PLAIN.issuperset(body):
        from chatproof.simulator import abilities

        return abilities.answer(body)
    return plain_answer(body)


def plain_answer(body: Body) -> Answer:
    """The same words for the same request: "pong" if a message asks for it, else a sentence."""
    contents = [message.get("content") or "" for message in body["messages"]]
    parts = [part for content in contents for part in (content if isinstance(content, list) else [{"text": content}])]
    wants_pong = any("pong" in part["text"].lower() for part in parts if isinstance(part.get("text"), str))
    return Answer("pong" if wants_pong else "This is the chatproof simulator.", "stop")


def _completion(asked: Asked, body: Body, answer: Answer) -> Body:
    message: Body = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": []}
    if answer.calls:
        message.update(content=None, tool_calls=list(answer.calls))
    choice: Body = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
    if body.get("logprobs"):
        from chatproof.simulator.abilities import logprobs

        choice["logprobs"] = logprobs(answer.text)
    return {
        **_frame(asked, body, "chat.completion"),
        "choices": [{**choice, "index": index} for index in range(body.get("n") or 1)],
        "usage": _usage(body, answer),
        "service_tier": "default",
        "system_fingerprint": "fp_simulator",
    }


def _stream(asked: Asked, body: Body, answer: Answer, *, usage: bool) -> tuple[bytes, ...]:
    deltas: list[tuple[Body, str | None]] = [({"role": "assistant", "content": "", "refusal": None}, None)]
    deltas += [({"content": piece}, None) for piece in _pieces(answer.text)]
    deltas += [({"tool_calls": [piece]}, None) for piece in _call_pieces(answer.calls)]
    deltas.append(({}, answer.finish_reason))
    frame = {**_frame(asked, body, "chat.completion.chunk"), "system_fingerprint": "fp_simulator"}
    none = {"usage": None} if usage else {}
    events = [
        event({**frame, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}], **none})
        for delta, reason in deltas
    ]
    if usage:
        events.append(event({**frame, "choices": [], "usage": _usage(body, answer)}))
    return (*events, DONE)


def _pieces(text: str) -> list[str]:
    """A short answer in two pieces, so that clients must join them; a longer one word by word."""
    if " " not in text:
        middle = len(text) // 2
        return [piece for piece in (text[:middle], text[middle:]) if piece]
    words = text.split(" ")
    return [words[0], *(f" {word}" for word in words[1:])]


def _call_pieces(calls: tuple[Body, ...]) -> list[Body]:
    """Each call as clients must join it: id and name first, then the arguments in two pieces."""
    pieces: list[Body] = []
    for index, call in enumerate(calls):
        text = call["function"]["arguments"]
        middle = len(text) // 2
        pieces.append({"index": index, **call, "function": {"name": call["function"]["name"], "arguments": ""}})
        pieces += [{"index": index, "function": {"arguments": part}} for part in (text[:middle], text[middle:])]
    return pieces


def _frame(asked: Asked, body: Body, kind: str) -> Body:
    return {"id": f"chatcmpl-{asked.id[-24:]}", "object": kind, "created": int(asked.at), "model": body["model"]}


def _usage(body: Body, answer: Answer) -> Body:
    """Words, not tokens: nobody may rely on the counts, but they add up."""
    prompt = sum(len(str(message.get("content")).split()) for message in body["messages"])
    completion = len(answer.text.split())
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }


# -- what is refused --------------------------------------------------------------------------------------


def _is_object(body: Any) -> Flaw | None:
    return (
        None
        if isinstance(body, dict)
        else Flaw(f"Invalid body: expected an object, but got {kind(body)}.", None, "invalid_type")
    )


def _model(body: Body) -> Flaw | None:
    if "model" not in body:
        return missing("model")
    return None if isinstance(body["model"], str) and body["model"] else mistyped("model", "a string", body["model"])


def _messages(body: Body) -> Flaw | None:
    if "messages" not in body:
        return missing("messages")
    messages = body["messages"]
    if not isinstance(messages, list):
        return mistyped("messages", "an array of objects", messages)
    if not messages:
        said = (
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead."
        )
        return Flaw(said, "messages", "empty_array")
    return next(
        (flaw for number, message in enumerate(messages) if (flaw := _message(f"messages[{number}]", message))), None
    )


def _message(at: str, message: Any) -> Flaw | None:
    if not isinstance(message, dict):
        return mistyped(at, "an object", message)
    if "role" not in message:
        return missing(f"{at}.role")
    role = message["role"]
    if role not in ROLES:
        shown = f"'{role[:40]}'" if isinstance(role, str) else kind(role)
        listed = ", ".join(f"'{known}'" for known in ROLES)
        return Flaw(f"Invalid value: {shown}. Supported values are: {listed}.", f"{at}.role", "invalid_value")
    content = message.get("content")
    if content is None and role in ("assistant", "function"):
        return None  # such a message may stand for a call alone
    if "content" not in message:
        return missing(f"{at}.content")
    if isinstance(content, list):
        return _parts(f"{at}.content", content)
    if not isinstance(content, str):
        return mistyped(f"{at}.content", "a string or an array of parts", content)
    return missing(f"{at}.tool_call_id") if role == "tool" and "tool_call_id" not in message else None


def _parts(at: str, parts: list[Any]) -> Flaw | None:
    if not parts:
        return Flaw(f"Invalid '{at}': empty array.", at, "empty_array")
    for number, part in enumerate(parts):
        if not isinstance(part, dict):
            return mistyped(f"{at}[{number}]", "an object", part)
        if "type" not in part:
            return missing(f"{at}[{number}].type")
        if part["type"] == "text" and not isinstance(part.get("text"), str):
            return mistyped(f"{at}[{number}].text", "a string", part.get("text"))
    return None


def _number(name: str, low: float, high: float) -> Callable[[Body], Flaw | None]:
    def check(body: Body) -> Flaw | None:
        value = body.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return mistyped(name, "a decimal", value)
        if low <= value <= high:
            return None
        side, sign, limit = ("above maximum", "<=", high) if value > high else ("below minimum", ">=", low)
        said = f"Invalid '{name}': decimal {side} value. Expected a value {sign} {limit:g}, but got {value} instead."
        return Flaw(said, name, "decimal_above_max_value" if value > high else "decimal_below_min_value")

    return check


def _stream_flags(body: Body) -> Flaw | None:
    stream, options = body.get("stream"), body.get("stream_options")
    if stream is not None and not isinstance(stream, bool):
        return mistyped("stream", "a boolean", stream)
    if options is None:
        return None
    if not stream:
        said = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
        return Flaw(said, "stream_options", None)
    if not isinstance(options, dict):
        return mistyped("stream_options", "an object", options)
    usage = options.get("include_usage")
    return (
        None
        if usage is None or isinstance(usage, bool)
        else mistyped("stream_options.include_usage", "a boolean", usage)
    )


CHECKS: tuple[Callable[[Any], Flaw | None], ...] = (
    _is_object,
    _model,
    _messages,
    _number("temperature", 0, 2),
    _number("top_p", 0, 1),
    _number("presence_penalty", -2, 2),
    _number("frequency_penalty", -2, 2),
    _stream_flags,
)


def missing(param: str) -> Flaw:
    return Flaw(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def mistyped(param: str, wanted: str, value: Any) -> Flaw:
    got = "an empty string" if value == "" else kind(value)
    return Flaw(f"Invalid type for '{param}': expected {wanted}, but got {got} instead.", param, "invalid_type")


def kind(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "an integer", float: "a decimal", str: "a string", list: "an array"}
    return names.get(type(value), "an object")
