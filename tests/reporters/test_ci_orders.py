"""Nothing that a server says is an order to the CI system that keeps the log: dialects × everything that is written.

The dialects are read here by their own rules, which share nothing with `printable.inert`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chatproof import reporters
from chatproof.cli import main as cli
from chatproof.cli.commands import models
from chatproof.cli.output import warn
from chatproof.cli.shared import watching
from chatproof.journal import JournalError
from chatproof.monitoring import log
from chatproof.monitoring.values import Cause, Status
from chatproof.printable import escape
from chatproof.simulator.harness import ChatSimulator
from chatproof.usage_error import UsageError
from tests import journal_support
from tests.reporters.runs import document, poisoned
from tests.reporters.test_hostile_others import CASES, hostile

DIALECTS: dict[str, tuple[str, str]] = {
    "GitHub, Gitea, Forgejo": ("::error file=a,line=1::b", r"^\s*::"),
    "GitHub add-mask": ("::add-mask::a", r"^\s*::"),
    "GitHub, indented": ("  \t::set-output name=a::b", r"^\s*::"),
    "GitHub, older": ("##[group]a", r"##\["),
    "GitHub command line": ("[command]rm", r"^\s*\[command\]"),
    "Azure": ("##vso[task.setvariable variable=a]b", r"##vso\["),
    "Azure, upper case": ("##VSO[task.complete result=Failed]", r"(?i)##vso\["),
    "Azure formatting": ("##[error]x", r"##\["),
    "TeamCity": ("##teamcity[buildStatus text='x']", r"##teamcity\["),
    "TeamCity, in a line": ("x ##teamcity[publishArtifacts 'x']", r"##teamcity\["),
    "MyGet, Octopus": ("##octopus[setVariable name='YQ==' value='Yg==']", r"##octopus\["),
    "more hash signs": ("####vso[task.debug]x", r"##vso\["),
    "GitLab": ("section_start:1560896352:x[collapsed=true]\r\x1b[0Kx", r"section_start:\d"),
    "GitLab, end": ("section_end:1560896353:x\r\x1b[0K", r"section_end:\d"),
    "Travis": ("travis_fold:start:x\r\x1b[0K", r"travis_fold:"),
    "Travis, time": ("travis_time:start:0a\r\x1b[0K", r"travis_time:"),
    "Buildkite": ("--- :rocket: x", r"^(---|\+\+\+|~~~) +\S"),
    "Buildkite, open": ("+++ x", r"^(---|\+\+\+|~~~) +\S"),
    "Buildkite, quiet": ("~~~ x", r"^(---|\+\+\+|~~~) +\S"),
    "Buildkite, reopen": ("^^^ +++", r"^\^\^\^ \+\+\+"),
    "Jenkins note": ("\x1b[8mha:////4AAAA==\x1b[0mx", r"\x1b"),
    "terminal": ("\x1b]8;;https://evil.test\x07x\x1b]8;;\x07", r"[\x1b\x07]"),
    "terminal, one byte": ("\x9b31mx\x9d0;x\x9c", r"[\x80-\x9f]"),
    "Buildkite image": ("\x1b]1338;url='https://evil.test'\x07", r"\x1b"),
}


def said(order: str) -> str:
    """The order where it may be read: at the start, in a line of its own after each kind of line end, and within one."""
    return f"{order}\n{order}\r\n{order}\r{order} and {order}\n  {order}"


def orders(text: str, rule: str) -> list[str]:
    return [line for line in re.split("\r\n|\n|\r", text) if re.search(rule, line)]


@pytest.mark.parametrize("name", DIALECTS)
def test_the_rules_find_their_orders(name: str) -> None:
    order, rule = DIALECTS[name]
    assert orders(said(order), rule)


@pytest.mark.parametrize("format", reporters.formats())
def test_reports_of_runs(format: str) -> None:
    for run in ("no-go", "undecided", "warning"):
        calm = document(run)
        for name, (order, rule) in DIALECTS.items():
            if format == "github" and rule.startswith(r"^\s*::"):
                continue  # its own lines are orders; tests/reporters/test_hostile.py holds that there are no others
            assert not orders(reporters.render(format, poisoned(calm, said(order))), rule), (run, name)
            if run != "no-go":
                continue
            style = reporters.Style(verbosity=2)
            assert not orders(reporters.render(format, poisoned(calm, said(order)), style), rule), (run, name)


@pytest.mark.parametrize(("of", "format"), CASES)
def test_reports_of_comparisons_reviews_and_escalations(of: str, format: str) -> None:
    for name, (order, rule) in DIALECTS.items():
        assert not orders(reporters.render(format, hostile(of, said(order)), of=of), rule), name


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A journal to be filled, and a home of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs.sqlite"


READERS = (
    ("history",), ("history", "--format", "json"), ("history", "--format", "csv"),
    ("show", "RUN"), ("show", "RUN", "-vv"), ("show", "RUN", "--format", "decision"), ("show", "RUN", "--format", "json"),
    ("diff", "RUN", "OTHER"), ("diff", "RUN", "OTHER", "--format", "json"),
    ("review", "RUN", "OTHER"), ("review", "RUN", "OTHER", "--format", "markdown"),
    ("escalate", "RUN"), ("escalate", "RUN", "--format", "json"),
    ("journal", "verify"), ("journal", "verify", "--format", "json"), ("journal", "export"),
)  # fmt: skip


@pytest.mark.parametrize("name", DIALECTS)
def test_commands_that_read_the_journal(name: str, kept: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    order, rule = DIALECTS[name]
    ids = {}
    for number, run, word in ((1, "NO-GO", "RUN"), (2, "UNDECIDED", "OTHER")):
        made = journal_support.run(number, run)
        ids[word] = made["run_id"]
        hostile = _where_a_server_speaks(made, said(order))
        (kept.parent / f"{run}.json").write_text(json.dumps(hostile))
        told = cli.main(["journal", "import", str(kept.parent / f"{run}.json"), "--journal", str(kept)])
        assert told == 0, capsysbinary.readouterr().err
    capsysbinary.readouterr()
    for words in READERS:
        status = cli.main([*(ids.get(word, word) for word in words), "--journal", str(kept)])
        shown = capsysbinary.readouterr()
        assert shown.out, (words, shown.err)
        for text in (shown.out.decode(), shown.err.decode()):
            assert not orders(text, rule), (words, status)
    export = kept.parent / "export.jsonl"
    assert cli.main(["journal", "export", str(export), "--journal", str(kept)]) == 0
    assert not orders(export.read_text(), rule)
    capsysbinary.readouterr()
    assert cli.main(["journal", "verify", "--journal", str(export)]) == 0, capsysbinary.readouterr().out


def _where_a_server_speaks(made: dict[str, Any], text: str) -> dict[str, Any]:
    """The document as it would be kept, with the server's words in it: not in our own ids and names."""
    whole = poisoned(made, text)
    return {**made, "exchanges": whole["exchanges"], "findings": whole["findings"], "diagnoses": whole["diagnoses"],
            "notes": whole["notes"], "target": {**made["target"], "model": made["target"]["model"] + text}}  # fmt: skip


