"""--api: which API is asked, on the command line, in the configuration, in captures; and what its run says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chatproof.cli import main as cli
from chatproof.record.sanitized import UNOBSERVED
from chatproof.surfaces.responses.examples import STREAMED


def ask(capfd: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    status = cli.main(args)
    seen = capfd.readouterr()
    return status, seen.out, seen.err


def test_smoke_of_responses_is_one_run_with_its_own_record(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    journal = str(tmp_path / "runs.sqlite")
    asked = ("smoke", "simulator", "--api", "responses", "--stream", "--format", "json", "--journal", journal)
    status, out, _ = ask(capfd, *asked)
    run = json.loads(out)
    assert (status, run["verdict"], run["api"], run["diagnoses"]) == (0, "GO", "responses", [])
    assert [exchange["probe"] for exchange in run["exchanges"]] == [
        "happy",
        "auth.invalid_key",
        "auth.missing_key",
        "models",
        "stream",
    ]
    assert {exchange["request"]["url"].rpartition("/")[2] for exchange in run["exchanges"]} == {"responses", "models"}
    assert run["cost"]["billable_requests"] == 2 and run["cost"]["tokens_reported"] > 0
    assert {finding["clause"].partition(".")[0] for finding in run["findings"]} == {"responses"}
    record = run["smoke_test_run"]
    assert (record["pass_fail"], record["choices_present"], record["content_non_empty"]) == ("PASS", "true", "true")
    assert "of the Responses API" in record["notes"] and UNOBSERVED not in record.values()
    status, out, _ = ask(capfd, "history", "--journal", journal, "--format", "json")
    assert status == 0 and run["run_id"] in out


def test_smoke_of_embeddings_is_four_requests_of_a_few_tokens(capfd: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capfd, "smoke", "simulator", "--api", "embeddings", "--format", "json", "--journal", "none")
    run = json.loads(out)
    assert (status, run["verdict"], run["api"], run["diagnoses"]) == (0, "GO", "embeddings", [])
    probes = [exchange["probe"] for exchange in run["exchanges"]]
    assert probes == ["happy", "auth.invalid_key", "auth.missing_key", "models"]
    assert run["cost"]["billable_requests"] == 1 and 0 < run["cost"]["tokens_reported"] < 20
    assert {finding["clause"].partition(".")[0] for finding in run["findings"]} == {"embeddings"}
    record = run["smoke_test_run"]
    assert (record["pass_fail"], record["choices_present"], record["content_non_empty"]) == ("PASS", "true", "true")
    assert record["request_summary"] == "inputs=2, encoding_format=base64"
    assert "of the Embeddings API" in record["notes"] and UNOBSERVED not in record.values()


def test_stream_says_nothing_where_an_api_has_no_streams(capfd: pytest.CaptureFixture[str]) -> None:
    asked = ("smoke", "simulator", "--api", "embeddings", "--stream", "--format", "json", "--journal", "none")
    status, out, _ = ask(capfd, *asked)
    assert status == 0 and len(json.loads(out)["exchanges"]) == 4


def test_a_run_of_chat_says_nothing_new(capfd: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ask(capfd, "smoke", "simulator", "--format", "json", "--journal", "none")
    assert "api" not in json.loads(out)


@pytest.mark.parametrize("command", ["smoke", "validate", "doctor", "models"])
def test_an_api_that_there_is_not_is_named_and_nothing_is_sent(command: str, capfd: pytest.CaptureFixture[str]) -> None:
    status, _, said = ask(capfd, command, "simulator", "--api", "completions")
    shown = said if command != "doctor" else _ + said
    assert status == 2 and "there is no API" in shown and "there are: chat, " in shown and "responses" in shown


def test_a_base_url_that_ends_in_the_path_of_an_api_gets_the_command(capfd: pytest.CaptureFixture[str]) -> None:
    for api in ("responses", "embeddings", "messages"):
        for url in (f"https://llm.test/v1/{api}", f"https://llm.test/v1/{api}/"):
            status, _, said = ask(capfd, "smoke", url, "--journal", "none")
            assert status == 2 and f"chatproof smoke https://llm.test/v1 --api {api}" in said
    status, _, said = ask(
        capfd, "smoke", "https://llm.test/v1/chat/completions", "--api", "responses", "--journal", "none"
    )
    assert status == 2 and "leave /chat/completions out: chatproof smoke https://llm.test/v1\n" in said
    status, _, said = ask(capfd, "smoke", "https://user:pw@llm.test/v1/responses", "--journal", "none")
    assert status == 2 and "pw" not in said


def test_the_configuration_says_the_api_of_a_target(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_KEY", "sk-Example0123456789abcdefExample")
    path = tmp_path / "chatproof.toml"
    path.write_text(
        '[targets.shop]\nbase_url = "http://127.0.0.1:9/v1"\nkey_env = "SHOP_KEY"\nmodel = "m"\napi = "responses"\n'
    )
    status, out, _ = ask(capfd, "smoke", "shop", "--config", str(path), "--plan")
    assert status == 0 and "http://127.0.0.1:9/v1/responses" in out
    status, out, _ = ask(capfd, "smoke", "shop", "--config", str(path), "--plan", "--api", "chat")
    assert status == 0 and "/chat/completions" in out


def test_own_requests_of_another_api_are_told(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    path.write_text('{"model": "m", "messages": [{"role": "user", "content": "Hello"}]}')
    asked = ("smoke", "simulator", "--api", "responses", "--request", str(path), "--journal", "none")
    status, _, said = ask(capfd, *asked)
    assert status == 2 and "with --api chat, not with --api responses" in said
    both = ("compare", "simulator", "simulator", "--api", "chat", "--api", "responses", "--request", str(path))
    status, _, said = ask(capfd, *both, "--journal", "none")
    assert status == 2 and "requests of one API" in said


@pytest.mark.parametrize(("api", "smaller"), [("chat", True), ("responses", False), ("messages", False)])
def test_the_plan_counts_smaller_requests_where_there_may_be_any(
    api: str, smaller: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = ask(capfd, "validate", "simulator", "--api", api, "--plan", "--journal", "none")
    assert status == 0 and ("smaller ones, if common ones are refused" in out) is smaller


def test_contract_lists_the_clauses_of_an_api(capfd: pytest.CaptureFixture[str]) -> None:
    status, out, _ = ask(capfd, "contract", "simulator", "--api", "responses", "--format", "json")
    ids = [clause["id"] for clause in json.loads(out)["clauses"]]
    assert status == 0 and ids[0] == "responses.happy.status_200" and all(id.startswith("responses.") for id in ids)


def test_captures_of_another_api_are_named_with_the_option(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    stream, chat = tmp_path / "stream.sse", tmp_path / "chat.json"
    stream.write_bytes(STREAMED.body)
    chat.write_text('{"object":"chat.completion","choices":[{"message":{"role":"assistant","content":"pong"}}]}')
    status, _, said = ask(capfd, "judge", str(stream))
    assert status == 2 and "--api responses" in said
    status, _, said = ask(capfd, "judge", "--api", "responses", str(chat))
    assert status == 2 and "--api chat" in said
    status, out, _ = ask(capfd, "judge", "--api", "responses", str(stream), "--format", "json")
    run = json.loads(out)
    assert (status, run["api"], run["verdict"]) == (3, "responses", "UNDECIDED")
    outcomes = {finding["clause"]: finding["outcome"] for finding in run["findings"]}
    assert outcomes["responses.stream.created"] == "holds" and "broken" not in outcomes.values()


def test_drift_is_looked_for_among_runs_of_the_same_api(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    journal = ("--journal", str(tmp_path / "runs.sqlite"), "--format", "json")
    for _ in range(3):
        assert ask(capfd, "smoke", "simulator", *journal)[0] == 0
    for more in ((), ("--against", "latest:GO")):
        _, out, _ = ask(capfd, "smoke", "simulator", "--api", "responses", *journal, *more)
        assert not json.loads(out).get("drift")


def test_targets_of_one_api_other_than_chats_are_compared_as_usual(capfd: pytest.CaptureFixture[str]) -> None:
    asked = ("compare", "simulator", "simulator", "--journal", "none", "--smoke", "--api", "responses")
    assert ask(capfd, *asked)[0] == 0
