"""The rogue suite as one fleet: every row comes to the verdict and the cause that its smoke run comes to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from tests.fleet.support import fleet, write
from tests.rogue import certs
from tests.rogue.leaks import Detector, canary
from tests.rogue.row import Row
from tests.rogue.server import Rogue
from tests.rogue.table import ROWS
from tests.rogue.wire import MODEL

HERE = [row for row in ROWS if not (row.streams or row.heavy or row.place.answers or row.place.prompt)]
"""Left out: streams, which a fleet does not ask for; rows that need a resolver or a prompt of the test's own; and those
that are played with nothing beside them."""


def target(row: Row, rogue: Rogue, ca_file: Path) -> dict[str, Any]:
    place = row.place
    secure = bool(place.certificate) or place.raw
    port = rogue.trap.port if place.proxy else rogue.port
    url = f"{'https' if secure else 'http'}://{place.host or place.address}:{port}/v1"
    made: dict[str, Any] = {"name": row.name, "base_url": url, "model": MODEL, "key_env": "ROGUE_KEY"}
    made["timeout"] = f"{row.timeout:g}s"
    made |= {"ca_file": str(ca_file)} if secure else {}
    made |= {"allow_http": True} if place.host and not secure else {}
    made |= {"proxy": f"http://127.0.0.1:{rogue.port}"} if place.proxy else {}
    return made


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("more", [(), ("--reuse-connection",)])
def test_every_rogue_server_comes_to_what_smoke_says(tmp_path: Path, more: tuple[str, ...]) -> None:
    key, ca_file = canary(), certs.write_authority(tmp_path)
    rogues = [Rogue(row, key, certs.context(row.place.certificate) if row.place.certificate else None) for row in HERE]
    try:
        rows = [target(row, rogue, ca_file) for row, rogue in zip(HERE, rogues, strict=True)]
        place = tmp_path / "runs.sqlite"
        ended = fleet(
            tmp_path, {"ROGUE_KEY": key}, "--targets", write(tmp_path, rows), "--format", "jsonl",
            "--journal", str(place), "--at-once", "12", "--per-host", "12", *more,
        )  # fmt: skip
    finally:
        for rogue in rogues:
            rogue.close()
    wrong = {}
    for row in HERE:
        got = ended.rows[row.name]
        if got["verdict"] != row.verdict or (got["code"] or "") not in (row.code, *row.race):
            wrong[row.name] = (got["verdict"], got["code"], row.verdict, row.code)
    assert wrong == {}
    assert len(HERE) > 150
    assert all(rogue.trap.connections == 0 for row, rogue in zip(HERE, rogues, strict=True) if not row.place.proxy)
    detector = Detector(key)
    kept = [json.dumps(document) for document in journal.open(str(place)).of_event("finished")]
    assert len(kept) == len(HERE)
    for text in (ended.stdout, ended.stderr, *kept):
        assert not list(detector.find(text.encode())), "a key is in what a fleet leaves behind"
