"""A refusal of a request that asks for much at once is told by what its error blames."""

from __future__ import annotations

import json

import pytest

from chatproof.contract.capability import UNSUPPORTED, refused_here
from chatproof.contract.clause import BROKEN, VALIDATE, Example, Outcome, not_applicable
from chatproof.contract.refused_part import code_of
from chatproof.diagnosis.diagnosis import diagnose
from chatproof.evidence.reply import Reply
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import judge
from chatproof.surfaces import surface_of
from chatproof.target import profile
from chatproof.wire.exchange import Exchange
from tests.api_rows import JSON
from tests.support import exchange, from_example

TOOLS, MESSAGES, PARAMETER = "contract.tools", "contract.messages", "request.unsupported_parameter"
PROBES = {"responses": "codex", "messages": "claude_code"}


def refused(api: str, said: dict[str, object] | str, status: int = 400) -> Exchange:
    """The exchange of a request as an agent sends it, refused with these words or with this error."""
    probe = PROBES[api]
    error = {"message": said} if isinstance(said, str) else said
    example = Example(status, JSON, json.dumps({"error": error}).encode())
    made = exchange(probe, from_example(example), api=api)
    row = surface_of(api).rows(VALIDATE)[probe]
    assert row.body is not None
    body = json.dumps(row.body("m")).encode()
    return made._replace(request=made.request._replace(body=body))


ROWS: list[tuple[str, dict[str, object] | str, str]] = [
    ("responses", {"message": "Unknown parameter.", "param": "include"}, PARAMETER),
    ("responses", {"message": "Invalid value", "param": "include[0]"}, PARAMETER),
    ("responses", {"message": "Invalid value", "param": "tools[1].type"}, TOOLS),
    ("responses", {"message": "Invalid value", "param": "input[0].content"}, MESSAGES),
    ("responses", {"message": "Invalid value", "param": "instructions"}, MESSAGES),
    ("responses", {"message": "Invalid value", "param": "input[0]"}, MESSAGES),
    ("responses", {"message": "Invalid value", "param": "tool_choice"}, TOOLS),
    ("responses", {"message": "Invalid value", "param": "functions[0].name"}, TOOLS),
    ("responses", {"message": "Invalid value", "param": "function.arguments"}, TOOLS),
    ("responses", {"message": "Invalid value", "param": "reasoning.summary"}, PARAMETER),
    ("responses", {"message": "Invalid value", "param": "nobody.knows"}, ""),
    ("responses", "'type' of tool must be 'function'", TOOLS),
    ("responses", "Unsupported tool type: web_search", TOOLS),
    ("responses", "The request does not include tools of type function alone", TOOLS),
    ("responses", "Unsupported parameter: include", PARAMETER),
    ("responses", "Unrecognized field `include`", PARAMETER),
    ("responses", "include is not supported", PARAMETER),
    ("responses", "prompt_cache_key cannot be used", PARAMETER),
    ("responses", "this model has no reasoning", PARAMETER),
    ("responses", "the tools need no prompt_cache_key", PARAMETER),
    ("responses", "Tools cannot be used", TOOLS),
    ("responses", "the request is not good", ""),
    ("responses", "this model is not good", ""),
    ("responses", "no stream here", ""),
    ("responses", "store the input elsewhere", ""),
    ("messages", {"message": "Invalid value", "param": "messages[0]"}, MESSAGES),
    ("messages", {"message": "Invalid value", "param": "content[0]"}, MESSAGES),
    ("messages", {"message": "Invalid value", "param": "role"}, MESSAGES),
    ("messages", "blocks are not taken", MESSAGES),
    (
        "messages",
        "Unexpected value(s) `interleaved-thinking-2025-05-14` for the `anthropic-beta` header.",
        "contract.headers",
    ),
    ("messages", "invalid beta flag", "contract.headers"),
    ("messages", "the beta of tools is not open", TOOLS),
    ("messages", "tools.0.content: not permitted", MESSAGES),
    ("messages", "system.1.cache_control: Extra inputs are not permitted", PARAMETER),
    ("messages", "tools.0.cache_control: Extra inputs are not permitted", PARAMETER),
    ("messages", "system: Input should be a valid string", MESSAGES),
    ("messages", "messages.0.content: Input should be a valid string", MESSAGES),
    ("messages", "messages[0].content[0]: no blocks", MESSAGES),
    ("messages", "tools.0: Input does not match", TOOLS),
    ("messages", "metadata: Extra inputs are not permitted", PARAMETER),
    ("messages", "Content must be a string, not blocks", MESSAGES),
    ("messages", "temperature and top_p are not supported together", PARAMETER),
    ("messages", "bad request", ""),
    ("messages", f"{'x' * 3991} metadata", PARAMETER),
    ("messages", f"{'x' * 3992} metadata", ""),
    ("messages", f"{'x' * 5000} 'metadata': no", ""),
    ("messages", "messages.1.content.0.tool_use.caller: Extra inputs are not permitted", TOOLS),
    ("messages", "messages.2.content.0.tool_result.content.0.type: Input should be 'text'", MESSAGES),
    ("messages", "messages.2.content.0.tool_result: Input should be a string", TOOLS),
    ("messages", f"{'x' * 4000} invalid beta flag", ""),
]


@pytest.mark.parametrize(("api", "said", "code"), ROWS)
def test_the_part_that_the_error_blames_names_the_diagnosis(api: str, said: dict[str, object] | str, code: str) -> None:
    assert code_of(Reply(refused(api, said))) == code


def test_a_reply_without_an_error_blames_nothing() -> None:
    made = refused("messages", "tools are not supported")
    good = exchange("claude_code", from_example(Example(200, JSON, b"{}")), api="messages")
    assert code_of(Reply(good)) == ""
    assert code_of(Reply(made._replace(request=made.request._replace(body=b"[7]")))) == TOOLS
    assert code_of(Reply(made._replace(request=made.request._replace(body=b"7")))) == TOOLS
    assert code_of(Reply(made._replace(request=made.request._replace(body=b"{")))) == TOOLS


def test_only_a_refusal_takes_the_code() -> None:
    said = not_applicable("unsupported: no")._replace(state=UNSUPPORTED)
    assert refused_here(said, "an answer", TOOLS) == Outcome(
        BROKEN, "status", "an answer", "refused: no", "", UNSUPPORTED, TOOLS
    )
    required = Outcome(BROKEN, "status", "codex", "refused: no", "", UNSUPPORTED)
    assert refused_here(required, "an answer", TOOLS) == required._replace(code=TOOLS)
    other = not_applicable("no answer about this")
    assert refused_here(other, "an answer", TOOLS) == other


@pytest.mark.parametrize(
    ("api", "said", "code"),
    [
        ("responses", "Unsupported parameter: include", PARAMETER),
        ("responses", "no such thing here", TOOLS),
        ("messages", "system: Input should be a valid string", MESSAGES),
    ],
)
def test_a_run_is_told_so(api: str, said: str, code: str) -> None:
    contract = contract_of(VALIDATE, profile.load("generic"), Choice(api=api))
    found = diagnose(judge(contract, [refused(api, said)], model="m"))
    clause = {"responses": "responses.codex.accepted", "messages": "messages.claude_code.accepted"}[api]
    (named,) = (one for one in found if clause in one.clauses)
    assert named.code == code
    assert named.summary == "a request that some clients send is clearly refused"
