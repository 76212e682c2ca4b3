"""The text of validate, to the letter: a GO, a NO-GO and an UNDECIDED run against the simulator."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from chatproof import reporters, simulator
from chatproof.reporters import Style
from chatproof.running.plan import Settings
from chatproof.running.run import validate
from chatproof.target.profile import Waiver
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret
from tests.golden_files import same
from tests.unit.test_record import strict_schema

GOLDEN = Path(__file__).parent.parent / "golden"
WAIVED = Waiver("known | since June", "OPS-7", "", expires="2999-12-31")
RUNS: dict[str, tuple[str, Settings]] = {
    "validate-go": ("", Settings(stream=True)),
    "validate-go-with-warnings": ("tools-ignored", Settings(stream=True)),
    "validate-no-go": ("usage-strings", Settings(stream=True)),
    "validate-no-go-required": ("json-schema-unsupported", Settings(stream=True, required=("json_schema",))),
    "validate-waived": ("usage-strings", Settings(stream=True, waivers=(("usage.integers", WAIVED),))),
    "validate-expired": (
        "usage-strings",
        Settings(stream=True, waivers=(("usage.integers", WAIVED._replace(expires="2020-01-31")),)),
    ),
    "validate-undecided": ("closed-without-reply", Settings(stream=True)),
}
VARY = [
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"fingerprint [0-9a-f]{8}", "fingerprint FINGERPRINT"),
    (r"validate-\d{8}-\d{6}-[0-9a-f]{6}", "RUN"),
    (r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME"),
    (r"req_[0-9a-f]{24}", "req_ID"),
    (r"[\d.]+ ms", "N ms"),
]


@cache
def document(name: str) -> dict[str, Any]:
    fault, settings = RUNS[name]
    server = simulator.start(fault)
    try:
        target = Target(server.base_url, server.model, Secret(server.key), name="simulator", key_source="simulator")
        return validate(target, settings, environ={}).document
    finally:
        server.stop()


def text(name: str, style: Style = reporters.PLAIN) -> str:
    said = reporters.render("text", document(name), style)
    for pattern, word in VARY:
        said = re.sub(pattern, word, said)
    return said


@pytest.mark.parametrize("name", RUNS)
def test_golden(name: str) -> None:
    same(GOLDEN / f"{name}.txt", text(name))


@pytest.mark.parametrize("name", RUNS)
def test_one_screen_and_the_verdict_first(name: str) -> None:
    lines = text(name).splitlines()
    assert lines[0].startswith(document(name)["verdict"] + "  ")
    assert len(lines) <= 40 and max(map(len, lines)) <= 100


def test_musts_come_before_shoulds() -> None:
    made = document("validate-no-go")
    shoulds = [{**f, "level": "should", "outcome": "broken"} for f in made["findings"] if f["clause"] == "usage.sum"]
    said = reporters.render("text", {**made, "findings": [*shoulds, *made["findings"]]})
    assert said.index("failed      usage.integers") < said.index("warning     usage.sum")


def test_quiet_is_the_verdict_its_cause_and_its_reason() -> None:
    for name in RUNS:
        made, said = document(name), text(name, Style(verbosity=-1, width=400))
        first = made["diagnoses"][0] if made["verdict"] != "GO" else None
        assert len(said.splitlines()) == (5 if first else 2), said
        assert first is None or (first["owner"] in said and first["next_step"] in said)


def test_verbose_names_every_clause_and_exchange() -> None:
    said = " ".join(text("validate-go", Style(verbosity=1)).split())  # wherever a line is broken
    assert "error.missing_messages.* (4)" in said and "operations.retry_after: no Retry-After was sent" in said
    assert "POST http://127.0.0.1:PORT/v1/chat/completions" in said


def test_a_wall_of_breaks_is_cut_and_counted() -> None:
    made = document("validate-no-go")
    broken = [{**f, "outcome": "broken"} for f in made["findings"] if f["outcome"] == "holds"]
    wall = {**made, "findings": broken}
    said = reporters.render("text", wall)
    assert said.count("expected") < 15 and re.search(r"and \d+ more \(-v shows them\)", said)
    assert "more (-v" not in reporters.render("text", wall, Style(verbosity=1))


@pytest.mark.parametrize("name", RUNS)
def test_the_document_follows_its_published_schema(name: str) -> None:
    schema = strict_schema()
    made = document(name)
    assert [error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(made)] == []
    assert {term["clause"] for term in made["terms"]} == {finding["clause"] for finding in made["findings"]}
    assert all("template" in exchange["request"] for exchange in made["exchanges"])
