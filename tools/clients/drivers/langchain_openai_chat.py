"""LangChain: ChatOpenAI with invoke, stream, bind_tools and with_structured_output."""

from typing import Any

from jobs import KEY, MODEL, PROMPT, RECORD, SCHEMA, TIMEOUT, TOOL, Result, call, serve
from langchain_core.messages import HumanMessage
from langchain_openai import ChatOpenAI


def ask(url: str, kind: str) -> Result:
    more: dict[str, Any] = {"n": 2, "logprobs": True} if kind == "sampling" else {}
    model: Any = ChatOpenAI(
        model=MODEL,
        base_url=url,
        api_key=KEY,
        max_retries=0,
        timeout=TIMEOUT,
        stream_usage=kind == "stream.usage",
        **more,
    )
    if kind == "sampling":
        generations = model.generate([[HumanMessage(PROMPT)]]).generations[0]
        return {**whole(generations[0].message), "choices": len(generations)}
    if kind.startswith("tools"):
        model = model.bind_tools([TOOL["function"]], tool_choice=None if kind == "tools.auto" else "record_word")
    if kind == "json_schema":
        structured = model.with_structured_output(SCHEMA, method="json_schema").invoke(PROMPT)
        return {"content": PRESENT, "parsed": word(structured)} if structured else {"content": None}
    if kind == "json_object":
        structured = model.with_structured_output(None, method="json_mode").invoke(PROMPT)
        return {"content": PRESENT, "parsed": word(structured)} if structured else {"content": None}
    prompt = RECORD if kind.startswith("tools") else PROMPT
    if "stream" not in kind:
        return whole(model.invoke(prompt))
    total = None
    for piece in model.stream(prompt):
        total = piece if total is None else total + piece
    return whole(total) if total is not None else {"content": None}


PRESENT = "{}"  # the text itself is not handed on, only the object


def word(structured: Any) -> Any:
    return structured.get("word") if isinstance(structured, dict) else structured


def whole(message: Any) -> Result:
    usage = message.usage_metadata
    calls = [call(c["id"], c["name"], c["args"]) for c in message.tool_calls]
    logprobs = message.response_metadata.get("logprobs")
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    return {
        "content": message.content,
        "calls": calls,
        "finish_reason": message.response_metadata.get("finish_reason"),
        "usage": {"prompt": usage["input_tokens"], "completion": usage["output_tokens"]} if usage else None,
        "logprobs": [token.get("logprob") for token in content] if isinstance(content, list) else None,
    }


serve(ask)
