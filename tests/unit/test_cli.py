"""The command line as people and scripts use it: exit statuses, streams, signals, files, and what never appears."""

import errno
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chatproof.cli import main as cli
from chatproof.cli import output
from chatproof.fleet import resuming
from chatproof.simulator.harness import ChatSimulator
from chatproof.target import trust
from chatproof.target.target import Target, Wanted
from chatproof.usage_error import UsageError
from tests.support import KEY

CLI = [sys.executable, "-m", "chatproof"]


def run(
    *args: str, cwd: Path | None = None, env: dict[str, str] | None = None, **more: Any
) -> subprocess.CompletedProcess[bytes]:
    environ = {"PATH": os.environ["PATH"], "CHATPROOF_API_KEY": KEY, "COVERAGE": "", **(env or {})}
    done = subprocess.run([*CLI, *args], cwd=cwd, env=environ, capture_output=not more, timeout=60, **more)
    for stream in (done.stdout, done.stderr):
        assert KEY.encode() not in (stream or b"") and b"Traceback" not in (stream or b"")
    return done


def test_go(tmp_path: Path) -> None:
    done = run("smoke", "simulator", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.startswith(b"GO  simulator")
    assert done.stderr == b"" and list(tmp_path.iterdir()) == []


def test_no_go_and_undecided() -> None:
    assert run("smoke", "simulator", "--fault", "html-502").returncode == 1
    assert run("smoke", "simulator", "--fault", "html-502", "--exit-zero").returncode == 0
    assert run("smoke", "http://127.0.0.1:1/v1", "--model", "m").returncode == 3


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["smok"], b"did you mean smoke?"),
        (["smoke", "--nope"], b"unrecognized arguments"),
        (["smoke", "nowhere"], b"there is no target"),
        (["smoke", "https://u:p@h.test/v1"], b"url.invalid"),
        (["smoke", "http://h.test/v1"], b"unencrypted"),
        (["smoke", "simulator", "--only", "nope"], b"there is no clause"),
        (["smoke", "simulator", "--format", "pdf"], b"there is no format"),
        (["smoke", "simulator", "--report", "junitt=x"], b"there is no format"),
        (["smoke", "simulator", "--report", "json=/nowhere/x.json"], b"nothing was sent"),
        (["smoke", "simulator", "--timeout", "0"], b"not a duration"),
        (["smoke", "simulator", "--fault", "nope"], b"there is no fault"),
        (["smoke", "simulator", "--max-requests", "2"], b"more than --max-requests 2"),
        (["smoke", "simulator", "--no-auth", "--only", "auth"], b"no request remains"),
        (["smoke", "https://h.test/v1", "--ca-file", "/nowhere", "--model", "m"], b"cannot use /nowhere"),
        (["smoke", "https://h.test/v1", "--proxy", "socks5://x:1", "--model", "m"], b"http://host:port"),
        (["smoke", "https://h.test/v1", "--proxy", "http://u:pw@x:1", "--model", "m"], b"use --proxy env"),
        (["models", "https://h.test/v1", "--proxy=http://token@x:1"], b"everyone on this machine"),
        (["smoke", "cometapi", "--model", "m"], b"auth.key_missing"),
        (["smoke", KEY], b"looks like a key"),
        (["contract", "--profile", "nope"], b"there is no profile"),
        ([], b""),
    ],
)
def test_usage_errors_exit_2_and_send_nothing(args: list[str], words: bytes) -> None:
    done = run(*args)
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stdout == b"" or args == []


def test_a_key_on_argv_is_not_echoed() -> None:
    for args in (
        ["smoke", "simulator", f"--api-key={KEY}"],
        ["smoke", "simulator", "--key", KEY],
        ["smoke", "simulator", KEY],
    ):
        assert run(*args).returncode == 2


