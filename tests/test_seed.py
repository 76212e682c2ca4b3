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

from chatproof import reporters, simulator
from chatproof.analysis.escalation import bundle
from chatproof.analysis.run_diff import differences
from chatproof.contract.areas import AREAS
from chatproof.contract.clause import VALIDATE
from chatproof.judging.judge import judge
from chatproof.running.run import smoke
from chatproof.secrets.key_check import INVALID_KEY
from chatproof.simulator.fault import CI_ONLY, NON_JSON, SEED_MODES
from chatproof.simulator.faults import FAULTS
from chatproof.surfaces.chat import clauses
from chatproof.surfaces.chat.probes_validate import ROWS as PROBES
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret, Timings
from tests.simulator.test_faults import run as run_fault
from tests.support import COMPLETION, KEY, MODEL, play, request

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
    "choice",
    [
        "{}",
        '{"message":{}}',
        *(f'{{"message":{{"role":"a","content":{value}}}}}' for value in ('""', '" "', "null", "7")),
    ],
)
def test_happy_5_message_is_present_with_non_empty_content(choice: str) -> None:
    found = broken({"happy": f'200 application/json\n\n{{"choices":[{choice}]}}'})
    assert "happy.message_content_non_empty" in found
    assert set(found) <= {"happy.message_content_non_empty", "happy.choices_shape"}


def test_happy_6_no_error_field_at_the_top_level() -> None:
    body = COMPLETION[:-1] + ',"error":{"message":"x"}}'
    assert broken({"happy": f"200 application/json\n\n{body}"}) == ["happy.no_error_field"]


# -- minimum assertions for a passing error-path run -----------------------------------------------------------


@pytest.mark.parametrize("probe", ["auth.invalid_key", "auth.missing_key"])
def test_error_1_status_is_not_200(probe: str) -> None:
    played = play({probe: f"200 application/json\n\n{COMPLETION}"})
    assert played.having("broken") == [f"{probe}.rejected"]
    assert played.codes == ["auth.not_enforced"] and "Escalate at once" in played.diagnoses[0].next_step


@pytest.mark.parametrize("body", ["text/html\n\n<html>", "application/json\n\n{oops", "application/json\n\n"])
@pytest.mark.parametrize("probe", ["auth.invalid_key", "auth.missing_key"])
def test_error_2_body_is_valid_json(probe: str, body: str) -> None:
    assert broken({probe: f"401 {body}"}) == [f"{probe}.body_json"]


