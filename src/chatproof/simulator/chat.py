"""A conformant chat completions API as a pure function: a request goes in, a reply value comes out.

Shapes and messages follow OpenAI's reference and what its servers answer. To add a parameter: a row in a file of
`rules` for what must be refused, and its effect in `abilities`.
"""

import json
from collections.abc import Callable
from typing import Any

from chatproof.simulator.answers import WHICH_WORDS, Answer, Body, Flaw, plain_answer
from chatproof.simulator.wire import EMPTY, GOOD, JSON, MISSING, SSE, Asked, Headers, Reply

MODEL = "simulator-mini"
CHAT_MODELS = ("simulator-large", MODEL)
OTHER_MODELS = ("simulator-embedding-small", "simulator-tts")  # a listing holds more than chat models
MODELS = tuple(sorted((*CHAT_MODELS, *OTHER_MODELS)))
RELEASED = 1767225600  # 2026-01-01: `created` of each model

CHAT_PATH = "/v1/chat/completions"
MODELS_PATH = "/v1/models"

_NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    "(i.e. Authorization: Bearer YOUR_KEY)."
)
_NOT_JSON = "We could not parse the JSON body of your request. The API expects a JSON payload."


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
    assert isinstance(body, dict)  # else it has a flaw
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
    if _is_plain(body):
        return None
    from chatproof.simulator.rules import first_flaw  # not on the way of a smoke run

    return first_flaw(body)


def _parse(data: bytes) -> Any:
    """The body's JSON value; None when it is not JSON. `null` is refused just the same."""
    try:
        return json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> object:
    raise ValueError(name)


def _answer(body: Body) -> Answer:
    first = str(body["messages"][0].get("content"))
    wants_more = "these two lines" in first or (len(body["messages"]) == 1 and "pong" not in first)
    wants_more = wants_more or WHICH_WORDS in str(body["messages"][-1].get("content"))
    wants_more = wants_more or "Begin each answer" in first
    if wants_more or not _PLAIN.issuperset(body):
        from chatproof.simulator import abilities

        return abilities.answer(body)
    return plain_answer(body)


def _completion(asked: Asked, body: Body, answer: Answer) -> Body:
    message: Body = {"role": "assistant", "content": answer.text, "refusal": None, "annotations": []}
    if answer.calls:
        message.update(content=None, tool_calls=list(answer.calls))
    choice: Body = {"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}
    if body.get("logprobs"):
        from chatproof.simulator.probabilities import logprobs

        choice["logprobs"] = logprobs(answer.text, body.get("top_logprobs") or 0)
    return {
        **_frame(asked, body, "chat.completion"),
        "choices": [{**choice, "index": index} for index in range(body.get("n") or 1)],
        "usage": _usage(body, answer),
        "service_tier": "default",
        "system_fingerprint": "fp_simulator",
    }


def _stream(asked: Asked, body: Body, answer: Answer, *, usage: bool) -> tuple[bytes, ...]:
    deltas: list[tuple[Body, str | None, Body | None]] = [
        ({"role": "assistant", "content": "", "refusal": None}, None, None),
        *_text_deltas(body, answer.text),
        *(({"tool_calls": [piece]}, None, None) for piece in _call_pieces(answer.calls)),
        ({}, answer.finish_reason, None),
    ]
    frame = {**_frame(asked, body, "chat.completion.chunk"), "system_fingerprint": "fp_simulator"}
    none = {"usage": None} if usage else {}
    events = [
        event({**frame, "choices": [{"index": 0, "delta": delta, "logprobs": sure, "finish_reason": reason}], **none})
        for delta, reason, sure in deltas
    ]
    if usage:
        events.append(event({**frame, "choices": [], "usage": _usage(body, answer)}))
    return (*events, DONE)


def _text_deltas(body: Body, text: str) -> list[tuple[Body, str | None, Body | None]]:
    """(delta, no finish reason, log probabilities if they were asked for) of each piece of an answer."""
    if not body.get("logprobs"):
        return [({"content": piece}, None, None) for piece in pieces(text)]
    from chatproof.simulator.probabilities import entries, tokens_of

    many = body.get("top_logprobs") or 0
    return [
        ({"content": token}, None, {"content": entries([token], many, place), "refusal": None})
        for place, token in enumerate(tokens_of(text))
    ]


def pieces(text: str) -> list[str]:
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
        kind, member = ("function", "arguments") if call["type"] == "function" else ("custom", "input")
        text = call[kind][member]
        middle = len(text) // 2
        pieces.append({"index": index, **call, kind: {"name": call[kind]["name"], member: ""}})
        pieces += [{"index": index, kind: {member: part}} for part in (text[:middle], text[middle:])]
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


def _is_plain(body: Any) -> bool:
    """No rule can find anything in it: what nearly every request of a smoke run is."""
    if not isinstance(body, dict) or not _PLAIN.issuperset(body) or body.get("stream_options") is not None:
        return False
    model, messages, stream = body.get("model"), body.get("messages"), body.get("stream")
    if not (isinstance(model, str) and model) or not (stream is None or isinstance(stream, bool)):
        return False
    return isinstance(messages, list) and bool(messages) and all(map(_is_plain_message, messages))


def _is_plain_message(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and message.keys() == {"role", "content"}
        and message["role"] in ("developer", "system", "user", "assistant")
        and isinstance(message["content"], str)
    )
