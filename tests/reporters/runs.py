"""Runs to report on: good, bad, undecided, with a warning; and hostile text put into every place that a server fills."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from chatproof.wire.exchange import Fault
from tests.support import play

REPLIES: dict[str, dict[str, Any]] = {
    "go": {},
    "warning": {"models": '200 application/json\n\n{"data":[{"id":"gpt-x-mini"},{"id":"whisper-1"}]}'},
    "no-go": {
        "happy": '503 application/json\nX-Request-Id: req-1\n\n{"error":{"message":"no available channel for model gpt-x","code":"model_not_found"}}',
        "models": '200 application/json\n\n{"data":[{"id":"gpt-x-mini"}]}',
    },
    "undecided": {"all": Fault("net.dns", "dns", "llm.test: Name or service not known (-2)")},
}  # fmt: skip


def document(name: str) -> dict[str, Any]:
    """A run document, the same at each call."""
    made = play(REPLIES[name]).record.document
    made["target"] |= {"name": "staging", "place": "chatproof.toml:7"}
    made["environment"] = {"python": "3.11.7", "platform": "linux", "ci": ""}
    for number, exchange in enumerate(made["exchanges"]):
        if exchange["response"]:
            base = 10.0 * (number + 1)
            exchange["timings_ms"] = {
                "dns": 1.5,
                "connect": base,
                "tls": 2 * base,
                "first_byte": 8 * base,
                "total": 12 * base,
            }
            exchange["peer"] = {"address": "192.0.2.7", "tls_version": "TLSv1.3", "certificate": None}
        else:
            exchange["timings_ms"] = {"dns": 3.0, "connect": None, "tls": None, "first_byte": None, "total": 3.0}
    return made


PIECES = (
    "::set-output name=a::b", "\n::error::x", "\r\n::add-mask::a", "##[error]x", "##vso[task.setvariable variable=x]y",
    "##teamcity[buildStatus]", "]]>", "<!--", "-->", "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "@octocat", "#12", "GH-7", "0a1b2c3d4e", "[x](javascript:alert(1))",
    "![x](http://evil.test/)", "| a | b |", "`", "```", "``", "https://evil.test", "www.evil.test", "a@evil.test", ":smile:",
    "%0A::error::", "%", "\x1b[31m", "\x9b", "\u202e", "\ufffe", "\ud800", "\U0001f600", "](", "{{7*7}}", "{% raw %}",
    "${{ github.token }}", "&amp;", "&#x0;", '"', "'", "# SKIP", "# TODO", "...", "---", "Bail out!", "1..0", "\\", "\\|",
    "\x00", "\t", "\u2028", "javascript:alert(1)", "data:text/html,x", " style=x ", "<style>*{}</style>", "<details>",
)  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=6).map("".join)

_OURS = {"schema", "tool", "run_id", "kind", "started_at", "finished_at", "verdict", "cost", "clauses", "level", "outcome",
         "exchange", "id", "sent_at", "code", "owner", "confidence", "status", "http_version", "bytes", "sha256",
         "phase", "timings_ms", "fingerprint", "length", "clause", "probe", "role", "shown_as", "method", "timestamp_utc", "pass_fail"}  # fmt: skip


def poisoned(value: Any, text: str) -> Any:
    """The document with `text` before and after every string that is not this program's own word."""
    if isinstance(value, dict):
        # A URL was parsed before anything was sent to it: only what follows can be odd.
        return {
            name: item if name in _OURS else item + text if name == "url" else poisoned(item, text)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [poisoned(item, text) for item in value]
    return f"{text}{value}{text}" if isinstance(value, str) else value
