"""For every test: no journal but the test's own. The tests must never write to the user's state folder."""

import compileall
import gc
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import by_day

SOURCE = Path(__file__).parents[1] / "src"


def pytest_configure(config: pytest.Config) -> None:
    """Compile the package first. Hundreds of commands run in processes of their own, some of which may not write byte
    code, and without it each takes twice the time. No test depends on the width of the terminal that runs it: a worker
    of pytest-xdist is told of one."""
    os.environ.pop("COLUMNS", None)
    gc.disable()  # while twenty thousand tests are made, which all stay: nothing can be collected
    if not hasattr(config, "workerinput"):  # of several processes, one does it
        compileall.compile_dir(SOURCE, quiet=1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    by_day.mark(items)


def pytest_collection_finish() -> None:
    gc.enable()
    gc.freeze()  # the tests stay to the end; each full collection would look at all of them again


@pytest.fixture(scope="session")
def states(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Make a new folder each time. `mktemp` looks at all that it made before: thousands of tests would take the square
    of their number."""
    root = tmp_path_factory.mktemp("states")
    return (root / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def own_state(states: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of this test, for commands it runs in this process and in others that inherit the environment."""
    folder = next(states)
    folder.mkdir()
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
