"""Suites that others wrote, run on the simulator. Nightly: each is installed into a folder of its own under `.real/`.

What a suite says against the simulator is either mended or explained here; a new complaint fails. So does, but for
Schemathesis, which says one of many at a time, an explanation that nothing needs any more.
"""

from __future__ import annotations

import json
import os
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chatproof import simulator
from chatproof.simulator.lenient import LENIENT
from chatproof.simulator.pace import Pace
from tests.real import install
from tests.real.conftest import unavailable

pytestmark = pytest.mark.nightly
PEERS = {
    "trustedrouter": install.Package("pypi", "trustedrouter-provider-check==0.1.8", "bin/trustedrouter-provider-check"),
    "langchain": install.Package(
        "pypi", "langchain-tests==1.1.9 langchain-openai==1.7.4 pytest-asyncio==1.5.0", "bin/python"
    ),
    "schemathesis": install.Package("pypi", "schemathesis==4.32.5", "bin/st"),
}
SCHEMAS = Path(__file__).parents[1] / "data" / "openai-chat.schemas.json"


def peer(name: str) -> str:
    """The peer's program. Skips, or fails where real servers are required, with the reason why it cannot be had."""
    try:
        home = install.install_package(name, PEERS[name])
    except (install.InstallError, OSError) as error:
        unavailable(name, str(error))
    return str(next(home.glob(PEERS[name].binary)))


@pytest.fixture
def started() -> Iterator[Callable[..., simulator.Simulator]]:
    running: list[simulator.Simulator] = []

    def start(**how: Any) -> simulator.Simulator:
        running.append(simulator.start(**how))
        return running[-1]

    yield start
    for one in running:
        one.stop()


