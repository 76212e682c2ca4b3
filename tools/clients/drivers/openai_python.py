"""openai-python. `create`: the plain calls, pieces joined as its readme joins them. `stream`: its own helpers."""

import sys
from typing import Any

from jobs import FORCED, KEY, MODEL, PROMPT, RECORD, SCHEMA, TIMEOUT, TOOL, Result, call, read, serve
from openai import OpenAI
from pydantic import BaseModel


class Word(BaseModel):
    word: str


def parameters(kind: str) -> dict[str, Any]:
    """What each kind of request asks for beyond its messages."""
    more: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": PROMPT}]}
    if kind.startswith("tools"):
        more |= {"messages": [{"role": "user", "content": RECORD}], "tools": [TOOL]}
        if kind != "tools.auto":
            more["tool_choice"] = FORCED
    if kind == "stream.usage":
        more["stream_options"] = {"include_usage": True}
    if kind == "json_object":
        more["response_format"] = {"type": "json_object"}
    if kind == "json_schema":
        more["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
    if kind == "sampling":
        more |= {"n": 2, "logprobs": True}
    return more


def client(url: str) -> OpenAI:
    return OpenAI(base_url=url, api_key=KEY, max_retries=0, timeout=TIMEOUT)


def whole(completion: Any) -> Result:
    """What a user reads of a completion."""
    if not hasattr(completion, "choices"):
        return {"content": completion}  # a plain string, where the body was no JSON
    choices = completion.choices if isinstance(completion.choices, list) else []
    if not choices:
        return {"choices": 0}
    first = choices[0]
    calls = read(first, "message", "tool_calls")
    logprobs = read(first, "logprobs", "content")
    parsed = read(first, "message", "parsed", "word")
    return {
        "content": read(first, "message", "content"),
        "calls": [
            call(read(c, "id"), read(c, "function", "name"), read(c, "function", "arguments")) for c in calls or []
        ],
        "finish_reason": read(first, "finish_reason"),
        "usage": usage(completion.usage),
        "choices": len({read(choice, "index") for choice in choices}),
        "logprobs": [read(token, "logprob") for token in logprobs] if isinstance(logprobs, list) else None,
        **({"parsed": parsed} if parsed else {}),
    }


def usage(found: Any) -> Any:
    return {"prompt": read(found, "prompt_tokens"), "completion": read(found, "completion_tokens")} if found else None


def joined(chunks: Any) -> Result:
    """The documented loop: text is appended, calls are joined by their index."""
    text, calls, finish, used = "", {}, None, None
    for chunk in chunks:
        used = usage(read(chunk, "usage")) or used
        for choice in (read(chunk, "choices") or [])[:1]:
            text += read(choice, "delta", "content") or ""
            finish = read(choice, "finish_reason") or finish
            for piece in read(choice, "delta", "tool_calls") or []:
                # https://platform.openai.com/docs/guides/function-calling: final_tool_calls[index]
                index, more = read(piece, "index"), read(piece, "function", "arguments") or ""
                if index not in calls:
                    calls[index] = call(read(piece, "id"), read(piece, "function", "name"), more)
                else:
                    calls[index]["arguments"] += more
    return {"content": text, "calls": list(calls.values()), "finish_reason": finish, "usage": used}


def with_create(url: str, kind: str) -> Result:
    if "stream" in kind:
        return joined(client(url).chat.completions.create(**parameters(kind), stream=True))
    return whole(client(url).chat.completions.create(**parameters(kind)))


def with_helpers(url: str, kind: str) -> Result:
    asked = parameters(kind)
    if "stream" in kind:
        with client(url).chat.completions.stream(**asked) as stream:
            for _ in stream:
                pass
            return whole(stream.get_final_completion())
    if kind == "json_schema":
        return whole(client(url).chat.completions.parse(**{**asked, "response_format": Word}))
    return whole(client(url).chat.completions.parse(**asked))


serve({"create": with_create, "helpers": with_helpers}[sys.argv[1]])
