"""No verdict for what was not looked at: narrowed runs say so wherever their verdict stands, and are no `latest`."""

import json
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal, reporters
from chatproof.analysis.incident.review import review
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.journal import JournalError
from chatproof.judging import narrowing
from chatproof.judging.contract import Choice, contract_of
from chatproof.surfaces import surface_of
from chatproof.target.profile import load
from tests.journal_support import keep, run
from tests.support import play
from tests.unit.test_journal_cli import run as cli

SKIPPED = ("happy",)
QUOTA = '429 application/json\n\n{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}'
# What each format has a place for; `baseline` says it in a comment, `har` in the archive's own.
FORMATS = [format for format in reporters.formats() if format not in ("json",)]


def less(number: int, verdict: str = "GO", **target: Any) -> dict[str, Any]:
    return {**run(number, verdict, **target), "narrowed": ["--skip happy"]}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("replies", [{}, {"happy": QUOTA}], ids=["well", "broken"])
def test_every_format_names_what_was_left_out(format: str, replies: dict[str, str]) -> None:
    document = play(replies, skip=SKIPPED).record.document
    assert document["verdict"] == "GO" and document["narrowed"] == ["--skip happy"]
    assert "--skip happy" in reporters.render(format, document).replace("&#45;", "-")
    whole = reporters.render(format, play().record.document)
    assert "narrowed by" not in whole and "(narrowed)" not in whole


def test_the_first_line_says_it_in_a_quiet_run_too() -> None:
    document = play(skip=SKIPPED).record.document
    quiet = reporters.render("text", document, reporters.Style(verbosity=-1))
    assert quiet.startswith("GO  narrowed by --skip happy · https://llm.test/v1")


def test_a_break_that_was_skipped_is_told() -> None:
    for choice in ({"skip": ("happy",)}, {"only": ("auth",)}):
        record = play({"happy": QUOTA}, **choice).record
        assert record.verdict == "GO" and record.record["pass_fail"] == "FAIL"
        assert "left out, but failed: happy.status_200 (happy): expected HTTP status 200" in record.record["notes"]


@pytest.mark.parametrize("clause", surface_of("chat").recorded.assertions)
def test_no_pass_without_each_assertion_of_the_seed(clause: str) -> None:
    record = play(skip=(clause,)).record
    assert record.verdict == "GO" and record.record["pass_fail"] == "FAIL"
    assert f"not seen to pass: {clause}" in record.record["notes"]


def test_what_the_seed_does_not_ask_for_may_be_left_out() -> None:
    record = play(skip=("auth.missing_key", "model.listed")).record
    assert record.record["pass_fail"] == "PASS" and "narrowed by --skip auth.missing_key" in record.record["notes"]


def test_an_open_endpoint_is_not_narrowed_and_its_notes_say_why() -> None:
    document = json.loads(cli("smoke", "simulator", "--no-auth", "--format", "json").stdout)
    assert document["narrowed"] == [] and document["smoke_test_run"]["pass_fail"] == "PASS"
    assert (
        "the error path does not apply, and pass_fail depends on the happy path" in document["smoke_test_run"]["notes"]
    )
    document = json.loads(
        cli("smoke", "simulator", "--no-auth", "--skip", "happy.body_json", "--format", "json").stdout
    )
    assert document["narrowed"] and document["smoke_test_run"]["pass_fail"] == "FAIL"


@pytest.mark.parametrize(
    ("choice", "narrowed"),
    [
        ({}, ()),
        ({"skip": ("stream",)}, ()),  # smoke does not judge it unasked
        ({"stream": True, "skip": ("stream",)}, ("--skip stream",)),
        ({"only": ("happy", "head", "auth", "secret", "model")}, ()),  # that is all there is
        ({"only": ("happy", "auth")}, ("--only happy", "--only auth")),
        ({"only": ("happy",), "skip": ("happy.status_200",)}, ("--only happy", "--skip happy.status_200")),
    ],
)
def test_only_what_leaves_something_out_narrows(choice: dict[str, Any], narrowed: tuple[str, ...]) -> None:
    assert contract_of(SMOKE, load("generic"), Choice(**choice)).narrowed == narrowed


