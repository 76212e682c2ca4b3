"""The pytest plugin as its users run it: pytest in pytest, one simulator, and a key that no report may show."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest

import chatproof
from chatproof.simulator.harness import ChatSimulator
from tests.support import approve

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
for _module in pkgutil.walk_packages(chatproof.__path__, "chatproof."):
    if not _module.name.endswith("__main__"):
        importlib.import_module(_module.name)  # pytester forgets what is first imported inside it, at a price
LOUD = ("-l", "--tb=long", "-vv", "--full-trace", "-rA")


@pytest.fixture
def simulator() -> Iterator[ChatSimulator]:
    with ChatSimulator() as running:
        yield running


class Inner:
    """pytest with the contract of one simulator; every output is looked through for the key."""

    def __init__(self, pytester: pytest.Pytester, simulator: ChatSimulator) -> None:
        self.pytester, self.simulator = pytester, simulator

    def __call__(self, *args: str, target: bool = True, fork: bool = False) -> pytest.RunResult:
        chosen = ["--chatproof", self.simulator.base_url, "--chatproof-model", self.simulator.model] if target else []
        if fork:
            done = self.pytester.runpytest_subprocess(*chosen, *args)
        else:  # without the other plugins that happen to be installed: they take longer than the test
            done = self.pytester.runpytest_inprocess(
                "-p", "chatproof.testing.pytest_plugin", "-W", "default", *chosen, *args
            )
        written = [p.read_text() for p in self.pytester.path.rglob("*") if p.suffix in (".xml", ".html", ".json")]
        for text in (done.stdout.str(), done.stderr.str(), *written):
            assert self.simulator.api_key not in text and self.simulator.api_key[-12:] not in text
        return done

    @property
    def asked(self) -> list[str]:
        return sorted(f"{r.method} {r.path} {r.credential}" for r in self.simulator.requests)


@pytest.fixture
def inner(
    pytester: pytest.Pytester,
    simulator: ChatSimulator,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Inner:
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))  # pytester's own is the working folder
    monkeypatch.setenv("CHATPROOF_API_KEY", simulator.api_key)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("CHATPROOF_MODEL", raising=False)
    return Inner(pytester, simulator)


def test_the_plugin_is_installed(pytester: pytest.Pytester) -> None:
    """Else every test below would fail for a reason of its own: run `pip install -e '.[dev]'`."""
    pytester.runpytest_inprocess("--help").stdout.fnmatch_lines(["*--chatproof=TARGET*"])


def test_each_clause_is_a_test_and_requests_are_sent_once(inner: Inner) -> None:
    inner.pytester.makepyfile("def test_own(): pass")
    done = inner("-v")
    done.assert_outcomes(passed=17)
    done.stdout.fnmatch_lines(["*::test_own PASSED*", "chatproof::happy.status_200 PASSED*", "GO  http*"])
    assert inner.asked == [
        "GET /v1/models good", "POST /v1/chat/completions good", "POST /v1/chat/completions missing",
        "POST /v1/chat/completions wrong",
    ]  # fmt: skip


def test_nothing_is_sent_unless_asked_for(inner: Inner) -> None:
    inner.pytester.makepyfile("def test_own(chatproof_run): pass")
    done = inner(target=False)
    done.assert_outcomes(skipped=1)
    assert "chatproof:" not in done.stdout.str() and inner.asked == []
    inner("--collect-only", "-q").stdout.fnmatch_lines(["chatproof::secret.not_reflected"])
    assert inner("-m", "not chatproof", "-k", "no_such_name").ret == 5
    assert inner.asked == []


def test_only_what_was_selected_is_asked_for(inner: Inner) -> None:
    inner("chatproof", "-k", "model").assert_outcomes(passed=1, deselected=15)
    assert inner.asked == ["GET /v1/models good"]
    inner.simulator.clear()
    inner("chatproof::happy.body_json", "-p", "no:cacheprovider").assert_outcomes(passed=1)
    assert inner.asked == ["POST /v1/chat/completions good"]
    inner("chatproof", "-m", "chatproof(level='should')").assert_outcomes(passed=1, deselected=15)
    done = inner("chatproof::happy.status")
    done.stdout.fnmatch_lines(["usage: the contract has no clause 'happy.status'"])
    assert done.ret == 2


@pytest.mark.parametrize("selected", ["secret.not_reflected", "model.listed"])
def test_a_session_of_which_nothing_could_be_judged_fails(inner: Inner, selected: str) -> None:
    """Nothing listens: what was selected does not apply without a reply, or is no must."""
    chosen = ("--chatproof", "http://127.0.0.1:9/v1", "--chatproof-model", "m")
    done = inner(*chosen, f"--chatproof-args=--only {selected} --no-auth", target=False)
    assert done.ret == pytest.ExitCode.TESTS_FAILED
    done.stdout.fnmatch_lines(
        ["*the run is UNDECIDED, and nothing that was selected could be judged, so this session*"]
    )


@pytest.mark.parametrize("ci", ["", "true"])
def test_broken_fails_undecided_is_an_error_and_the_report_says_what_to_do(
    inner: Inner, monkeypatch: pytest.MonkeyPatch, ci: str
) -> None:
    monkeypatch.setenv("CI", ci)  # with it, pytest's summary gives each message whole
    with inner.simulator.fault("model-not-found-503"):
        done = inner("chatproof", "-rA", "--junitxml=junit.xml")
    done.assert_outcomes(failed=1, errors=6, passed=9)
    done.stdout.fnmatch_lines([  # in this order: whose it is and what to do come before what the clause says
        "model.unavailable, owner provider (likely): expected HTTP status 200, observed HTTP status 503*",
        "  cause       model.unavailable: *", "  owner       provider (likely)", "  next        Try another listed id*",
        "  clause      happy.status_200 (must)*", "  expected    HTTP status 200", "  observed    HTTP status 503*", "  source      https://apidoc.cometapi.com/*",
        "NO-GO  http*", "  cause       model.unavailable*",
    ])  # fmt: skip
    done.stdout.fnmatch_lines(["FAILED chatproof::happy.status_200 - Broken: model.unavailable, owner provide*"])
    done.stdout.fnmatch_lines(["ERROR chatproof::happy.body_json - UNDECIDED: happy.status_200 failed*"])
    assert "Traceback" not in done.stdout.str() and "pytest_items.py" not in done.stdout.str()
    told = done.stdout.str()
    assert told.count("  cause       model.unavailable, as told for happy.status_200\n") == 6, "six depend on the first"
    assert told.count("  next        Try another listed id") == 2, "once in full, once in the report of the run"
    suite = ET.parse(inner.pytester.path / "junit.xml").getroot()[0]
    assert (suite.get("failures"), suite.get("errors"), suite.get("tests")) == ("1", "6", "16")
    broken = next(case for case in suite if case.get("name") == "happy.status_200")
    properties = {p.get("name"): p.get("value") for p in broken.iter("property")}
    assert properties["chatproof.cause"] == "model.unavailable" and properties["chatproof.owner"] == "provider"
    assert properties["chatproof.source"].startswith("https://") and "provider" in (broken[-1].text or "")


def test_what_was_not_observed_has_not_passed(inner: Inner) -> None:
    inner.simulator.stop()
    done = inner("chatproof", "--chatproof-args=--timeout 2s")
    done.assert_outcomes(errors=13, passed=1, skipped=2, warnings=1)  # model.listed is a should
    done.stdout.fnmatch_lines(["UNDECIDED  http*", "*UNDECIDED: no complete response*"])
    assert "ContractWarning: model.listed" in done.stdout.str()


def test_a_broken_should_warns_and_strict_makes_it_fail(inner: Inner) -> None:
    with inner.simulator.fault("model-not-listed"):
        done = inner("chatproof")
        done.assert_outcomes(passed=16, warnings=1)
        done.stdout.fnmatch_lines(["*<chatproof>:1: ContractWarning: model.listed: *model.not_listed*"])
        inner("chatproof", "-W", "error").assert_outcomes(passed=15, failed=1)
        inner("chatproof", "--chatproof-args=--strict").assert_outcomes(passed=15, failed=1)


def test_what_does_not_apply_is_skipped_with_its_reason(inner: Inner) -> None:
    done = inner("chatproof", "-rs", "--chatproof-args=--no-auth --only auth --only happy")
    done.assert_outcomes(passed=7, skipped=6)
    done.stdout.fnmatch_lines(["SKIPPED [[]6[]] chatproof: not applicable: *"])


def test_a_waiver_skips_with_its_reason(inner: Inner) -> None:
    inner.pytester.makefile(".toml", chatproof=(
        f'[targets.here]\nbase_url = "{inner.simulator.base_url}"\nmodel = "{inner.simulator.model}"\n'
        '[[targets.here.waivers]]\nclause = "happy.media_type_json"\nreason = "old proxy"\nticket = "OPS-1"\nexpires = "2099-01-01"\n'
    ))  # fmt: skip
    with inner.simulator.fault("media-type-text"):
        args = "--chatproof-args=--config chatproof.toml --only happy.media_type_json"
        kind = ("--chatproof-kind=validate", args)
        done = inner("chatproof", "-rs", "--chatproof", "here", *kind, target=False)
    done.stdout.fnmatch_lines(["SKIPPED*waived: old proxy (OPS-1)*"])


def approved_target(inner: Inner) -> None:
    inner.pytester.makefile(".toml", chatproof=f'[targets.here]\nbase_url = "{inner.simulator.base_url}"\n')
    approve(inner.pytester.path / "chatproof.toml")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("chatproof_target = {url}", "a target by its URL"),
        ("addopts = --chatproof {url}", "a target by its URL"),
        ("chatproof_target = here\nchatproof_args = --proxy http://127.0.0.1:1", "--proxy"),
        ("addopts = --chatproof here '--chatproof-args=--ca-file x.pem --key-env OPENAI_API_KEY'", "--key-env, --ca-file"),
        ("chatproof_target = here\nchatproof_args = --config chatproof.toml", "--config"),
        ("chatproof_target = here\nchatproof_args = --journal postgresql://127.0.0.1/x", "--journal"),
        ("chatproof_target = here\nchatproof_args = --env-file .env", "--env-file"),
    ],
)  # fmt: skip
def test_an_ini_file_decides_nothing_about_the_key(inner: Inner, line: str, words: str) -> None:
    approved_target(inner)
    inner.pytester.makeini(f"[pytest]\n{line.format(url=inner.simulator.base_url)}\n")
    done = inner("chatproof", "--chatproof-model", inner.simulator.model, target=False)
    done.stdout.fnmatch_lines([f"*{words} would decide where a key is sent, and comes from an ini file*"])
    assert done.ret != 0 and not inner.asked


def test_variables_of_pytest_decide_nothing_about_the_key(inner: Inner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", f"--chatproof {inner.simulator.base_url} --chatproof-model m")
    done = inner("chatproof", target=False)
    done.stdout.fnmatch_lines(["*a target by its URL would decide where a key is sent*"])
    assert not inner.asked
    inner("chatproof").assert_outcomes(passed=16)  # what is typed wins


def test_the_ini_file_makes_the_contract_part_of_the_whole_suite(inner: Inner) -> None:
    approved_target(inner)
    inner.pytester.makeini(
        f"[pytest]\nchatproof_target = here\nchatproof_model = {inner.simulator.model}\n"
        "chatproof_args = --only happy --skip happy.media_type_json\n"
    )
    inner.pytester.makepyfile("def test_own(): pass")
    inner(target=False).assert_outcomes(passed=7)
    inner("test_the_ini_file_makes_the_contract_part_of_the_whole_suite.py", target=False).assert_outcomes(passed=1)
    inner("chatproof", target=False).assert_outcomes(passed=6)
    inner("--chatproof=none", target=False).assert_outcomes(passed=1)


def test_validate_and_reports(inner: Inner) -> None:
    done = inner("chatproof", "--chatproof-kind=validate", "--chatproof-args=--layer transport --report json=run.json")
    assert done.ret == 0 and '"kind": "validate"' in (inner.pytester.path / "run.json").read_text()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--chatproof-args=--nope",), "unrecognized arguments (not shown"),
        (("--chatproof-args=--help",), "--help among the options"),
        (("--chatproof-args=--plan",), "leave out --plan"),
        (("--chatproof-args=--key-stdin",), "leave out --key-stdin"),
        (("--chatproof-args=--report json",), "pytest uses standard output"),
        (("--chatproof", "nowhere"), "there is no target 'nowhere'"),
    ],
)
def test_our_own_side_is_one_sentence_and_sends_nothing(inner: Inner, args: tuple[str, ...], said: str) -> None:
    done = inner("chatproof", *args)
    assert done.ret == 2 and said in done.stdout.str() and inner.asked == []
    assert "pytest_items.py" not in done.stdout.str()


@pytest.mark.parametrize(
    ("options", "said"),
    [("--journal none --report json=/dev/full", "a report could not be written"),
     ("--journal full.jsonl", "the run could not be written to its journal")],
)  # fmt: skip
def test_a_run_that_was_lost_does_not_pass(
    inner: Inner, options: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is full when the run ends: every clause holds, and the command would exit 4."""
    from chatproof.journal import JournalError, jsonl

    def end(*_: object, **__: object) -> int:
        raise JournalError("journal.unwritable", "cannot use the journal: No space left on device", "make room")

    append = jsonl.JsonLines.append
    monkeypatch.setattr(
        jsonl.JsonLines,
        "append",
        lambda self, event, *a, **k: (end if event == "finished" else append)(self, event, *a, **k),
    )
    done = inner("--chatproof-args", options)
    assert done.ret == pytest.ExitCode.TESTS_FAILED and done.parseoutcomes() == {"passed": 16}
    done.stdout.fnmatch_lines(f"*{said}*")