def test_json_is_one_document_and_reports_go_to_files(tmp_path: Path) -> None:
    done = run(
        "smoke", "simulator", "--format", "json", "--report", "yaml=r.yaml", "--report", "text=r.txt", cwd=tmp_path
    )
    document = json.loads(done.stdout)
    assert document["verdict"] == "GO" and document["schema"] == "chatproof.run/1"
    record = yaml.safe_load((tmp_path / "r.yaml").read_text())["smoke_test_run"]
    assert record["run_id"] == document["run_id"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.txt", "r.yaml"]
    assert {oct(p.stat().st_mode & 0o777) for p in tmp_path.iterdir()} == {"0o600"}
    both = run("smoke", "simulator", "--report", "yaml", "--report", "text=-", cwd=tmp_path).stdout
    assert both.startswith(b"smoke_test_run:") and b"\nGO  simulator" in both


def test_a_proxys_password_is_in_no_repr() -> None:
    for values in (Target("https://h.test/v1", proxy="http://u:p@ss@x:1"), Wanted(proxy="http://u:p@ss@x:1")):
        assert "proxy='x:1'" in repr(values) and "ss@" not in repr(values) and "u:p" not in repr(values)
    assert "proxy='http://x:1'" in repr(Wanted(proxy="http://x:1")) and "proxy='env'" in repr(Wanted(proxy="env"))


def test_a_report_that_cannot_be_synced_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(output.WriteError, match="No space left"):
        output.Artefact(str(tmp_path / "r.json"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "link", "pipe"])
@pytest.mark.parametrize("what", ["report", "approvals", "state of a fleet"])
def test_nothing_is_written_into_what_somebody_put_beside_it(
    tmp_path: Path, kind: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of his would be his to read and to change; a link of his would empty a file of ours; a pipe would wait."""
    place, other = tmp_path / "r.json", tmp_path / "other"
    other.write_text("precious")
    squatted = Path(f"{place}.{os.getpid()}.tmp")
    if kind == "pipe":
        os.mkfifo(squatted)
    else:
        os.link(other, squatted) if kind == "link" else squatted.write_text("")
        squatted.chmod(0o666)
    monkeypatch.setattr(trust, "place", lambda: str(place))
    if what == "report":
        output.Artefact(str(place)).write("ours")
    elif what == "approvals":
        trust._write({})
    else:
        resuming.State(str(place), "2026-11-29T00:00:00.000Z", [])
    assert place.stat().st_mode & 0o777 == 0o600 and place.stat().st_ino != squatted.stat().st_ino
    assert place.read_bytes() and other.read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "r.json", squatted.name]


def test_a_command_stops_the_simulator_that_it_started(capfd: pytest.CaptureFixture[str]) -> None:
    """A process that goes on after a command keeps neither its sockets nor its threads."""

    def held() -> int:
        gc.collect()
        return sum(os.readlink(f"/proc/self/fd/{fd}").startswith("socket:") for fd in os.listdir("/proc/self/fd")
                   if os.path.islink(f"/proc/self/fd/{fd}"))  # fmt: skip

    before = held()
    for fault in ("", "connect-timeout", "connection-refused", "empty-choices"):
        args = ["smoke", "simulator", "--fault", fault, "--timeout", "0.3s", "--journal", "none", "-q"]
        assert cli.main(args) == {"": 0, "empty-choices": 1}.get(fault, 3), capfd.readouterr()
        assert held() == before, fault
    assert cli.main(["doctor", "simulator"]) == 0 and held() == before


def test_special_files_stay_what_they_are(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    reader = subprocess.Popen(["cat", str(fifo)], stdout=subprocess.PIPE)
    assert run("smoke", "simulator", "--report", f"json={fifo}").returncode == 0
    assert json.loads(reader.communicate(timeout=20)[0])["verdict"] == "GO" and fifo.is_fifo()
    done = run("smoke", "simulator", "--report", "json=/dev/full")
    assert done.returncode == 4 and Path("/dev/full").is_char_device() and done.stdout.startswith(b"GO")
    assert run("smoke", "simulator", "--report", "json=a", "--report", "text=./a", cwd=tmp_path).returncode == 2


def test_a_report_replaces_a_file_and_never_follows_a_link(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "r.json").symlink_to(victim)
    assert run("smoke", "simulator", "--report", "json=r.json", cwd=tmp_path).returncode == 0
    assert victim.read_text() == "mine" and json.loads((tmp_path / "r.json").read_text())["verdict"] == "GO"


def test_full_disk_and_closed_streams(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:
        done = run("smoke", "simulator", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 4 and b"GO; cannot write to standard output" in done.stderr
    done = subprocess.run(
        f"{sys.executable} -m chatproof smoke simulator >&-", shell=True, capture_output=True, timeout=60
    )
    assert done.returncode == 0 and done.stderr == b""
    done = subprocess.run(
        f"{sys.executable} -m chatproof simulate --list-faults | head -1", shell=True, capture_output=True, timeout=60
    )
    assert done.stderr == b"" and done.stdout.count(b"\n") == 1


@pytest.mark.parametrize(
    "env",
    [
        {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"},
        {"TERM": "dumb", "NO_COLOR": "1"},
        {"HOME": "/nonexistent"},
        {"TZ": "garbage"},
        {"PYTHONDEVMODE": "1"},
    ],
)
def test_odd_environments(env: dict[str, str]) -> None:
    done = run("smoke", "simulator", "--fault", "html-502", env=env)
    assert done.returncode == 1 and done.stdout.startswith(b"NO-GO") and b"\x1b" not in done.stdout


def test_color_only_when_forced_or_on_a_terminal() -> None:
    assert b"\x1b[32mGO" in run("smoke", "simulator", env={"FORCE_COLOR": "1"}).stdout


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that accepts and never answers."""
    server = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def accept() -> None:
        try:
            while True:
                kept.append(server.accept()[0])
        except OSError:
            pass

    threading.Thread(target=accept, daemon=True).start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    server.close()
    for each in kept:
        each.close()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_end_in_order_with_a_record(silent: str, tmp_path: Path, number: int, status: int) -> None:
    environ = {"PATH": os.environ["PATH"], "CHATPROOF_API_KEY": KEY}
    child = subprocess.Popen(
        [*CLI, "smoke", silent, "--model", "m", "--report", "json=r.json"], cwd=tmp_path, env=environ,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    time.sleep(1.0)
    begun = time.monotonic()
    child.send_signal(number)
    out, err = child.communicate(timeout=10)
    assert time.monotonic() - begun < 6
    assert child.returncode == status and b"Traceback" not in err
    assert out.startswith(b"UNDECIDED") and b"interrupted by" in out
    document = json.loads((tmp_path / "r.json").read_text())
    assert document["verdict"] == "UNDECIDED" and document["smoke_test_run"]["pass_fail"] == "FAIL"


def test_the_deadline_is_kept(silent: str) -> None:
    begun = time.monotonic()
    done = run("smoke", silent, "--model", "m", "--timeout", "1s", "--format", "json")
    assert time.monotonic() - begun < 8
    document = json.loads(done.stdout)
    assert done.returncode == 3 and document["diagnoses"][0]["code"] == "net.read_timeout"
    assert all(e["timings_ms"]["total"] < 2000 for e in document["exchanges"])


def test_plan_needs_only_the_name_of_the_key() -> None:
    done = run("smoke", "cometapi", "--plan", "--model", "m")
    assert done.returncode == 0 and b"Bearer $COMETAPI_KEY" in done.stdout and b"not-set" not in done.stdout


def test_contract_of_an_unknown_name() -> None:
    assert run("contract", "tpyo").returncode == 2


def test_models_as_json_even_when_it_fails() -> None:
    done = run("models", "http://127.0.0.1:1/v1", "--format", "json")
    assert done.returncode == 3 and json.loads(done.stdout)["diagnoses"][0]["code"] == "net.refused"


def test_plan_sends_nothing_and_shows_no_key(silent: str) -> None:
    done = run("smoke", silent, "--plan", "--stream", "--model", "m")
    text = done.stdout.decode()
    assert done.returncode == 0 and text.startswith("# 5 requests, 2 billable") and "token ceiling" in text
    assert '-H "Authorization: Bearer $CHATPROOF_API_KEY"' in text
    assert text.count("curl ") == 5 and "Respond with the single word: pong" in text


def test_plan_is_runnable_shell(tmp_path: Path) -> None:
    """The lines are what they claim: a shell can run them (against a closed port: curl's exit status 7)."""
    text = run("smoke", "http://127.0.0.1:1/v1", "--plan", "--model", "it's").stdout.decode()
    for command in text.split("\n\n")[1:]:
        lines = "\n".join(line for line in command.splitlines() if not line.startswith("#"))
        assert subprocess.run(["sh", "-c", lines], capture_output=True).returncode in (7, 127)


def test_without_a_model_the_run_stops_and_lists() -> None:
    from chatproof import simulator

    server = simulator.start()
    env = {"CHATPROOF_API_KEY": server.key}
    try:
        done = run("smoke", server.base_url, env=env)
        assert done.returncode == 2 and b"simulator-mini" in done.stderr and b"embedding" not in done.stderr
        done = run("smoke", server.base_url, "--model", "auto", env=env)
        assert done.returncode == 0 and b"--model auto chose" in done.stdout
        done = run("models", server.base_url, "--check", "simulator-min", env=env)
        assert done.returncode == 1 and done.stdout.count(b"near:") == 3
        assert run("models", server.base_url, "--check", "simulator-mini", env=env).returncode == 0
        far = run("models", server.base_url, "--check", "zzz", env=env)
        assert far.returncode == 1 and b"next: chatproof models, with the same target, lists them" in far.stdout
        listed = json.loads(run("models", server.base_url, "--format", "json", env=env).stdout)["models"]
        assert {"id": "simulator-mini", "looks_chat_capable": True} in listed
        assert server.key.encode() not in done.stdout
    finally:
        server.stop()


def test_auto_takes_no_id_that_model_would_refuse_nor_one_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from chatproof.cli.commands import models
    from chatproof.target.target import Target, check
    from chatproof.wire.exchange import Secret

    resolved = check(Target("http://127.0.0.1:1/v1", key=Secret("sk-" + "x1Y2" * 8)))
    odd = ["a\nb", "a\0b", "x" * 257, f"m-sk-{'x1Y2' * 8}", "text-embedding-1"]
    monkeypatch.setattr(models, "ask", lambda resolved: None)
    monkeypatch.setattr(models, "ids_of", lambda reply: [*odd, "good", "later"])
    assert models.choose_model(resolved, auto=True).target.model == "good"
    monkeypatch.setattr(models, "ids_of", lambda reply: odd)
    with pytest.raises(UsageError, match="no model is given") as caught:
        models.choose_model(resolved, auto=True)
    assert "x1Y2x1Y2" not in str(caught.value)


def test_models_explains_a_failure() -> None:
    done = run("models", "http://127.0.0.1:1/v1")
    assert done.returncode == 3 and done.stdout.startswith(b"net.refused")


def test_doctor_finds_our_own_faults() -> None:
    done = run("doctor", "https://h.test/v1", env={"CHATPROOF_API_KEY": KEY[:9] + "\n" + KEY[9:]})
    assert done.returncode == 2 and b"line feed (U+000A) at offset 9" in done.stdout
    done = run(
        "doctor", "https://127.0.0.1:1/v1", "--format", "json", env={"HTTPS_PROXY": "http://x:1", "SSL_CERT_FILE": "/x"}
    )
    checks = json.loads(done.stdout)["checks"]
    said = " ".join(check["said"] for check in checks)
    assert done.returncode == 0 and "HTTPS_PROXY" in said and "SSL_CERT_FILE" in said and "x:1" not in said


def test_contract_prints_the_table() -> None:
    text = run("contract").stdout.decode()
    for words in (
        "Endpoint path",
        "Support escalation",
        "https://apidoc.cometapi.com/support/help-center",
        "2026-06-08",
        "wording",
    ):
        assert words in text
    document = json.loads(run("contract", "openai", "--format", "json").stdout)
    assert len(document["clauses"]) == 23 and all(c["source"] and c["accessed"] for c in document["clauses"])
    assert "| clause |" in run("contract", "--format", "markdown").stdout.decode()


def test_version_and_help() -> None:
    assert run("--version").stdout.startswith(b"chatproof 0.")
    for command in cli.COMMANDS:
        assert run(command, "--help").returncode == 0
    for status in cli.EXIT:
        assert str(status) in run("--help").stdout.decode()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("model-not-found-503", "next: see: chatproof simulate --api responses --list-faults\n"),
        ("stream-faled", "did you mean stream-failed "),
    ],
)
def test_a_fault_of_another_api_leads_to_the_list_once(
    fault: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["smoke", "simulator", "--api", "responses", "--fault", fault]) == 2
    told = capfd.readouterr().err
    assert said in told and told.count("--list-faults") == 1


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_only_a_command_that_lives_long_collects_garbage(command: str) -> None:
    """A monitor that never does grows until it is killed."""
    gc.disable()
    try:
        assert cli.main([command, "--no-such-option"]) == 2
        assert gc.isenabled() is (command in ("fleet", "serve", "simulate", "watch"))
    finally:
        gc.enable()


def test_smoke_imports_nothing_heavy() -> None:
    """The cold path is the product's feel on call: this list is looked at before it grows."""
    code = (
        "import sys; sys.argv=['x']; from chatproof.cli import main as cli; from chatproof.cli.commands import smoke;"
        "cli.main(['smoke','http://127.0.0.1:1/v1','--model','m','-q']); print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, env={"CHATPROOF_API_KEY": KEY}, timeout=60
    )
    modules = set(done.stdout.split())
    loaded = modules | {name.split(".")[0] for name in modules}
    heavy = {"dataclasses", "inspect", "asyncio", "logging", "ssl", "tomllib", "email", "http", "urllib", "tempfile",
             "importlib.metadata", "pathlib", "subprocess", "decimal", "datetime", "random", "msgspec", "rich",
             "sqlite3", "zoneinfo", "concurrent", "multiprocessing", "uuid", "csv", "html", "hashlib", "shutil",
             "yaml", "jinja2", "junitparser", "harfile", "jsonschema_rs", "psycopg", "keyring", "uvloop",
             "prometheus_client", "pytest"}  # fmt: skip
    assert "chatproof.cli.commands.smoke" in loaded and not loaded & heavy


def test_a_good_run_loads_nothing_that_only_faults_need(tmp_path: Path) -> None:
    """Each module costs a tenth of a millisecond of the tens that a start takes: docs/decisions/0003."""
    with ChatSimulator() as simulator:
        code = (
            "import sys; from chatproof.cli import main as cli;"
            f"ended = cli.main(['smoke', {simulator.base_url!r}, '--model', {simulator.model!r}, '-q']);"
            "print(ended, *sorted(sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-I", "-c", code],
            capture_output=True,
            text=True,
            env={"CHATPROOF_API_KEY": simulator.api_key},
            cwd=tmp_path,
            timeout=60,
        )
    ended, *modules = done.stdout.splitlines()[-1].split()
    assert ended == "0" and "chatproof.running.scheduler" in modules
    needless = {"socket", "selectors", "threading", "typing", "httptools", "chatproof.wire.json_faults", "chatproof.wire.sse",
                "chatproof.target.config_reading", "chatproof.running.burst"}  # fmt: skip
    assert needless.isdisjoint(modules)


@pytest.mark.parametrize("option", ["--config", "--journal", "--key-file", "--report", ""])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy", "CHATPROOF_PROXY", "SHOP_TOKEN"])
def test_no_command_repeats_a_secret_of_the_environment_in_a_path(
    variable: str, option: str, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    secret = "Xy7-correct-horse"
    monkeypatch.setenv(variable, secret if variable == "SHOP_TOKEN" else f"http://user:{secret}@proxy.test:3128")
    words = [option, f"/nowhere/{secret}/x"] if option else [f"/nowhere/{secret}/x"]
    for command in cli.COMMANDS:
        assert cli.main([command, *words]) == 2
        shown = capsysbinary.readouterr()
        assert shown.out == b"" and b"looks like a key" in shown.err and secret.encode() not in shown.err


def test_every_command_names_a_configuration_that_it_cannot_read(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path is no secret, and who cannot see which one is meant cannot mend it."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:short@proxy.test:3128")
    for command in ("smoke", "validate", "models", "contract", "doctor", "history"):
        assert cli.main([command, "--config", "/nowhere/short/x.toml"]) == 2
        shown = capsysbinary.readouterr()
        assert b"cannot read /nowhere/short/x.toml: No such file" in shown.out + shown.err
