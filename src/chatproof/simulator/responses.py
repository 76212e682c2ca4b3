"""A conformant Responses API as a pure function. The model behind it is chat's: a request is put into chat's form, and
the answer into this API's items.

To refuse a parameter: a row in `_FLAWS`. Faults of this API are in `responses_faults`.
"""

import json
from collections.abc import Callable
from typing import Any

from chatproof.simulator import chat
from chatproof.simulator.answers import WHICH_WORDS, Answer, Body, Flaw, Remembered, missing, mistyped, plain_answer
from chatproof.simulator.chat import CHAT_MODELS, OTHER_MODELS, error, json_reply, refusal, unknown_model
from chatproof.simulator.typed_events import event
from chatproof.simulator.wire import GOOD, JSON, SSE, Asked, Reply

PATH = "/v1/responses"
SMALLEST_CAP = 16
_NOT_JSON = "We could not parse the JSON body of your request. The API expects a JSON payload."
_STORED = Remembered[list[Body]](64)  # the conversation that ended with a response, by its id
_TOOLS = (  # kinds that are taken; those that this server does not run are left alone
    "function",
    "custom",
    "namespace",
    "web_search",
    "web_search_preview",
    "file_search",
    "image_generation",
    "code_interpreter",
    "local_shell",
    "shell",
    "apply_patch",
    "mcp",
    "tool_search",
    "computer_use_preview",
)


_MODES, _ALLOWED = ("auto", "none", "required"), "allowed_tools"


def respond(asked: Asked) -> Reply:
    """The conformant answer to any request: path, then method, then key, then body."""
    if asked.path != PATH:
        return chat.respond(asked)
    if asked.method != "POST":
        said = f"Not allowed to {asked.method} on {asked.path}."
        return error(405, said, code="method_not_supported", headers=(("Allow", "POST"),))
    if asked.credential != GOOD:
        return refusal(asked.credential)
    if asked.media and not asked.media.lower().startswith(JSON):
        return error(415, f"Unsupported media type: expected {JSON}.", code="unsupported_media_type")
    body = _parse(asked.body)
    flaw = _flaw(body) if isinstance(body, dict) else Flaw(_NOT_JSON, None, None)
    if flaw:
        return error(400, flaw.message, param=flaw.param, code=flaw.code)
    return _answered(asked, body)


def _answered(asked: Asked, body: Body) -> Reply:
    model = body["model"]
    if model in OTHER_MODELS:
        said = f"The model `{model}` is not supported with the Responses API."
        return error(400, said, param="model", code="model_not_supported")
    if model not in CHAT_MODELS:
        return unknown_model(model)
    before = body.get("previous_response_id")
    earlier = _STORED.get(before) if before else []
    if earlier is None:
        said = f"Previous response with id '{before}' not found."
        return error(400, said, param="previous_response_id", code="previous_response_not_found")
    messages = [*earlier, *_messages(body["input"])]
    answer = _spoken(body, messages)
    response = _response(asked, body, messages, answer)
    if body.get("store", True):
        _STORED.keep(response["id"], [*messages, {"role": "assistant", "content": answer.text}])
    if body.get("stream"):
        return Reply(200, (("Content-Type", SSE), ("Cache-Control", "no-cache")), events=_events(response))
    return json_reply(response)


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


# -- what is refused ------------------------------------------------------------------------------------------------


def _number(low: float, high: float, name: str) -> Callable[[Body], Flaw | None]:
    def flaw(body: Body) -> Flaw | None:
        value = body.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            return mistyped(name, "a decimal", value)
        if low <= value <= high:
            return None
        code = "decimal_above_max_value" if value > high else "decimal_below_min_value"
        return Flaw(
            f"Invalid '{name}': expected a value from {low:g} to {high:g}, but got {value} instead.", name, code
        )

    return flaw


def _of_type(name: str, kind: type | tuple[type, ...], wanted: str) -> Callable[[Body], Flaw | None]:
    def flaw(body: Body) -> Flaw | None:
        value = body.get(name)
        return None if value is None or isinstance(value, kind) else mistyped(name, wanted, value)

    return flaw


def _flaw_of_model(body: Body) -> Flaw | None:
    if "model" not in body:
        return missing("model")
    model = body["model"]
    return None if isinstance(model, str) and model else mistyped("model", "a string", model)


