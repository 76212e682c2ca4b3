"""What a newcomer stumbled over: words that misled, input that was taken for something else."""

import json
from pathlib import Path

import pytest

from chatproof.printable import number_of
from tests.unit.test_cli import run

HEAD = "1:" + "0" * 64


def text(*args: str, status: int, **more: object) -> str:
    done = run(*args, **more)  # type: ignore[arg-type]
    assert done.returncode == status, done
    return (done.stdout + done.stderr).decode()


@pytest.mark.parametrize(
    "fault", ["", "model-not-found-503", "model-retired", "key-rejected", "html-502", "dns-unknown-host", "cut-body"]
)
def test_own_reports_are_judged_as_the_run_was(fault: str, tmp_path: Path) -> None:
    reports = [str(tmp_path / "run.har"), str(tmp_path / "run.json")]
    words = [word for path in reports for word in ("--report", f"{path.rpartition('.')[2]}={path}")]
    live = run("smoke", "simulator", "--format", "json", *words, *(["--fault", fault] if fault else []))
    codes = [found["code"] for found in json.loads(live.stdout)["diagnoses"]][:1]
    codes = codes or ["limit.capture"]  # no body of a passing reply is kept
    for path in reports:
        judged = json.loads(run("judge", path, "--format", "json").stdout)
        assert [found["code"] for found in judged["diagnoses"]][:1] == codes, path
        assert [e["probe"] for e in judged["exchanges"]] == ["happy", "auth.invalid_key", "auth.missing_key", "models"]
        assert judged["verdict"] == ("NO-GO" if live.returncode == 1 else "UNDECIDED"), (
            "no body of a passing reply is kept"
        )


def test_an_escaped_excerpt_is_not_the_body(tmp_path: Path) -> None:
    path = tmp_path / "run.har"
    run("smoke", "simulator", "--fault", "latin-1", "--report", f"har={path}")
    judged = json.loads(run("judge", str(path), "--format", "json").stdout)
    assert judged["verdict"] == "UNDECIDED" and [d["code"] for d in judged["diagnoses"]] == ["limit.capture"]


def test_judge_with_closed_standard_input() -> None:
    done = run("judge", "-", stdin=None, preexec_fn=lambda: __import__("os").close(0))
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("validate", "simulator", "--budget-tokens", "0"), "--budget-tokens at least 1"),
        (("history", "--limit", "-1"), "--limit must not be negative"),
        (("history", "--kind", "banana"), "there are: smoke, validate, judge"),
        (("journal", "verify", "--head", "abc"), "SEQ:HASH"),
        (("journal",), "required: ACTION\n"),
        (("judge", "invalid_key=nowhere"), "or of the probe in PROBE=FILE (see --as)"),
    ],
)
def test_refused(words: tuple[str, ...], said: str) -> None:
    assert said in text(*words, status=2)


def test_history_of_a_misspelt_code_is_no_clean_record(tmp_path: Path) -> None:
    kept = ("--journal", str(tmp_path / "j.sqlite3"))
    run("smoke", "simulator", *kept)
    assert "no code 'modle.unavailable' is known" in text("history", "--code", "modle.unavailable", *kept, status=0)
    assert "is known" not in text("history", "--code", "model", "--clause", "happy.*", *kept, status=0)
    assert "the chain is broken" in text("journal", "verify", "--head", HEAD, *kept, status=1)


def test_doctor_looks_at_the_url_without_a_key() -> None:
    said = text("doctor", "https://llm.test/v1/v1", status=2, env={"CHATPROOF_API_KEY": ""})
    assert "auth.key_missing" in said and "more than one version segment" in said


def test_nothing_was_sent_where_nothing_was_sent() -> None:
    assert "nothing: 4 requests got no further than dns" in text(
        "smoke", "simulator", "--fault", "dns-unknown-host", status=3
    )
    assert "4 requests, 1 billable" in text("smoke", "simulator", "--fault", "closed-without-reply", status=3)


def test_an_unknown_owner_is_not_certain() -> None:
    said = text("smoke", "simulator", "--fault", "rate-limited", status=1)
    assert "unknown (the cause is certain)" in said


def test_a_crash_does_not_make_a_capability_unsupported() -> None:
    for fault, state in (("stream-error-500", "unknown"), ("stream-unsupported", "unsupported")):
        found = json.loads(run("validate", "simulator", "--fault", fault, "--format", "json").stdout)["capabilities"]
        assert next(row["state"] for row in found if row["name"] == "stream") == state


def test_a_bare_429_is_worth_a_retry() -> None:
    said = text("validate", "simulator", "--fault", "limited-burst-empty", status=0)
    assert "a 429 has no error" in said and "do not retry" not in said


def test_models_does_not_condemn_the_chat_endpoint() -> None:
    assert "chat may still work" in text("models", "simulator", "--fault", "models-404", status=1)


def test_the_next_step_follows_from_the_evidence() -> None:
    said = text("smoke", "simulator", "--fault", "upstream-key-rejected", status=1)
    assert "Try another model with this key" in " ".join(said.split())
    once = " ".join(text("smoke", "simulator", "--fault", "error-in-200", status=1).split())
    assert once.split("next")[0].count('message "upstream connection lost"') == 1


def test_a_family_is_named_as_it_is_printed() -> None:
    assert "passed      7 of 7 clauses: happy.* (7)" in text("smoke", "simulator", "--only", "happy.*", status=0)
    assert "there is no clause '.*'" in text("smoke", "simulator", "--only", ".*", status=2)


def test_an_empty_standard_input_is_no_variable() -> None:
    said = text("smoke", "https://llm.test/v1", "--model", "m", "--key-stdin", status=2)
    assert "stdin is empty" in said and "set stdin" not in said and "put the key there" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("requests", "traffic.jsonl"), "the word 'from' is missing before the files"),
        (("explain", "html-502"), "a fault of the simulator, not a code or clause\n  next: what it shows: chatproof explain gateway.error"),
        (("watch", "simulator", "--max-requests", "3"), "one run needs 4 requests"),
        (("smoke",), "none of COMETAPI_KEY, COMET_API_KEY, COMETAPI_API_KEY is set"),
    ],
)  # fmt: skip
def test_what_stopped_a_user_says_the_way_on(words: tuple[str, ...], said: str) -> None:
    assert said in text(*words, status=2)


def test_what_is_one_is_told_in_the_singular() -> None:
    assert number_of(1, "clause") == "1 clause" and number_of(0, "key") == "0 keys"
    assert "1 of 1 clause: happy.status_200" in text("smoke", "simulator", "--only", "happy.status_200", status=0)


def test_a_next_step_in_a_log_is_not_cut() -> None:
    said = text("watch", "simulator", "--fault", "html-502", "--until", "NO-GO", status=1)
    assert "…" not in said and "the request id and UTC time." in " ".join(said.split())


def test_a_run_beside_itself_is_called_that(tmp_path: Path) -> None:
    journal = ("--journal", str(tmp_path / "j.sqlite3"))
    text("smoke", "simulator", *journal, status=0)
    assert "a and b are the same run." in text("diff", "latest:GO", "latest", *journal, status=0)
