from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.leaks.rogue import Rogue


@pytest.fixture(scope="session")
def rogue() -> Iterator[Rogue]:
    server = Rogue()
    yield server
    server.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole folder belongs to the nightly run: it takes minutes on a busy machine. A case marked `each_commit` stays, so that
    a new reporter is seen with a key before it lands."""
    here = str(Path(__file__).parent)
    for item in items:
        if str(item.path).startswith(here) and not item.get_closest_marker("each_commit"):
            item.add_marker(pytest.mark.nightly)
