"""Runs against the simulator, as documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chatproof import Secret, Target, simulator
from chatproof.running.plan import Settings
from chatproof.running.run import run
from chatproof.target.target import check

Play = Callable[..., dict[str, Any]]


def play(fault: str = "", kind: str = "smoke", extras: tuple[str, ...] = ()) -> dict[str, Any]:
    started = simulator.start(fault)
    target = Target(
        started.base_url,
        model=started.model,
        key=Secret(started.key),
        name="simulator",
        timeout=min(started.timeout or 5.0, 5.0),
        ca_file=started.ca_file,
        proxy=started.proxy,
    )
    try:
        return run(check(target), Settings(kind=kind, stream=True, extras=extras), environ={}).document
    finally:
        started.stop()


@pytest.fixture(scope="session")
def good() -> dict[str, Any]:
    return play()


@pytest.fixture(scope="session")
def good_whole() -> dict[str, Any]:
    return play(kind="validate")
