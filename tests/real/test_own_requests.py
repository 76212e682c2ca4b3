"""`--request` on real servers: the user's own bodies are sent as they are, judged, and in no record.

The servers are mocks and gateways: what each answers to a body is theirs, and was looked at with curl.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from . import install, servers

pytestmark = [pytest.mark.real, pytest.mark.timeout(300, func_only=True)]
CANARY = "Kingfisher-4711"
_TOOL = {
    "name": "look_up",
    "parameters": {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]},
}
_ASKED = f"Respond with the single word: pong ({CANARY})"  # aimock's fixtures answer by the words of the message
PLAIN: dict[str, Any] = {"model": "theirs", "messages": [{"role": "user", "content": _ASKED}], "temperature": 0.2}
STREAMED = {**PLAIN, "stream": True, "stream_options": {"include_usage": True}}
TOOLS = {**PLAIN, "tools": [{"type": "function", "function": _TOOL}]}
EMPTY = {**PLAIN, "messages": []}
UNKNOWN = {**PLAIN, "messages": [{"role": "user", "content": CANARY}]}
OPEN = ("--no-auth",)


class Row(NamedTuple):
    """One request on one server: the status, the principal diagnosis, and the clauses of the request that are broken."""

    server: str
    request: dict[str, Any]
    exit: int = 0
    code: str = ""
    broken: tuple[str, ...] = ()
    path: str = "/v1"
    args: tuple[str, ...] = ()


RESPONSES: dict[str, Any] = {"model": "theirs", "input": _ASKED, "temperature": 0.2}
MESSAGES: dict[str, Any] = {"model": "theirs", "max_tokens": 500, "messages": PLAIN["messages"]}
REFUSED = ("request.answered",)
ROWS = {
    "aimock, plain": Row("aimock", PLAIN),
    "aimock, streamed": Row("aimock", STREAMED),
    "aimock, a text without a fixture": Row("aimock", UNKNOWN, 1, "request.rejected", REFUSED),
    "ferrogw, plain": Row("ferrogw", PLAIN),
    "ferrogw, streamed": Row("ferrogw", STREAMED),
    "ferrogw, no messages": Row("ferrogw", EMPTY, 1, "request.rejected", REFUSED),
    "llmock, tools": Row("llmock", TOOLS, args=OPEN),
    "nginx, plain": Row("nginx", PLAIN, path="/ok/v1"),
    "aimock, a response": Row("aimock", RESPONSES, args=("--api", "responses")),
    "aimock, a response, streamed": Row("aimock", {**RESPONSES, "stream": True}, args=("--api", "responses")),
    # The warning is about aimock's answer to the plain request, not about these.
    "aimock, a message": Row("aimock", MESSAGES, code="auth.error_body", args=("--api", "messages")),
    "aimock, a message, streamed": Row(
        "aimock", {**MESSAGES, "stream": True}, code="auth.error_body", args=("--api", "messages")
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_own_request(
    name: str, serve_any: Callable[[str, dict[str, str | None]], servers.Server], tmp_path: Path
) -> None:
    row = ROWS[name]
    server = serve_any(row.server, install.install_many(servers.packages(row.server)))
    (tmp_path / "mine.json").write_text(json.dumps(row.request))
    argv = [
        sys.executable,
        "-m",
        "chatproof",
        "smoke",
        server.origin + row.path,
        "--model",
        "gpt-4o",
        "--timeout",
        "20s",
    ]
    argv += ["--request", "mine.json", "--format", "json", "--key-env", "KEY", *row.args]
    env = {known: os.environ[known] for known in ("PATH", "PYTHONPATH") if known in os.environ}
    env |= {"HOME": str(tmp_path), "LANG": "C.UTF-8", "KEY": servers.GOOD_KEY}
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False)
    run = json.loads(done.stdout)
    mine = [finding for finding in run["findings"] if finding["probe"].startswith("request.")]
    assert done.returncode == row.exit, done.stdout[-1500:]
    assert tuple(f["clause"] for f in mine if f["outcome"] == "broken") == row.broken
    assert next((found["code"] for found in run["diagnoses"]), "") == row.code
    assert any(exchange["probe"].startswith("request.") for exchange in run["exchanges"])
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "mine.json":
            assert CANARY.encode() not in path.read_bytes(), path
    assert CANARY not in done.stdout + done.stderr
