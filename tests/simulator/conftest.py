from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from chatproof import simulator
from chatproof.simulator import Simulator
from tests.simulator import validate_runs


@pytest.fixture(scope="session", autouse=True)
def runs_are_shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What validate said of a fault is kept for all processes of a session: two files of tests ask for it."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "validate-runs"
    shared.mkdir(mode=0o700, exist_ok=True)
    validate_runs.FOLDER[:] = [shared]


@pytest.fixture
def sim() -> Iterator[Simulator]:
    started = simulator.start()
    yield started
    started.stop()
