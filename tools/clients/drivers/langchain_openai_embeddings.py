"""LangChain: OpenAIEmbeddings, with the texts as they are, not as tokens; in base64 by itself, and in floats."""

from typing import Any

from jobs import KEY, MODEL, TEXTS, TIMEOUT, Result, serve
from langchain_openai import OpenAIEmbeddings


def ask(url: str, kind: str) -> Result:
    more: dict[str, Any] = {"model_kwargs": {"encoding_format": "float"}} if kind == "float" else {}
    model: Any = OpenAIEmbeddings(
        model=MODEL,
        base_url=url,
        api_key=KEY,
        max_retries=0,
        timeout=TIMEOUT,
        check_embedding_ctx_length=False,
        **more,
    )
    return {"content": [model.embed_query(TEXTS[0])] if kind == "single" else model.embed_documents(TEXTS)}


serve(ask)
