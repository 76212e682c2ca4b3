"""Each known answer of a provider, under its profile: what validate says of it, and no false alarm."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from chatproof.contract.capability import DAMAGED, IGNORED, SUPPORTED, UNSUPPORTED
from chatproof.contract.clause import NOT_APPLICABLE, OUTCOMES, VALIDATE
from chatproof.judging.contract import Choice, contract_of
from chatproof.judging.judge import Finding, judge
from chatproof.surfaces import surface_of
from chatproof.surfaces.chat import clauses
from chatproof.target import profile as profiles
from chatproof.wire.exchange import Secret
from tests.support import COMPLETION, KEY, MODEL, exchange, wire

CLAUSES = clauses.load(VALIDATE)
PROBES = surface_of("chat").rows(VALIDATE)
WORST_FIRST = (DAMAGED, IGNORED, UNSUPPORTED, SUPPORTED)
FIELDS = {"provider", "about", "probe", "reply", "expect", "states", "source", "accessed"}


def load() -> list[Any]:
    rows = []
    for file in sorted(Path(__file__).parent.glob("*.toml")):
        for row in tomllib.loads(file.read_text())["quirk"]:
            assert set(row) <= FIELDS and FIELDS - {"states"} <= set(row), row["about"]
            rows.append(pytest.param(row, id=f"{row['provider']}-{row['probe']}-{row['about'][:40]}"))
    return rows


def _asked_for(row: dict[str, Any]) -> str:
    """The model that the row's reply names: what another name means is no row's quirk."""
    named = re.search(r'"model": ?"([^"]+)"', row["reply"])
    return named[1] if named else MODEL


def findings(row: dict[str, Any]) -> dict[str, Finding]:
    """What is found where the plain request is answered well and this one as the row says."""
    replies = {"happy": f"200 application/json\n\n{COMPLETION}", row["probe"]: row["reply"]}
    contract = contract_of(VALIDATE, profiles.load(row["provider"]), Choice(stream=True))
    made = [exchange(probe, wire(reply)) for probe, reply in replies.items()]
    judged = judge(contract, made, model=_asked_for(row), key=Secret(KEY), not_sent={"tools.result": "not sent"})
    return {finding.clause: finding for finding in judged.findings if finding.probe != "*"}


@pytest.mark.parametrize("row", load())
def test_quirk(row: dict[str, Any]) -> None:
    found = findings(row)
    for pattern, outcome in row["expect"].items():
        assert outcome in OUTCOMES
        family = pattern.removesuffix("*")
        ids = [id for id in found if id == pattern or (family != pattern and id.startswith(family))]
        ids = [id for id in ids if family == pattern or CLAUSES[id].probe == row["probe"]]
        assert ids, pattern
        judged_of = [id for id in ids if len(ids) == 1 or found[id].outcome != NOT_APPLICABLE]
        assert judged_of, pattern
        for id in judged_of:
            finding = found[id]
            assert finding.outcome == outcome, f"{id}: {finding.outcome}: {finding.observed} {finding.reason}"
    for capability, state in row.get("states", {}).items():
        said = {f.state for f in found.values() if CLAUSES[f.clause].capability == capability and f.state}
        assert next(worst for worst in WORST_FIRST if worst in said) == state, said
    # Whatever a row does not name must at least not be a break.
    named = [pattern.removesuffix("*") for pattern in row["expect"]]
    others = [
        f.clause
        for f in found.values()
        if f.outcome == "broken" and CLAUSES[f.clause].probe == row["probe"] and not f.clause.startswith(tuple(named))
    ]
    assert others == []


def test_every_row_has_a_known_probe_and_a_source() -> None:
    for param in load():
        row = param.values[0]
        assert row["probe"] in PROBES
        assert row["source"].startswith("https://") and len(row["accessed"]) == 10


def test_the_table_spans_the_providers() -> None:
    """A profile without a row here is a provider whose answers validate was never held against."""
    held = {param.values[0]["provider"] for param in load()}
    assert set(profiles.names()) - held <= {"generic", "portkey"}
