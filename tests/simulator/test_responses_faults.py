"""Each fault of the Responses API comes to its verdict and its diagnosis, breaks its clauses and no other, and leaks
no key; and what hurts no client leaves no trace."""

from __future__ import annotations

import json

import pytest

from chatproof import simulator
from chatproof.contract.clause import SMOKE, VALIDATE
from chatproof.running.plan import Settings
from chatproof.running.run import smoke, validate
from chatproof.simulator import responses_faults
from chatproof.simulator.responses_faults import ALL
from chatproof.simulator.responses_side import SIDE
from chatproof.surfaces import surface_of
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret


def run(name: str) -> tuple[dict[str, object], str]:
    """The run document against a fault, and the key that was used."""
    server = simulator.start(name, side=SIDE)
    try:
        target = Target(server.base_url, model=server.model, key=Secret(server.key), timeout=10.0, api="responses")
        if name in responses_faults.VALIDATE:
            return validate(target, Settings(burst=1), environ={}).document, server.key
        return smoke(target, Settings(stream=server.stream), environ={}).document, server.key
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
    surface = surface_of("responses")
    broken = {id for fault in ALL.values() for id in fault.breaks}
    unbroken = {"responses.model.listed"}  # a fault of the listing, which chat's faults have
    assert set(surface.clauses(SMOKE)) - broken == unbroken
    assert set(surface.clauses(VALIDATE)) - broken == unbroken
