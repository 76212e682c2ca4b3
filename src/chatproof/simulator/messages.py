"""A conformant Messages API as a pure function. The model behind it is chat's: a request is put into chat's form, and
the answer into this API's blocks.

To refuse a parameter: a row in `_FLAWS`. Faults of this API are in `messages_faults`.
"""

import json
from collections.abc import Callable
from typing import Any

from chatproof.simulator import chat
from chatproof.simulator.answers import WHICH_WORDS, Answer, Body, Remembered, kind, plain_answer
from chatproof.simulator.chat import CHAT_MODELS, OTHER_MODELS
from chatproof.simulator.typed_events import event
from chatproof.simulator.wire import GOOD, JSON, MISSING, SSE, Asked, Headers, Reply

PATH, COUNT_PATH = "/v1/messages", "/v1/messages/count_tokens"
VERSIONS = ("2023-01-01", "2023-06-01", "2026-10-21")
REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
THOUGHT, SIGNATURE = "The user wants one word.", "c2ltdWxhdG9yOjE="
_TYPES = {401: "authentication_error", 404: "not_found_error", 413: "request_too_large"}
_KEPT = Remembered[bool](64)  # prompts that the cache has
_CHOICES = ("auto", "any", "tool", "none")
_SMALLEST_BUDGET = 1024  # tokens for thinking


def credential(asked: Asked) -> str:
    """How the key was sent: the header of the official SDKs, else the older one."""
    return asked.credential if asked.credential != MISSING else asked.api_key


def respond(asked: Asked) -> Reply:
    """The conformant answer to any request: path, then method, then key, then version, then body."""
    if asked.path not in (PATH, COUNT_PATH):
        return chat.respond(asked._replace(credential=credential(asked)))
    if asked.method != "POST":
        return error(asked, 405, "Method Not Allowed", headers=(("Allow", "POST"),))
    if credential(asked) != GOOD:
        return refusal(asked)
    if asked.api_version not in VERSIONS:
        said = "header is required" if not asked.api_version else "is not a valid version"
        return error(asked, 400, f"anthropic-version: {said}")
    if asked.media and not asked.media.lower().startswith(JSON):
        return error(asked, 415, f"Unsupported media type: expected {JSON}.")
    body = _parse(asked.body)
    counting = asked.path == COUNT_PATH
    flaw = _flaw(body, counting) if isinstance(body, dict) else "The request body is not valid JSON"
    if flaw:
        return error(asked, 400, flaw)
    if body["model"] in OTHER_MODELS:
        return error(asked, 400, f"model: {body['model']} is not supported with the Messages API")
    if body["model"] not in CHAT_MODELS:
        return error(asked, 404, f"model: {body['model']}")
    if counting:
        return chat.json_reply({"input_tokens": _words(body)})
    message = _message(asked, body)
    if body.get("stream"):
        return Reply(200, (("Content-Type", SSE), ("Cache-Control", "no-cache")), events=_events(message))
    return chat.json_reply(message)


def refusal(asked: Asked) -> Reply:
    """401 for a request whose key is wrong or missing. The key is never quoted."""
    if credential(asked) == MISSING:
        return error(asked, 401, "x-api-key header is required, or Authorization: Bearer")
    return error(asked, 401, "invalid x-api-key")


def error(asked: Asked, status: int, message: str, type: str = "", headers: Headers = ()) -> Reply:
    """A JSON error in this API's shape."""
    value = {"type": type or _TYPES.get(status, "invalid_request_error"), "message": message}
    return chat.json_reply({"type": "error", "error": value, "request_id": asked.id}, status, headers)


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None


# -- what is refused ------------------------------------------------------------------------------------------------


def _wrong(name: str, wanted: str, value: Any) -> str:
    return f"{name}: Input should be {wanted}, not {kind(value)}"


def _flaw_of_model(body: Body) -> str:
    if "model" not in body:
        return "model: Field required"
    return "" if isinstance(body["model"], str) and body["model"] else _wrong("model", "a valid string", body["model"])


def _flaw_of_cap(body: Body) -> str:
    cap = body.get("max_tokens")
    if "max_tokens" not in body:
        return "max_tokens: Field required"
    if isinstance(cap, bool) or not isinstance(cap, int):
        return _wrong("max_tokens", "a valid integer", cap)
    return "" if cap >= 1 else "max_tokens: must be greater than or equal to 1"


def _flaw_of_messages(body: Body) -> str:
    given = body.get("messages")
    if "messages" not in body:
        return "messages: Field required"
    if not isinstance(given, list):
        return _wrong("messages", "a valid array", given)
    if not given:
        return "messages: at least one message is required"
    called: set[Any] = set()
    for number, message in enumerate(given):
        at = f"messages.{number}"
        if not isinstance(message, dict):
            return _wrong(at, "a valid dictionary", message)
        if message.get("role") not in ("user", "assistant"):
            return f"{at}.role: Input should be 'user' or 'assistant'"
        content = message.get("content")
        if not isinstance(content, str | list):
            return _wrong(f"{at}.content", "a valid string or array", content)
        for place, block in enumerate(content if isinstance(content, list) else ()):
            flaw = _flaw_of_block(f"{at}.content.{place}", block, called)
            if flaw:
                return flaw
    return ""


