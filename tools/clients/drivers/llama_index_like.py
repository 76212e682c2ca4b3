"""LlamaIndex: OpenAILike with chat, stream_chat, chat_with_tools and stream_chat_with_tools."""

from collections import deque
from typing import Any

from jobs import KEY, MODEL, PROMPT, RECORD, SCHEMA, TIMEOUT, Result, call, read, serve
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike


def record_word(word: str) -> str:
    """Record one word."""
    return word


def ask(url: str, kind: str) -> Result:
    llm: Any = OpenAILike(
        model=MODEL, api_base=url, api_key=KEY, max_retries=0, timeout=TIMEOUT, is_chat_model=True,
        is_function_calling_model=True, logprobs=True if kind == "sampling" else None, top_logprobs=0,
    )  # fmt: skip
    messages = [ChatMessage(role="user", content=RECORD if kind.startswith("tools") else PROMPT)]
    more: dict[str, Any] = {}
    if kind == "json_object":
        more["response_format"] = {"type": "json_object"}
    if kind == "json_schema":
        more["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA}}
    if kind == "stream.usage":
        more["stream_options"] = {"include_usage": True}
    if kind in ("tools", "tools.auto"):
        tool = FunctionTool.from_defaults(record_word)
        return whole(llm, llm.chat_with_tools([tool], chat_history=messages, tool_required=kind == "tools"), True)
    if kind == "tools.stream":
        tool = FunctionTool.from_defaults(record_word)
        return whole(llm, last(llm.stream_chat_with_tools([tool], chat_history=messages, tool_required=True)), True)
    if "stream" in kind:
        return streamed(llm, llm.stream_chat(messages, **more))
    return whole(llm, llm.chat(messages, **more), False)


def streamed(llm: Any, pieces: Any) -> Result:
    """The text is what the deltas join to, as its guide prints them."""
    text, response = "", None
    for response in pieces:
        text += response.delta or ""
    return {**whole(llm, response, False), "content": text} if response is not None else {"content": None}


def last(pieces: Any) -> Any:
    """The last response holds all that the ones before had."""
    end = deque(pieces, 1)
    return end[0] if end else None


def whole(llm: Any, response: Any, tools: bool) -> Result:
    if response is None:
        return {"content": None}
    calls = llm.get_tool_calls_from_response(response, error_on_no_tool_call=False) if tools else []
    usage = read(response, "raw", "usage")
    return {
        "content": response.message.content,
        "calls": [call(c.tool_id, c.tool_name, c.tool_kwargs) for c in calls],
        "usage": {"prompt": read(usage, "prompt_tokens"), "completion": read(usage, "completion_tokens")}
        if usage
        else None,
    }


serve(ask)
