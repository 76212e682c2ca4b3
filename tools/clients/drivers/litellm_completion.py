"""LiteLLM as a client: completion with the openai/ prefix, its way to an OpenAI-compatible endpoint."""

from typing import Any

import litellm
from jobs import FORCED, KEY, MODEL, PROMPT, RECORD, SCHEMA, TIMEOUT, TOOL, Result, call, read, serve

litellm.suppress_debug_info = True
litellm.telemetry = False


def ask(url: str, kind: str) -> Result:
    more: dict[str, Any] = {}
    if kind.startswith("tools"):
        more |= {"tools": [TOOL]} if kind == "tools.auto" else {"tools": [TOOL], "tool_choice": FORCED}
    if kind == "json_object":
        more["response_format"] = {"type": "json_object"}
    if kind == "json_schema":
        more["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
    if kind == "sampling":
        more |= {"n": 2, "logprobs": True}
    if kind == "stream.usage":
        more["stream_options"] = {"include_usage": True}
    messages = [{"role": "user", "content": RECORD if kind.startswith("tools") else PROMPT}]
    response: Any = litellm.completion(
        model=f"openai/{MODEL}", api_base=url, api_key=KEY, messages=messages, timeout=TIMEOUT, max_retries=0,
        num_retries=0, stream="stream" in kind, **more,
    )  # fmt: skip
    if "stream" in kind:
        response = litellm.stream_chunk_builder(list(response), messages=messages)
    return whole(response) if response is not None else {"content": None}


def whole(response: Any) -> Result:
    if not response.choices:
        return {"choices": 0}
    first = response.choices[0]
    calls = read(first, "message", "tool_calls") or []
    usage, logprobs = read(response, "usage"), read(first, "logprobs", "content")
    return {
        "content": read(first, "message", "content"),
        "calls": [call(read(c, "id"), read(c, "function", "name"), read(c, "function", "arguments")) for c in calls],
        "finish_reason": read(first, "finish_reason"),
        "usage": {"prompt": read(usage, "prompt_tokens"), "completion": read(usage, "completion_tokens")}
        if usage
        else None,
        "choices": len({read(choice, "index") for choice in response.choices}),
        "logprobs": [read(token, "logprob") for token in logprobs] if isinstance(logprobs, list) else None,
    }


serve(ask)
