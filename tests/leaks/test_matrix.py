"""Sink × fault × mode: the key leaves in the Authorization header of the requests that need it, and nowhere else."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import itertools
import json
import os
import pickle
import re
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import chatproof
from chatproof import Secret, Settings, Target, UsageError, cli, profile, reporters, smoke, target, transport
from chatproof import run as run_module
from chatproof.keys import INVALID_KEY
from chatproof.simulator import _faulty
from chatproof.simulator.faults import FAULTS
from chatproof.simulator.server import Server
from tests.leaks.rogue import WAYS, Rogue
from tests.leaks.runs import CONTROL, LAUNCH, MODES, SECRETS, Ran, reports, run
from tests.leaks.scanner import DECOY, KEY, ODD_KEY, PROXY, controls, hidden, scan

REFLECTING = [name for name in FAULTS if "key-in" in name]
SIMULATED = [*REFLECTING, "html-502", "key-rejected", "stream-error", "login-page-200"]
CASES = [*(w for w in WAYS if w != "hang"), *(f"sim:{name}" for name in SIMULATED)]
TELLING = [
    "good", "echo-plain", "echo-base64-1", "echo-percent-twice", "refuse-bearer", "refuse-hex-spaces", "utf-16-body",
    "key-is-the-body", "key-at-the-excerpt-edge", "names-body", "reason", "status-line", "header-name", "two-headers",
    "location", "1xx", "trailer", "excess", "split-2", "split-many", "request-dumped", "error-code", "sim:key-in-stream",
    "sim:key-in-base64",
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
        servers.append(Server(_faulty(FAULTS[case[4:]], KEY.value), KEY.value))
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
    *(("escalate", "latest", "--format", name) for name in reporters.formats("escalation")),
    ("escalate", "latest", "-o", "bundle.md"),
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
        nothing_wrong = args[0] == "escalate" and ran.status == 2  # there is nothing to send to anybody
        assert nothing_wrong or (ran.status == 0 and ran.stdout), args
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
    "send": "import chatproof.run as m; m.send = fail",
    "judge": "import chatproof.run as m; m.judge = fail",
    "diagnose": "import chatproof.diagnosis as m; m.diagnose = fail",
    "record": "import chatproof.record as m; m.build = fail",
    "redact": "import chatproof.record as m; m.Redactor.finds = fail",
    "render": "import chatproof.reporters as m; m.render = fail",
    "write": "import chatproof.output as m; m.Artefact.write = fail",
    "key": "import chatproof.keys as m; m.check = fail",
    "config": "import chatproof.target as m; m.resolve = fail",
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


@pytest.mark.parametrize(("variable", "said"), [("CHATPROOF_PROXY", ()), ("HTTP_PROXY", ("--proxy", "env"))])
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


def shown(value: Any) -> Iterator[bytes]:
    """Everything that a debugger, serialiser or careless caller makes of a value. What is refused shows nothing."""
    tries: list[Callable[[], Any]] = [
        lambda: repr(value), lambda: str(value), lambda: f"{value}", lambda: f"{value!s:>9}", lambda: format(value),
        lambda: f"{value!a}", lambda: repr([value]), lambda: repr({"x": value}), lambda: repr(copy.copy(value)),
        lambda: repr(copy.deepcopy(value)), lambda: repr(vars(value)), lambda: repr(dir(value)),
        lambda: repr(dataclasses.asdict(value)), lambda: repr(value._asdict()), lambda: repr(value.__dict__),
        lambda: json.dumps(value), lambda: json.dumps(value, default=str), lambda: json.dumps(value, default=vars),
        lambda: repr(value.__getstate__()), lambda: repr(value.__reduce_ex__(2)), lambda: repr(tuple(value)),
        lambda: repr(list(value)), lambda: bytes(value), lambda: repr(inspect.getmembers(value)),
        *((lambda p=p: pickle.dumps(value, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
    ]  # fmt: skip
    for attempt in tries:
        try:
            made = attempt()
        except Exception as error:  # a refusal must not tell either
            yield "".join(traceback.format_exception(error)).encode("utf-8", "backslashreplace")
            continue
        yield made if isinstance(made, bytes) else str(made).encode("utf-8", "backslashreplace")


def tell(*values: Any) -> list[Any]:
    return [f for value in values for data in shown(value) for f in scan(data, *SECRETS)]


def a_target(base: str, **more: Any) -> Target:
    return Target(base, model="m", key=Secret(KEY.value), **more)


def instances(base: str, case: str) -> dict[str, Any]:
    """One of each public class, made as a run makes them."""
    aim = a_target(base)
    resolved = target.check(aim)
    contract = run_module.contract_for(resolved, Settings())
    sent = run_module._send(contract, resolved, Settings(), {}, run_module._none)
    judgement = run_module.judge(contract, sent.exchanges, model="m", key=aim.key, no_auth=False, not_sent={})
    return {
        "Contract": contract,
        "Exchange": sent.exchanges[0],
        "Fault": transport._Stopped("net.reset", "body", "x").fault,
        "Finding": judgement.findings[0],
        "Judgement": judgement,
        "Request": sent.exchanges[0].request,
        "Response": sent.exchanges[0].response,
        "Run": smoke(aim),
        "Secret": aim.key,
        "Settings": Settings(),
        "Target": aim,
        "UsageError": UsageError("usage", "x"),
        # not public, but in reach of a traceback
        "Resolved": resolved,
        "Sent": sent,
        "Profile": profile.load("generic"),
        "Options": run_module.transport_options(resolved, {}),
    }


PUBLIC = sorted(name for name in chatproof.__all__ if isinstance(getattr(chatproof, name), type))


def test_every_public_class_is_told(rogue: Rogue) -> None:
    """The classes come from `__all__`: a new one without an instance here fails."""
    made = instances(rogue.url("good"), "good")
    assert set(PUBLIC) <= set(made)
    for name in PUBLIC:
        assert type(made[name]) is getattr(chatproof, name)
    assert {name: found for name, value in made.items() if (found := tell(value))} == {}
    assert scan("\n".join(data.decode("latin-1") for data in shown({"x": DECOY.value})), DECOY)


@pytest.mark.parametrize("case", ["echo-plain", "echo-base64-1", "split-2", "trailer", "reason", "names-body"])
def test_a_run_tells_nothing(case: str, rogue: Rogue) -> None:
    finished = smoke(a_target(rogue.url(case), environment=DECOY.value), Settings(stream=True, keep_bodies=True))
    assert tell(finished, finished.document, finished.record, finished.findings, finished.diagnoses) == []
    assert all(scan(reporters.render(name, finished.document), *SECRETS) == [] for name in reporters.formats())
    assert scan(json.dumps(finished.document), DECOY)


def printed(value: Any) -> str:
    """What a traceback, a log line or a failing assertion makes of a value."""
    return "\n".join((repr(value), str(value), f"{value}", repr([value]), repr({"x": value})))


@pytest.mark.parametrize("case", ["echo-plain", "reason", "status-line", "header-name"])
def test_raw_values_of_a_reflecting_server_print_nothing(case: str, rogue: Rogue) -> None:
    """An Exchange is what the server sent, and pickling it says so (docs/security.md); printing it does not."""
    made = instances(rogue.url(case), case)
    assert {name: found for name, value in made.items() if (found := scan(printed(value), *SECRETS))} == {}


def test_a_proxys_password_is_not_printed(rogue: Rogue) -> None:
    aim = a_target(rogue.url("good"), proxy=f"http://u:{PROXY.value}@127.0.0.1:1")
    assert scan(printed(aim), *SECRETS) == [] and "127.0.0.1:1" in repr(aim)
    assert scan(printed(target.check(aim)), *SECRETS) == []


# -- exceptions and tracebacks ----------------------------------------------------------------------------------------


def told_by(error: BaseException) -> list[Any]:
    """All that error trackers read: text, arguments, notes, causes, contexts, and tracebacks with locals."""
    chain: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in chain:
            chain.append(one)
            todo += [one.__cause__, one.__context__]
    found = []
    for one in chain:
        parts = [repr(one), str(one), repr(one.args), repr(getattr(one, "__notes__", ())), repr(vars(one))]
        parts += [repr(getattr(one, name, "")) for name in ("object", "request", "response", "doc", "detail", "advice")]
        found += [f for part in parts for f in scan(part, *SECRETS)]
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    # Only frames of chatproof: what a caller keeps in its own locals is its own affair.
    ours = [frame for frame in whole.stack if f"{os.sep}chatproof{os.sep}" in frame.filename]
    text = "\n".join(f"{frame.name} {name}={value}" for frame in ours for name, value in (frame.locals or {}).items())
    assert ours
    return found + scan(text, *SECRETS)


REFUSED: dict[str, dict[str, Any]] = {
    "no model": {"model": ""},
    "bad URL": {"base_url": "https://u:p@h.test/v1"},
    "bad profile": {"profile": "nope"},
    "bad proxy": {"proxy": "socks5://x:1"},
    "bad CA file": {"base_url": "https://h.test/v1", "ca_file": "/nowhere"},
    "bad key": {"key": Secret(f"{KEY.value}\n{KEY.value}")},
    "quoted key": {"key": Secret(f"'{KEY.value}'")},
    "not ASCII": {"key": Secret(f"{KEY.value}é")},
    "bad model": {"model": "a\nb"},
}


@pytest.mark.parametrize(
    "case",
    list(REFUSED),
)
def test_refusals_of_the_library(case: str) -> None:
    with pytest.raises(UsageError) as caught:
        smoke(a_target("http://127.0.0.1:1/v1")._replace(**REFUSED[case]), environ={})
    assert told_by(caught.value) == []


@pytest.mark.parametrize(
    "stage", ["judge", "build", "send", "contract_for", "plan", "Resolver", "wire", "ResponseReader"]
)
def test_tracebacks_with_locals(stage: str, rogue: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **named: Any) -> Any:
        raise RuntimeError("forced")

    place: Any = {"build": run_module.record, "wire": transport, "ResponseReader": transport}.get(stage, run_module)
    monkeypatch.setattr(place, stage, fail)
    with pytest.raises(RuntimeError, match="forced") as caught:
        smoke(a_target(rogue.url("good")), environ={})
    assert told_by(caught.value) == []


def test_tracebacks_when_the_key_is_in_the_environment(rogue: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATPROOF_API_KEY", KEY.value)
    monkeypatch.setattr(run_module, "judge", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        smoke(a_target(rogue.url("good")))
    assert told_by(caught.value) == []


def test_a_failure_while_the_head_is_built(rogue: Rogue) -> None:
    request = instances(rogue.url("good"), "good")["Request"]._replace(body="not bytes")
    with pytest.raises(TypeError) as caught:
        transport.wire(request)
    assert told_by(caught.value) == []


# -- a failing test of someone who uses the library -------------------------------------------------------------------

FAILING = """
import logging, os, sys, warnings
from chatproof import Secret, Settings, Target, smoke, run as _run
import chatproof.run as run_module
from chatproof.target import check

