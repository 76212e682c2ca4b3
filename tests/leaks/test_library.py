"""The library used from code: no value, traceback or failing test of somebody else's tells the key."""

import asyncio
import copy
import dataclasses
import inspect
import json
import os
import pickle
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import chatproof
from chatproof import Secret, Settings, Target, UsageError, aio, judge_bytes, reporters, smoke
from chatproof.running import dispatch, plan
from chatproof.running import run as run_module
from chatproof.target import profile, target
from chatproof.transport import conversation, steps
from tests.leaks.rogue import Rogue
from tests.leaks.runs import SECRETS, run
from tests.leaks.scanner import DECOY, KEY, PROXY, scan


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
    contract = plan.contract_for(resolved, Settings())
    stop = dispatch.Stop()
    sent = dispatch.carried_out(
        run_module._send(contract, resolved, Settings(), {}, run_module._none, stop, None), stop
    )
    judgement = run_module.judge(contract, sent.exchanges, model="m", key=aim.key, no_auth=False, not_sent={})
    broken = smoke(aim, Settings(strict=True))
    if not broken.diagnoses:
        broken = judge_bytes(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
    return {
        "Contract": contract,
        "Diagnosis": broken.diagnoses[0],
        "Exchange": sent.exchanges[0],
        "Fault": steps.Stopped("net.reset", "body", "x").fault,
        "Finding": judgement.findings[0],
        "Judgement": judgement,
        "RecordedExchange": broken.exchanges[0],
        "RecordedFinding": broken.findings[0],
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
        "Options": dispatch.transport_options(resolved, {}),
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

    place: Any = {
        "build": run_module.document,
        "send": dispatch,
        "Resolver": dispatch,
        "wire": conversation,
        "ResponseReader": conversation,
    }.get(stage, run_module)
    monkeypatch.setattr(place, stage, fail)
    with pytest.raises(RuntimeError, match="forced") as caught:
        smoke(a_target(rogue.url("good")), environ={})
    assert told_by(caught.value) == []


@pytest.mark.parametrize("stage", ["judge", "build", "plan", "wire", "ResponseReader"])
def test_tracebacks_with_locals_of_the_awaited_functions(
    stage: str, rogue: Rogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **named: Any) -> Any:
        raise RuntimeError("forced")

    places: dict[str, Any] = {"build": run_module.document, "wire": conversation, "ResponseReader": conversation}
    monkeypatch.setattr(places.get(stage, run_module), stage, fail)
    with pytest.raises(RuntimeError, match="forced") as caught:
        asyncio.run(aio.smoke(a_target(rogue.url("good")), environ={}))
    assert told_by(caught.value) == []


@pytest.mark.parametrize("case", ["echo-plain", "echo-base64-1", "split-2", "names-body"])
def test_the_journal_of_an_awaited_run_tells_nothing(case: str, rogue: Rogue, tmp_path: Path) -> None:
    place = tmp_path / "runs.jsonl"
    aim = a_target(rogue.url(case), environment=DECOY.value)
    finished = asyncio.run(aio.smoke(aim, Settings(stream=True, keep_bodies=True), environ={}, journal=str(place)))
    assert tell(finished, finished.document) == [] and scan(place.read_bytes(), *SECRETS) == []
    assert scan(place.read_bytes(), DECOY), "it would be found"


def test_tracebacks_when_the_key_is_in_the_environment(rogue: Rogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATPROOF_API_KEY", KEY.value)
    monkeypatch.setattr(run_module, "judge", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        smoke(a_target(rogue.url("good")))
    assert told_by(caught.value) == []


def test_a_failure_while_the_head_is_built(rogue: Rogue) -> None:
    request = instances(rogue.url("good"), "good")["Request"]._replace(body="not bytes")
    with pytest.raises(TypeError) as caught:
        steps.wire(request)
    assert told_by(caught.value) == []


FAILING = """
import logging, os, sys, warnings
from chatproof import Secret, Settings, Target, smoke; from chatproof.running import run as _run
import chatproof.running.run as run_module
from chatproof.target.target import check

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
