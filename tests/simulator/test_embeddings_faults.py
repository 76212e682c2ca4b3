"""Each fault of the Embeddings API comes to its verdict and its diagnosis, breaks its clauses and no other, and leaks
no key; and what hurts no client leaves no trace."""

from __future__ import annotations

import json

import pytest

from chatproof import simulator
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.running.plan import Settings
from chatproof.running.run import smoke, validate
from chatproof.simulator import embeddings_faults
from chatproof.simulator.embeddings_faults import ALL
from chatproof.simulator.embeddings_side import SIDE
from chatproof.simulator.fault import Turn
from chatproof.simulator.wire import GOOD, MISSING, WRONG, Asked
from chatproof.surfaces import surface_of
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret


def run(name: str) -> tuple[dict[str, object], str]:
    """The run document against a fault, and the key that was used."""
    server = simulator.start(name, side=SIDE)
    try:
        target = Target(server.base_url, model=server.model, key=Secret(server.key), timeout=10.0, api="embeddings")
        if name in embeddings_faults.VALIDATE:
            return validate(target, Settings(burst=1), environ={}).document, server.key
        return smoke(target, Settings(), environ={}).document, server.key
    finally:
        server.stop()


@pytest.mark.parametrize("name", ALL)
def test_fault_comes_to_its_diagnosis(name: str) -> None:
    fault = ALL[name]
    document, key = run(name)
    codes = [found["code"] for found in document["diagnoses"]]  # type: ignore[attr-defined]
    broken = {f["clause"] for f in document["findings"] if f["outcome"] == "broken"}  # type: ignore[attr-defined]
    assert broken == set(fault.breaks)
    assert (document["verdict"], codes[:1]) == (fault.verdict, [fault.code] if fault.code else [])
    text = json.dumps(document)
    assert key not in text and key[7:27] not in text


def test_each_clause_has_a_fault() -> None:
    """What no fault breaks, no run has ever been seen to break."""
    surface = surface_of("embeddings")
    broken = {id for fault in ALL.values() for id in fault.breaks}
    unbroken = {"embeddings.model.listed"}  # a fault of the listing, which chat's faults have
    assert set(surface.clauses(SMOKE)) - broken == unbroken
    assert set(surface.clauses(VALIDATE)) - broken == unbroken


def test_each_fault_answers_whatever_is_asked() -> None:
    """Your own client asks for other things than smoke does: one text, floats, shorter vectors."""
    bodies = (
        {"input": "one"},
        {"input": "one", "encoding_format": "base64"},
        {"input": ["one", "two"], "encoding_format": "float", "dimensions": 8},
        {"input": [[1, 2], [3]], "encoding_format": "base64"},
        {"input": 7},
    )
    for credential in (GOOD, WRONG, MISSING):
        for body in bodies:
            data = json.dumps({"model": SIDE.model, **body}).encode()
            asked = Asked("POST", "/v1/embeddings", credential, data, 1795379441.0, "req_" + "0" * 24)
            turn = Turn(asked, SIDE.respond(asked), "sk-sim-" + "0" * 40)
            for name, fault in ALL.items():
                if fault.when(turn):
                    assert fault.alter(turn), name