@pytest.mark.parametrize("name", DIALECTS)
def test_errors_and_what_standard_error_gets(
    name: str, kept: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    order, rule = DIALECTS[name]
    text = said(order)
    warn(text)

    def fail(error: Exception) -> int:
        def ask(resolved: object) -> object:
            raise error

        monkeypatch.setattr(models, "ask", ask)
        return cli.main(["models", "http://127.0.0.1:1/v1", "--no-auth"])

    assert fail(UsageError("usage", text, text)) == 2
    assert fail(JournalError("run.unknown", text, text)) == 2
    for words in (
        [text],
        ["smoke", text],
        ["show", text],
        ["explain", text],
        ["judge", text],
        ["smoke", "--only", text],
    ):
        assert cli.main(words) != 0
    for words in (
        ["history", "--code", text],
        ["smoke", "simulator", "--plan", "--model", text],
        ["models", "simulator", "--check", text],
    ):
        cli.main(words)
    shown = capsysbinary.readouterr()
    assert shown.err
    for out in (shown.out.decode(), shown.err.decode()):
        assert not orders(out, rule)


@pytest.mark.parametrize("format", ["text", "json"])
def test_listings(
    format: str, kept: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, (order, rule) in DIALECTS.items():
        text = said(order)
        monkeypatch.setattr(models, "ask", lambda resolved: None)
        monkeypatch.setattr(models, "ids_of", lambda reply, text=text: [text, f"gpt-{text}"])
        cli.main(["models", "simulator", "--format", format])
        cli.main(["models", "simulator", "--check", "x", "--format", format])
        shown = capsysbinary.readouterr()
        assert shown.out
        assert not orders(shown.out.decode() + shown.err.decode(), rule), name


def test_a_watch(kept: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """The line that begins it, and those of a change, with a model whose name the server chose."""
    with ChatSimulator() as simulator:
        monkeypatch.setenv("CHATPROOF_API_KEY", simulator.api_key)
        for name, (order, rule) in DIALECTS.items():
            text = escape(f"chat {order} and {order}")  # no name with controls is taken from a listing
            monkeypatch.setattr(models, "ask", lambda resolved: None)
            monkeypatch.setattr(models, "ids_of", lambda reply, text=text: [text])
            words = ["--model", "auto", "--every", "1s", "--until", "NO-GO", "--journal", str(kept)]
            assert cli.main(["watch", simulator.base_url, *words]) == 1
            shown = capsysbinary.readouterr()
            assert b"model chat" in shown.out and b"failing" in shown.out, shown.err
            assert not orders(shown.out.decode() + shown.err.decode(), rule), name


def test_lines_of_a_watch_begin_with_no_order(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    screen = watching.Screen({"color": False, "width": 100}, live=False, blocks=False)
    for name, (order, rule) in DIALECTS.items():
        cause = Cause(f"x {order}", order, order, "likely", order, order)
        status = Status(order, "failing", 0, cause, 0, 0, order, order, False, 0)
        screen.lines([escape(order), *watching.change(status, 1e9, color=False, width=100)])
        assert not orders(capsysbinary.readouterr().out.decode(), rule), name


def test_the_monitors_log(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for name, (order, rule) in DIALECTS.items():
        log.write("checked", target=order, reasons=[said(order)], more={order: order})
        assert not orders(capsysbinary.readouterr().err.decode(), rule), name
