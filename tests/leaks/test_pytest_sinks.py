"""pytest as a sink: its terminal, JUnit file and xdist's shared document hold no key, whatever the server sends back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.leaks.rogue import Rogue
from tests.leaks.runs import Ran, run

CARELESS = """
import logging, os, threading, unittest, warnings
import pytest
def test_careless(chatproof_target, chatproof_run):
    key = chatproof_target.key.reveal()
    print(f"Bearer {key}")
    logging.getLogger().warning("%s", key[::-1])
    assert [key] == chatproof_run.findings, f"with {key}"

def test_warned(chatproof_target):
    warnings.warn("not over TLS: " + chatproof_target.key.reveal())

def test_noted(chatproof_target, record_property):
    record_property("header", "Bearer " + chatproof_target.key.reveal())
    record_property(chatproof_target.key.reveal(), 1)

def test_noted_in_other_types(chatproof_target, record_property):
    key = chatproof_target.key.reveal()
    record_property("headers", {"Authorization": "Bearer " + key})
    record_property("raw", key.encode())

def test_compared_letter_by_letter(chatproof_target):
    assert list(chatproof_target.key.reveal()) == []

def test_compared_in_pieces(chatproof_target):
    key = chatproof_target.key.reveal()
    assert [key[at : at + 4] for at in range(0, len(key), 4)] == []

def test_in_parts(chatproof_target, subtests):
    with subtests.test("a part"):
        print(chatproof_target.key.reveal())
        logging.getLogger().warning("%s", chatproof_target.key.reveal())
        assert 0

class TestParts(unittest.TestCase):
    def test_named(self):
        with self.subTest(header={"key": os.environ["CHATPROOF_API_KEY"]}, key=os.environ["CHATPROOF_API_KEY"]):
            self.fail("in a part")

def test_noted_for_a_plugin(chatproof_target, request):
    request.node.noted = chatproof_target.key.reveal()

def test_expected(chatproof_target):
    pytest.xfail("refuses " + chatproof_target.key.reveal())

def test_skipped(chatproof_target):
    pytest.skip("no quota for " + chatproof_target.key.reveal())

def test_thread(chatproof_target):
    thread = threading.Thread(target=lambda key: 1 / 0, args=[chatproof_target.key.reveal()])
    thread.name = chatproof_target.key.reveal()
    thread.start()
    thread.join()

class Closing:
    def __init__(self, key):
        self.key = key
    def __del__(self):
        raise ValueError("cannot close " + self.key)

def test_unraisable(chatproof_target):
    Closing(chatproof_target.key.reveal())

def test_group(chatproof_target):
    key = chatproof_target.key.reveal()
    raise ExceptionGroup(key, [ValueError(key), ExceptionGroup("in", [KeyError(key)])])
"""
ADDING = """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if hasattr(item, "noted"):
        report.extras = [{"content": item.noted}]  # as pytest-html has them
    return report

def pytest_runtest_logreport(report):
    if hasattr(report, "extras"):
        print("EXTRAS", report.extras)
"""
IMPORTED = """
import os
headers = {"Authorization": "Bearer " + os.environ["CHATPROOF_API_KEY"]}
raise ValueError(f"bad header {headers}")
"""
LOUD = ("-vv", "-l", "--tb=long", "--full-trace", "-rA", "-o", "junit_logging=all", "--junitxml=junit.xml")
CASES = ["good", "echo-plain", "echo-base64-1", "echo-percent-twice", "refuse-bearer", "names-body", "two-headers",
         "error-code", "status-line"]  # fmt: skip


@pytest.fixture
def ask(tmp_path: Path, rogue: Rogue) -> Callable[..., Ran]:
    def asked(case: str, *more: str) -> Ran:
        (tmp_path / "work").mkdir(exist_ok=True)
        (tmp_path / "work" / "test_careless.py").write_text(CARELESS)
        (tmp_path / "work" / "conftest.py").write_text(ADDING)
        plugins = ("-p", "chatproof.testing.pytest_plugin", "-p", "no:cacheprovider")
        return run(
            tmp_path,
            [*plugins, "--chatproof", rogue.url(case), "--chatproof-model", "m", *LOUD, *more],
            launch=("-m", "pytest"),
            env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        )

    return asked


@pytest.mark.parametrize("case", CASES)
def test_no_report_of_pytest_shows_the_key(ask: Callable[..., Ran], case: str) -> None:
    ran = ask(case)
    assert ran.leaks() == []
    assert b"EXTRAS" in ran.stdout and b"in a part" in ran.stdout, "the controls"
    assert b"test_careless" in ran.stdout and b"REDACTED" in ran.stdout and "file junit.xml" in ran.artefacts


def test_nor_with_workers(ask: Callable[..., Ran]) -> None:
    ran = ask("echo-plain", "-p", "xdist", "-n", "2")
    assert ran.leaks() == [] and b"2 workers" in ran.stdout and b"secret.not_reflected" in ran.stdout


def test_nor_what_fails_while_it_is_collected(ask: Callable[..., Ran], tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "test_imported.py").write_text(IMPORTED)
    ran = ask("good", "test_imported.py")
    assert ran.leaks() == [] and b"bad header" in ran.stdout


ENDED = """
import os, signal, time, warnings, pytest
class Client:
    def __init__(self, key):
        self.key = key
    def __repr__(self):
        return f"Client({self.key})"
@pytest.fixture
def client(chatproof_target):
    return Client(chatproof_target.key.reveal())
def test_named_file(client):
    warnings.warn_explicit("odd", UserWarning, f"file-{client.key}.py", 1)
def test_ended(client):
    %s
"""


@pytest.mark.parametrize(
    "how", ["os.kill(os.getpid(), signal.SIGINT); time.sleep(5)", "pytest.exit(client.key)", "raise KeyboardInterrupt"]
)
def test_nor_the_arguments_of_a_test_that_was_interrupted(ask: Callable[..., Ran], tmp_path: Path, how: str) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "test_ended.py").write_text(ENDED % how)
    ran = ask("good", "test_ended.py")
    assert ran.leaks() == []
    assert b"REDACTED" in ran.stdout and b"UserWarning: odd" in ran.stdout
