"""What the guides show as output is what the commands print today: each shown line, in its order; `…` stands for others."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chatproof import simulator

GUIDES = Path(__file__).parent.parent / "docs" / "guides"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
FORMAT = {"type": "json_schema", "json_schema": {"name": "order", "strict": True, "schema": SCHEMA}}
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
ASKED: dict[str, Any] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Where is my order?"}]}
TRAFFIC = (
    [
        {
            **ASKED,
            "temperature": 0.2,
            "stream": True,
            "stream_options": {"include_usage": True},
            "messages": [{"role": "system", "content": "You help the customers of a shop."}, *ASKED["messages"]],
        }
    ]
    * 300
    + [{**ASKED, "response_format": FORMAT}] * 80
    + [{**ASKED, "tools": [TOOL], "parallel_tool_calls": False}] * 40
)
"""The 420 calls of a made-up shop, in three shapes."""


def shown(guide: str) -> dict[str, list[str]]:
    """The commands of a guide that are shown with their output, each with its lines."""
    text = (GUIDES / guide).read_text()
    blocks = re.findall(r"```(?:text|console)\n\$ (chatproof .*)\n((?:.*\n)*?)```", text)
    return {command: output.splitlines() for command, output in blocks if output.strip()}


def normal(line: str) -> str:
    """Without what differs from run to run: ports, and tokens, which are those of the words that stand in."""
    line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", line.rstrip())
    return re.sub(r"\d+(?= tokens)|(?<=[AB] )\d+", "N", line) if "token" in line else line


def missing(wanted: list[str], printed: str) -> list[str]:
    """The shown lines that are not printed behind the ones before them."""
    lines, lost, at = [normal(line) for line in printed.splitlines()], list[str](), 0
    for line in map(normal, wanted):
        if line in ("", "…"):
            continue
        if line in lines[at:]:
            at = lines.index(line, at) + 1
        else:
            lost.append(line)
    return lost


def run(command: str, place: Path, given: str = "") -> str:
    env = {**os.environ, "HOME": str(place.parent), "XDG_STATE_HOME": str(place.parent / "state"), "COLUMNS": "100"}
    argv = [sys.executable, "-m", *command.split()]
    out, err = subprocess.PIPE, subprocess.STDOUT
    return subprocess.run(argv, cwd=place, env=env, input=given, stdout=out, stderr=err, text=True, timeout=100).stdout


def test_the_error_text_that_is_pasted_on_call(tmp_path: Path) -> None:
    pasted, *wanted = shown("on-call.md")["chatproof judge -"]
    place = tmp_path / "work"
    place.mkdir()
    printed = run("chatproof judge -", place, pasted)
    assert len(wanted) == 9 and missing(wanted, printed) == []
    assert missing(["owner you"], printed) == ["owner you"], "the comparison can fail"


@pytest.fixture
def moving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder as the guide has it when it begins: a configuration, and the traffic."""
    place = tmp_path / "work"
    place.mkdir()
    both = {"old": simulator.start(), "new": simulator.start("parallel-tool-calls-unsupported")}
    rows = []
    for name, server in both.items():
        monkeypatch.setenv(f"{name.upper()}_KEY", server.key)
        rows.append(f'[targets.{name}]\nbase_url = "{server.base_url}"\nmodel = "{server.model}"\n')
        rows.append(f'key_env = "{name.upper()}_KEY"\n')
    (place / "chatproof.toml").write_text("".join(rows))
    (place / "traffic.jsonl").write_text("".join(json.dumps(call) + "\n" for call in TRAFFIC))
    run("chatproof config trust --yes", place)
    yield place
    for server in both.values():
        server.stop()


@pytest.mark.nightly
def test_the_way_to_another_provider(moving: Path) -> None:
    commands = shown("moving.md")
    assert len(commands) == 5
    lost = {}
    for command, wanted in commands.items():
        if "changed.jsonl" in command:
            kept = (json.loads(line) for line in (moving / "requests.jsonl").read_text().splitlines())
            changed = [{name: value for name, value in call.items() if name != "parallel_tool_calls"} for call in kept]
            (moving / "changed.jsonl").write_text("".join(json.dumps(call) + "\n" for call in changed))
        lost[command] = missing(wanted, run(command, moving))
    assert [(command, line) for command, lines in lost.items() for line in lines] == []