def test_a_configuration_that_is_not_approved_is_named_by_the_plugins_own_option(inner: Inner) -> None:
    table = f'[targets.shop]\nbase_url = "{inner.simulator.base_url}"\nmodel = "{inner.simulator.model}"\n'
    (inner.pytester.path / "chatproof.toml").write_text(table)
    done = inner("chatproof", "--chatproof", "shop", target=False)
    assert done.ret == 2 and "--chatproof-args='--config PATH'" in done.stdout.str() and inner.asked == []
    assert inner("chatproof", "--chatproof", "shop", "--chatproof-args=--config chatproof.toml", target=False).ret == 0


NO_KEY = "--chatproof-args=--key-env NOT_SET_AT_ALL"


@pytest.mark.parametrize(
    ("args", "outcome"),
    [
        ((), {"skipped": 1, "passed": 1}),
        (("--chatproof-missing-key=fail",), {"failed": 1, "passed": 1}),
        (("-o", "chatproof_missing_key=fail"), {"failed": 1, "passed": 1}),
        (("chatproof", "."), {"failed": 1, "passed": 1}),
        (("chatproof", ".", "--chatproof-missing-key=skip"), {"skipped": 1, "passed": 1}),
    ],
)
def test_a_missing_key_ends_no_collection(inner: Inner, args: tuple[str, ...], outcome: dict[str, int]) -> None:
    inner.pytester.makepyfile(test_other="def test_passes(): pass")
    done = inner(*args, NO_KEY, "-rs")
    done.assert_outcomes(**outcome)
    assert "auth.key_missing: no key: NOT_SET_AT_ALL is not set" in done.stdout.str() and inner.asked == []
    assert "pytest_items.py" not in done.stdout.str()