@pytest.mark.parametrize("probe", ["auth.invalid_key", "auth.missing_key"])
def test_error_3_body_contains_an_error(probe: str) -> None:
    assert broken({probe: "401 application/json\n\n{}"}) == [f"{probe}.error_present"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_error_path_status_may_vary_by_implementation(status: int) -> None:
    refusal = f'{status} application/json\n\n{{"error":{{"message":"No.","type":"refused"}}}}'
    played = play({"auth.invalid_key": refusal, "auth.missing_key": refusal})
    assert (played.verdict, played.codes) == ("GO", []) and played.record.record["auth_rejection_status"] == str(status)


def test_error_path_answered_with_200_is_a_contract_violation_to_escalate() -> None:
    run = play({"auth.invalid_key": f"200 application/json\n\n{COMPLETION}"}, profile="cometapi").record
    sent = bundle(run.document, "2026-11-22T10:00:00.000Z")
    assert sent["sort"] == ["contract mismatch"] and sent["mismatches"][0]["clause"] == "auth.invalid_key.rejected"


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


def test_must_not_assert_rate_limits_or_uptime() -> None:
    headers = "X-RateLimit-Remaining-Requests: 0\nX-Response-Time: 99999\nAge: 86400\nX-Uptime: 0"
    assert play({"happy": f"200 application/json\n{headers}\n\n{COMPLETION}"}).codes == []


def test_must_not_assert_latency_or_time_to_first_token() -> None:
    played, slow = play(), Timings(dns=9e3, connect=9e3, tls=9e3, first_byte=29e3, total=29.9e3)
    late = [exchange._replace(timings=slow) for exchange in played.exchanges]
    judged = judge(played.contract, late, model=MODEL, key=Secret(KEY), no_auth=False)
    assert judged.verdict == "GO" and judged.findings == played.judgement.findings


def test_must_not_assert_models_of_other_accounts_or_regions() -> None:
    assert play({"models": '200 application/json\n\n{"object":"list","data":[{"id":"gpt-x"}]}'}).codes == []


# -- the seven failure modes, on the wire ----------------------------------------------------------------------

# Of each mode: the fault that plays it, the code it comes to, and what the evidence or the next step must say.
PLAYED = {
    "1 authentication rejected with a key that appears valid": [
        ("key-rejected", "auth.rejected", "Incorrect API key provided."),
        ("key-rejected", "auth.rejected", "Check that the key is active"),
        ("header-stripped", "auth.header", "Authorization header using Bearer auth"),
        ("header-stripped", "auth.header", "Compare the header's name and scheme"),
        ("no-permission", "auth.permission", "Missing scopes"),
    ],
    "2 model identifier rejected": [
        ("model-not-found-404", "model.unavailable", '"simulator-mini" is not among the 3 ids listed for this key'),
        ("model-not-found-503", "model.unavailable", "no available channel"),
    ],
    "3 malformed request body": [
        ("request-rejected-400", "request.rejected", 'param "messages"'),
        ("request-rejected-422", "request.rejected", 'param "body.messages"'),
        ("request-rejected-500", "request.rejected", "field messages is required"),
        ("unsupported-parameter", "request.unsupported_parameter", 'param "stream"'),
    ],
    "4 empty choices array": [
        ("empty-choices", "contract.choices_empty", 'requested model: "simulator-mini"'),
        ("empty-choices", "contract.choices_empty", "report it with the request id"),
    ],
    "5 non-JSON response body": [
        ("html-502", "gateway.error", 'html: "502 Bad Gateway"'),
        ("html-503", "gateway.error", "Neither your key nor the model is the cause."),
        ("text-503", "gateway.error", "upstream connect error"),
        ("empty-502", "gateway.error", "empty body"),
        ("html-504", "gateway.timeout", 'html: "504 Gateway Time-out"'),
        ("proxy-407-page", "net.proxy", 'html: "Proxy authentication required"'),
    ],
    "6 stream although stream is false": [
        ("stream-when-false", "stream.unexpected", "text/event-stream"),
        ("stream-buffered", "stream.unexpected", "stream: false was sent; the body begins"),
        ("stream-buffered", "stream.unexpected", "Check that no proxy turns streaming on."),
    ],
}


@pytest.mark.parametrize(("mode", "name", "code", "words"), [(m, *row) for m in PLAYED for row in PLAYED[m]])
def test_failure_mode(mode: str, name: str, code: str, words: str) -> None:
    """Each comes to its cause, says what the body said, and keeps status and raw body."""
    document: Any = run_fault(name)[0]
    first, happy = document["diagnoses"][0], document["exchanges"][0]
    assert FAULTS[name].seed == SEED_MODES[int(mode[0]) - 1]
    assert (document["verdict"], first["code"]) == ("NO-GO", code)
    assert words in "\n".join([*first["evidence"], first["next_step"]])
    assert document["smoke_test_run"]["http_status"] == str(happy["response"]["status"])
    body = happy["response"]["body"]
    assert len(body["excerpt"]) >= min(body["bytes"], 2000), "the raw body stands in the record"


@pytest.mark.parametrize("name", [fault.name for fault in FAULTS.values() if fault.seed == NON_JSON])
def test_failure_mode_5_is_never_a_model_or_auth_failure(name: str) -> None:
    document: Any = run_fault(name)[0]
    assert [d["code"] for d in document["diagnoses"] if d["code"].startswith(("auth.", "model."))] == []
    fields = {"happy.choices_non_empty", "happy.message_content_non_empty", "happy.no_error_field"}
    judged = {f["clause"] for f in document["findings"] if f["outcome"] in ("broken", "holds")}
    assert not fields & judged, "no field is judged before the body is JSON"


@pytest.mark.parametrize(
    ("probe", "wrong"),
    [
        ("error.missing_model", lambda body: "model" not in body),
        ("error.missing_messages", lambda body: "messages" not in body),
        ("error.empty_messages", lambda body: body["messages"] == []),
        ("error.message_without_role", lambda body: "role" not in body["messages"][0]),
        ("error.wrong_content_type", lambda body: not isinstance(body["messages"][0]["content"], str)),
        ("error.temperature_string", lambda body: isinstance(body["temperature"], str)),
        ("error.stream_string", lambda body: isinstance(body["stream"], str)),
    ],
)
def test_failure_mode_3_each_malformed_request_is_sent_by_validate_and_must_be_refused(probe: str, wrong: Any) -> None:
    made = PROBES[probe].body
    assert made is not None and wrong(made("m"))
    clause = clauses.load(VALIDATE)[f"{probe}.refused"]
    assert clause.probe == probe and clause.breaks_on[0].status == 200, "an answer to it breaks the clause"


def test_failure_mode_7_passes_locally_fails_in_ci() -> None:
    """Base URL, header names, variable names, proxies, address, key: each is in the record, and the diff names it."""
    local, ci = simulator.start(), simulator.start("html-502")
    here = {"COMET_API_KEY": "sk-x", "TZ": "UTC"}
    there = {"CI": "true", "GITHUB_ACTIONS": "true", "HTTPS_PROXY": "http://hidden@proxy:1"}
    try:
        passed, failed = (
            smoke(
                Target(server.base_url, server.model, Secret(server.key), key_source=f"env:{name}"), environ=environ
            ).document
            for server, name, environ in ((local, "LOCAL_KEY", here), (ci, "CI_KEY", there))
        )
    finally:
        local.stop()
        ci.stop()
    assert (passed["verdict"], failed["verdict"]) == ("GO", "NO-GO")
    assert passed["environment"]["variables_set"] == ["COMET_API_KEY"]
    assert failed["environment"]["ci"] == "GitHub Actions" and failed["environment"]["addresses"] == ["127.0.0.1"]
    assert failed["environment"]["proxy_variables_ignored"] == ["HTTPS_PROXY"] and "hidden" not in json.dumps(failed)
    assert failed["target"]["key"]["source"] == "env:CI_KEY" and failed["target"]["base_url"] == ci.base_url
    assert "Authorization" in failed["exchanges"][0]["request"]["header_names"]
    told = {difference.path for difference in differences(passed, failed) if difference.kind == "environment"}
    assert told >= {
        "target.base_url",
        "target.key.fingerprint",
        "target.key.source",
        "environment.ci",
        "environment.variables_set",
        "environment.proxy_variables_ignored",
    }


def test_every_seed_mode_has_a_fault() -> None:
    assert {fault.seed for fault in FAULTS.values()} >= set(SEED_MODES)
    assert len(PLAYED) == len(SEED_MODES) - 1 and SEED_MODES[-1] == CI_ONLY, "the last is two runs, above"


# -- the escalation path and the record ------------------------------------------------------------------------


def test_status_and_raw_body_are_captured() -> None:
    run = play({"happy": "502 text/html\nX-Request-Id: r1\n\n<html>raw words</html>"}).record
    response = run.document["exchanges"][0]["response"]
    assert response["status"] == 502 and response["body"]["excerpt"] == "<html>raw words</html>"
    assert response["request_id"] == "r1"
    assert run.record["http_status"] == "502" and run.record["pass_fail"] == "FAIL"


def test_persistent_failures_go_to_the_help_center() -> None:
    """Both on the screen and in what is sent; a profile that knows no such place is not given this one."""
    place = "https://apidoc.cometapi.com/support/help-center"
    for profile, named in (("cometapi", True), ("generic", False)):
        document = play({"happy": '200 application/json\n\n{"choices":[]}'}, profile=profile).record.document
        document["target"]["profile"] = profile
        sent = reporters.render("markdown", bundle(document, "2026-11-22T10:00:00.000Z"), of="escalation")
        assert (place in reporters.render("text", document), f"where to send this: {place}" in sent) == (named, named)


PROMPT = "Respond with the single word"


def test_no_full_prompt_or_response_is_logged() -> None:
    long = "private words " * 1000
    answer = COMPLETION.replace('"pong"', json.dumps(long))
    for reply in (f"200 application/json\n\n{answer}", f"500 application/json\n\n{answer}"):
        document = play({"happy": reply}).record.document
        assert "private words" not in reporters.render("yaml", document)
        assert PROMPT not in json.dumps(document)
        excerpt = document["exchanges"][0]["response"]["body"]["excerpt"]
        assert (len(excerpt) <= 2100 and long not in excerpt) if document["verdict"] == "NO-GO" else excerpt == ""


def test_the_structure_is_a_message_with_role_and_content() -> None:
    """Seed, key takeaways: a passing smoke test must confirm it of each element."""
    no_role = COMPLETION.replace('"role":"assistant",', "")
    for body in (no_role, COMPLETION.replace("}],", "},null],"), COMPLETION.replace("}],", '},"pong"],')):
        assert body != COMPLETION
        played = play({"happy": f"200 application/json\n\n{body}"})
        record = played.record.record
        assert (record["response_structure_valid"], record["pass_fail"]) == ("false", "FAIL")
        assert played.having("broken") == ["happy.choices_shape"]


def test_no_model_is_hard_coded() -> None:
    for path in (ROOT / "src").rglob("*.py"):
        if "simulator" not in path.parts:
            assert not re.search(r"\"(gpt|claude|gemini|deepseek|llama)-[\w.-]*\"", path.read_text()), path


def test_probes_name_no_private_data() -> None:
    """Each asks for a fixed word or line, to count, or for a colour; the others are requests that must be refused."""
    bodies = {id: p.body("m") for id, p in PROBES.items() if p.body}
    said = {id: body.decode() if isinstance(body, bytes) else json.dumps(body) for id, body in bodies.items()}
    empty = {"error.missing_messages", "error.empty_messages", "error.wrong_content_type"}
    calls = {
        "tools.parallel",
        "tools.parallel.stream",
        "error.wrong_call_id",
        "error.unanswered_call",
    }  # made-up links and places
    assert {
        id for id, text in said.items() if not re.search("pong|Count from 1 to|Which colour|Repeat this line", text)
    } == empty | calls


# -- contract details to verify --------------------------------------------------------------------------------

CHAT, HELP = "https://apidoc.cometapi.com/api/text/chat", "https://apidoc.cometapi.com/support/help-center"
TABLE = {
    "Endpoint path": (
        "Confirm the exact HTTP path for chat completions",
        "POST /v1/chat/completions as documented; verify current path from official reference",
    ),
    "HTTP method": (
        "Confirm the required HTTP verb (POST as described in docs)",
        "POST method as documented; confirm in official reference",
    ),
    "Authentication scheme": (
        "Confirm the exact header name, token format, and Bearer prefix requirements",
        "Bearer token via Authorization header; verify exact format from official docs",
    ),
    "Required request fields": (
        "Confirm which fields are required vs. optional (model, messages, role, content)",
        "Verify required fields from the official request schema before integration",
    ),
    "Optional request fields": (
        "Confirm accepted names and value ranges for stream, temperature, max_tokens",
        "Optional fields include stream, temperature; verify exact names and ranges",
    ),
    "Response shape": (
        "Confirm top-level fields including choices, message, content, usage",
        "Response includes a choices array; verify all field names from official response schema",
    ),
    "Error response shape": (
        "Confirm error object structure and HTTP status codes for auth failure, bad request, and server error",
        "Verify error field names and expected HTTP status codes from official error reference",
    ),
    "Support escalation": (
        "Confirm the correct support path for persistent endpoint failures",
        "Use the official help center for escalation beyond self-serve troubleshooting",
    ),
}
"""The seed's table, to the letter: area, what to verify, safe candidate wording."""


@pytest.mark.parametrize("name", TABLE)
def test_contract_details_to_verify(name: str) -> None:
    (area,) = [area for area in AREAS if area.name == name]
    url = HELP if name == "Support escalation" else CHAT
    assert area == (name, TABLE[name][0], url, "2026-06-08", TABLE[name][1])
    judged = [clause for clause in clauses.load(VALIDATE).values() if clause.area == name]
    assert judged or name == "Support escalation", "what is to verify is verified by clauses"


# -- the map ---------------------------------------------------------------------------------------------------


def test_seed_coverage_names_tests_that_exist() -> None:
    text = (ROOT / "docs" / "seed-coverage.md").read_text()
    named = re.findall(r"`(tests/[\w/.]+)::(\w+)`", text)
    assert len(named) > 40
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(), (file, test)
    here = re.findall(r"^def (test_(?:happy|error|must|failure)\w+)", Path(__file__).read_text(), re.MULTILINE)
    assert {name for name in here if f"tests/test_seed.py::{name}`" not in text} == set()


def test_reference_tables_are_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "tables.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
