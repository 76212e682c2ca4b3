"""The help of every command: groups, examples that work, the width of the terminal; and what shells complete with."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.cli import main as cli
from chatproof.cli.shared.help_text import EXAMPLES, GROUPS
from chatproof.cli.shared.options import describe
from tests.journal_support import keep, run
from tests.unit.test_terminal import complete_bash


def help_of(command: str, monkeypatch: pytest.MonkeyPatch, columns: str = "100") -> str:
    said: list[str] = []
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("chatproof.cli.output._write", lambda stream, text: said.append(text))
    if not command:
        assert cli.main(["--help"]) == 0
        return "".join(said)
    return describe(command).format_help()


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_option_stands_in_the_help_once(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = help_of(command, monkeypatch)
    for action in describe(command)._actions:
        if action.option_strings:
            name = re.escape(action.option_strings[-1])
            assert len(re.findall(rf"(?m)^  -(?:.*, -)?{name[2:]}(?![\w-])", text)) == 1, name


def test_options_are_in_groups_and_no_group_is_empty() -> None:
    every = {o for command in cli.COMMANDS for a in describe(command)._actions for o in a.option_strings}
    for title, names in GROUPS.items():
        assert every & set(names), title
    named = [name for names in GROUPS.values() for name in names]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("columns", ["50", "80", "140"])
@pytest.mark.parametrize("command", ["", "smoke", "journal", "completion"])
def test_help_folds_at_the_width(command: str, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = help_of(command, monkeypatch, columns).splitlines()
    example = {line for examples in EXAMPLES.values() for e in examples for line in (f"  {e}",)}
    wide = [line for line in lines if len(line) > int(columns) and line not in example]
    assert wide == []


def test_each_command_has_two_examples_that_its_parser_takes() -> None:
    assert set(EXAMPLES) >= set(cli.COMMANDS)
    for command in cli.COMMANDS:
        assert len(EXAMPLES[command]) == 2
        for example in EXAMPLES[command]:
            argv = shlex.split(re.sub(r"^.*(?:\$\(|\| )(?=chatproof)|(?: \|.*|\)\"$)", "", example))[1:]
            assert argv[0] == command, example
            describe(command).parse_args(argv[1:])


@pytest.mark.parametrize(
    "example", [e for examples in EXAMPLES.values() for e in examples if "simulator" in e and "validate" not in e]
)
def test_examples_that_need_nothing_are_run(
    example: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHATPROOF_JOURNAL", "none")
    assert cli.main(shlex.split(example)[1:]) == 0, capsys.readouterr().err


def test_bash_completes_values(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Faults, formats, capabilities, clauses; and what is asked when the key is pressed: runs and targets."""
    assert "html-502" in complete_bash(["chatproof", "smoke", "--fault", "html-5"])
    assert complete_bash(["chatproof", "smoke", "--report", "juni"]) == {"junit"}
    assert "tools" in complete_bash(["chatproof", "validate", "--require", "to"])
    assert "happy.status_200" in complete_bash(["chatproof", "smoke", "--only", "happy.st"])
    monkeypatch.setenv("CHATPROOF_JOURNAL", str(tmp_path / "j.sqlite3"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("CHATPROOF_CONFIG", str(tmp_path / "c.toml"))
    (tmp_path / "c.toml").write_text(
        '[targets.shop]\nbase_url = "https://shop.test/v1"\n[targets."$(touch x)"]\nmodel = "m"\n'
    )
    kept = journal.open(str(tmp_path / "j.sqlite3"))
    keep(kept, run(7))
    kept.close()
    monkeypatch.chdir(tmp_path)
    assert complete_bash(["chatproof", "show", "smoke-"]) == {str(run(7)["run_id"])}
    assert complete_bash(["chatproof", "smoke", "--against", "lat"]) == {"latest"}
    assert complete_bash(["chatproof", "smoke", "sho"]) == {"shop"}
    assert not (tmp_path / "x").exists(), "a name in a file was run by the shell"
