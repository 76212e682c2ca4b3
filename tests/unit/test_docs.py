"""The documentation does not lie: the site builds without a broken link, and each command in it runs.

A command is run as it stands, in a shell, in a folder whose chatproof.toml gives the names of the page to the simulator
on loopback. `ID` stands for the simulator's model. What a page sets with `export` is set; its value is the test's.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatproof import simulator
from chatproof.simulator import Simulator

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TARGETS = ("cometapi", "openai", "staging", "production", "old", "new")
KEYS = ("COMETAPI_KEY", "GATEWAY_KEY", "OLD_KEY", "NEW_KEY", "OPENAI_API_KEY", "CHATPROOF_API_KEY")
ONLY_HERE = re.compile(r"^(python3 -m venv|\.venv/bin/|make |export )")  # the README's set-up: tests/test_readme.py


def blocks() -> list[tuple[str, str]]:
    """(page, block of shell commands) for every ```sh block of the documentation."""
    found = []
    for page in PAGES:
        for block in re.findall(r"```sh\n(.*?)```", page.read_text(), re.DOTALL):
            found.append((page.relative_to(ROOT).as_posix(), block))
    return found


def commands(block: str) -> list[str]:
    """The lines to run. A comment goes; a variable set before a command is set by the test."""
    lines = [line.partition("   #")[0].strip() for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line and not line.startswith("#") and not ONLY_HERE.match(line)]


CASES = [(page, line) for page, block in blocks() for line in commands(block)]


@pytest.fixture(scope="module")
def served() -> Iterator[Simulator]:
    started = simulator.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def folder(served: Simulator, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with a configuration, a journal with a good run in it, and a `chatproof` on the path."""
    place = tmp_path_factory.mktemp("docs")
    rows = ['default = "cometapi"']
    for name in TARGETS:
        rows += [
            f"[targets.{name}]",
            f'base_url = "{served.base_url}"',
            'profile = "generic"',
            'key_env = "GATEWAY_KEY"',
        ]
        rows += [f'model = "{served.model}"']
    (place / "chatproof.toml").write_text("\n".join(rows))
    body = json.dumps({"messages": [{"role": "user", "content": "What is due?"}], "temperature": 0.2})
    bodies = {"chat/completions": body, "responses": json.dumps({"input": "What is due?"})}
    calls = [
        {"method": "POST", "url": f"https://host/v1/{path}", "postData": {"text": text}}
        for path, text in bodies.items()
    ]
    entries = [{"request": call, "response": {}} for call in calls]
    (place / "traffic.har").write_text(json.dumps({"log": {"entries": entries}}))
    (place / "requests.jsonl").write_text(body)
    fleet = [
        {
            "name": f"shop-{n}",
            "base_url": served.base_url,
            "model": served.model,
            "key_env": "GATEWAY_KEY",
            "tags": ["eu"],
        }
        for n in range(3)
    ]
    (place / "fleet.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in fleet))
    (place / "bin").mkdir()
    script = place / "bin" / "chatproof"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m chatproof "$@"\n')
    script.chmod(0o755)
    run_in(place, served, "chatproof config trust --yes")
    for fault in ((), ("--fault", "status-201")):
        run_in(place, served, shlex.join(["chatproof", "smoke", "simulator", *fault]))
    run_in(place, served, "chatproof smoke production")
    return place


def run_in(place: Path, served: Simulator, line: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
    env = {**kept, **dict.fromkeys(KEYS, served.key), "BASE_URL": served.base_url, "HOME": str(place.parent)}
    env |= {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "XDG_STATE_HOME": str(place / "state")}
    line = re.sub(r"\bID\b", served.model, line).replace("https://host/v1", served.base_url)
    line = re.sub(r"^\w+=… ", "", line)
    return subprocess.run(["sh", "-c", line], cwd=place, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(("page", "line"), CASES, ids=[f"{page}: {line}" for page, line in CASES])
def test_each_command_runs(page: str, line: str, folder: Path, served: Simulator) -> None:
    done = run_in(folder, served, line)
    fails = "--fault" in line or "judge" in line or "compare old new simulator" in line
    assert done.returncode in ((0, 1, 3) if fails else (0,)), f"{done.returncode}\n{done.stdout[-800:]}\n{done.stderr}"
    assert served.key not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_there_are_commands_to_run() -> None:
    assert len(CASES) > 25
    assert {page for page, _ in CASES} >= {"README.md", "docs/index.md", "docs/guides/on-call.md"}


def test_the_site_builds_without_a_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")]
    env = {
        **os.environ,
        "NO_MKDOCS_2_WARNING": "1",
        "http_proxy": "http://127.0.0.1:9",
        "https_proxy": "http://127.0.0.1:9",
    }
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-3000:]
    pages = {path.relative_to(tmp_path / "site").as_posix() for path in (tmp_path / "site").rglob("*.html")}
    assert {"index.html", "guides/on-call.html", "reference/clauses.html", "reference/commands.html"} <= pages
    for page in pages:
        text = (tmp_path / "site" / page).read_text()
        loaded = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"(https?:[^\"]+)\"", text)
        assert [address for address in loaded if 'rel="canonical"' not in address] == [], page