def test_a_missing_key_skips_what_needs_the_run(inner: Inner) -> None:
    inner.pytester.makepyfile(test_mine="def test_mine(chatproof_run): pass")
    inner("test_mine.py", NO_KEY, "-rs").assert_outcomes(skipped=2)
    inner("test_mine.py", NO_KEY, "--chatproof-missing-key=fail").assert_outcomes(errors=1, failed=1)


def test_a_key_on_the_command_line_is_refused_and_not_repeated(inner: Inner) -> None:
    assert inner("chatproof", "--chatproof", inner.simulator.api_key, target=False).ret == 2
    assert inner("chatproof", f"--chatproof-args=--header {inner.simulator.api_key}").ret == 2


def test_a_missing_model_is_an_error_of_the_run(inner: Inner) -> None:
    done = inner("chatproof", "--chatproof", inner.simulator.base_url, target=False)
    done.assert_outcomes(errors=16)
    done.stdout.fnmatch_lines(
        ["usage: no model is given; active for this key*", "*simulator-mini*", "*UNDECIDED: usage: no model*"]
    )
    assert "use --chatproof-model ID" in done.stdout.str() and " --model " not in done.stdout.str()
    assert inner.asked == ["GET /v1/models good"]  # asked once, not for each clause


def test_fixtures(inner: Inner) -> None:
    inner.pytester.makepyfile("""
        def test_run(chatproof_target, chatproof_run):
            assert chatproof_target.base_url == chatproof_run.document["target"]["base_url"]
            assert chatproof_run.verdict == "GO" and len(chatproof_run.findings) > 14

        def test_own_client(chat_simulator):
            with chat_simulator.fault("tls-expired") as other:
                assert other.base_url.startswith("https://") and other.base_url != chat_simulator.base_url
    """)
    inner("-k", "test_").assert_outcomes(passed=2, deselected=16)
    assert len(inner.simulator.requests) == 4


