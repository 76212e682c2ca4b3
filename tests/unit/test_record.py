"""The run document: its schema, its bounds, its redaction; and what reporters make of hostile text."""

import base64
import gzip
import json
from importlib.resources import files
from typing import Any

import jsonschema_rs
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from chatproof import reporters
from chatproof.judging.contract import _digest, smoke_contract
from chatproof.record import document
from chatproof.running.plan import Settings
from chatproof.running.run import smoke
from chatproof.secrets.packed import encodings
from chatproof.secrets.redaction import MARK
from chatproof.target.profile import load
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret
from tests.support import COMPLETION, GOOD, KEY, play

RECORD_KEYS = [
    "run_id", "timestamp_utc", "environment", "endpoint_base", "model_id_used", "request_summary", "http_status",
    "response_structure_valid", "choices_present", "content_non_empty", "error_field_present",
    "auth_rejection_status", "auth_rejection_error_body_valid", "pass_fail", "notes",
]  # fmt: skip


def strict_schema() -> dict[str, Any]:
    """The published schema, closed: a field that it does not describe is a field that nobody may rely on."""
    schema: dict[str, Any] = json.loads(files("chatproof").joinpath("schemas/run-1.schema.json").read_text())

    def close(node: Any) -> None:
        if isinstance(node, dict):
            if "properties" in node:
                node["additionalProperties"] = False
            for value in node.values():
                close(value)

    close(schema)
    return schema


VALIDATOR = jsonschema_rs.validator_for(strict_schema())


def test_a_refused_run_follows_the_schema() -> None:
    run = smoke(Target("http://127.0.0.1:1/v1", model="m", key=Secret(KEY)), Settings(stream=True), environ={})
    VALIDATOR.validate(run.document)
    assert run.verdict == "UNDECIDED" and run.diagnoses[0]["code"] == "net.refused"
    assert run.document["environment"]["addresses"] == []


@pytest.mark.parametrize("name", ["good", "bad", "stopped"])
def test_played_runs_follow_the_schema(name: str) -> None:
    replies = {"good": {}, "bad": {"all": "502 text/html\n\n<html>"}, "stopped": {"happy": b"HTTP/1.1 200 OK\r\nX: y"}}[
        name
    ]
    document = play(replies).record.document  # type: ignore[arg-type]
    document["environment"] = smoke_environment()
    VALIDATOR.validate(document)


def smoke_environment() -> dict[str, object]:
    from chatproof.target import environment

    more = {"user_agent": "x", "proxy_used": False, "ca_file": "", "timeout_s": 1.0, "addresses": []}
    return {**environment.describe({"TZ": "UTC"}), **more}


