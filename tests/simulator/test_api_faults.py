"""Each fault of an API beside chat comes to its verdict and its diagnosis, breaks its clauses and no other, and leaks
no key; and what hurts no client leaves no trace. Chat's are in test_faults and test_validate_faults."""

from __future__ import annotations

import json
import pkgutil
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from chatproof import simulator
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.running.plan import Settings
from chatproof.running.run import smoke, validate
from chatproof.simulator import (
    embeddings_faults,
    embeddings_side,
    messages_faults,
    messages_side,
    responses_faults,
    responses_side,
)
from chatproof.simulator import faults as chat_faults
from chatproof.simulator.fault import Fault, Turn
from chatproof.simulator.wire import GOOD, MISSING, WRONG, Asked
from chatproof.surfaces import surface_of
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret
from tests import in_process

SIDES = {
    "responses": (responses_side.SIDE, responses_faults),
    "messages": (messages_side.SIDE, messages_faults),
    "embeddings": (embeddings_side.SIDE, embeddings_faults),
}
ROWS = [(api, name) for api, (_, faults) in SIDES.items() for name in faults.ALL]


def settings_for(api: str, name: str) -> Settings:
    """How a run is made that shows a fault."""
    faults = SIDES[api][1]
    fault = faults.ALL[name]
    is_of_validate = name in faults.VALIDATE
    return Settings(
        kind=VALIDATE if is_of_validate else SMOKE,
        stream=fault.stream,
        burst=1 if is_of_validate else 0,
        extras=fault.extras,
    )


@pytest.mark.parametrize(("api", "name"), ROWS)
def test_fault_comes_to_its_diagnosis(api: str, name: str) -> None:
    fault = SIDES[api][1].ALL[name]
    check(fault, in_process.run(SIDES[api][0], api, fault, settings_for(api, name)).document, in_process.KEY)


@pytest.mark.parametrize(
    ("api", "name", "streamed"),
    [
        ("responses", "wrong-key-stream-served", True),
        ("responses", "wrong-key-stream-200", True),
        ("responses", "wrong-key-served", False),
        ("messages", "wrong-key-stream-served", True),
        ("messages", "wrong-key-stream-200", True),
        ("messages", "wrong-api-key-served", False),
    ],
)
def test_a_wrong_key_that_only_a_stream_accepts_is_told_so(api: str, name: str, streamed: bool) -> None:
    """The plain request with it is refused: who looks there finds nothing."""
    document = in_process.run(SIDES[api][0], api, SIDES[api][1].ALL[name], settings_for(api, name)).document
    summary = document["diagnoses"][0]["summary"]
    assert ("if it asks for a stream" in summary) is streamed
    assert ("no key" in summary) is not streamed


@pytest.mark.nightly
@pytest.mark.parametrize(("api", "name"), ROWS)
def test_fault_comes_to_its_diagnosis_over_a_socket(api: str, name: str) -> None:
    server = simulator.start(name, side=SIDES[api][0])
    try:
        target = Target(server.base_url, model=server.model, key=Secret(server.key), timeout=10.0, api=api)
        settings = settings_for(api, name)
        made = (validate if settings.kind == VALIDATE else smoke)(target, settings, environ={})
    finally:
        server.stop()
    check(SIDES[api][1].ALL[name], made.document, server.key)


def check(fault: Fault, document: dict[str, Any], key: str) -> None:
    """The run broke what the fault breaks and nothing else, named the cause, and shows no key."""
    codes = [found["code"] for found in document["diagnoses"]]
    broken = {f["clause"] for f in document["findings"] if f["outcome"] == "broken"}
    assert broken == set(fault.breaks)
    assert (document["verdict"], codes[:1]) == (fault.verdict, [fault.code] if fault.code else [])
    text = json.dumps(document)
    assert key not in text and key[7:27] not in text


@pytest.mark.parametrize("api", SIDES)
def test_each_clause_has_a_fault(api: str) -> None:
    """What no fault breaks, no run has ever been seen to break."""
    surface = surface_of(api)
    broken = {id for fault in SIDES[api][1].ALL.values() for id in fault.breaks}
    unbroken = {f"{api}.model.listed"}  # a fault of the listing, which chat's faults have
    assert set(surface.clauses(SMOKE)) - broken == unbroken
    assert set(surface.clauses(VALIDATE)) - broken == unbroken


@pytest.mark.parametrize("package", [chat_faults, *(faults for _, faults in SIDES.values())])
def test_no_fault_takes_the_place_of_another(package: ModuleType) -> None:
    files = [import_module(f"{package.__name__}.{file.name}") for file in pkgutil.iter_modules(package.__path__)]
    names = [row.name for file in files for row in getattr(file, "ROWS", ()) if isinstance(row, Fault)]
    assert [name for name in names if names.count(name) > 1] == []
    assert sorted(names) == sorted(package.ALL)


def test_each_fault_of_embeddings_answers_whatever_is_asked() -> None:
    """Your own client asks for other things than smoke does: one text, floats, shorter vectors."""
    side, faults = SIDES["embeddings"]
    bodies = (
        {"input": "one"},
        {"input": "one", "encoding_format": "base64"},
        {"input": ["one", "two"], "encoding_format": "float", "dimensions": 8},
        {"input": [[1, 2], [3]], "encoding_format": "base64"},
        {"input": 7},
    )
    for credential in (GOOD, WRONG, MISSING):
        for body in bodies:
            data = json.dumps({"model": side.model, **body}).encode()
            asked = Asked("POST", "/v1/embeddings", credential, data, 1795379441.0, "req_" + "0" * 24)
            turn = Turn(asked, side.respond(asked), "sk-sim-" + "0" * 40)
            for name, fault in faults.ALL.items():
                if fault.when(turn):
                    assert fault.alter(turn), name
