"""All rows are played once for a session, a few at a time; each test looks at what its row left behind."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.rogue.certs import write_authority
from tests.rogue.leaks import Detector, canary
from tests.rogue.play import Taken, take
from tests.rogue.row import GO, Row
from tests.rogue.scripts import well
from tests.rogue.table import ROWS

AT_ONCE = 3
BASELINE = Row("baseline", "A good server.", well, GO, on=("stream",), timeout=10.0)


class Suite:
    """Plays rows in a small pool, and after them the heavy ones, one by one."""

    def __init__(self, folder: Path) -> None:
        self.key = canary()
        self.detector = Detector(self.key)
        self.folder = folder
        self.ca_file = write_authority(folder)
        self.baseline = self._play(BASELINE, "baseline")
        self._pool, self._alone = ThreadPoolExecutor(AT_ONCE), ThreadPoolExecutor(1)
        self._played: dict[str, Future[tuple[Taken, ...]]] = {}

    def submit(self, rows: list[Row]) -> None:
        light = [row for row in rows if not row.heavy]
        self._played.update({row.name: self._pool.submit(self._takes, row) for row in light})
        crowd = list(self._played.values())
        self._alone.submit(lambda: [future.exception() for future in crowd])
        self._played.update({row.name: self._alone.submit(self._takes, row) for row in rows if row.heavy})

    def takes(self, row: Row) -> tuple[Taken, ...]:
        """As JSON; then, where the row is loud, as text with everything shown."""
        return self._played[row.name].result()

    def again(self, row: Row) -> tuple[Taken, float]:
        """Once more, with nothing of ours beside it, and the seconds that its work takes on the machine as it is now.

        How much longer work takes than its CPU is told by runs at a good server before and after it.
        """
        before = self._alone.submit(self._play, BASELINE, f"{row.name}-before").result()
        taken = self._alone.submit(self._play, row, f"{row.name}-again").result()
        after = self._alone.submit(self._play, BASELINE, f"{row.name}-after").result()
        return taken, taken.cpu * max(before.seconds / before.cpu, after.seconds / after.cpu)

    def awaited(self, row: Row, loop: str) -> Taken:
        """The same row, sent by the driver of an event loop."""
        pool = self._alone if row.heavy else self._pool
        return pool.submit(self._play, row, f"{row.name}-{loop}", loop=loop).result()

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._alone.shutdown(cancel_futures=True)

    def _takes(self, row: Row) -> tuple[Taken, ...]:
        takes = [self._play(row, row.name)]
        if row.loud:
            takes.append(self._play(row, f"{row.name}-loud", loud=True))
        return tuple(takes)

    def _play(self, row: Row, name: str, *, loud: bool = False, loop: str = "") -> Taken:
        folder = self.folder / name
        folder.mkdir()
        return take(row, self.key, folder, self.ca_file, loud=loud, loop=loop)


@pytest.fixture(scope="session")
def suite(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    made = Suite(tmp_path_factory.mktemp("rogue"))
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    params: list[dict[str, Any]] = [item.callspec.params for item in items if hasattr(item, "callspec")]
    wanted = {each["row"].name for each in params if isinstance(each.get("row"), Row)}  # tests/real has rows of its own
    made.submit([row for row in ROWS if row.name in wanted])
    yield made
    made.close()