def _flaw_of_block(at: str, block: Any, called: set[Any]) -> str:
    if not isinstance(block, dict) or not isinstance(block.get("type"), str):
        return f"{at}.type: Field required"
    for member in ("id", "tool_use_id"):
        if not isinstance(block.get(member, ""), str):
            return _wrong(f"{at}.{member}", "a valid string", block[member])
    if block["type"] == "tool_use":
        if not isinstance(block.get("input"), dict):
            return _wrong(f"{at}.tool_use.input", "a valid dictionary", block.get("input"))
        called.add(block.get("id"))
    if block["type"] == "tool_result" and block.get("tool_use_id") not in called:
        return f"{at}: unexpected `tool_use_id` found in `tool_result` blocks: {block.get('tool_use_id')}"
    if block["type"] == "tool_result" and not isinstance(block.get("content") or "", str | list):
        return _wrong(f"{at}.tool_result.content", "a valid string or array", block["content"])
    if block["type"] == "thinking" and block.get("signature") != SIGNATURE:
        return f"{at}: Invalid `signature` in `thinking` block"
    return ""


def _flaw_of_tools(body: Body) -> str:
    for number, tool in enumerate(body.get("tools") or ()):
        if not isinstance(tool, dict):
            return _wrong(f"tools.{number}", "a valid dictionary", tool)
        if "type" not in tool or tool["type"] == "custom":
            if not tool.get("name"):
                return f"tools.{number}.name: Field required"
            if not isinstance(tool.get("input_schema"), dict):
                return f"tools.{number}.input_schema: Field required"
    choice = body.get("tool_choice")
    if choice is not None and (not isinstance(choice, dict) or choice.get("type") not in _CHOICES):
        return "tool_choice: Input should be an object with a type: auto, any, tool or none"
    if isinstance(choice, dict) and choice["type"] == "tool":
        names = [tool.get("name") for tool in body.get("tools") or ()]
        return "" if choice.get("name") in names else f"Tool '{choice.get('name')}' not found in provided tools"
    return ""


def _flaw_of_stops(body: Body) -> str:
    odd = [stop for stop in body.get("stop_sequences") or () if not isinstance(stop, str)]
    return _wrong("stop_sequences", "an array of strings", odd[0]) if odd else ""


def _flaw_of_thinking(body: Body) -> str:
    thinking = body.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") != "enabled":
        return ""
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int) or budget < _SMALLEST_BUDGET:
        return f"thinking.enabled.budget_tokens: Input should be greater than or equal to {_SMALLEST_BUDGET}"
    cap = body.get("max_tokens", 0)
    return "" if cap > budget else "`max_tokens` must be greater than `thinking.budget_tokens`"


def _number(name: str, high: float) -> Callable[[Body], str]:
    def flaw(body: Body) -> str:
        value = body.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _wrong(name, "a valid number", value)
        return "" if 0 <= value <= high else f"{name}: range: 0..{high:g}"

    return flaw


def _of_type(name: str, types: type | tuple[type, ...], wanted: str) -> Callable[[Body], str]:
    def flaw(body: Body) -> str:
        value = body.get(name)
        return "" if value is None or isinstance(value, types) else _wrong(name, wanted, value)

    return flaw


_FLAWS: tuple[Callable[[Body], str], ...] = (
    _flaw_of_model,
    _flaw_of_cap,
    _flaw_of_messages,
    _of_type("stream", bool, "a valid boolean"),
    _of_type("system", (str, list), "a valid string or array"),
    _of_type("stop_sequences", list, "a valid array"),
    _flaw_of_stops,
    _of_type("thinking", dict, "a valid dictionary"),
    _of_type("tools", list, "a valid array"),
    _number("temperature", 1),
    _number("top_p", 1),
    _flaw_of_tools,
    _flaw_of_thinking,
)


def _flaw(body: Body, counting: bool) -> str:
    looks = (look for look in _FLAWS if not (counting and look is _flaw_of_cap))
    return next((flaw for look in looks if (flaw := look(body))), "")


# -- the model ------------------------------------------------------------------------------------------------------


def _texts(content: Any) -> str:
    if isinstance(content, str):
        return content
    found = (block.get("text") for block in content or () if isinstance(block, dict))
    return " ".join(text for text in found if isinstance(text, str))


def _messages(body: Body) -> list[Body]:
    """The conversation as chat's messages: what the simulated model reads."""
    system = _texts(body.get("system"))
    found: list[Body] = [{"role": "system", "content": system}] if system else []
    for message in body["messages"]:
        content = message["content"]
        blocks = content if isinstance(content, list) else ()
        results = [block for block in blocks if isinstance(block, dict) and block.get("type") == "tool_result"]
        text = _texts(content)
        if text or not results:
            found.append({"role": message["role"], "content": text})
        found += [{"role": "tool", "content": _texts(result.get("content"))} for result in results]
    return found