def _flaw_of_input(body: Body) -> Flaw | None:
    if body.get("input") is None:
        return missing("input")
    given = body["input"]
    if not isinstance(given, str | list):
        return mistyped("input", "one of a string or an array of input items", given)
    for number, item in enumerate(given if isinstance(given, list) else ()):
        if not isinstance(item, dict):
            return mistyped(f"input[{number}]", "an object", item)
        kind = item.get("type", "message" if "role" in item else None)
        if kind is None:
            return missing(f"input[{number}].role")
        if not isinstance(kind, str):
            return mistyped(f"input[{number}].type", "a string", kind)
        wanted = {"message": ("role", "content"), "function_call_output": ("call_id", "output")}.get(kind, ())
        absent = next((name for name in wanted if name not in item), "")
        if absent:
            return missing(f"input[{number}].{absent}")
    return None


def _flaw_of_tools(body: Body) -> Flaw | None:
    for number, tool in enumerate(body.get("tools") or ()):
        if not isinstance(tool, dict):
            return mistyped(f"tools[{number}]", "an object", tool)
        if tool.get("type") not in _TOOLS:
            return Flaw(f"Invalid value for 'tools[{number}].type'.", f"tools[{number}].type", "invalid_value")
        if tool["type"] == "function" and not tool.get("name"):
            return missing(f"tools[{number}].name")
    return None


def _flaw_of_choice(body: Body) -> Flaw | None:
    choice = body.get("tool_choice")
    if isinstance(choice, str) and choice not in _MODES:
        return Flaw(f"Invalid value for 'tool_choice': '{choice}'.", "tool_choice", "invalid_value")
    if not isinstance(choice, dict):
        return None
    kind = choice.get("type")
    if not isinstance(kind, str) or kind not in (*_TOOLS, _ALLOWED):
        return Flaw("Invalid value for 'tool_choice.type'.", "tool_choice.type", "invalid_value")
    if kind == _ALLOWED and (choice.get("mode") not in _MODES or not isinstance(choice.get("tools"), list)):
        return missing("tool_choice.mode" if choice.get("mode") not in _MODES else "tool_choice.tools")
    names = [tool.get("name") for tool in body.get("tools") or () if tool["type"] == kind]
    if kind != "function" or choice.get("name") in names:
        return None
    return Flaw("Tool choice 'function' was not found in 'tools'.", "tool_choice", None)


def _flaw_of_format(body: Body) -> Flaw | None:
    format = (body.get("text") or {}).get("format")
    return None if format is None or isinstance(format, dict) else mistyped("text.format", "an object", format)


def _flaw_of_cap(body: Body) -> Flaw | None:
    cap = body.get("max_output_tokens")
    if cap is None:
        return None
    if isinstance(cap, bool) or not isinstance(cap, int):
        return mistyped("max_output_tokens", "an integer", cap)
    if cap >= SMALLEST_CAP:
        return None
    said = f"Invalid 'max_output_tokens': expected a value of at least {SMALLEST_CAP}, but got {cap} instead."
    return Flaw(said, "max_output_tokens", "integer_below_min_value")


_FLAWS: tuple[Callable[[Body], Flaw | None], ...] = (
    _flaw_of_model,
    _flaw_of_input,
    _of_type("stream", bool, "a boolean"),
    _of_type("store", bool, "a boolean"),
    _of_type("instructions", str, "a string"),
    _of_type("previous_response_id", str, "a string"),
    _of_type("tools", list, "an array of objects"),
    _of_type("text", dict, "an object"),
    _of_type("include", list, "an array of strings"),
    _of_type("tool_choice", (str, dict), "one of a string or an object"),
    _number(0, 2, "temperature"),
    _number(0, 1, "top_p"),
    _flaw_of_cap,
    _flaw_of_tools,
    _flaw_of_choice,
    _flaw_of_format,
)


def _flaw(body: Body) -> Flaw | None:
    return next((flaw for look in _FLAWS if (flaw := look(body))), None)


# -- the model ------------------------------------------------------------------------------------------------------


def _messages(given: str | list[Body]) -> list[Body]:
    """The input as chat's messages: what the simulated model reads."""
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    found: list[Body] = []
    for item in given:
        kind = item.get("type", "message")
        if kind == "message":
            found.append({"role": item["role"], "content": item["content"]})
        elif kind == "function_call_output":
            found.append({"role": "tool", "content": item["output"]})
    return found or [{"role": "user", "content": ""}]


