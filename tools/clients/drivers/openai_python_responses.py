"""openai-python and the Responses API. `create`: the plain calls, events joined as the vendor's guide joins them.
`helpers`: its own stream() and parse()."""

import sys
from typing import Any

from jobs import KEY, MODEL, PROMPT, RECORD, SCHEMA, TIMEOUT, TOOL, Result, call, read, serve, shown_and_final
from openai import OpenAI
from pydantic import BaseModel


class Word(BaseModel):
    word: str


def parameters(kind: str) -> dict[str, Any]:
    """What each kind of request asks for."""
    more: dict[str, Any] = {"model": MODEL, "input": RECORD if kind.startswith("tools") else PROMPT}
    if kind.startswith("tools"):
        more["tools"] = [{"type": "function", **TOOL["function"]}]
        if kind != "tools.auto":
            more["tool_choice"] = {"type": "function", "name": "record_word"}
    if kind == "json_schema":
        more["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": SCHEMA}}
    return more


def client(url: str) -> OpenAI:
    return OpenAI(base_url=url, api_key=KEY, max_retries=0, timeout=TIMEOUT)


def whole(response: Any) -> Result:
    """What a user reads of a response: its output_text, and its calls."""
    if not hasattr(response, "output"):
        return {"content": response}  # a plain string, where the body was no JSON
    calls = [item for item in response.output if item.type == "function_call"]
    parsed = read(response, "output_parsed", "word")
    return {
        "content": response.output_text,
        "calls": [call(read(c, "call_id"), read(c, "name"), read(c, "arguments")) for c in calls],
        "finish_reason": read(response, "status"),
        "usage": usage(read(response, "usage")),
        **({"parsed": parsed} if parsed else {}),
    }


def usage(found: Any) -> Any:
    return {"prompt": read(found, "input_tokens"), "completion": read(found, "output_tokens")} if found else None


def joined(events: Any) -> Result:
    """The documented loop: texts are shown as they come, a call is what was added, its arguments are joined."""
    text, calls, finish, used = "", {}, None, None
    for event in events:
        if event.type == "response.output_text.delta":
            text += event.delta
        elif event.type == "response.output_item.added" and event.item.type == "function_call":
            # https://platform.openai.com/docs/guides/function-calling: final_tool_calls[event.output_index]
            calls[event.output_index] = event.item
        elif event.type == "response.function_call_arguments.delta":
            calls[event.output_index].arguments += event.delta
        elif event.type in ("response.completed", "response.incomplete", "response.failed"):
            finish, used = read(event, "response", "status"), usage(read(event, "response", "usage"))
        elif event.type == "error":
            raise RuntimeError(f"the stream contains an error: {event}")
    made = [call(read(c, "call_id"), read(c, "name"), read(c, "arguments")) for c in calls.values()]
    return {"content": text, "calls": made, "finish_reason": finish, "usage": used}


def with_create(url: str, kind: str) -> Result:
    if "stream" in kind:
        return joined(client(url).responses.create(**parameters(kind), stream=True))
    return whole(client(url).responses.create(**parameters(kind)))


def with_helpers(url: str, kind: str) -> Result:
    asked = parameters(kind)
    if "stream" in kind:
        with client(url).responses.stream(**asked) as stream:
            shown = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            found = whole(stream.get_final_response())
        return {**found, "content": shown_and_final(shown, found["content"])}
    if kind == "json_schema":
        asked.pop("text")
        return whole(client(url).responses.parse(**asked, text_format=Word))
    return whole(client(url).responses.parse(**asked))


serve({"create": with_create, "helpers": with_helpers}[sys.argv[1]])
