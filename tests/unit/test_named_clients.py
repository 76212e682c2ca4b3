"""A client of the user's raises to a must what breaks it, and the report names it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tools.clients.page import breaking, load

from chatproof.cli import main as cli
from chatproof.contract.clause import MUST, SHOULD, VALIDATE
from chatproof.contract.clients import CLIENTS, MEASURED
from chatproof.diagnosis.diagnosis import diagnose
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import judge
from chatproof.target.profile import load as profile
from chatproof.target.target import Wanted, resolve
from chatproof.wire.exchange import Secret
from tests.support import CHAT, GOOD, KEY, MODEL, exchange, wire

CLAUSES = CHAT.clauses(VALIDATE)
IN_THE_MATRIX = {
    "openai-python": "openai-python",
    "openai-python-helpers": "openai-python helpers",
    "openai-node": "openai-node",
    "openai-node-helpers": "openai-node helpers",
    "ai-sdk-openai-compatible": "AI SDK compatible",
    "ai-sdk-openai": "AI SDK openai",
    "langchain": "LangChain",
    "llamaindex": "LlamaIndex",
    "litellm": "LiteLLM",
}
ROWS = [(name, row, clause) for name, rows in CLIENTS.items() for row in rows for clause in row.clauses]
WITHOUT_COUNTS = GOOD["happy"].replace('"prompt_tokens":8,', "")


def levels(*clients: str, strict: bool = False) -> dict[str, str]:
    contract = contract_of(VALIDATE, profile("generic"), Choice(stream=True, strict=strict, clients=clients))
    return {term.clause.id: term.level for term in contract.terms}


@pytest.mark.parametrize(("name", "row", "clause"), ROWS)
def test_each_row_raises_a_should_and_names_its_ground(name: str, row: object, clause: str) -> None:
    assert CLAUSES[clause].level == SHOULD, "a must is one for everybody: the row says nothing"
    assert levels(name)[clause] == MUST and levels()[clause] == SHOULD


@pytest.mark.parametrize(("name", "row", "clause"), [r for r in ROWS if r[1].source == MEASURED])
def test_what_is_said_to_be_measured_was(name: str, row: object, clause: str) -> None:
    """`make clients` saw this client break on an example of this clause."""
    assert any(IN_THE_MATRIX[name] in broken for broken in breaking(load(), clause).values())


def test_each_other_row_has_a_source_and_the_day_it_was_read() -> None:
    for _, row, _ in ROWS:
        assert row.source == MEASURED or (row.source.startswith("https://") and row.accessed.startswith("2026-"))


def test_every_client_of_the_matrix_can_be_named() -> None:
    assert set(IN_THE_MATRIX.values()) == set(load()["clients"]) and set(IN_THE_MATRIX) < set(CLIENTS)


def test_no_other_clause_changes() -> None:
    for name in CLIENTS:
        raised = {id for id, level in levels(name).items() if level != levels()[id]}
        assert raised == {clause for n, _, clause in ROWS if n == name}, name
    both = {id for id, level in levels("zed", "langchain").items() if level == MUST}
    assert both == {id for n in ("zed", "langchain") for id, level in levels(n).items() if level == MUST}


def test_a_reply_that_breaks_it_is_no_go_and_its_name_is_told() -> None:
    made = [exchange(p, wire(WITHOUT_COUNTS if p == "happy" else text)) for p, text in GOOD.items()]
    found = {}
    for clients in ((), ("zed", "async-openai")):
        contract = contract_of(VALIDATE, profile("generic"), Choice(stream=True, only=("usage",), clients=clients))
        judgement = judge(contract, made, model=MODEL, key=Secret(KEY))
        found[clients] = judgement.verdict
    assert list(found.values()) == ["GO", "NO-GO"]
    first = diagnose(judgement)[0]
    assert first.code == "contract.usage"
    assert any("your client zed cannot read" in line and "your client async-openai" in line for line in first.evidence)


# --- options and configuration ----------------------------------------------------------------------------------------


def test_the_configuration_names_them_and_needs_no_approval_for_it(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[targets.a]\nbase_url = "https://h.test/v1"\nclients = ["zed"]\n')
    found = resolve(Wanted(target="a", model="m", config=str(path)), {"CHATPROOF_API_KEY": KEY})
    assert found.clients == ("zed",)


def test_an_option_does_and_the_run_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    run = ["smoke", "simulator", "--journal", "none", "--format", "json", "--client", "zed", "--client", "litellm"]
    assert cli.main(run) == 0
    assert "levels also follow your clients zed, litellm: --client" in json.loads(capsys.readouterr().out)["notes"]


@pytest.mark.parametrize("command", [["smoke"], ["validate"], ["compare", "simulator"], ["judge"]])
def test_an_unknown_name_is_a_usage_error_with_the_nearest(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.txt"
    path.write_text("HTTP/1.1 200 OK\n\n{}")
    last = str(path) if command == ["judge"] else "simulator"
    assert cli.main([*command, last, "--client", "async-openapi"]) == 2
    told = capsys.readouterr().err
    assert "there is no known client 'async-openapi'" in told and "did you mean async-openai " in told


def test_judge_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "reply.txt"
    path.write_bytes(wire(WITHOUT_COUNTS))
    judged = ["judge", str(path), "--validate", "--only", "usage", "--format", "json"]
    assert (cli.main(judged), cli.main([*judged, "--client", "zed"])) == (0, 1)
    capsys.readouterr()
