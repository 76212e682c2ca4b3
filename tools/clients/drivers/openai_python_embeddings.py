"""openai-python: embeddings.create with what it asks for by itself, which is base64, and with floats."""

from typing import Any

from jobs import KEY, MODEL, TEXTS, TIMEOUT, Result, read, serve
from openai import OpenAI


def ask(url: str, kind: str) -> Result:
    client = OpenAI(base_url=url, api_key=KEY, max_retries=0, timeout=TIMEOUT)
    more: dict[str, Any] = {"encoding_format": "float"} if kind == "float" else {}
    found = client.embeddings.create(model=MODEL, input=TEXTS[0] if kind == "single" else TEXTS, **more)
    if not hasattr(found, "data"):
        return {"content": found}  # a plain string, where the body was no JSON
    counted = read(found, "usage", "prompt_tokens")
    return {
        "content": [read(item, "embedding") for item in found.data],
        "usage": None if counted is None else {"prompt": counted},
    }


serve(ask)
