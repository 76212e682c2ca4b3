"""Sink × fault × mode: the key leaves in the Authorization header of the requests that need it, and nowhere else."""

from __future__ import annotations

import itertools
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatproof import reporters
from chatproof.cli import main as cli
from chatproof.secrets.key_check import INVALID_KEY
from chatproof.simulator import CHAT
from chatproof.simulator.control import Switch
from chatproof.simulator.faults import FAULTS
from chatproof.simulator.server import Server
from tests.leaks.rogue import WAYS, Rogue
from tests.leaks.runs import CONTROL, LAUNCH, MODES, Ran, reports, run
from tests.leaks.scanner import DECOY, KEY, ODD_KEY, PROXY, controls, hidden, scan

REFLECTING = [name for name in FAULTS if "key-in" in name]
SIMULATED = [*REFLECTING, "html-502", "key-rejected", "stream-error", "login-page-200"]
CASES = [*(w for w in WAYS if w != "hang"), *(f"sim:{name}" for name in SIMULATED)]
TELLING = [
    "good", "echo-plain", "echo-base64-1", "echo-percent-twice", "refuse-bearer", "refuse-hex-spaces", "utf-16-body",
    "key-is-the-body", "key-at-the-excerpt-edge", "names-body", "reason", "status-line", "header-name", "two-headers",
    "location", "1xx", "trailer", "excess", "split-2", "split-many", "split-uneven", "request-dumped", "error-code",
    "sim:key-in-stream", "sim:key-in-base64",
]  # fmt: skip
STARS = ["echo-bearer", "echo-masked", "echo-eight", "location-userinfo", "gzip", "stream-error", "control-bytes"]
STARS += [f"sim:{name}" for name in SIMULATED]
"""With TELLING what is played at each commit; the rest is played by night."""
EACH_COMMIT = ("echo-base64-1", "request-dumped")
"""Two that put the key into headers and bodies, plain and encoded: played by the default suite into every format."""
COMMANDS = {"smoke": ("--stream", "--keep-bodies", "-vv")}


@pytest.fixture(scope="module")
def base_url(rogue: Rogue) -> Iterator[Callable[[str], str]]:
    servers: list[Server] = []

    def find(case: str) -> str:
        if not case.startswith("sim:"):
            return rogue.url(case)
        servers.append(Server(Switch(CHAT, KEY.value, FAULTS[case[4:]]), KEY.value))
        return f"http://127.0.0.1:{servers[-1].port}/v1"

    yield find
    for server in servers:
        server.stop()


