"""What was asked for, in its own words: each assertion, failure mode and record field, held by a test that names it.

docs/seed-coverage.md maps every demanding sentence of the request to a test; the last test here checks that map.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chatproof import probes_validate
from chatproof.keys import INVALID_KEY
from chatproof.probes import PROBES
from chatproof.run import Settings, smoke
from chatproof.simulator.fault import SEED_MODES
from chatproof.simulator.faults import FAULTS
from tests.support import COMPLETION, play, request

ROOT = Path(__file__).parent.parent


def broken(replies: dict[str, Any]) -> list[str]:
    played = play(replies)
    assert played.verdict == "NO-GO"
    return played.having("broken")


# -- the request plan ------------------------------------------------------------------------------------------


def test_happy_request_is_the_seeds_request() -> None:
    sent = request("happy")
    assert (sent.method, str(sent.url)) == ("POST", "https://llm.test/v1/chat/completions")
    assert ("Content-Type", "application/json") in sent.headers and sent.credential_header == "Authorization: Bearer"
    assert json.loads(sent.body) == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "Respond with the single word: pong"}],
        "stream": False,
    }


def test_error_path_sends_the_same_request_with_a_bad_key_and_with_none() -> None:
    wrong, missing, happy = request("auth.invalid_key"), request("auth.missing_key"), request("happy")
    assert wrong.body == missing.body == happy.body and wrong.url == missing.url == happy.url
    assert wrong.credential is not None and wrong.credential.reveal() == INVALID_KEY == "invalid-token-smoke-test"
    assert missing.credential is None


# -- minimum assertions for a passing happy-path run -----------------------------------------------------------


def test_happy_1_http_response_status_is_200() -> None:
    assert broken({"happy": f"201 application/json\n\n{COMPLETION}"}) == ["happy.status_200"]


def test_happy_2_content_type_header_indicates_json() -> None:
    assert broken({"happy": f"200 text/plain\n\n{COMPLETION}"}) == ["happy.media_type_json"]


def test_happy_3_body_is_valid_parseable_json() -> None:
    assert broken({"happy": "200 application/json\n\n{oops"}) == ["happy.body_json"]


@pytest.mark.parametrize("body", ["{}", '{"choices":[]}', '{"choices":{}}'])
def test_happy_4_choices_is_present_and_a_non_empty_array(body: str) -> None:
    assert broken({"happy": f"200 application/json\n\n{body}"}) == ["happy.choices_non_empty"]


@pytest.mark.parametrize(
    "choice", ["{}", '{"message":{}}', '{"message":{"content":""}}', '{"message":{"content":null}}']
)
def test_happy_5_message_is_present_with_non_empty_content(choice: str) -> None:
    assert broken({"happy": f'200 application/json\n\n{{"choices":[{choice}]}}'}) == ["happy.message_content_non_empty"]


def test_happy_6_no_error_field_at_the_top_level() -> None:
    body = COMPLETION[:-1] + ',"error":{"message":"x"}}'
    assert broken({"happy": f"200 application/json\n\n{body}"}) == ["happy.no_error_field"]


# -- minimum assertions for a passing error-path run -----------------------------------------------------------


@pytest.mark.parametrize("probe", ["auth.invalid_key", "auth.missing_key"])
def test_error_1_status_is_not_200(probe: str) -> None:
    played = play({probe: f"200 application/json\n\n{COMPLETION}"})
    assert played.having("broken") == [f"{probe}.rejected"]
    assert played.codes == ["auth.not_enforced"] and "Escalate at once" in played.diagnoses[0].next_step


@pytest.mark.parametrize("probe", ["auth.invalid_key", "auth.missing_key"])
def test_error_2_body_is_valid_json(probe: str) -> None:
    assert broken({probe: "401 text/html\n\n<html>"}) == [f"{probe}.body_json"]


@pytest.mark.parametrize("probe", ["auth.invalid_key", "auth.missing_key"])
def test_error_3_body_contains_an_error(probe: str) -> None:
    assert broken({probe: "401 application/json\n\n{}"}) == [f"{probe}.error_present"]


# -- what must not be asserted ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        ('"pong"', '"The weather is fine."'),  # wording
        ('"completion_tokens":1,"total_tokens":9', '"completion_tokens":-1,"total_tokens":"many"'),  # token counts
        ('"usage":', '"cost":9999,"quota":0,"usage":'),  # pricing and quota
        ('"model":"gpt-x"', '"model":"another"'),  # other models
    ],
)
def test_must_not_assert(change: tuple[str, str]) -> None:
    assert change[0] in COMPLETION
    played = play({"happy": f"200 application/json\n\n{COMPLETION.replace(*change)}"})
    assert played.verdict == "GO" and played.codes == []


def test_must_not_assert_latency_or_rate_limits() -> None:
    headers = "X-RateLimit-Remaining-Requests: 0\nX-Response-Time: 99999\nAge: 86400"
    assert play({"happy": f"200 application/json\n{headers}\n\n{COMPLETION}"}).codes == []


# -- the seven failure modes, on the wire ----------------------------------------------------------------------

MODES = {
    "1 authentication rejected with a key that appears valid": ("key-rejected", "auth.rejected", "you"),
    "2 model identifier rejected": ("model-not-found-503", "model.unavailable", None),
    "3 malformed request body": ("request-rejected-500", "request.rejected", None),
    "4 empty choices array": ("empty-choices", "contract.choices_empty", "provider"),
    "5 non-JSON response body": ("html-502", "gateway.error", "gateway"),
    "6 stream although stream is false": ("stream-when-false", "stream.unexpected", "provider"),
}


@pytest.mark.parametrize("mode", MODES)
def test_failure_mode(mode: str) -> None:
    from chatproof import simulator
    from chatproof.exchange import Secret
    from chatproof.target import Target

    name, code, owner = MODES[mode]
    assert name in FAULTS, sorted(FAULTS)
    server = simulator.start(name)
    try:
        run = smoke(Target(server.base_url, model=server.model, key=Secret(server.key)), Settings(), environ={})
    finally:
        server.stop()
    first = run.diagnoses[0]
    assert (run.verdict, first["code"]) == ("NO-GO", code)
    assert owner is None or first["owner"] == owner
    if mode.startswith("5"):
        assert not [d for d in run.diagnoses if d["code"].startswith(("auth.", "model."))], (
            "never a model or auth failure"
        )


def test_failure_mode_7_passes_locally_fails_in_ci() -> None:
    """The record shows what differs: base URL, header names, variable names, proxies, address, CI, key fingerprint."""
    environ = {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "HTTPS_PROXY": "http://hidden@proxy:1",
        "COMET_API_KEY": "sk-x",
        "TZ": "UTC",
    }
    from chatproof.exchange import Secret
    from chatproof.target import Target

    run = smoke(Target("http://127.0.0.1:1/v1", model="m", key=Secret("sk-0123456789abcdefgh")), environ=environ)
    seen = run.document["environment"]
    assert seen["ci"] == "GitHub Actions" and seen["tz"] == "UTC" and seen["python"]
    assert "COMET_API_KEY" in seen["variables_set"] and seen["proxy_variables_ignored"] == ["HTTPS_PROXY"]
    assert "hidden" not in json.dumps(run.document)
    assert "Authorization" in run.document["exchanges"][0]["request"]["header_names"]
    assert (
        run.document["target"]["base_url"] == "http://127.0.0.1:1/v1" and run.document["target"]["key"]["fingerprint"]
    )


def test_every_seed_mode_has_a_fault() -> None:
    played = {fault.seed for fault in FAULTS.values()}
    assert set(SEED_MODES) - {SEED_MODES[6]} <= played


# -- the escalation path and the record ------------------------------------------------------------------------


def test_status_and_body_are_captured_before_anything_is_repeated() -> None:
    run = play({"happy": "502 text/html\nX-Request-Id: r1\n\n<html>raw words</html>"}).record
    response = run.document["exchanges"][0]["response"]
    assert response["status"] == 502 and response["body"]["excerpt"] == "<html>raw words</html>"
    assert response["request_id"] == "r1" and len(run.document["exchanges"]) == 4, "nothing is retried"


def test_no_model_is_hard_coded() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        if "simulator" not in path.parts:
            assert not re.search(r"\"(gpt|claude|gemini|deepseek|llama)-[\w.-]*\"", path.read_text()), path


def test_probes_name_no_private_data() -> None:
    """Each asks for a fixed word or line, to count, or for a colour; the others are requests that must be refused."""
    probes_validate.load()
    bodies = {id: p.body("m") for id, p in PROBES.items() if p.body}
    said = {id: body.decode() if isinstance(body, bytes) else json.dumps(body) for id, body in bodies.items()}
    empty = {"error.missing_messages", "error.empty_messages", "error.wrong_content_type"}
    assert {
        id for id, text in said.items() if not re.search("pong|Count from 1 to|Which colour|Repeat this line", text)
    } == empty


# -- the map ---------------------------------------------------------------------------------------------------


def test_seed_coverage_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "seed-coverage.md").read_text()
    named = re.findall(r"`(tests/[\w/.]+)::(\w+)`", text)
    assert len(named) > 40
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(), (file, test)


def test_reference_tables_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "tables.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