def test_the_record_is_the_seeds_template() -> None:
    """Seed: the sanitized log-record template, its keys in its order, every value a string."""
    text = reporters.render("yaml", play().record.document)
    loaded = yaml.safe_load(text)
    assert list(loaded) == ["smoke_test_run"] and list(loaded["smoke_test_run"]) == RECORD_KEYS
    assert all(isinstance(value, str) for value in loaded["smoke_test_run"].values())
    assert loaded["smoke_test_run"] == {
        "run_id": "smoke-20261122-000000-abcdef",
        "timestamp_utc": "2026-11-22T00:00:00.000Z",
        "environment": "test",
        "endpoint_base": "https://llm.test/v1",
        "model_id_used": "gpt-x",
        "request_summary": "messages_count=1, stream=false",
        "http_status": "200",
        "response_structure_valid": "true",
        "choices_present": "true",
        "content_non_empty": "true",
        "error_field_present": "false",
        "auth_rejection_status": "401",
        "auth_rejection_error_body_valid": "true",
        "pass_fail": "PASS",
        "notes": "none",
    }


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        ({"happy": b"HTTP/1.1 200 OK\r\nX: y"}, {"http_status": "unobserved", "choices_present": "unobserved", "pass_fail": "FAIL"}),
        ({"happy": '200 application/json\n\n{"choices":[]}'}, {"choices_present": "true", "content_non_empty": "false", "response_structure_valid": "false"}),
        ({"happy": f'200 application/json\n\n{COMPLETION.replace("pong", "")}'}, {"content_non_empty": "false", "response_structure_valid": "true"}),
        ({"happy": '200 application/json\n\n{"choices":[{"message":{"role":"assistant"}}]}'}, {"choices_present": "true", "response_structure_valid": "false"}),
        ({"happy": '200 application/json\n\n{"choices":[{"message":{"content":"a"}}]}'}, {"pass_fail": "FAIL", "response_structure_valid": "false", "notes": "contract.schema: a choice's message has no role"}),
        ({"happy": f'200 application/json\n\n{COMPLETION.replace("}],", "},{}],")}'}, {"content_non_empty": "true", "response_structure_valid": "false"}),
        ({"happy": '200 application/json\n\n{"error":{"message":"x"}}'}, {"error_field_present": "true", "choices_present": "false"}),
        ({"all": "502 text/html\n\n<html>"}, {"http_status": "502", "response_structure_valid": "false", "auth_rejection_status": "502", "auth_rejection_error_body_valid": "false"}),
    ],
)  # fmt: skip
def test_record_says_what_was_seen(replies: Any, expected: dict[str, str]) -> None:
    record = play(replies).record.record
    assert {key: record[key] for key in expected} == expected


def test_undecided_is_told_in_the_notes() -> None:
    record = play({"auth.missing_key": b"HTTP/1.1 401 No\r\nX"}).record.record
    assert record["pass_fail"] == "FAIL" and record["notes"].startswith("UNDECIDED")
    assert "http.malformed" in record["notes"]


def test_excerpts_only_where_something_is_wrong() -> None:
    run = play({"auth.invalid_key": "401 text/html\n\n<html>no\x1b[31m</html>"}).record
    excerpts = {e["probe"]: e["response"]["body"]["excerpt"] for e in run.document["exchanges"]}
    assert excerpts["auth.invalid_key"] == "<html>no\\x1b[31m</html>"
    assert {excerpts["happy"], excerpts["models"]} == {""}


def test_an_excerpt_is_redacted_before_it_is_cut() -> None:
    for padding in range(1990, 2060):
        body = b"x" * padding + KEY.encode() + b"y" * 100
        excerpt = play({"happy": b"HTTP/1.1 200 OK\r\n\r\n" + body}).record.document["exchanges"][0]["response"][
            "body"
        ]["excerpt"]
        assert len(excerpt) <= 2048
        assert not any(KEY[i : i + 8] in excerpt for i in range(len(KEY) - 7))


@pytest.mark.parametrize("name", [*dict(encodings(KEY))])
def test_eight_characters_of_any_form_are_no_part_of_a_record(name: str) -> None:
    form = dict(encodings(KEY))[name]
    shown = form[8:16]
    document = play({"happy": f"500 text/plain\nServer: {shown}\n\nIt said <{shown}>"}).record.document
    excerpt = document["exchanges"][0]["response"]["body"]["excerpt"]
    assert excerpt == f"It said <{MARK}>"
    assert shown not in json.dumps(document).replace("\\\\", "\\")


def test_a_part_of_the_key_in_gzip_behind_decoys_is_no_part_of_a_record() -> None:
    def packed(text: str) -> str:
        return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()

    decoys = "\n".join(f"X-RateLimit-{n}: {packed(f'nothing {n}')}" for n in range(40))
    document = play({"happy": f"500 text/plain\n{decoys}\n\n{packed(KEY[4:24])}"}).record.document
    response = document["exchanges"][0]["response"]
    assert response["body"]["excerpt"] == MARK
    assert packed("nothing 1") in [value for _, value in response["headers"]]