class Inside:
    """cli.main in this process: as quick as the run itself, so that everything can be tried."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.capture = folder, capture
        monkeypatch.chdir(folder)
        monkeypatch.setenv("CHATPROOF_API_KEY", KEY.value)
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("TMPDIR", str(folder))
        monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))  # the journal is among the files that are scanned

    def __call__(self, *args: str) -> Ran:
        (self.folder / CONTROL).write_bytes(hidden())
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        self.capture.readouterr()
        try:
            status = cli.main(list(args))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        out, err = self.capture.readouterr()
        files = {f"file {p.name}": p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}
        return Ran(status, {"stdout": out, "stderr": err, **files})


@pytest.fixture
def inside(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Inside:
    return Inside(tmp_path, capfdbinary, monkeypatch)


def check(ran: Ran, *, text: bool = True) -> None:
    assert ran.leaks() == []
    assert b"Traceback" not in ran.artefacts["stderr"] and b"internal error" not in ran.artefacts["stderr"]
    for name in ("stdout", "stderr", "file report.text"):
        # CSV ends its lines with CRLF (RFC 4180); a lone CR is found.
        assert not text or controls(ran.artefacts.get(name, b"").replace(b"\r\n", b"\n")) == [], name


# -- every case, every sink -------------------------------------------------------------------------------------------


def _cases() -> list[Any]:
    marks: dict[str, list[Any]] = {case: [] for case in CASES}
    for case in set(CASES) - {*TELLING, *STARS}:
        marks[case].append(pytest.mark.nightly)
    for case in EACH_COMMIT:
        marks[case].append(pytest.mark.each_commit)
    return [pytest.param(case, marks=marks[case]) for case in CASES]


@pytest.mark.parametrize("case", _cases())
def test_every_case_into_every_format(case: str, base_url: Callable[[str], str], inside: Inside) -> None:
    """All formats as files in one run, one of them on standard output, in turn."""
    format = reporters.formats()[CASES.index(case) % len(reporters.formats())]
    base = base_url(case)
    ran = inside(
        "smoke", base, "--model", "simulator-mini" if case.startswith("sim:") else "m", "--environment", DECOY.value,
        "--timeout", "5s", "--format", format, *COMMANDS["smoke"], *reports(),
    )  # fmt: skip
    check(ran)
    assert ran.status in (0, 1, 3)
    assert {f"file report.{name}" for name in reporters.formats()} <= set(ran.artefacts)
    assert ran.shows_decoy("file report.json") and ran.shows_decoy("file report.yaml")
    if case in ("good", "control-bytes", "control-ids", "ids-unreadable"):
        return
    if case.startswith(("echo-", "sim:key-in")) and case not in (
        "echo-first-half", "echo-last-half", "echo-eight", "echo-masked",
    ):  # fmt: skip
        document = json.loads(ran.artefacts["file report.json"])
        assert any(f["clause"] == "secret.not_reflected" and f["outcome"] == "broken" for f in document["findings"])


@pytest.mark.parametrize("left_out", [("--skip", "secret.not_reflected"), ("--only", "stream")], ids=["skip", "only"])
def test_a_stream_of_pieces_is_not_kept_because_nobody_asked_about_the_key(
    left_out: tuple[str, ...], rogue: Rogue, inside: Inside
) -> None:
    ran = inside("smoke", rogue.url("split-many"), "--model", "m", *COMMANDS["smoke"], *left_out, *reports())
    check(ran)
    assert b"stream.finished" in ran.artefacts["file report.json"]


@pytest.mark.parametrize("case", ["echo-plain", "echo-hex", "control-ids"])
@pytest.mark.parametrize("choice", [(), ("--model", "auto")], ids=["none", "auto"])
def test_without_a_model(case: str, choice: tuple[str, ...], rogue: Rogue, inside: Inside) -> None:
    """The list of models, whose ids hold the key, is shown or chosen from."""
    check(inside("smoke", rogue.url(case), *choice, *reports()))


JOURNALED = (  # each command and format that shows something of the journal
    *(("history", "--format", name) for name in ("text", "json", "csv")),
    *(("show", "latest", "-vv", "--format", name) for name in reporters.formats()),
    *(("diff", "latest", "{first}", "--format", name) for name in ("text", "json")),
    *(("contract", "{base}", "--format", name) for name in ("text", "json", "markdown")),
    ("contract", "sign", "happy.status_200", "--owner", "ann"),
    ("contract", "diff", "openai", "generic"),
    ("contract", "diff", "openai", "cometapi", "--format", "json"),
    ("journal", "verify"),
    ("journal", "export"),
    ("journal", "export", "export.jsonl"),
    ("journal", "prune", "--keep", "9"),
    ("journal", "import", "export.jsonl", "--journal", "other.jsonl"),
    *(("review", "latest", "{first}", "--format", name) for name in reporters.formats("review")),
    *(("escalate", "latest", "--anyway", "--format", name) for name in reporters.formats("escalation")),
    ("escalate", "latest", "--anyway", "-o", "bundle.md"),
    ("review", "--since", "1d", "-o", "review.md", "--format", "markdown"),
)


@pytest.mark.parametrize("case", TELLING)
def test_the_journal_and_all_that_reads_it(case: str, base_url: Callable[[str], str], inside: Inside) -> None:
    model = "simulator-mini" if case.startswith("sim:") else "m"
    base = base_url(case)
    smoke = ("smoke", base, "--model", model, "--environment", DECOY.value, *COMMANDS["smoke"])
    inside(*smoke, "--format", "json")
    first = json.loads(inside("show", "latest", "--format", "json").stdout)["run_id"]
    ran = inside(*smoke)
    said = {"stdout": ran.stdout, "stderr": ran.artefacts["stderr"]}
    for args in JOURNALED:
        ran = inside(*(word.format(first=first, base=base) for word in args))
        refused = case == "good" and args[0] == "escalate" and ran.status == 2  # there is nothing to send
        assert refused or (ran.status == 0 and ran.stdout), args
        said = {name: text + b"\n" + ran.artefacts[name].replace(b"\r\n", b"\n") for name, text in said.items()}
    whole = Ran(0, {**ran.artefacts, **said})  # scanned once, with the journal's files as they are in the end
    check(whole)
    assert any(whole.shows_decoy(f"file journal.sqlite3{end}") for end in ("", "-wal")), "the scan reads the journal"


@pytest.mark.parametrize(
    "args",
    [
        ("smoke", "{key}"), ("{key}",), ("smoke", "--api-key={odd}"), ("smoke", "--key", "{odd}"),
        ("smoke", "http://u:{key}@127.0.0.1/v1"), ("smoke", "https://h.test/v1?k={key}"), ("smoke", "--profile", "{key}"),
        ("smoke", "http://127.0.0.1:1/v1", "--model", "{key}"), ("smoke", "simulator", "--only", "{key}"),
        ("smoke", "http://127.0.0.1:1/v1", "--model", "m", "--proxy", "socks5://u:{proxy}@h:1"),
        ("smoke", "http://127.0.0.1:1/v1", "--model", "m", "--proxy", "u:{proxy}@h:1"),
        ("smoke", "http://127.0.0.1:1/v1", "--model", "m", "--proxy", "http://u:{proxy}@h:x"),
        ("smoke", "http://127.0.0.1:1/v1", "--model", "m", "--proxy", "http://u:{proxy}@127.0.0.1:1"),
        ("smoke", "http://127.0.0.1:1/v1", "--model", "m", "--proxy", "http://u:{proxy}@127.0.0.1:1", "--plan"),
        ("doctor", "http://127.0.0.1:1/v1", "--proxy", "http://u:{proxy}@127.0.0.1:1"),
        ("smoke", "simulator", "--proxy", "http://{proxy}@h:1"), ("smoke", "simulator", "--proxy=http://u:{proxy}@h:1"),
        ("models", "http://127.0.0.1:1/v1", "--proxy", "http://u:{proxy}@127.0.0.1:1"),
        ("smoke", "simulator", "--report", "json=/nowhere/{key}"), ("smoke", "--config", "/nowhere/{key}"),
        ("smoke", "http://127.0.0.1:1/v1", "--key-env", "{key}"), ("smoke", "--key-file", "/nowhere/{key}"),
        ("smoke", "simulator", "--format", "{key}"), ("smoke", "simulator", "--timeout", "{key}"),
        ("models", "http://127.0.0.1:1/v1", "--check", "{key}"), ("contract", "{key}"), ("simulate", "--fault", "{key}"),
        ("requests", "from", "{key}"), ("requests", "{key}"), ("requests", "from", "/", "-o", "/nowhere/{key}"),
        ("simulate", "--key-env", "{key}"), ("simulate", "--pace", "{key}"), ("simulate", "--latency", "{key}"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_secret_among_the_arguments_is_not_repeated(args: tuple[str, ...], inside: Inside) -> None:
    filled = [arg.format(key=KEY.value, odd=ODD_KEY.value, proxy=PROXY.value) for arg in args]
    check(inside(*filled))


@pytest.mark.parametrize(
    "value",
    ["{}\n{}", "'{}'", "Bearer {}", "\ufeff{}", "${{{}}}", "{} {}", "https://{}", "{}é", "your-api-key-{}"],
)
@pytest.mark.parametrize("command", ["smoke", "doctor", "models"])
def test_a_bad_key_is_described_not_shown(
    value: str, command: str, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHATPROOF_API_KEY", value.format(KEY.value, KEY.value))
    check(inside(command, "http://127.0.0.1:1/v1"))
    file = inside.folder / "key"
    file.write_text(value.format(KEY.value, KEY.value) * 400, encoding="utf-8")
    ran = inside(command, "http://127.0.0.1:1/v1", "--key-file", str(file))
    del ran.artefacts["file key"]
    check(ran)


# -- processes: streams, files, /proc, modes --------------------------------------------------------------------------


def _pairs(full: bool) -> list[tuple[str, str]]:
    if full:
        return list(itertools.product(CASES, MODES))
    return list(zip(TELLING, itertools.cycle(MODES), strict=False))


def _whole_process(case: str, mode: str, base: str, folder: Path, format: str) -> None:
    model = "simulator-mini" if case.startswith("sim:") else "m"
    args = ["smoke", base, "--model", model, "--environment", DECOY.value, *COMMANDS["smoke"], *reports()]
    ran = run(folder, [*args, "--format", format], mode=mode)
    check(ran, text=mode == "normal")
    assert ran.status in (0, 1, 3) and ran.shows_decoy("file report.json")
    assert not [name for name in ran.artefacts if name.endswith(".tmp")]


@pytest.mark.parametrize(("case", "mode"), _pairs(full=False))
def test_processes(case: str, mode: str, base_url: Callable[[str], str], tmp_path: Path) -> None:
    format = reporters.formats()[TELLING.index(case) // len(MODES) % len(reporters.formats())]
    _whole_process(case, mode, base_url(case), tmp_path, format)


@pytest.mark.nightly
@pytest.mark.parametrize(("case", "mode"), _pairs(full=True))
def test_processes_full(case: str, mode: str, base_url: Callable[[str], str], tmp_path: Path) -> None:
    """Every format is written as a file; the one on standard output changes from run to run."""
    known = reporters.formats()
    format = known[(CASES.index(case) + list(MODES).index(mode)) % len(known)]
    _whole_process(case, mode, base_url(case), tmp_path, format)


def test_a_terminal(rogue: Rogue, tmp_path: Path) -> None:
    """On a pseudo-terminal: colours are ours, nothing else is."""
    import pty

    code = f"import pty, sys; sys.exit(pty.spawn({[sys.executable, '-m', 'chatproof']!r} + sys.argv[1:]) >> 8)"
    ran = run(tmp_path, ["smoke", rogue.url("echo-hex"), "--model", "m", "-vv"], launch=["-c", code])
    assert pty.STDOUT_FILENO == 1 and b"\x1b[31mNO-GO" in ran.stdout and ran.leaks() == []
    assert controls(re.sub(rb"\x1b\[\d+m|\r", b"", ran.stdout)) == []


@pytest.mark.parametrize("mode", ["normal", "faulthandler", "devmode"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGABRT])
def test_signals_during_a_hanging_run(number: int, mode: str, rogue: Rogue, tmp_path: Path) -> None:
    if number == signal.SIGABRT and mode == "normal":
        pytest.skip("only faulthandler says anything")
    rogue.take()
    args = ["smoke", rogue.url("hang"), "--model", "m", "--environment", DECOY.value, *reports()]
    ran = run(tmp_path, args, mode=mode, send=number, when=lambda: len(rogue.requests) >= 4)
    assert ran.leaks() == []
    if number == signal.SIGABRT:
        assert ran.status == -number and b"Fatal Python error: Aborted" in ran.artefacts["stderr"]
    else:
        assert ran.status == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]  # type: ignore[index]
        assert b"Traceback" not in ran.artefacts["stderr"] and ran.shows_decoy("file report.json")


STAGES = {
    "send": "import chatproof.running.dispatch as m; m.send = fail",
    "judge": "import chatproof.running.run as m; m.judge = fail",
    "diagnose": "import chatproof.diagnosis.diagnosis as m; m.diagnose = fail",
    "record": "import chatproof.record.document as m; m.build = fail",
    "redact": "import chatproof.record.document as m; m.Redactor.finds = fail",
    "render": "import chatproof.reporters as m; m.render = fail",
    "write": "import chatproof.cli.output as m; m.Artefact.write = fail",
    "key": "import chatproof.secrets.key_check as m; m.check = fail",
    "config": "import chatproof.target.target as m; m.resolve = fail",
}
FAIL = """
import os, sys
def fail(*args, **named):
    key = os.environ['CHATPROOF_API_KEY']
    error = KINDS(key)
    error.add_note('Bearer ' + key)
    raise error from ValueError(key)
