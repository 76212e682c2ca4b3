"""What the simulated model can do beyond one plain answer: tools, structured output, caps, stops, several choices.

Loaded by the first request that asks for any of it. The model is a few rules, so that the same request always has the
same answer: it counts, repeats, calls the tool it is given, and fills in a schema. A token is a word.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from chatproof.simulator.chat import Answer, Body, Flaw, kind, missing, mistyped, plain_answer

_MAX_DEPTH = 8


class Ability(NamedTuple):
    """A parameter: what must be refused of it. Its effect stands in `answer`."""

    name: str
    check: Callable[[Body], Flaw | None]


def answer(body: Body) -> Answer:
    """The model's answer to a request with more than messages in it."""
    if _wants_call(body):
        return Answer("", "tool_calls", calls=_calls(body))
    format = body.get("response_format") or {}
    if format.get("type") == "json_schema":
        text = json.dumps(instance(format["json_schema"].get("schema") or {}))
    elif format.get("type") == "json_object":
        text = json.dumps({"word": "pong"})
    else:
        text = _prose(body)
    found = Answer(text, "stop")
    return _capped(_stopped(found, body), body)


def _prose(body: Body) -> str:
    """Counts if asked to count, repeats if asked to repeat, else what the plain model says."""
    last = _texts(body["messages"][-1])
    if body["messages"][-1].get("role") == "tool":
        return "The tool has recorded the word pong."
    if "Count from 1 to " in last:
        rest = last.partition("Count from 1 to ")[2]
        number = rest.split(" ")[0].rstrip(".,")
        joint = " " if "separated by spaces" in last else ", "
        return joint.join(str(n) for n in range(1, min(int(number), 1000) + 1)) if number.isdigit() else "1"
    if "Repeat this line exactly" in last:
        return last.partition(": ")[2].strip()
    return plain_answer(body).text


def _texts(message: Body) -> str:
    content = message.get("content") or ""
    parts = content if isinstance(content, list) else [{"text": content}]
    return " ".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def _stopped(found: Answer, body: Body) -> Answer:
    stops = body.get("stop") or []
    for stop in [stops] if isinstance(stops, str) else stops:
        at = found.text.find(stop) if stop else -1
        if at >= 0:
            found = found._replace(text=found.text[:at])
    return found


def _capped(found: Answer, body: Body) -> Answer:
    cap = body.get("max_completion_tokens") or body.get("max_tokens")
    words = found.text.split(" ")
    if cap is None or len(words) <= cap:
        return found
    return found._replace(text=" ".join(words[:cap]), finish_reason="length")


def _wants_call(body: Body) -> bool:
    if not body.get("tools") or body.get("tool_choice") == "none":
        return False
    choice = body.get("tool_choice", "auto")
    # Left to itself, the model calls once, and answers when it has the result.
    return choice not in ("auto", None) or body["messages"][-1].get("role") != "tool"


def _calls(body: Body) -> tuple[Body, ...]:
    choice = body.get("tool_choice")
    wanted = choice["function"]["name"] if isinstance(choice, dict) else body["tools"][0]["function"]["name"]
    function = next(tool["function"] for tool in body["tools"] if tool["function"]["name"] == wanted)
    arguments = json.dumps(instance(function.get("parameters") or {}), separators=(",", ":"))
    return ({"id": "call_simulator_0", "type": "function", "function": {"name": wanted, "arguments": arguments}},)


