"""history, show and diff as people and scripts use them."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from chatproof import journal
from tests.journal_support import keep, opening, run
from tests.unit.test_journal_cli import run as cli

SEEN = [
    run(1, name="cometapi", base_url="https://api.cometapi.com/v1", environment="local"),
    run(2, "NO-GO", name="cometapi", base_url="https://api.cometapi.com/v1", environment="ci"),
    run(3, "UNDECIDED", name="url", model='=cmd|"x"'),
]


@pytest.fixture
def place(tmp_path: Path) -> str:
    path = str(tmp_path / "j.sqlite3")
    kept = journal.open(path)
    keep(kept, *SEEN)
    kept.started(opening(run(4, name="cometapi")))
    kept.close()
    return path


def test_history(place: str) -> None:
    done = cli("history", "--journal", place)
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and " ".join(lines[0].split()) == "started (UTC) verdict target model where run cause"
    assert [line.split()[2] for line in lines[1:5]] == ["no", "UNDECIDED", "NO-GO", "GO"]
    assert "interrupted, killed or still running" in lines[1] and "net.read_timeout" in lines[2]
    assert "https://llm.test/v1" in lines[2] and lines[-1] == f"4 runs in {place}"
    assert "no such run" in cli("history", "--journal", place, "--kind", "judge").stdout
    assert (
        "note: the journal has no run of the target 'comet'; did you mean cometapi?"
        in cli("history", "comet", "--journal", place).stdout
    )
    one = cli("history", "cometapi", "--journal", place, "--kind", "judge").stdout
    assert one.count("\n") == 1, "the target is known: it is something else that fits nothing"
    url = cli("history", "--journal", f"sqlite:///{place}")
    assert url.returncode == 2 and "next: give only the file's path" in url.stderr
    assert cli("history", CHATPROOF_JOURNAL=place).stdout == done.stdout


def test_a_target_needs_no_option(place: str) -> None:
    assert cli("history", "cometapi", "--journal", place).stdout == (
        cli("history", "--target", "cometapi", "--journal", place).stdout
    )
    told = cli("show", "cometapi", "--journal", place)
    assert told.returncode == 2 and "latest@cometapi" in told.stderr


def test_history_as_json_and_csv(place: str) -> None:
    document = json.loads(cli("history", "--journal", place, "--verdict", "no-go", "--format", "json").stdout)
    (only,) = document["runs"]
    assert document["schema"] == "chatproof.history/1" and only["code"] == "contract.choices_empty"
    assert only["clauses"] == ["happy.choices_non_empty", "happy.choices_shape", "happy.message_content_non_empty"]
    table = list(csv.DictReader(io.StringIO(cli("history", "--journal", place, "--format", "csv").stdout, newline="")))
    assert [row["verdict"] for row in table] == ["", "UNDECIDED", "NO-GO", "GO"]
    assert table[1]["model"] == '\'=cmd|"x"', "no formula for a spreadsheet"


def test_history_filters(place: str) -> None:
    def ids(*args: str) -> list[int]:
        found = json.loads(cli("history", "--journal", place, "--format", "json", *args).stdout)["runs"]
        return [int(row["run_id"][-6:], 16) for row in found]

    assert ids("--target", "cometapi") == [4, 2, 1] and ids("--limit", "2") == [4, 3]
    assert ids("--clause", "happy.choices_non_empty", "--verdict", "NO-GO") == [2]
    assert ids("--verdict", "none") == [4] and ids("--code", "net") == [3] and ids("--environment", "ci") == [2]
    assert ids("--since", "2026-11-22T00:00:03") == [4, 3] and ids("--until", "2026-11-22") == []
    assert ids("--since", "1m") == [] and ids("--model", "gpt-x", "--kind", "smoke") == [4, 2, 1]


@pytest.mark.parametrize(
    ("args", "status", "words"),
    [
        (["history", "--verdict", "PASS"], 2, "there is no verdict"),
        (["history", "--since", "yesterday"], 2, "--since: 'yesterday' is not a time"),
        (["history", "--since", "2026-13-01"], 2, "is not a time"),
        (["show", "nope"], 2, "run.unknown"),
        (["show", "smoke-"], 2, "run.ambiguous"),
        (["show", "latest:GO", "--format", "pdf"], 2, "there is no format"),
        (["show", "latest", "--format", "yaml"], 2, "did not end, so it has no yaml report"),
        (["diff", "latest", "no/such.json"], 2, "cannot read"),
        (["history", "--journal", "none"], 2, "there is no journal"),
        (["history", "--journal", "/nonexistent/j"], 2, "there is no journal at"),
    ],
)
def test_errors(place: str, args: list[str], status: int, words: str) -> None:
    done = cli(*args, CHATPROOF_JOURNAL=place)
    assert (done.returncode, done.stdout) == (status, "") and words in done.stderr


def test_show_gives_the_run_back(place: str) -> None:
    named = ["--journal", place]
    assert json.loads(cli("show", "latest:GO", "--format", "json", *named).stdout) == SEEN[0]
    text = cli("show", SEEN[1]["run_id"][:-2], "-v", *named).stdout
    assert text.startswith("NO-GO  cometapi") and "contract.choices_empty" in text and "happy: POST" in text
    assert cli("show", "latest:NO-GO", "--format", "yaml", *named).stdout.startswith("smoke_test_run:")
    begun = cli("show", "latest", *named).stdout
    assert begun.startswith("NO END  cometapi") and "planned     happy: POST" in begun
    assert json.loads(cli("show", "latest", "--format", "json", *named).stdout)["schema"] == "chatproof.started/1"


def test_diff_says_first_what_differs_around_the_runs(place: str, tmp_path: Path) -> None:
    text = cli("diff", SEEN[0]["run_id"], "latest:NO-GO/ci", "--journal", place).stdout
    sections = re.findall(r"^[A-Z].*", text, re.MULTILINE)
    assert sections[0].startswith("Sent differently") and "passes locally and fails in CI" in sections[0]
    assert "  target.environment: local → ci" in text and "  verdict: GO → NO-GO" in text
    assert "  holds → broken: happy.choices_non_empty" in text and "  $.usage (happy): only in a (object)" in text
    for name, document in (("a", SEEN[0]), ("b", SEEN[1])):
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    files = [str(tmp_path / "a.json"), str(tmp_path / "b.json")]
    assert cli("diff", *files).stdout == text, "files need no journal"
    document = json.loads(cli("diff", *files, "--format", "json").stdout)
    assert document["schema"] == "chatproof.diff/1" and document["b"]["verdict"] == "NO-GO"
    assert {"kind": "environment", "probe": "", "path": "target.environment", "a": "local", "b": "ci",
            "change": "changed"} in document["differences"]  # fmt: skip


def test_diff_of_two_kinds_says_so_and_folds_families(tmp_path: Path) -> None:
    place = str(tmp_path / "two.jsonl")
    for command in ("smoke", "validate"):
        assert cli(command, "simulator", "--journal", place, "-q").returncode == 0
    runs = [row["run_id"] for row in json.loads(cli("history", "--journal", place, "--format", "json").stdout)["runs"]]
    smoke, whole = sorted(runs)  # their names begin with their kinds
    text = cli("diff", smoke, whole, "--journal", place).stdout
    assert text.split("\n\n")[1].startswith("The kinds differ: a is smoke, b is validate.")
    line = next(line for line in text.splitlines() if line.startswith("  not checked → holds: "))
    assert "envelope.* (19)" in line and re.search(r"\d+ of \d+ stream\.\*", line) and len(line) < 700
    document = json.loads(cli("diff", smoke, whole, "--journal", place, "--format", "json").stdout)
    assert {"stream.delta", "envelope.elsewhere"} <= {row["path"] for row in document["differences"]}, (
        "JSON has each name"
    )
    assert "kinds differ" not in cli("diff", smoke, smoke, "--journal", place).stdout


def test_diff_of_runs_that_were_asked_alike(place: str, tmp_path: Path) -> None:
    same = cli("diff", "latest:GO@cometapi", "latest:GO", "--journal", place).stdout
    assert "a and b are the same run" in same
    (tmp_path / "again.json").write_text(json.dumps({**SEEN[0], "run_id": "smoke-20261122-000009-000009"}))
    again = cli("diff", "latest:GO@cometapi", str(tmp_path / "again.json"), "--journal", place).stdout
    assert "Nothing differs except times." in again
    (tmp_path / "x.json").write_text(json.dumps({**run(5, "NO-GO"), "target": SEEN[0]["target"]}))
    assert "Sent the same way" in cli("diff", "latest:GO", str(tmp_path / "x.json"), "--journal", place).stdout


def test_nothing_that_is_shown_can_move_the_cursor(tmp_path: Path) -> None:
    """A document that was made by hand is shown escaped, as one of ours."""
    evil = run(1, name="a\x1b[2Jb", model="\u202eevil")
    evil["exchanges"][0]["response"]["header_names"].append("x-\x1b]0;t\x07")
    (tmp_path / "e.json").write_text(json.dumps(evil))
    (tmp_path / "g.json").write_text(json.dumps(run(1)))
    e, g = str(tmp_path / "e.json"), str(tmp_path / "g.json")
    for args in (["show", e], ["diff", g, e], ["diff", e, g, "--format", "json"]):
        done = cli(*args)
        assert done.returncode == 0 and not re.search("[\x00-\x09\x0b-\x1f\u202e]", done.stdout), done.stderr