"""


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("mode", ["normal", pytest.param("devmode", marks=pytest.mark.nightly)])
def test_an_internal_error_that_holds_the_key(stage: str, mode: str, rogue: Rogue, tmp_path: Path) -> None:
    """The exception's text, cause and notes are the key itself. Nothing of it may be printed."""
    kind = ["RuntimeError", "KeyError", "OSError", "UnicodeError"][list(STAGES).index(stage) % 4]
    code = f"{FAIL.replace('KINDS', kind)}\n{STAGES[stage]}\n{LAUNCH}"
    args = ["smoke", rogue.url("echo-plain"), "--model", "m", *reports()]
    ran = run(tmp_path, args, mode=mode, launch=["-c", code])
    assert ran.leaks() == []
    assert ran.status == 4 and b"internal error" in ran.artefacts["stderr"]


def test_keys_by_file_and_by_standard_input(rogue: Rogue, tmp_path: Path) -> None:
    args = ["smoke", rogue.url("echo-plain"), "--model", "m", "--format", "json"]
    check(run(tmp_path, [*args, "--key-stdin"], key="", stdin=KEY.value.encode() + b"\n"))
    file = tmp_path / "key"
    file.write_text(KEY.value)
    file.chmod(0o600)
    check(run(tmp_path, [*args, "--key-file", str(file)], key=""))