def instance(schema: Any, depth: int = 0) -> Any:
    """The smallest value that satisfies an ordinary JSON Schema."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return None
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    wanted = schema.get("type", "object" if "properties" in schema else "string")
    wanted = wanted[0] if isinstance(wanted, list) else wanted
    if wanted == "object":
        fields = schema.get("properties") or {}
        return {name: instance(field, depth + 1) for name, field in fields.items()}
    if wanted == "array":
        return [instance(schema.get("items") or {}, depth + 1)] * schema.get("minItems", 0)
    return {"integer": 4, "number": 4, "boolean": True, "null": None}.get(wanted, "pong")


def logprobs(text: str) -> Body:
    """Log probabilities for each word, as if the model had been nearly sure."""
    words = text.split(" ")
    tokens = [word if number == 0 else f" {word}" for number, word in enumerate(words)]
    content = [{"token": t, "logprob": -0.01, "bytes": list(t.encode()), "top_logprobs": []} for t in tokens]
    return {"content": content, "refusal": None}


# -- what is refused --------------------------------------------------------------------------------------------------


def _integer(name: str, low: int, high: int) -> Callable[[Body], Flaw | None]:
    def check(body: Body) -> Flaw | None:
        value = body.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            return mistyped(name, "an integer", value)
        if low <= value <= high:
            return None
        said = (
            f"Invalid '{name}': integer out of range. Expected a value from {low} to {high}, but got {value} instead."
        )
        return Flaw(said, name, "integer_out_of_range")

    return check


def _boolean(name: str) -> Callable[[Body], Flaw | None]:
    def check(body: Body) -> Flaw | None:
        value = body.get(name)
        return None if value is None or isinstance(value, bool) else mistyped(name, "a boolean", value)

    return check


def _stop(body: Body) -> Flaw | None:
    stop = body.get("stop")
    if stop is None or isinstance(stop, str):
        return None
    if not isinstance(stop, list) or not all(isinstance(word, str) for word in stop):
        return mistyped("stop", "a string or an array of strings", stop)
    return (
        None if len(stop) <= 4 else Flaw("Invalid 'stop': array too long. At most 4.", "stop", "array_above_max_length")
    )


def _tools(body: Body) -> Flaw | None:
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is None:
        if choice is None:
            return None
        return Flaw("Invalid value for 'tool_choice': only allowed when 'tools' are specified.", "tool_choice", None)
    if not isinstance(tools, list):
        return mistyped("tools", "an array of objects", tools)
    for number, tool in enumerate(tools):
        at = f"tools[{number}]"
        if not isinstance(tool, dict):
            return mistyped(at, "an object", tool)
        if tool.get("type") != "function":
            return Flaw("Invalid value: supported values are: 'function'.", f"{at}.type", "invalid_value")
        function = tool.get("function")
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            return missing(f"{at}.function.name")
    return _tool_choice(choice, [tool["function"]["name"] for tool in tools])


def _tool_choice(choice: Any, names: list[str]) -> Flaw | None:
    if choice in (None, "none", "auto", "required"):
        return None
    if isinstance(choice, dict) and isinstance(choice.get("function"), dict):
        if choice["function"].get("name") in names:
            return None
        return Flaw("Invalid value for 'tool_choice': no such function.", "tool_choice", "invalid_value")
    return mistyped("tool_choice", "one of 'none', 'auto', 'required', or an object", choice)


def _format(body: Body) -> Flaw | None:
    format = body.get("response_format")
    if format is None:
        return None
    if not isinstance(format, dict):
        return mistyped("response_format", "an object", format)
    if format.get("type") not in ("text", "json_object", "json_schema"):
        said = f"Invalid value: {kind(format.get('type'))}. Supported values are: 'json_object', 'json_schema', 'text'."
        return Flaw(said, "response_format.type", "invalid_value")
    if format["type"] == "json_object" and not any("json" in _texts(m).lower() for m in body["messages"]):
        said = "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        return Flaw(said, "messages", None)
    if format["type"] == "json_schema":
        schema = format.get("json_schema")
        if not isinstance(schema, dict) or not isinstance(schema.get("name"), str):
            return missing("response_format.json_schema.name")
    return None


ABILITIES = (
    Ability("n", _integer("n", 1, 128)),
    Ability("seed", _integer("seed", -(2**63), 2**63 - 1)),
    Ability("max_tokens", _integer("max_tokens", 1, 2**31 - 1)),
    Ability("max_completion_tokens", _integer("max_completion_tokens", 1, 2**31 - 1)),
    Ability("logprobs", _boolean("logprobs")),
    Ability("stop", _stop),
    Ability("tools", _tools),
    Ability("response_format", _format),
)


def flaw(body: Body) -> Flaw | None:
    """The first thing that is wrong with the parameters of a request."""
    return next((found for ability in ABILITIES if (found := ability.check(body))), None)
