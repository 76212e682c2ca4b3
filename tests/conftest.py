"""For every test: no journal but the test's own. The tests must never write to the user's state folder."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of this test, for commands it runs in this process and in others that inherit the environment."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("XDG_STATE_HOME", str(folder))
    monkeypatch.delenv("CHATPROOF_JOURNAL", raising=False)
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a real PostgreSQL server; skipped where there is none, unless the real servers are required."""
    from tests.postgres import Unavailable, server

    running = server()
    try:
        url = running.__enter__()
    except Unavailable as why:
        if os.environ.get("CHATPROOF_REAL_REQUIRED"):
            raise
        pytest.skip(str(why))
    yield url
    running.__exit__(None, None, None)