def test_a_layer_narrows_validate() -> None:
    assert contract_of(VALIDATE, load("generic"), Choice(layers=("schema",))).narrowed == ("--layer schema",)
    assert contract_of(VALIDATE, load("generic"), Choice()).narrowed == ()


def test_reasons_are_told_once_with_their_probes() -> None:
    why = "not sent: the token budget of 9 would be exceeded"
    assert narrowing.unsent({"a": why, "b": why, "c": "interrupted by SIGINT"}) == [
        f"requests {why} (a, b)",
        "requests not sent: interrupted by SIGINT (c)",
    ]


def test_a_token_budget_narrows_and_a_broken_happy_path_does_not() -> None:
    cut = json.loads(cli("validate", "simulator", "--budget-tokens", "30", "--format", "json").stdout)
    assert cut["narrowed"][0].startswith("requests not sent: the token budget of 30 would be exceeded (")
    few = cut["narrowed"][0].count(",") + 1
    assert few > 3 and f"exceeded ({few} requests)" in reporters.render("text", cut).splitlines()[0]
    broken = json.loads(cli("smoke", "simulator", "--fault", "empty-choices", "--stream", "--format", "json").stdout)
    assert broken["narrowed"] == [] and broken["verdict"] == "NO-GO"


# -- runs of the journal ---------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> str:
    path = str(tmp_path / "j.sqlite3")
    kept = journal.open(path)
    keep(
        kept,
        run(1, name="shop"),
        run(2, "NO-GO", name="shop"),
        less(3, name="shop"),
        run(4, name="elsewhere", base_url="https://other.test/v1"),
        less(5, name="shop"),
    )
    kept.close()
    return path


def number(document: dict[str, Any]) -> int:
    return int(document["run_id"][-6:], 16)


def test_a_narrowed_run_is_no_latest_run_unless_asked_for(place: str) -> None:
    def shown(*args: str) -> int:
        return number(json.loads(cli("show", *args, "--journal", place, "--format", "json").stdout))

    assert shown("latest") == 4 and shown("latest", "--narrowed") == 5
    assert shown("latest:GO@shop") == 1 and shown("latest:GO@shop", "--narrowed") == 5
    done = cli("show", "latest@shop", "--journal", place)
    assert f"note: {less(5)['run_id']} is newer, but narrowed" in done.stderr
    assert less(3)["run_id"] in cli("show", less(3)["run_id"], "--journal", place).stdout, "an id is an id"


def test_history_marks_it(place: str) -> None:
    rows = json.loads(cli("history", "--journal", place, "--format", "json").stdout)["runs"]
    assert [row["narrowed"] for row in rows] == [True, False, True, False, False]
    assert [row["code"] for row in rows] == ["", "", "", "contract.choices_empty", ""]
    lines = cli("history", "--journal", place).stdout.splitlines()
    assert lines[1].endswith("narrowed") and not lines[2].endswith("narrowed")


def test_drift_is_not_measured_against_it(place: str) -> None:
    kept = journal.open(place)
    target = run(1, name="shop")["target"]
    assert [seq for seq, _ in kept.good(target, 10)] == [2]


def test_diff_and_review_say_it(place: str) -> None:
    text = cli("diff", run(1)["run_id"], less(3)["run_id"], "--journal", place).stdout
    assert "narrowed by --skip happy" in text.splitlines()[1] and "only in b" in text
    text = cli("review", "--target", "shop", "--journal", place).stdout
    assert less(3)["run_id"] not in text
    text = cli("review", "--target", "shop", "--narrowed", "--journal", place).stdout
    assert "runs that left something out are no evidence for that part" in text


def test_a_narrowed_go_is_no_last_good_run_and_ends_no_incident() -> None:
    runs = [run(1), less(2), run(3, "NO-GO"), less(4)]
    made = review(runs, "2026-11-22T00:00:00Z")
    assert number(made["last_good"]) == 1 and made["recovered"] is None
    alike = [less(1), less(2, "NO-GO"), less(3)]
    made = review(alike, "2026-11-22T00:00:00Z")
    assert number(made["last_good"]) == 1 and number(made["recovered"]) == 3, "the same was left out in all of them"


