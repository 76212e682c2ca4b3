"""The machine around a run: small limits, odd variables, missing folders, full disks, signals. The verdict stays."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatproof.target.target import Wanted, resolve
from chatproof.usage_error import UsageError
from tests.pace import within
from tests.support import KEY

SCRIPT = Path(sys.executable).parent / "chatproof"
MODULE = [sys.executable, "-m", "chatproof"]


def run(
    *args: str, env: dict[str, str] | None = None, command: list[str] | None = None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    environ = {"PATH": os.environ["PATH"], "CHATPROOF_API_KEY": KEY, "CHATPROOF_JOURNAL": "none", **(env or {})}
    environ = {name: value for name, value in environ.items() if value != "-"}
    done = subprocess.run([*(command or MODULE), *args], env=environ, capture_output=True, timeout=60, **more)
    assert KEY.encode() not in done.stdout + done.stderr and b"Traceback" not in done.stderr
    return done


def verdict(done: subprocess.CompletedProcess[bytes]) -> str:
    return str(json.loads(done.stdout)["verdict"])


SMOKE = ("smoke", "simulator", "--format", "json")


def limit(what: int, amount: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (amount, amount))


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "LANG": "C"}, {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "cp1252:strict"}, {"LC_ALL": "xx_YY"},
        {"PYTHONIOENCODING": "idna"},
        {"HOME": "-"}, {"HOME": "/nonexistent"}, {"HOME": ""}, {"HOME": "relative"}, {"TMPDIR": "/nonexistent"},
        {"TERM": "dumb"}, {"TERM": "-"}, {"TERM": "\x1b[2J"}, {"COLUMNS": "0"}, {"COLUMNS": "-1"}, {"COLUMNS": "abc"},
        {"COLUMNS": "1"}, {"COLUMNS": "9" * 30}, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, {"TZ": "garbage"}, {"TZ": "\x1b[2J"},
        {"PYTHONOPTIMIZE": "2"}, {"PYTHONWARNINGS": "error"}, {"PYTHONDEVMODE": "1"}, {"PYTHONFAULTHANDLER": "1"},
        {"PYTHONASYNCIODEBUG": "1", "OPENAI_LOG": "debug", "HTTPX_LOG_LEVEL": "debug"}, {"PYTHONHASHSEED": "0"},
        {"CI": "1", "GITHUB_ACTIONS": "\x1b[2J"}, {"CHATPROOF_MODEL": "simulator-mini"}, {"XDG_STATE_HOME": "/nonexistent/x"},
        {"SSLKEYLOGFILE": "/nonexistent/keys", "SSL_CERT_FILE": "/nonexistent"}, {"NETRC": "/nonexistent"},
        {"HTTP_PROXY": "socks5://u:pw@:x", "ALL_PROXY": "garbage", "no_proxy": "[::"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("fault", ["", "html-502"])
def test_odd_variables_change_no_verdict(env: dict[str, str], fault: str) -> None:
    done = run("smoke", "simulator", *(("--fault", fault) if fault else ()), env=env)
    assert done.returncode == (1 if fault else 0), done.stderr
    assert done.stdout.startswith(b"NO-GO  simulator" if fault else b"GO  simulator") or b"\x1b" in done.stdout
    if "FORCE_COLOR" not in env:
        assert b"\x1b" not in done.stdout + done.stderr
    assert b"pw@" not in done.stdout + done.stderr


def test_without_asserts_and_with_import_times_the_verdict_is_the_same() -> None:
    for options in (["-O"], ["-OO"], ["-X", "importtime"], ["-X", "dev"], ["-W", "error"], ["-b", "-b"]):
        done = run(*SMOKE, command=[sys.executable, *options, "-m", "chatproof"])
        assert (done.returncode, verdict(done)) == (0, "GO"), options


@pytest.mark.parametrize(
    "limits",
    [
        limit(resource.RLIMIT_NOFILE, 24),
        limit(resource.RLIMIT_AS, 512 * 1024 * 1024),
        limit(resource.RLIMIT_CORE, 0),
        limit(resource.RLIMIT_CPU, 20),
    ],
    ids=["files", "memory", "core", "cpu"],
)
def test_small_limits(limits: Callable[[], None]) -> None:
    """The simulator runs in the same process: it has its share of the files and threads."""
    done = run(*SMOKE, preexec_fn=limits)
    assert (done.returncode, verdict(done)) == (0, "GO"), done.stderr


def test_too_small_limits_end_in_words() -> None:
    done = run(*SMOKE, preexec_fn=limit(resource.RLIMIT_NOFILE, 6))
    assert done.returncode in (2, 3, 4) and (done.stderr or verdict(done) == "UNDECIDED")


def test_a_disk_that_fills_leaves_the_verdict_and_the_old_report(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("old")
    done = run(*SMOKE, "--report", "json=r.json", cwd=tmp_path, preexec_fn=_no_space)
    assert done.returncode == 4 and verdict(done) == "GO" and b"cannot write r.json" in done.stderr
    assert (tmp_path / "r.json").read_text() == "old" and [p.name for p in tmp_path.iterdir()] == ["r.json"]


def _no_space() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, 2048))


@pytest.mark.parametrize("path", ["/proc/r.json", "/nowhere/r.json", "/dev/null/r.json", "."])
def test_a_place_that_takes_no_report_stops_before_anything_is_sent(path: str, counting: tuple[str, list[int]]) -> None:
    url, seen = counting
    done = run("smoke", url, "--model", "m", "--report", f"json={path}")
    assert done.returncode == 2 and b"nothing was sent" in done.stderr and seen == []


@pytest.fixture
def counting() -> Iterator[tuple[str, list[int]]]:
    """A server that accepts, counts, and never answers."""
    server, seen, kept = socket.create_server(("127.0.0.1", 0)), list[int](), list[socket.socket]()

    def accept() -> None:
        try:
            while True:
                kept.append(server.accept()[0])
                seen.append(1)
        except OSError:
            pass

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/v1", seen
    server.close()
    for each in kept:
        each.close()


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    code = f"cd {gone} && rmdir {gone} && exec {sys.executable} -P -m chatproof smoke simulator --format json"
    done = run(command=["sh", "-c", code])
    assert (done.returncode, verdict(done)) == (0, "GO"), done.stderr
    done = run(command=["sh", "-c", f"mkdir {gone}; {code} --report json=r.json"])
    assert done.returncode == 2 and b"nothing was sent" in done.stderr


def test_modules_of_the_folder_are_not_imported(tmp_path: Path) -> None:
    """The console script looks in its own folder, not in the one it is called from."""
    for name in ("json", "httptools", "sitecustomize", "socket", "ssl", "sqlite3", "argparse", "chatproof", "re"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the wrong module')")
    (tmp_path / ".env").write_text("CHATPROOF_API_KEY=sk-from-a-dotenv-file\n")
    done = run(*SMOKE, command=[str(SCRIPT)], cwd=tmp_path)
    assert (done.returncode, verdict(done)) == (0, "GO"), done.stderr
    done = run("smoke", "http://127.0.0.1:1/v1", "--model", "m", command=[str(SCRIPT)], cwd=tmp_path, env={"CHATPROOF_API_KEY": "-"})  # fmt: skip
    assert done.returncode == 2 and b"auth.key_missing" in done.stderr


def test_a_user_without_a_name(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can become somebody else")
    try:
        done = run(*SMOKE, env={"HOME": "-"}, user=54321, group=54321, cwd="/")
    except PermissionError:
        pytest.skip("the installation cannot be read by others")
    assert (done.returncode, verdict(done)) == (0, "GO"), done.stderr


def test_a_closed_pipe_and_closed_streams() -> None:
    for tail in (">&-", "2>&-", "<&-", ">&- 2>&- <&-", "| true", "| head -c 1 >/dev/null", "> /dev/null 2>&1"):
        command = f"{sys.executable} -m chatproof smoke simulator --format json {tail}"
        done = run(command=["sh", "-c", command])
        assert done.returncode == 0 and b"Exception ignored" not in done.stderr and b"BrokenPipe" not in done.stderr


# -- signals --------------------------------------------------------------------------------------------------


def started(url: str, seen: list[int], *args: str, cwd: Path) -> subprocess.Popen[bytes]:
    environ = {"PATH": os.environ["PATH"], "CHATPROOF_API_KEY": KEY, "CHATPROOF_JOURNAL": "none"}
    child = subprocess.Popen(
        [*MODULE, "smoke", url, "--model", "m", *args], env=environ, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip
    until = time.monotonic() + 20
    while len(seen) < 4 and time.monotonic() < until:
        time.sleep(0.02)
    assert len(seen) >= 4
    return child


def test_stopped_and_continued(counting: tuple[str, list[int]], tmp_path: Path) -> None:
    """The deadline is monotonic and goes on while the process is stopped."""
    child = started(*counting, "--timeout", "2s", "--format", "json", cwd=tmp_path)
    child.send_signal(signal.SIGTSTP)
    time.sleep(2.5)
    child.send_signal(signal.SIGCONT)
    begun = time.monotonic()
    out, err = child.communicate(timeout=20)
    assert time.monotonic() - begun < 6 and child.returncode == 3 and b"Traceback" not in err
    assert {e["fault"]["code"] for e in json.loads(out)["exchanges"]} == {"net.read_timeout"}


def test_interrupted_twice_leaves_at_once_and_tears_nothing(counting: tuple[str, list[int]], tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("old")
    child = started(*counting, "--report", "json=r.json", cwd=tmp_path)
    for _ in range(6):
        child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=10)
    assert child.returncode in (130, -signal.SIGINT, 4) and b"Traceback" not in err
    text = (tmp_path / "r.json").read_text()
    assert text == "old" or json.loads(text)["smoke_test_run"]["pass_fail"] == "FAIL"


@pytest.mark.parametrize("body", [b"[" + b"{}," * 190_000 + b"{}]", b'{"a":"' + b"s" * 8_000_000 + b'"}'], ids=["nodes", "string"])  # fmt: skip
def test_a_signal_while_a_reply_is_read_acts_soon(body: bytes, tmp_path: Path) -> None:
    from tests.leaks.rogue import WAYS, Rogue, message

    WAYS["large"] = lambda asked: message("200 OK", body)
    server = Rogue()
    try:
        environ = {"PATH": os.environ["PATH"], "CHATPROOF_API_KEY": KEY, "CHATPROOF_JOURNAL": "none"}
        child = subprocess.Popen(
            [*MODULE, "smoke", server.url("large"), "--model", "m"], env=environ, cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        until = time.monotonic() + 20
        while len(server.requests) < 4 and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.15)
        child.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        _, err = child.communicate(timeout=20)
        assert child.returncode in (143, 1, 3) and b"Traceback" not in err
        assert time.monotonic() - begun < 10  # half a second on a machine with nothing else to do
    finally:
        server.stop()
        del WAYS["large"]


# -- configuration ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 3000, "a = " + "[" * 3000 + "]" * 3000, "a = " + "{b=" * 2000 + "1" + "}" * 2000, "a" * 500_000,
        "default = 1" + "0" * 5000, "default = \"\x00\"", "[targets.a]\nmodel = 2026-06-08", "[targets.a]\nmodel = 1e3",
        "[targets.a]\nmodel = false", "[targets.a]\nbase_url = 'https://a.test'\nbase_url = 'https://b.test'", "a: b\nc: d",
        "[targets.a]\nbase_url = \"https://h.test/v1\\nX-Evil: 1\"", "[targets.a]\nkey_env = \"A B\"", "[[targets]]",
        "[targets.a]\nbase_url = \"${HOME}\"", "[targets.a]\nmodel = \"m\\r\\nX: y\"", "[targets.\"\\u001b[2J\"]\nx = 1",
        "[targets.a]\nenvironment = 5", "!!python/object:os.system", "\t<<: *a",
    ],
    ids=lambda text: text[:30],
)  # fmt: skip
def test_a_configuration_that_is_none_is_refused_in_words(text: str, tmp_path: Path) -> None:
    path = tmp_path / "chatproof.toml"
    path.write_bytes(text.encode())
    with within(3):
        done = run("smoke", "a", "--model", "m", cwd=tmp_path)
        assert done.returncode == 2 and done.stderr.startswith(b"chatproof: ") and b"internal" not in done.stderr
        assert done.stderr.decode().replace("\n", "").isprintable() and len(done.stderr) < 2000
    with pytest.raises(UsageError):
        resolve(Wanted("a", model="m", config=str(path)), {"CHATPROOF_API_KEY": KEY})


@pytest.mark.parametrize("model", ["a\nb", "a\x1b[2J", "m" * 300, "\u202em", "m\0x", "a\r\nX-Evil: 1"])
def test_a_model_id_that_is_none(model: str) -> None:
    with pytest.raises(UsageError):
        resolve(Wanted("https://h.test/v1", model=model), {"CHATPROOF_API_KEY": KEY})


@pytest.mark.parametrize("model", ["-rf", "--help", "@file", "a/b:c", 'say "hi"', "it's", "模型"])
def test_a_model_id_is_data(model: str, counting: tuple[str, list[int]]) -> None:
    done = run("smoke", "http://127.0.0.1:1/v1", f"--model={model}", "--format", "json")
    assert done.returncode == 3 and json.loads(done.stdout)["target"]["model"] == model


@pytest.mark.parametrize("name", ["", "0001-01-01", "1970-01-01", "2038-01-20", "9999-12-31"])
def test_no_clock_makes_a_run_fail(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from chatproof import Secret, Target, clock, smoke

    made = [f"{name}T23:59:60Z" if name else "1969-12-31T23:59:59Z"]
    monkeypatch.setattr(clock, "utc", lambda: made[0])
    first = smoke(Target("http://127.0.0.1:1/v1", model="m", key=Secret(KEY)), environ={})
    second = smoke(Target("http://127.0.0.1:1/v1", model="m", key=Secret(KEY)), environ={})
    assert first.verdict == "UNDECIDED" and first.document["run_id"] != second.document["run_id"]
    assert all(e["timings_ms"]["total"] >= 0 for e in first.document["exchanges"])


def test_who_answers_with_megabytes_does_not_make_us_pay_for_them(tmp_path: Path) -> None:
    """validate answers a tool call by repeating it: a call of megabytes would be billed to the user."""
    from tests.leaks.rogue import WAYS, Rogue, message

    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "record", "arguments": json.dumps({"x": "y" * 3_000_000})},
    }
    reply = {"id": "i", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "finish_reason":
             "tool_calls", "message": {"role": "assistant", "content": "pong", "tool_calls": [call]}}]}  # fmt: skip
    WAYS["costly"] = lambda asked: message("200 OK", json.dumps(reply).encode())
    server = Rogue()
    try:
        run("validate", server.url("costly"), "--model", "m", "--format", "json", "--no-auth")
        assert len(server.requests) > 5 and max(len(request) for request in server.requests) < 300_000
    finally:
        server.stop()
        del WAYS["costly"]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs prlimit")
@pytest.mark.parametrize("command", [MODULE, [str(SCRIPT)]])
def test_a_crash_leaves_no_image_of_the_memory(command: list[str], tmp_path: Path) -> None:
    """It would hold the key: an abort, and SIGQUIT, which ^\\ sends, write one into the working folder where the limit
    allows it. What a shell starts in the background ignores SIGQUIT."""
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if not hard:
        pytest.skip("no process here may leave one")
    more: dict[str, Any] = {"preexec_fn": limit(resource.RLIMIT_CORE, hard)}
    words = [*command, "smoke", "https://127.0.0.1:9/v1", "--model", "m", "--key-stdin", "--journal", "none"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, cwd=tmp_path, **more) as child:
        until = time.monotonic() + 30
        while resource.prlimit(child.pid, resource.RLIMIT_CORE)[0] and time.monotonic() < until:
            time.sleep(0.02)
        left = resource.prlimit(child.pid, resource.RLIMIT_CORE)[0]
        child.send_signal(signal.SIGABRT)
        child.wait(30)
    assert left == 0 and list(tmp_path.iterdir()) == []
