"""Runs of validate against faults, each carried out once for all the processes of a session."""

from __future__ import annotations

import fcntl
import json
from functools import cache
from pathlib import Path
from typing import Any

from chatproof import simulator
from chatproof.running.plan import Settings
from chatproof.running.run import validate
from chatproof.simulator.faults import ALL
from chatproof.target.target import Target
from chatproof.wire.exchange import Secret

FOLDER: list[Path] = []
"""Where the documents are kept for the other processes; conftest.py names it."""


@cache
def run(name: str = "") -> dict[str, Any]:
    """The document of a validate run against a fault; also that it holds no form of the key."""
    kept = FOLDER[0] / f"{name or 'none'}.json"
    with (FOLDER[0] / f"{name or 'none'}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():  # what is kept is whole: it is put in place at once
            beside = kept.with_suffix(".new")
            beside.write_text(json.dumps(_carried_out(name)))
            beside.replace(kept)
    document: dict[str, Any] = json.loads(kept.read_text())
    return document


def _carried_out(name: str) -> dict[str, Any]:
    server = simulator.start(name)
    try:
        row = ALL.get(name)
        target = Target(
            server.base_url,
            model=server.model,
            key=Secret(server.key),
            ca_file=server.ca_file,
            proxy=server.proxy,
            timeout=server.timeout or 10.0,
        )
        document = validate(target, Settings(stream=True, extras=row.extras if row else ()), environ={}).document
        assert server.key not in json.dumps(document)
        return document
    finally:
        server.stop()
