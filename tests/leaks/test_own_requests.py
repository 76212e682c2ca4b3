"""No word of the user's own requests leaves a run: not in a report, the journal, the terminal, nor in what a reply quotes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from chatproof.reporters import formats as all_formats
from tests.migration.front import refusing

CANARIES = {
    "text": "Zebrafish-901 protocol",
    "system": "Northwind-902",
    "tool": "fetch_ledger_903",
    "description": "Zanzibar-904",
    "property": "quintessence_905",
    "default": "marmalade-906",
    "stop": "xyzzy-907",
    "id": "call_908kumquat",
    "url": "https://canary909.example/private",
    "metadata name": "customer_910",
    "metadata value": "acme-911",
    "user": "ada-912",
    "file": "dGFuZ2VyaW5lLTkxMw",
}
BODY: dict[str, Any] = {
    "model": "old",
    "messages": [
        {"role": "system", "content": f"You work for {CANARIES['system']}."},
        {"role": "user", "content": [
            {"type": "text", "text": f"The {CANARIES['text']}, please."},
            {"type": "image_url", "image_url": {"url": CANARIES["url"]}},
            {"type": "file", "file": {"file_data": CANARIES["file"]}},
        ]},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": CANARIES["id"], "type": "function", "function": {"name": CANARIES["tool"], "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": CANARIES["id"], "content": "done"},
    ],
    "tools": [{"type": "function", "function": {"name": CANARIES["tool"], "description": CANARIES["description"],
        "parameters": {"properties": {CANARIES["property"]: {"type": "string", "default": CANARIES["default"]}}}}}],
    "stop": [CANARIES["stop"]],
    "user": CANARIES["user"],
    "metadata": {CANARIES["metadata name"]: CANARIES["metadata value"]},
    "temperature": 0.2,
}  # fmt: skip


def quoting(body: dict[str, Any]) -> tuple[int, Any] | None:
    """A refusal that quotes all of the request, word by word and as a whole."""
    if body.get("temperature", 1) == 1:
        return None
    words = " ".join(CANARIES.values())
    said = f"temperature is not supported, in: {words}; {json.dumps(body)}"
    return 400, {"error": {"message": said, "param": "temperature", "code": CANARIES["stop"]}, "input": body}


def test_no_report_journal_or_terminal_holds_a_word_of_a_request(tmp_path: Path) -> None:
    (tmp_path / "traffic.json").write_text(json.dumps(BODY))
    formats = all_formats()
    reports = [f"--report={name}={tmp_path / f'out.{name}'}" for name in formats]
    with refusing(quoting) as server:
        key = server.target.key
        assert key is not None
        done = subprocess.run(
            [
                *(sys.executable, "-m", "chatproof", "smoke", server.target.base_url, "--model", server.target.model),
                *("--request", str(tmp_path / "traffic.json"), "--keep-bodies", "-v"),
                *("--journal", str(tmp_path / "j.jsonl"), *reports),
            ],
            capture_output=True,
            timeout=60,
            env={**os.environ, "CHATPROOF_API_KEY": key.reveal(), "HOME": str(tmp_path)},
        )
    assert done.returncode == 1, done.stderr
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "traffic.json"]
    assert len(written) >= len(formats)
    seen = {path.name: path.read_bytes() for path in written} | {"stdout": done.stdout, "stderr": done.stderr}
    found = {(name, what) for name, data in seen.items() for what, word in CANARIES.items() if word.encode() in data}
    assert found == set()
    assert b"temperature" in seen["stdout"] and b"[of the request]" in seen["out.json"]