# -- selectors --------------------------------------------------------------------------------------------------


def test_runs_side_by_side_are_of_one_target_and_environment(tmp_path: Path) -> None:
    place = str(tmp_path / "two.sqlite3")
    kept = journal.open(place)
    keep(
        kept,
        run(1, name="shop", environment="ci"),
        run(2, name="shop", environment="local"),
        run(3, name="other", base_url="https://other.test/v1", environment="local"),
        run(4, "NO-GO", name="shop", environment="local"),
    )

    def picked(*selectors: str) -> list[int] | str:
        done = cli("diff", *selectors, "--format", "json", "--journal", place)
        if done.returncode:
            return done.stderr
        made = json.loads(done.stdout)
        return [number(made["a"]), number(made["b"])]

    assert picked("latest:GO", "latest") == [2, 4]
    assert picked("latest:GO/ci", "latest") == [1, 4]
    assert picked("latest@other", "latest") == [3, 3]
    assert picked(run(1)["run_id"], "latest") == [1, 1], "beside a run of CI, latest is one of CI"
    assert picked("latest:GO@other", "latest:NO-GO@shop") == [3, 4], "what is said is done"
    keep(kept, run(5, "NO-GO", name="other", environment="staging"))
    said = picked("latest:GO", "latest")
    assert "no GO run of the target 'other' in the environment 'staging'" in said
    assert "say latest:GO@other/local" in said


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("latest", 3),
        ("latest:GO", 2),
        ("latest@https://llm.test/v1", 2),
        ("latest:GO@https://llm.test/v1/ci", 1),
        ("latest/ci", 1),
        ("latest:NO-GO@b/local", 3),
    ],
)
def test_forms_of_a_selector(tmp_path: Path, selector: str, found: int) -> None:
    kept = journal.open(str(tmp_path / "j.jsonl"))
    keep(
        kept,
        run(1, name="url", environment="ci"),
        run(2, name="url", environment="local"),
        run(3, "NO-GO", name="b", base_url="https://b.test/v1", environment="local"),
    )
    assert number(kept.find(selector).document) == found


def test_a_verdict_that_is_none_is_told(tmp_path: Path) -> None:
    kept = journal.open(str(tmp_path / "j.jsonl"))
    keep(kept, run(1))
    with pytest.raises(JournalError, match="there is no verdict 'MAYBE'"):
        kept.find("latest:MAYBE")


# -- where it ran -----------------------------------------------------------------------------------------------


def test_a_run_in_ci_is_recorded_as_local_and_kept_apart(tmp_path: Path) -> None:
    place = str(tmp_path / "j.sqlite3")
    kept = journal.open(place)
    stored = run(1, name="shop", environment="ci")  # as version 0.1 called it
    made = run(2, name="shop", environment="local")
    made["environment"]["ci"] = "GitHub Actions"
    keep(kept, run(3, name="shop", environment="local"), stored, made)
    kept.close()

    def listed(*args: str) -> list[int]:
        rows = json.loads(cli("history", "--journal", place, "--format", "json", *args).stdout)["runs"]
        return [number(row) for row in rows]

    assert listed("--environment", "ci") == [2, 1] and listed("--environment", "local") == [3]
    assert number(json.loads(cli("show", "latest/local", "--journal", place, "--format", "json").stdout)) == 3


def test_in_ci_without_a_name_the_record_says_local_with_a_note() -> None:
    for variables, environment, noted in (
        ({"GITHUB_ACTIONS": "true"}, "local", True),
        ({"CI": "1", "CHATPROOF_ENVIRONMENT": "staging"}, "staging", False),
        ({}, "local", False),
    ):
        done = cli(
            "smoke",
            "http://127.0.0.1:9/v1",
            "--model",
            "m",
            "--format",
            "json",
            CHATPROOF_API_KEY="k" * 24,
            **variables,
        )
        document = json.loads(done.stdout)
        assert document["smoke_test_run"]["environment"] == environment
        assert ("without an environment" in document["smoke_test_run"]["notes"]) is noted
