"""The loop of each Python driver: a job is a JSON line in, what the client got is a JSON line out.

Job: {"url": base URL, "kind": one of KINDS}. Result, all members optional: `raised` {"type", "text"} when the client
raised; `content` (the text, or whatever the client handed on in its place); `calls` [{"id", "name", "arguments"}];
`finish_reason`; `usage` {"prompt", "completion"}; `choices` (how many). Standard library only: it runs in each venv.
"""

import json
import os
import sys
import warnings
from collections.abc import Callable
from typing import Any

KINDS = (
    "plain", "stream", "stream.usage", "tools", "tools.auto", "tools.stream", "json_object", "json_schema", "sampling"
)  # fmt: skip
MODEL, KEY = "simulator-mini", "sk-clients-0123456789abcdef"
PROMPT, RECORD = "Respond with the single word: pong", "Record the word pong."
TIMEOUT = 3.0  # seconds; with many SDKs this is for each read, not for the whole
SCHEMA = {
    "title": "answer",
    "description": "The word and how many letters it has.",
    "type": "object",
    "properties": {"word": {"type": "string"}, "letters": {"type": "integer"}},
    "required": ["word"],
    "additionalProperties": False,
}
PARAMETERS = {
    "type": "object",
    "properties": {"word": {"type": "string", "description": "the word to record"}},
    "required": ["word"],
    "additionalProperties": False,
}
TOOL = {
    "type": "function",
    "function": {"name": "record_word", "description": "Record one word.", "parameters": PARAMETERS, "strict": True},
}
FORCED = {"type": "function", "function": {"name": "record_word"}}
TEXTS = ["The cat sat on the mat.", "The invoice is due in March."]

Result = dict[str, Any]


def serve(ask: Callable[[str, str], Result]) -> None:
    """Answer jobs until standard input ends. What the client prints goes to standard error."""
    warnings.simplefilter("ignore")
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    out.write("ready\n")
    out.flush()
    for line in sys.stdin:
        job = json.loads(line)
        try:
            result = ask(job["url"], job["kind"])
        except Exception as error:  # whatever it is: that is what the user of the client gets
            result = {"raised": {"type": _name(error), "text": _words(error)}}
        out.write(json.dumps(result, default=lambda value: f"<{type(value).__name__}>") + "\n")
        out.flush()


def call(id: object, name: object, arguments: object) -> dict[str, object]:
    return {"id": id, "name": name, "arguments": arguments}


def shown_and_final(shown: str, final: Any) -> Any:
    """One text of the two that a client's user reads: what was shown on the way, and what stands in the final answer.

    Both are documented. Where they differ, one of them is lost or wrong, whichever it is: white space at the ends is
    not looked at.
    """
    if not isinstance(final, str) or shown.strip() == final.strip():
        return final
    return f"{shown} | {final}" if shown and final else ""


def read(value: Any, *names: str) -> Any:
    """A member of a member, as far as there is one: what the client hands on is not always of the promised type."""
    for name in names:
        value = getattr(value, name, None)
    return value


def _name(error: BaseException) -> str:
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__}{f' {status}' if isinstance(status, int) else ''}"


def _words(error: BaseException) -> str:
    """The exception's own text and that of what it was raised from, which a traceback shows as well."""
    texts = []
    seen: BaseException | None = error
    while seen is not None and len(texts) < 4:
        texts.append(f"{seen} {getattr(seen, 'body', '') or ''}")
        seen = seen.__cause__ or seen.__context__
    return " | ".join(texts)[:4000]
