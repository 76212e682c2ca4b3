"""LangChain and the Responses API: ChatOpenAI with invoke, stream, bind_tools and with_structured_output."""

from typing import Any

from jobs import KEY, MODEL, PROMPT, RECORD, SCHEMA, TIMEOUT, TOOL, Result, call, serve
from langchain_openai import ChatOpenAI

PRESENT = "{}"  # the text itself is not handed on, only the object


def ask(url: str, kind: str) -> Result:
    model: Any = ChatOpenAI(
        model=MODEL, base_url=url, api_key=KEY, max_retries=0, timeout=TIMEOUT, use_responses_api=True
    )
    if kind.startswith("tools"):
        model = model.bind_tools([TOOL["function"]], tool_choice=None if kind == "tools.auto" else "record_word")
    if kind == "json_schema":
        structured = model.with_structured_output(SCHEMA, method="json_schema").invoke(PROMPT)
        word = structured.get("word") if isinstance(structured, dict) else structured
        return {"content": PRESENT, "parsed": word} if structured else {"content": None}
    prompt = RECORD if kind.startswith("tools") else PROMPT
    if "stream" not in kind:
        return whole(model.invoke(prompt))
    total = None
    for piece in model.stream(prompt):
        total = piece if total is None else total + piece
    return whole(total) if total is not None else {"content": None}


def whole(message: Any) -> Result:
    usage = message.usage_metadata
    return {
        "content": message.text if isinstance(message.text, str) else message.text(),
        "calls": [call(c["id"], c["name"], c["args"]) for c in message.tool_calls],
        "finish_reason": message.response_metadata.get("status"),
        "usage": {"prompt": usage["input_tokens"], "completion": usage["output_tokens"]} if usage else None,
    }


serve(ask)
