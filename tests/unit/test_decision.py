"""The decision report: what a change ticket must hold, on runs that end in each verdict."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chatproof import reporters
from chatproof.wire.exchange import Fault
from tests.support import play
from tests.unit.test_validate_text import RUNS, document

SECTIONS = (
    "Decision",
    "Capabilities",
    "Failure modes tested",
    "Waivers",
    "Not checked",
    "Tokens reported",
    "Fields observed",
    "Sources checked",
    "Request templates",
    "The contract, clause by clause",
    "The run",
)


def report(name: str) -> str:
    return reporters.render("decision", document(name))


@pytest.mark.parametrize("name", RUNS)
def test_every_section_is_there_in_order(name: str) -> None:
    heads = re.findall(r"^## (.*)$", report(name), re.MULTILINE)
    assert heads == list(SECTIONS)
    assert report(name).startswith(f"# Rollout decision: {document(name)['verdict']}\n")


@pytest.mark.parametrize("name", RUNS)
def test_tables_are_whole(name: str) -> None:
    """No text ends a row or opens a cell: each row of a table has as many as its head."""
    widths = 0
    for line in report(name).splitlines():
        if not line.startswith("| "):
            widths = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        widths = widths or cells
        assert cells == widths, line


def test_tokens_of_each_success_are_listed() -> None:
    listed = re.search(r"## Tokens reported\n\n(.*?)\n\n## ", report("validate-go"), re.DOTALL)
    counted = [e for e in document("validate-go")["exchanges"] if e["response"] and "usage" in e["response"]]
    assert listed is not None and len(counted) > 10
    rows = listed.group(1).splitlines()[2:]
    for exchange, row in zip(counted, rows, strict=True):
        usage = exchange["response"]["usage"]
        assert row.startswith(f"| `{exchange['probe']}` | {usage['prompt']} | {usage['completion']} |")


def test_request_templates_name_the_keys_variable_and_no_key() -> None:
    made = document("validate-go")
    named = {**made, "exchanges": made["exchanges"]}
    said = reporters.render("decision", named)
    assert said.count("Authorization: Bearer $KEY\n") > 30
    assert "Authorization: Bearer invalid-token-smoke-test" in said and "X-API-Key: $KEY" in said
    assert '"tool_choice": {"type": "function"' in said and '"stream_options": {"include_usage": true}' in said
    assert all(f"`{exchange['probe']}`, answered" in said for exchange in made["exchanges"])


def test_fields_are_paths_and_types_without_values() -> None:
    said = report("validate-go")
    fields = said[said.index("## Fields observed") : said.index("## Sources checked")]
    assert "| `$.choices[].message.content` | `string` |" in fields and "`string=chat.completion.chunk`" in fields
    assert "pong" not in fields and "simulator-mini" not in fields


def test_reasons_of_each_verdict() -> None:
    assert "**GO**" in report("validate-go") and "- **Failed**" not in report("validate-go")
    assert "- Warning `tools.called`" in report("validate-go-with-warnings")
    assert "- **Failed** `usage.integers`: at `$.usage.total_tokens`" in report("validate-no-go")
    undecided = report("validate-undecided")
    assert "**UNDECIDED**" in undecided and "This is not a GO" in undecided and "- **Not checked**" in undecided


def test_waivers_in_force_and_expired() -> None:
    said = report("validate-waived")
    assert document("validate-waived")["verdict"] == "GO"
    assert "| `usage.integers` | you | known `\\x7c` since June | `OPS-7` | 2999-12-31 | yes |" in said
    expired = report("validate-expired")
    assert document("validate-expired")["verdict"] == "NO-GO"
    assert "| 2020-01-31 (expired) | no, expired |" in expired


def test_hostile_text_is_inert() -> None:
    words = "a|b `c` <script>x</script> [l](http://e.test) @team ![i](x)\n# head"
    hostile = json.dumps({"error": {"message": words, "code": words, "type": words, "param": words}})
    made: dict[str, Any] = play({"happy": f"400 application/json\n\n{hostile}"}).record.document
    said = reporters.render("decision", made)
    assert "<script>" not in re.sub(r"(`+).*?\1", "", said) and "\n# head" not in said
    assert "[l](http" not in re.sub(r"(`+).*?\1", "", said)


def test_of_smoke_says_that_it_is_no_rollout_decision() -> None:
    said = reporters.render("decision", play().record.document)
    assert "Only the smoke contract was checked" in said and "## Sources checked" not in said


def test_of_a_run_that_reached_nobody() -> None:
    said = reporters.render("decision", play({"all": Fault("net.dns", "dns", "no such host")}).record.document)
    assert "# Rollout decision: UNDECIDED" in said and "None: no reply contained JSON." in said


def test_of_a_capture_says_so_and_what_it_does_not_hold() -> None:
    made = play().record.document
    made["kind"] = "judge"
    made["exchanges"][0]["response"]["status"] = None
    said = reporters.render("decision", made)
    assert "nothing was sent" in said and "status unknown" in said and "None `application" not in said


def test_a_strangers_name_for_a_reply_is_text() -> None:
    """Of a document that somebody else wrote, what is our own word in ours may be HTML or a link."""
    made = json.loads(json.dumps(document("validate-go")))
    named = next(exchange for exchange in made["exchanges"] if exchange.get("shown_as"))
    named["shown_as"] = "<img src=x> [x](http://evil.test)"
    assert "### Of `<img src=x> [x](http://evil.test)` (" in reporters.render("decision", made)
