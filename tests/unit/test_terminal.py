"""What a person and a script meet at the terminal: colour, width, progress, fields, explain, completion, the man page."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from chatproof.cli import main as cli
from chatproof.cli.commands import completion, explain
from chatproof.cli.shared.options import _color, describe, terminal
from chatproof.diagnosis.failure_modes import every_mode
from chatproof.simulator.harness import ChatSimulator

CLI = [sys.executable, "-m", "chatproof"]


def run(*args: str, env: dict[str, str] | None = None, input: str = "") -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "CHATPROOF_JOURNAL": "none", **(env or {})}
    return subprocess.run([*CLI, *args], capture_output=True, text=True, env=environ, timeout=60, input=input)


@pytest.mark.parametrize(
    ("environ", "on_terminal", "color"),
    [
        ({}, True, True), ({}, False, False), ({"NO_COLOR": "1"}, True, False), ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True), ({"FORCE_COLOR": "0"}, True, False), ({"CLICOLOR_FORCE": "1"}, False, True),
        ({"CLICOLOR_FORCE": "0"}, True, False), ({"CLICOLOR": "0"}, True, False), ({"TERM": "dumb"}, True, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, True), ({"FORCE_COLOR": "", "NO_COLOR": "1"}, True, False),
    ],
)  # fmt: skip
def test_color(environ: dict[str, str], on_terminal: bool, color: bool) -> None:
    assert _color(environ, on_terminal) is color


def test_width_follows_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    for columns, width in (("72", 72), ("5", 40), ("9999", 140), ("wide", 100), ("", 100)):
        monkeypatch.setenv("COLUMNS", columns)
        assert terminal()["width"] == width
    text = run("smoke", "simulator", "--fault", "html-502", env={"COLUMNS": "60"}).stdout
    assert max(len(line) for line in text.splitlines()[1:]) <= 62


def _on_a_terminal(args: list[str], env: dict[str, str]) -> tuple[str, str]:
    """(standard output, what a terminal got on standard error)."""
    master, slave = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "CHATPROOF_JOURNAL": "none", **env}
    child = subprocess.Popen([*CLI, *args], stdout=subprocess.PIPE, stderr=slave, env=environ)
    out = child.communicate(timeout=60)[0].decode()
    os.set_blocking(master, False)
    try:
        shown = os.read(master, 65536).decode()
    except BlockingIOError:
        shown = ""
    os.close(slave)
    os.close(master)
    return out, shown


def test_progress_is_one_line_on_a_terminal_and_erased() -> None:
    with ChatSimulator() as simulator, simulator.fault("silence") as other:
        args = ["smoke", other.base_url, "--model", "m", "--timeout", "3s"]
        env = {"CHATPROOF_API_KEY": other.api_key, "TERM": "xterm"}
        out, shown = _on_a_terminal(args, env)
        assert (
            re.match(r"\rsmoke 3/4 · (models|auth) · 1 s", shown) and shown.endswith("\r\x1b[K") and "\n" not in shown
        )
        assert "smoke 3/4" not in out and other.api_key not in shown
        with ThreadPoolExecutor(3) as at_once:  # each waits for the silent server
            quiet = at_once.submit(_on_a_terminal, [*args, "-q"], env)
            dumb = at_once.submit(_on_a_terminal, args, {**env, "TERM": "dumb"})
            piped = at_once.submit(run, *args, env=env)
        assert quiet.result()[1] == dumb.result()[1] == piped.result().stderr == ""


def test_verbosity() -> None:
    quiet = run("smoke", "simulator", "--fault", "html-502", "-q").stdout
    assert quiet.startswith("NO-GO") and "cause " in quiet and "evidence" not in quiet and "held" not in quiet
    plain, once, twice = (run("smoke", "simulator", *v).stdout for v in ((), ("-v",), ("-vv",)))
    assert "first_byte" not in plain and "first_byte" in once and "content-length:" in twice.lower()


def test_json_fields() -> None:
    picked = json.loads(run("smoke", "simulator", "--json-fields", "verdict,target.model,findings.clause").stdout)
    assert (
        picked["verdict"] == "GO"
        and picked["target"] == {"model": "simulator-mini"}
        and set(picked) == {"verdict", "target", "findings"}
    )
    assert {"clause": "happy.status_200"} in picked["findings"]
    for wrong, words in (
        ("verdikt", "a run has no 'verdikt'"),
        ("target.key.secret", "a run has no 'target.key.secret'"),
        ("findings.x", "no 'findings.x'"),
    ):
        done = run("smoke", "simulator", "--json-fields", wrong)
        assert done.returncode == 2 and words in done.stderr and done.stdout == ""
    assert run("smoke", "simulator", "--json-fields", "verdict", "--format", "yaml").returncode == 2


# -- explain --------------------------------------------------------------------------------------------------------


def test_every_code_and_clause_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    names = explain.known()
    assert {"model.unavailable", "happy.status_200", "auth.key_missing", "net.dns"} <= set(names) and len(names) > 150
    for name in names:
        assert explain.of_code(name) or explain.of_clause(name), name
    text = run("explain", "model.unavailable").stdout
    for words in ("meaning ", "owner ", "next ", "example ", "try "):
        assert f"  {words}" in text
    ways = run("explain", "auth.header").stdout.split("\n\n")
    assert len(ways) == 6 and all(way.startswith("  meaning") for way in ways[1:5])
    assert ways[4].startswith("  meaning     the key is accepted in one header"), "a row that one API alone has"
    assert ways[5].startswith("  clause      messages.headers.key") and "  example" in ways[5]
    assert text.count("  meaning") == len([m for m in every_mode() if m.code == "model.unavailable"]) == 2
    text = run("explain", "happy.status_200").stdout
    for words in ("says ", "who breaks ", "source ", "holds on ", "breaks on "):
        assert f"  {words}" in text


def test_every_example_of_a_code_leads_to_it() -> None:
    done = run("explain", "gateway.error", "--format", "json")
    told = json.loads(done.stdout)[0]
    for command in told["try"]:
        run_document = json.loads(run(*command.split()[1:], "--format", "json").stdout)
        assert run_document["diagnoses"][0]["code"] == "gateway.error"


def test_near_misses() -> None:
    for wrong, near in (
        ("model.unavailabel", "model.unavailable"),
        ("happy", "happy.status_200"),
        ("stream.finish", "stream.finished"),
    ):
        done = run("explain", wrong)
        assert done.returncode == 2 and near in done.stderr


# -- completion and man page ----------------------------------------------------------------------------------------


def test_every_command_describes_itself() -> None:
    for command in cli.COMMANDS:
        parser = describe(command)
        assert parser.prog == f"chatproof {command}"
    assert run("smoke", "simulator", "-q").returncode == 0  # and runs as before


def complete_bash(line: list[str]) -> set[str]:
    script = (
        completion.bash()
        + f'COMP_WORDS=({" ".join(line[:-1])} "{line[-1]}"); COMP_CWORD={len(line) - 1}; _chatproof; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True, timeout=30)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_bash_completes() -> None:
    assert complete_bash(["chatproof", "sm"]) == {"smoke"}
    assert complete_bash(["chatproof", "smoke", "--str"]) == {"--stream", "--strict"}
    assert complete_bash(["chatproof", "smoke", "comet"]) == {"cometapi"}
    assert complete_bash(["chatproof", "explain", "happy.st"]) == {"happy.status_200"}
    assert complete_bash(["chatproof", "config", ""]) >= {"show", "check", "init", "schema"}
    assert complete_bash(["chatproof", "validate", "--layer", "tr"]) == {"transport"}
    assert complete_bash(["chatproof", "nope", ""]) == set()


@pytest.fixture
def shell_environ(tmp_path: Path) -> dict[str, str]:
    """A home with one run in its journal, and chatproof on PATH: a shell asks it for runs and targets."""
    environ = {**os.environ, "HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state"), "TERM": "dumb"}
    environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run([*CLI, "smoke", "simulator", "-q"], env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return environ


@pytest.mark.nightly
@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_completes(tmp_path: Path, shell_environ: dict[str, str]) -> None:
    (tmp_path / "c.fish").write_text(completion.fish())
    (tmp_path / "a-file").touch()

    def complete(line: str) -> set[str]:
        script = f"source {tmp_path}/c.fish; complete -C '{line}'"
        argv = ["fish", "--no-config", "-c", script]
        done = subprocess.run(argv, cwd=tmp_path, env=shell_environ, capture_output=True, text=True, timeout=60)
        assert done.stderr == ""
        return {row.split("\t")[0] for row in done.stdout.splitlines()}

    assert complete("chatproof sm") == {"smoke"}
    assert complete("chatproof smoke --str") == {"--stream", "--strict"}
    assert "happy.status_200" in complete("chatproof explain happy.st")
    assert complete("chatproof smoke simulator --fault quota-4") == {"quota-402", "quota-403", "quota-429"}
    assert complete("chatproof compare sim") == {"simulator"}
    shown = complete("chatproof show ")
    assert "latest" in shown and sum(name.startswith("smoke-") for name in shown) == 1
    for line, known in (("--require ", "tools"), ("--format ", "json"), ("--fail-on ", "warning")):
        proposed = complete(f"chatproof validate {line}")
        assert known in proposed and "a-file" not in proposed, line
    for line in ("validate --ca-file ", "judge ", "show "):
        assert "a-file" in complete(f"chatproof {line}"), line


@pytest.mark.nightly
@pytest.mark.skipif(not shutil.which("zsh"), reason="zsh is not installed")
def test_zsh_completes(tmp_path: Path, shell_environ: dict[str, str]) -> None:
    """In a zsh on a pseudo-terminal: what is typed and a tab, then what the line has become."""
    (tmp_path / "c.zsh").write_text(completion.zsh())
    master, slave = pty.openpty()
    child = subprocess.Popen(
        ["zsh", "-f", "-i"], cwd=tmp_path, env=shell_environ, start_new_session=True,
        stdin=slave, stdout=slave, stderr=slave,
    )  # fmt: skip
    seen = b""

    def until(mark: bytes) -> bytes:
        """What came up to the mark; a busy machine may take its time."""
        nonlocal seen
        end = time.monotonic() + 60
        while mark not in seen:
            assert select.select([master], [], [], max(end - time.monotonic(), 0))[0], (mark, seen)
            seen += os.read(master, 65536)
        before, _, seen = seen.partition(mark)
        return before

    def became(typed: str) -> str:
        os.write(master, f"{typed}\t\x14\x15".encode())  # ctrl-t: say the line; ctrl-u: empty it
        until(b"LINE<")
        return until(b">ENIL").decode()

    says = "saying() { print -r -- \"LINE<$BUFFER>EN\"IL }; zle -N saying; bindkey '^T' saying; bindkey '^U' kill-whole-line"
    try:
        os.write(master, f"autoload -U compinit; compinit -u; . {tmp_path}/c.zsh; {says}; print RE''ADY\n".encode())
        until(b"\nREADY")
        until(b"\x1b[?2004h")  # now zsh edits the line; before, the terminal itself would take ctrl-u
        for typed, completed in (
            ("chatproof smo", "chatproof smoke "),
            ("chatproof smoke --str", "chatproof smoke --str"),  # --stream or --strict
            ("chatproof smoke --stre", "chatproof smoke --stream"),
            ("chatproof smoke simulator --fault model-not-found-5", "--fault model-not-found-503"),
            ("chatproof explain happy.st", "chatproof explain happy.status_200"),
            ("chatproof compare sim", "chatproof compare simulator"),
            ("chatproof validate --require json_s", "--require json_schema"),
            ("chatproof show smo", "chatproof show smoke-2"),
            ("chatproof smoke --ca-file c.z", "--ca-file c.zsh"),
            ("chatproof show c.z", "chatproof show c.zsh"),
            ("chatproof judge c.z", "chatproof judge c.zsh"),
            ("chatproof history --code model.unav", "--code model.unavailable"),
        ):
            assert completed in became(typed), typed
    finally:
        child.kill()
        child.wait()
        os.close(master)
        os.close(slave)


def test_zsh_and_fish_name_every_command_and_option() -> None:
    for text in (completion.zsh(), completion.fish()):
        for command in cli.COMMANDS:
            assert f" {command}" in text or f"'{command}" in text
        assert "stream" in text and "key-env" in text and "\x1b" not in text


def test_the_man_page_is_right(tmp_path: Path) -> None:
    page = tmp_path / "chatproof.1"
    page.write_text(run("completion", "man").stdout)
    shipped = Path(__file__).parents[2] / "contrib" / "man" / "chatproof.1"
    assert page.read_text() == shipped.read_text(), "run make docs"
    for command in cli.COMMANDS:
        assert f".SS chatproof {command}" in page.read_text()
    if shutil.which("mandoc"):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "error", str(page)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tascii", "-ww", "-z", str(page)], capture_output=True, text=True)
        assert done.returncode == 0 and done.stderr == ""