def test_what_is_noted_for_the_whole_junit_file_is_masked(inner: Inner) -> None:
    inner.pytester.makepyfile(
        """
        def test_noted(chatproof_target, record_testsuite_property, record_xml_attribute):
            record_testsuite_property("sent", "Bearer " + chatproof_target.key.reveal())
            record_testsuite_property(chatproof_target.key.reveal(), 1)
            record_xml_attribute("sent", chatproof_target.key.reveal())
        """
    )
    done = inner("-k", "test_noted", "--junitxml=junit.xml", "-o", "junit_family=xunit1")
    done.assert_outcomes(passed=1, deselected=16)
    suite = ET.parse(inner.pytester.path / "junit.xml").getroot()[0]
    assert [noted.get("value") for noted in suite.iter("property")][:2] == ["Bearer [REDACTED:api_key]", "1"]
    assert [case.get("sent") for case in suite.iter("testcase")] == ["[REDACTED:api_key]"]


def test_a_test_that_reads_the_key_itself_is_masked_where_the_contract_is_not_asked_for(inner: Inner) -> None:
    approved_target(inner)
    inner.pytester.makeini(f"[pytest]\nchatproof_target = here\nchatproof_model = {inner.simulator.model}\n")
    path = inner.pytester.makepyfile(
        """
        import os
        def test_own():
            key = os.environ["CHATPROOF_API_KEY"]
            print(key)
            assert key == ""
        def test_passes():
            print(os.environ["CHATPROOF_API_KEY"])
        """
    )
    done = inner(path.name, "-l", "-rA", "--junitxml=junit.xml", "-o", "junit_logging=all", target=False)
    done.assert_outcomes(failed=1, passed=1)
    assert "REDACTED" in done.stdout.str() and inner.asked == []