def run(argv: list[str], cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HOME": str(cwd), "NO_COLOR": "1", **variables}
    return subprocess.run(argv, cwd=cwd, env=env, capture_output=True, text=True, timeout=600)


# -- trustedrouter-provider-check, tiers 1 to 5 -----------------------------------------------------------------------

TRUSTEDROUTER = {
    "catalog.declared-v2": "a catalogue of a market place, for which the simulator has no use",
    "callability.advertised-models": "the listing holds an embedding and a voice model on purpose: no client may take "
    "just any id, and providers list them, too",
}


def test_trustedrouter_finds_nothing_but_what_is_meant(
    started: Callable[..., simulator.Simulator], tmp_path: Path
) -> None:
    """With `lenient`, for it asks whether top_k and thinking are tolerated, which OpenAI does not; and at a model's pace."""
    server = started(side=LENIENT, pace=Pace(rate=60))
    argv = [
        peer("trustedrouter"),
        "--base-url",
        server.base_url,
        "--model",
        server.model,
        "--tier",
        "5",
        "--json",
        "r.json",
    ]
    done = run(argv, tmp_path, TR_PROVIDER_API_KEY=server.key)
    report = json.loads((tmp_path / "r.json").read_text())
    said = {check["id"]: check["status"] for check in report["checks"]}
    assert {name for name, status in said.items() if status != "pass"} == set(TRUSTEDROUTER), done.stdout
    assert len(said) > 20 and done.returncode == 0


def test_trustedrouter_sees_that_the_strict_simulator_is_strict(
    started: Callable[..., simulator.Simulator], tmp_path: Path
) -> None:
    server = started(pace=Pace(rate=60))
    argv = [
        peer("trustedrouter"),
        "--base-url",
        server.base_url,
        "--model",
        server.model,
        "--tier",
        "5",
        "--json",
        "r.json",
    ]
    run(argv, tmp_path, TR_PROVIDER_API_KEY=server.key)
    checks = json.loads((tmp_path / "r.json").read_text())["checks"]
    said = {check["id"] for check in checks if check["status"] != "pass"}
    assert said == {*TRUSTEDROUTER, "chat.forwarded-fields"}


# -- langchain-tests --------------------------------------------------------------------------------------------------

LANGCHAIN = {
    "test_json_mode": "needs a model that reads the wanted members out of the prompt; in JSON mode ours answers "
    '{"word": "pong"}',
}
LANGCHAIN_SUITE = """
    import os
    from langchain_openai import ChatOpenAI
    from langchain_tests.integration_tests import ChatModelIntegrationTests

    class TestSimulator(ChatModelIntegrationTests):
        chat_model_class = ChatOpenAI
        chat_model_params = {
            "model": os.environ["MODEL"], "base_url": os.environ["URL"], "api_key": os.environ["KEY"],
            "max_retries": 0, "timeout": 20, "use_responses_api": False, "stream_usage": True,
        }
        has_tool_choice = True
        supports_json_mode = True
        model_override_value = "simulator-large"
"""
LANGCHAIN_INI = """
    [pytest]
    asyncio_mode = auto
    asyncio_default_fixture_loop_scope = session
    asyncio_default_test_loop_scope = session
"""


def test_langchain_tests_pass(started: Callable[..., simulator.Simulator], tmp_path: Path) -> None:
    server = started()
    (tmp_path / "test_suite.py").write_text(textwrap.dedent(LANGCHAIN_SUITE))
    (tmp_path / "pytest.ini").write_text(textwrap.dedent(LANGCHAIN_INI))
    argv = [peer("langchain"), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--junit-xml=r.xml", "test_suite.py"]
    done = run(argv, tmp_path, URL=server.base_url, KEY=server.key, MODEL=server.model)
    from lxml import etree

    cases = etree.parse(str(tmp_path / "r.xml")).findall(".//testcase")
    failed = {case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None}
    passed = [case for case in cases if len(case) == 0]
    assert failed == set(LANGCHAIN), done.stdout[-3000:]
    assert len(passed) >= 40


# -- Schemathesis on OpenAI's own schemas -----------------------------------------------------------------------------

SCHEMATHESIS = {
    "top_logprobs": "the schema says in words alone that logprobs must be true",
    "stream_options": "likewise, that it is for streams",
    "metadata": "it does not say that store must be true",
    "model": "any string is a model id to it",
    "tool_choice": "that it needs tools",
    "parallel_tool_calls": "likewise",
    "function_call": "that it needs functions",
    "max_tokens": "that there is one cap only",
    "messages": "that JSON mode needs the word; the order of calls and answers; patterns of names",
    "tools": "that a schema of parameters has a type and properties; patterns of names",
    "functions": "likewise",
    "response_format": "that a strict schema is closed; patterns of names",
    "logit_bias": "that a key is the number of a token",
}


def _api(model: str) -> dict[str, Any]:
    """An OpenAPI document of what the simulator serves, with the schemas of openai/openai-openapi."""
    schemas = json.loads(SCHEMAS.read_text())["schemas"]
    schemas["ModelIdsShared"] = {"type": "string", "enum": [model]}  # else nearly every request is a 404

    def held(name: str) -> dict[str, Any]:
        return {"schema": {"$ref": f"#/components/schemas/{name}"}}

    def json_of(name: str, **more: Any) -> dict[str, Any]:
        return {"description": name, "content": {"application/json": held(name), **more}}

    errors = {status: json_of("ErrorResponse") for status in ("400", "401", "404", "413", "415")}
    stream = {"text/event-stream": held("CreateChatCompletionStreamResponse")}
    asked = {"required": True, "content": {"application/json": held("CreateChatCompletionRequest")}}
    chat = {"requestBody": asked, "responses": {"200": json_of("CreateChatCompletionResponse", **stream), **errors}}
    one = {"name": "model", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "openapi": "3.0.3",
        "info": {"title": "chat completions", "version": "1"},
        "security": [{"key": []}],
        "components": {"schemas": schemas, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "paths": {
            "/chat/completions": {"post": chat},
            "/models": {"get": {"responses": {"200": json_of("ListModelsResponse"), **errors}}},
            "/models/{model}": {"get": {"parameters": [one], "responses": {"200": json_of("Model"), **errors}}},
        },
    }


def _schemathesis(server: simulator.Simulator, folder: Path, *more: str) -> tuple[list[dict[str, Any]], str]:
    (folder / "api.json").write_text(json.dumps(_api(server.model)))
    argv = [
        peer("schemathesis"),
        "run",
        "api.json",
        "--url",
        server.base_url,
        "-H",
        f"Authorization: Bearer {server.key}",
    ]
    argv += ["--max-examples", "60", "--seed", "1", "--no-shrink", "--continue-on-failure", *more]
    done = run([*argv, "--report", "json", "--report-json-path", "r.json"], folder)
    report = json.loads((folder / "r.json").read_text())
    assert report["complete"] and report["test_cases"]["generated"] > 500, done.stdout[-2000:]
    return report["failures"], done.stdout


def test_schemathesis_finds_no_answer_that_breaks_the_schemas(
    started: Callable[..., simulator.Simulator], tmp_path: Path
) -> None:
    """Nor a request that breaks them and is answered, a missing key that passes, an undocumented status, a 500."""
    failures, said = _schemathesis(started(), tmp_path, "--exclude-checks", "positive_data_acceptance")
    assert failures == [], said[-3000:]


def test_schemathesis_finds_only_refusals_that_the_schemas_cannot_say(
    started: Callable[..., simulator.Simulator], tmp_path: Path
) -> None:
    failures, said = _schemathesis(started(), tmp_path, "--checks", "positive_data_acceptance")
    assert {failure["code"] for failure in failures} <= {"ST202"}, said[-3000:]
    for refused in (
        json.loads(line.strip().strip("`")) for line in said.splitlines() if line.strip().startswith('`{"error"')
    ):
        field = str(refused["error"]["param"]).partition("[")[0].partition(".")[0]
        assert field in SCHEMATHESIS, refused