def _spoken(body: Body, messages: list[Body]) -> Answer:
    """The simulated model's answer. `store` and the like ask nothing of it."""
    functions = [tool for tool in body.get("tools") or () if tool["type"] == "function"]
    format = (body.get("text") or {}).get("format") or {}
    instructions = body.get("instructions")
    told = [{"role": "system", "content": instructions}] if instructions else []
    asked: Body = {"messages": [*told, *messages]}
    if functions:
        fields = ("name", "description", "parameters", "strict")
        asked["tools"] = [
            {"type": "function", "function": {name: tool[name] for name in fields if name in tool}}
            for tool in functions
        ]
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function":
        asked["tool_choice"] = {"type": "function", "function": {"name": choice.get("name")}}
    elif isinstance(choice, dict) and choice.get("type") == _ALLOWED:
        named = [{"function": tool} for tool in choice["tools"] if isinstance(tool, dict)]
        asked["tool_choice"] = {"type": _ALLOWED, _ALLOWED: {"mode": choice["mode"], "tools": named}}
    elif isinstance(choice, str):  # of a tool that this server does not run, it leaves the choice to the model
        asked["tool_choice"] = choice
    if format.get("type") == "json_schema":
        asked["response_format"] = {"type": "json_schema", "json_schema": {"schema": format.get("schema")}}
    elif format.get("type") == "json_object":
        asked["response_format"] = format
    if body.get("max_output_tokens"):
        asked["max_completion_tokens"] = body["max_output_tokens"]
    if body.get("parallel_tool_calls") is not None:
        asked["parallel_tool_calls"] = body["parallel_tool_calls"]
    said = str(messages)
    if len(asked) == 1 and "pong" in said and "Begin each" not in said and WHICH_WORDS not in said:
        return plain_answer(asked)  # what nearly every request of a smoke run is: nothing more is loaded
    from chatproof.simulator import abilities

    return abilities.answer(asked)


# -- the response ---------------------------------------------------------------------------------------------------


def _response(asked: Asked, body: Body, messages: list[Body], answer: Answer) -> Body:
    mark = asked.id[-24:]
    cut = answer.finish_reason == "length"
    items = [_call(call, f"fc_{mark}{number}") for number, call in enumerate(answer.calls)]
    if not items:
        status = "incomplete" if cut else "completed"
        items = [_message(f"msg_{mark}", answer.text, status)]
    used, spoken = (
        sum(len(str(text).split()) for text in texts) for texts in ((m["content"] for m in messages), [answer.text])
    )
    return {
        "id": f"resp_{mark}",
        "object": "response",
        "created_at": int(asked.at),
        "completed_at": int(asked.at),
        "status": "incomplete" if cut else "completed",
        "background": False,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": body["model"],
        "output": items,
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": {
            "input_tokens": used,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": spoken,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": used + spoken,
        },
        "user": None,
        "metadata": body.get("metadata") or {},
    }


def _message(id: str, text: str, status: str) -> Body:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"id": id, "type": "message", "role": "assistant", "status": status, "content": [part]}


def _call(call: Body, id: str) -> Body:
    function = call["function"]
    return {
        "id": id,
        "type": "function_call",
        "status": "completed",
        "call_id": call["id"],
        "name": function["name"],
        "arguments": function["arguments"],
    }


# -- the stream -----------------------------------------------------------------------------------------------------


def _events(response: Body) -> tuple[bytes, ...]:
    opened = {**response, "status": "in_progress", "output": [], "usage": None, "completed_at": None}
    opened["incomplete_details"] = None
    events: list[Body] = [{"type": f"response.{kind}", "response": opened} for kind in ("created", "in_progress")]
    for place, item in enumerate(response["output"]):
        events += _of_message(place, item) if item["type"] == "message" else _of_call(place, item)
    events.append({"type": f"response.{response['status']}", "response": response})
    return tuple(event({**one, "sequence_number": number}) for number, one in enumerate(events))


def _of_message(place: int, item: Body) -> list[Body]:
    full = item["content"][0]
    at = {"item_id": item["id"], "output_index": place, "content_index": 0}
    return [
        {
            "type": "response.output_item.added",
            "output_index": place,
            "item": {**item, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **at, "part": {**full, "text": ""}},
        *(
            {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
            for piece in chat.pieces(full["text"])
        ),
        {"type": "response.output_text.done", **at, "text": full["text"], "logprobs": []},
        {"type": "response.content_part.done", **at, "part": full},
        {"type": "response.output_item.done", "output_index": place, "item": item},
    ]


def _of_call(place: int, item: Body) -> list[Body]:
    at = {"item_id": item["id"], "output_index": place}
    text = item["arguments"]
    middle = len(text) // 2
    return [
        {
            "type": "response.output_item.added",
            "output_index": place,
            "item": {**item, "status": "in_progress", "arguments": ""},
        },
        *(
            {"type": "response.function_call_arguments.delta", **at, "delta": half}
            for half in (text[:middle], text[middle:])
        ),
        {"type": "response.function_call_arguments.done", **at, "name": item["name"], "arguments": text},
        {"type": "response.output_item.done", "output_index": place, "item": item},
    ]
