from __future__ import annotations

from collections.abc import Iterator

import pytest

from chatproof import simulator
from chatproof.simulator import Simulator


@pytest.fixture
def sim() -> Iterator[Simulator]:
    started = simulator.start()
    yield started
    started.stop()