def _spoken(body: Body, messages: list[Body]) -> Answer:
    """The simulated model's answer."""
    asked: Body = {"messages": messages, "max_completion_tokens": body["max_tokens"]}
    tools = [tool for tool in body.get("tools") or () if "input_schema" in tool]
    if tools:
        asked["tools"] = [
            {
                "type": "function",
                "function": {"name": tool["name"], "parameters": tool["input_schema"]},
            }
            for tool in tools
        ]
        choice = body.get("tool_choice") or {"type": "auto"}
        asked["parallel_tool_calls"] = not choice.get("disable_parallel_tool_use")
        forced = {"type": "function", "function": {"name": choice.get("name")}}
        asked["tool_choice"] = {"any": "required", "tool": forced}.get(choice["type"], choice["type"])
    if body.get("stop_sequences"):
        asked["stop"] = body["stop_sequences"]
    said = str(messages)
    if len(asked) == 2 and "pong" in said and "two lines" not in said and WHICH_WORDS not in said:
        return plain_answer(asked)  # what nearly every request of a smoke run is: nothing more is loaded
    from chatproof.simulator import abilities

    return abilities.answer(asked)


def _message(asked: Asked, body: Body) -> Body:
    messages = _messages(body)
    answer = _spoken(body, messages)
    thinks = (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")
    thoughts = [{"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE}] if thinks else []
    texts = [{"type": "text", "text": answer.text}] if answer.text else []
    stop, reason = _stopped_by(body, messages, answer), REASONS[answer.finish_reason]
    return {
        "id": f"msg_{asked.id[-24:]}",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [*thoughts, *texts, *(_call(call) for call in answer.calls)],
        "stop_reason": "stop_sequence" if stop else reason,
        "stop_sequence": stop,
        "usage": _usage(body, answer, thinks),
    }


def _stopped_by(body: Body, messages: list[Body], answer: Answer) -> str | None:
    """The sequence at which the answer ends: the one without which it would have gone on."""
    stops = body.get("stop_sequences") or ()
    whole = _spoken({**body, "stop_sequences": []}, messages).text if stops else answer.text
    return next((stop for stop in stops if stop and whole[len(answer.text) :].startswith(stop)), None)


def _call(call: Body) -> Body:
    function = call["function"]
    id = call["id"].replace("call_", "toolu_")
    return {"type": "tool_use", "id": id, "name": function["name"], "input": json.loads(function["arguments"])}


def _words(body: Body) -> int:
    """Words, not tokens: nobody may rely on the counts, but they add up."""
    return sum(len(str(message["content"]).split()) for message in _messages(body))


def _usage(body: Body, answer: Answer, thinks: bool) -> Body:
    asked = _words(body)
    read = written = 0
    marked = _cached(body)
    if marked:
        size = len(marked.split())
        asked, read, written = asked - size, *((size, 0) if _KEPT.get(marked) else (0, size))
        _KEPT.keep(marked, True)
    spoken = len(answer.text.split()) + 4 * len(answer.calls) + (len(THOUGHT.split()) if thinks else 0)
    return {
        "input_tokens": max(asked, 1),
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": spoken,
        "service_tier": "standard",
    }


def _cached(body: Body) -> str:
    """The part of the prompt that is marked for the cache; empty where none is."""
    system = body.get("system")
    blocks = [block for block in system if isinstance(block, dict)] if isinstance(system, list) else []
    return _texts(system) if any(block.get("cache_control") for block in blocks) else ""


# -- the stream -----------------------------------------------------------------------------------------------------


def _events(message: Body) -> tuple[bytes, ...]:
    usage = {**message["usage"], "output_tokens": 1}
    opened = {**message, "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
    events: list[Body] = [{"type": "message_start", "message": opened}]
    for index, block in enumerate(message["content"]):
        begun, deltas = _parts(block)
        events.append({"type": "content_block_start", "index": index, "content_block": begun})
        if index == 0:
            events.append({"type": "ping"})
        events += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        events.append({"type": "content_block_stop", "index": index})
    ended = {"stop_reason": message["stop_reason"], "stop_sequence": message["stop_sequence"]}
    counted = {"output_tokens": message["usage"]["output_tokens"]}
    events += [{"type": "message_delta", "delta": ended, "usage": counted}, {"type": "message_stop"}]
    return tuple(map(event, events))


def _parts(block: Body) -> tuple[Body, list[Body]]:
    """(a block as it begins, the deltas that make it whole)."""
    if block["type"] == "text":
        deltas = [{"type": "text_delta", "text": piece} for piece in chat.pieces(block["text"])]
        return {"type": "text", "text": ""}, deltas
    if block["type"] == "thinking":
        signed = {"type": "signature_delta", "signature": block["signature"]}
        return {"type": "thinking", "thinking": "", "signature": ""}, [
            *({"type": "thinking_delta", "thinking": piece} for piece in chat.pieces(block["thinking"])),
            signed,
        ]
    text = json.dumps(block["input"], separators=(",", ":"), ensure_ascii=False)
    middle = len(text) // 2
    pieces = ("", text[:middle], text[middle:])
    return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