@pytest.mark.parametrize(
    ("variable", "said"), [("CHATPROOF_PROXY", ("--proxy", "env")), ("HTTP_PROXY", ("--proxy", "env"))]
)
def test_the_proxy_sees_no_key_and_its_password_is_not_shown(
    variable: str, said: tuple[str, ...], rogue: Rogue, inside: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user, case in (("u", "good"), ("u", "request-dumped"), ("407", "good")):
        rogue.take()
        monkeypatch.setenv(variable, f"http://{PROXY.value}:{user}@127.0.0.1:{rogue.port}")
        ran = inside("smoke", rogue.url(case), "--model", "m", "--keep-bodies", "-vv", *said, *reports())
        tunnels = [request for request in rogue.take() if request.startswith(b"CONNECT ")]
        assert tunnels and not any(scan(request, KEY) for request in tunnels)
        assert all(scan(request, PROXY) for request in tunnels)
        check(ran)


# -- the server's side ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", ["good", "echo-plain", "location", "request-dumped"])
def test_the_key_arrives_once_where_it_must_and_nowhere_else(case: str, rogue: Rogue, inside: Inside) -> None:
    other = Rogue()
    try:
        rogue.take()
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            os.environ[name] = f"http://127.0.0.1:{other.port}"
        inside("smoke", rogue.url(case), "--model", "m", "--stream")
        inside("models", rogue.url(case))
        inside("smoke", rogue.url(case), "--model", "m", "--plan")
        inside("doctor", rogue.url(case), "--model", "m")
        requests = rogue.take()
        assert other.take() == []
    finally:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            os.environ.pop(name, None)
        other.stop()
    authorised = [request for request in requests if KEY.value.encode() in request]
    assert len(requests) in (5, 6) and len(authorised) == len(requests) - 2
    for request in authorised:
        line = b"\r\nAuthorization: Bearer " + KEY.value.encode() + b"\r\n"
        assert request.count(line) == 1
        assert scan(request.replace(line, b"\r\n"), KEY) == []
    without = [request for request in requests if request not in authorised]
    assert all(scan(request, KEY) == [] for request in without)
    assert sorted(INVALID_KEY.encode() in request for request in without) == [False, True]
    assert sorted(b"\r\nauthorization:" in request.lower() for request in without) == [False, True]


# -- the library ------------------------------------------------------------------------------------------------------


# -- exceptions and tracebacks ----------------------------------------------------------------------------------------


# -- a failing test of someone who uses the library -------------------------------------------------------------------