def test_headers_are_allow_listed_and_location_is_bare() -> None:
    reply = "302 text/html\nSet-Cookie: s=1\nX-Secret: 2\nLocation: https://u:p@h.test/x?token=3\nServer: nginx\n\n"
    response = play({"all": reply}).record.document["exchanges"][0]["response"]
    names = [name for name, _ in response["headers"]]
    assert "Set-Cookie" not in names and "X-Secret" not in names and "Server" in names
    assert not [value for _, value in response["headers"] if "token" in value or "u:p" in value]


def test_request_id_from_header_or_message() -> None:
    refused = '401 application/json\n\n{"error":{"message":"Invalid token (request id: 2026ABC)"}}'
    run = play(
        {"auth.invalid_key": refused, "happy": GOOD["happy"].replace("\n\n", "\nX-Request-Id: req-7\n\n", 1)}
    ).record
    ids = {e["probe"]: e["response"]["request_id"] for e in run.document["exchanges"]}
    assert ids["auth.invalid_key"] == "2026ABC" and ids["happy"] == "req-7"


def test_contract_hash_follows_the_clauses_and_the_profile() -> None:
    digest = play().contract.digest
    assert digest == play().contract.digest
    assert len({digest, play(profile="mistral").contract.digest, play(only=("happy",)).contract.digest}) == 3


def test_contract_hash_follows_what_is_checked_and_not_its_wording() -> None:
    contract = smoke_contract(load("generic"))
    first, *rest = contract.terms

    def digest(**changes: Any) -> str:
        return _digest((first._replace(clause=first.clause._replace(**changes)), *rest), contract.profile)

    assert digest() == contract.digest == digest(says="In other words.", why="Because.", area="Elsewhere")
    source = first.clause.source._replace(accessed="2030-01-01")
    changed = {digest(check=2), digest(source=source), digest(probe="stream"), digest(id="happy.other")}
    assert len(changed | {contract.digest}) == 5


HOSTILE = st.text(
    st.characters() | st.sampled_from("\x00\x1b\x7f\x85\u2028\u202e\ufffe\ud800\"'\\\n\r\t<>&{}[]:#|=+-@`%!*"),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(HOSTILE, HOSTILE)
def test_reports_survive_hostile_text(message: str, code: str) -> None:
    body = json.dumps({"error": {"message": message, "code": code}, "model": message})
    document = play({"happy": f"500 application/json\n\n{body}"}).record.document
    text = reporters.render("text", document)
    assert all(char.isprintable() or char == "\n" for char in text)
    assert reporters.render("json", document).isascii()
    assert json.loads(reporters.render("json", document))["verdict"] == "NO-GO"
    record = yaml.safe_load(reporters.render("yaml", document))["smoke_test_run"]
    assert record["pass_fail"] == "FAIL"
    expected = document["smoke_test_run"]["notes"]
    assert (
        record["notes"] == expected.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        or not expected.isprintable()
    )


def test_formats_are_found() -> None:
    assert {"decision", "json", "text", "yaml", "junit"} <= set(reporters.formats())


def test_a_key_cut_over_headers_is_in_no_list_of_their_values() -> None:
    pieces = [KEY[at : at + 7] for at in range(0, len(KEY), 7)]
    lines = "\n".join(f"X-RateLimit-{number}: {piece}" for number, piece in enumerate(pieces))
    good = GOOD["happy"].partition("\n\n")[2]
    played = play({"happy": f"200 application/json\n{lines}\n\n{good}"})
    headers = played.record.document["exchanges"][0]["response"]["headers"]
    assert len(headers) > len(pieces)
    assert not [value for _, value in headers if value in KEY]


@pytest.mark.parametrize("text", [f"say {KEY}", "ghp_" + "a1B2c3D4e5F6" * 3, "plain words"])
def test_what_one_record_searched_is_searched_as_well_for_the_next(text: str) -> None:
    """Texts that were clean are remembered; those that were not must be found each time they come."""
    target = Target("https://api.example/v1", key=Secret(KEY))
    first, second = (document._clean({"notes": [text, "our own words"]}, target) for _ in range(2))
    assert first == second
    assert (text in first["notes"]) is (text == "plain words")
