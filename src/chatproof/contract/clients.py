"""Which clauses a client of the user's depends on: what breaks it becomes a must where the client is named.

The default musts break an official OpenAI SDK, the AI SDK, LangChain, LlamaIndex or LiteLLM already. Here stands what
is a should for the others. Rows without a source were measured: docs/reference/clients.md, and a test holds them to it.
Loaded only where a client is named.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chatproof.usage_error import UsageError, near, repeated

MEASURED = "docs/reference/clients.md"


class Breaks(NamedTuple):
    """What breaks a client: clauses, what it does then, and who says so."""

    clauses: tuple[str, ...]
    says: str
    source: str = MEASURED
    accessed: str = ""


_EMPTY = Breaks(("stream.no_empty_events",), "stops at an event of a stream that has no data")
_PIECES = Breaks(("tools.stream_once",), "joins a tool call wrongly if its name or id is repeated")
_SHAPE = Breaks(
    ("envelope.elsewhere",), "fails on a reply whose outer object has another shape, or returns a wrong answer"
)
_TYPE = Breaks(("tools.typed",), "fails on a tool call without its type")

CLIENTS: Mapping[str, tuple[Breaks, ...]] = {
    "openai-python": (_EMPTY, _PIECES, _SHAPE),
    "openai-python-helpers": (_PIECES, _SHAPE),
    "openai-node": (_EMPTY, _PIECES, _SHAPE),
    "openai-node-helpers": (
        _EMPTY,
        _SHAPE,
        _TYPE,
        Breaks(("stream.role_first",), "fails on a stream that never names the role"),
    ),
    "ai-sdk-openai-compatible": (_PIECES, _SHAPE),
    "ai-sdk-openai": (_PIECES, _SHAPE, _TYPE),
    "langchain": (_EMPTY, _PIECES, _SHAPE),
    "llamaindex": (_EMPTY, _PIECES, _SHAPE),
    "litellm": (_EMPTY, _PIECES, _SHAPE),
    "async-openai": (
        Breaks(
            ("envelope.finish_reason_known", "stream.chunk_complete"),
            "cannot read a finish_reason other than the reference's five, or an empty one",
            "https://github.com/OpenSecretCloud/maple-proxy/issues/3",
            "2026-11-25",
        ),
        Breaks(
            ("envelope.object", "envelope.complete", "stream.chunk_complete", "envelope.elsewhere"),
            "cannot read a completion or chunk without one of the fields that the reference requires",
            "https://github.com/64bit/async-openai/pull/403",
            "2026-11-25",
        ),
        Breaks(
            ("usage.complete", "stream.usage_counts", "envelope.created_in_seconds", "tools.typed"),
            "decodes counts, times and the type of a call as the reference defines them, and fails on other types",
            "https://github.com/64bit/async-openai/blob/00c6b18/async-openai/src/types/chat.rs",
            "2026-11-28",
        ),
    ),
    "zed": (
        Breaks(
            ("usage.complete", "stream.usage_counts"),
            "cannot read an event whose usage lacks its counts",
            "https://github.com/zed-industries/zed/issues/42893",
            "2026-11-25",
        ),
    ),
    "librechat": (
        Breaks(
            ("stream.chunk_complete",),
            "before January 2025 it needed finish_reason in every chunk, null until the last",
            "https://github.com/danny-avila/LibreChat/pull/5563",
            "2026-11-25",
        ),
    ),
}


def check(names: Iterable[str]) -> None:
    """Raise UsageError for a client that nothing is known of."""
    for name in names:
        if name not in CLIENTS:
            advice = near(name, CLIENTS, f"there are: {', '.join(CLIENTS)}")
            raise UsageError("usage", f"there is no known client {repeated(name)}", advice)


def depending(names: Iterable[str], clause: str) -> str:
    """Who of these breaks on a clause, and how; empty where none does."""
    rows = [(name, row.says) for name in names for row in CLIENTS.get(name, ()) if clause in row.clauses]
    return "; ".join(f"your client {name} {says}" for name, says in rows)