@pytest.mark.parametrize("fault", ["key-in-body", "key-in-base64", "key-in-header", "key-rejected-masked"])
def test_no_option_shows_the_key(inner: Inner, fault: str) -> None:
    """Inner looks for it; here are the places where it could be."""
    inner.pytester.makepyfile("""
        import logging

        def test_careless(chatproof_target, chatproof_run):
            key = chatproof_target.key.reveal()
            headers = {"Authorization": f"Bearer {key}"}
            print("print", key)
            logging.getLogger().warning("log %s", key)
            assert headers["Authorization"] == "Bearer " + key[::-1]
    """)
    with inner.simulator.fault(fault):
        done = inner(*LOUD, "--showlocals", "--junitxml=junit.xml", "-o", "junit_logging=all")
    assert "REDACTED" in done.stdout.str() and "print" in (inner.pytester.path / "junit.xml").read_text()
    assert done.ret == 1


def test_xdist_workers_share_one_run(inner: Inner) -> None:
    with inner.simulator.fault("html-502"):
        done = inner(
            "chatproof",
            "-p",
            "xdist",
            "-p",
            "chatproof.testing.pytest_plugin",
            "-n",
            "2",
            *LOUD,
            "--junitxml=junit.xml",
            "-p",
            "no:cacheprovider",
            fork=True,
        )
    done.stdout.fnmatch_lines(["NO-GO  http*", "  cause       gateway.error*"])
    assert len(inner.asked) == 4
    assert int(ET.parse(inner.pytester.path / "junit.xml").getroot()[0].get("tests") or 0) == 16
    left = [
        p
        for p in Path(os.environ.get("TMPDIR") or "/tmp").glob("chatproof-*/run.json")
        if p.stat().st_uid == os.getuid()
    ]
    assert not any(inner.simulator.base_url in path.read_text() for path in left)


def test_pytest_starts_without_chatproof() -> None:
    """Other projects pay for one small module, and for nothing it might import."""
    code = (
        "import sys, pytest; pytest.main(['--collect-only', '-q', '-p', 'no:cacheprovider', '/dev/null']);"
        "print(*sorted(m for m in sys.modules if m.startswith('chatproof')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/", timeout=60)
    assert done.stdout.splitlines()[-1].split() == ["chatproof", "chatproof.testing", "chatproof.testing.pytest_plugin"]


def test_the_example_project_passes_its_own_tests() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        capture_output=True, text=True, cwd=ROOT / "examples" / "pytest-client", timeout=100,
    )  # fmt: skip
    assert done.returncode == 0 and "5 passed" in done.stdout, done.stdout


def test_the_simulator_names_faults_that_are_near(simulator: ChatSimulator) -> None:
    with pytest.raises(ValueError, match="did you mean html-502"), simulator.fault("html502"):
        pass


def test_faults_can_be_nested_and_end(simulator: ChatSimulator) -> None:
    with simulator.fault("html-503"), simulator.fault("models-404"):
        assert len(simulator._faults) == 2
    assert simulator._faults == [] and repr(simulator) == f"<ChatSimulator {simulator.base_url}>"