logging.basicConfig(level=logging.DEBUG)

def make(way):
    secret = Secret(os.environ["CANARY"])
    return Target(os.environ["BASE"] + way + "/v1", model="m", key=secret)

def test_values():
    target = make("echo-plain")
    secret = target.key
    resolved = check(target)
    request = run_module.plan(run_module.contract_for(resolved, Settings()), resolved, Settings())["happy"]
    run = smoke(target, Settings(stream=True, keep_bodies=True), environ={})
    print(target, secret, request, run.document)
    logging.getLogger("x").debug("%s %r %s", target, secret, request)
    warnings.warn(f"{target} {secret}")
    assert (target, secret, request) == run.verdict, f"{target}"

def test_comparison():
    target = make("good")
    assert target == target._replace(key=Secret("another-key"))
    assert target.key == "x"

def test_in_a_collection():
    found = {make("good").key: [make("good")]}
    assert found == {}

def test_internal(monkeypatch):
    target = make("good")
    monkeypatch.setattr(run_module, "judge", lambda *a, **k: 1 / 0)
    smoke(target, environ={})

def test_refused():
    smoke(make("good")._replace(proxy="socks5://x:1"), environ={})

def test_decoy():
    decoy = os.environ["DECOY"]
    assert not decoy
"""


def test_a_failing_pytest_with_locals(rogue: Rogue, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "test_failing.py").write_text(FAILING)
    env = {"CANARY": KEY.value, "BASE": rogue.url("x").removesuffix("x/v1"), "DECOY": DECOY.value}
    args = ["test_failing.py", "-vv", "-l", "--tb=long", "--junitxml=junit.xml", "-o", "junit_logging=all", "-rA",
            "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-c", "/dev/null", "--rootdir=."]  # fmt: skip
    ran = run(tmp_path, args, launch=["-m", "pytest"], key="", env=env)
    assert ran.status == 1 and b"6 failed" in ran.stdout, ran.stdout[-800:]
    assert ran.shows_decoy("stdout") and ran.shows_decoy("file junit.xml")
    assert ran.leaks() == []
