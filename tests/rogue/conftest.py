"""Each row is played once for a session, whichever process of it asks first; each test looks at what its row left behind."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.rogue.certs import write_authority
from tests.rogue.leaks import Detector, canary
from tests.rogue.play import Taken, take
from tests.rogue.row import GO, Row
from tests.rogue.scripts import well

BASELINE = Row("baseline", "A good server.", well, GO, on=("stream",), timeout=10.0)


class Suite:
    """Plays rows when they are asked for. `shared` is a folder of all the processes of this session: what a row left
    behind stands there for the others, and heavy rows are played with no other row beside them in any process."""

    def __init__(self, folder: Path, shared: Path) -> None:
        self.folder, self.shared = folder, shared
        with self._locked("key", fcntl.LOCK_EX):
            kept = shared / "key.txt"
            if not kept.exists():
                kept.write_text(canary())
            self.key = kept.read_text()
        self.detector = Detector(self.key)
        self.ca_file = write_authority(folder)
        self.baseline = self._play(BASELINE, "baseline")

    def takes(self, row: Row) -> tuple[Taken, ...]:
        """As JSON; then, where the row is loud, as text with everything shown."""
        kept = self.shared / f"{row.name}.pickle"
        with self._locked(row.name, fcntl.LOCK_EX):
            if not kept.exists():  # what is kept is whole: it is written beside, and the lock is not left before
                takes = [self._play(row, row.name)]
                if row.loud:
                    takes.append(self._play(row, f"{row.name}-loud", loud=True))
                beside = kept.with_suffix(".new")
                beside.write_bytes(pickle.dumps([tuple(taken._replace(row=None)) for taken in takes]))  # type: ignore[arg-type]
                beside.replace(kept)
        return tuple(Taken._make(fields)._replace(row=row) for fields in pickle.loads(kept.read_bytes()))

    def again(self, row: Row) -> tuple[Taken, float]:
        """Once more, with no other row beside it, and the seconds that its work takes on the machine as it is now.

        How much longer work takes than its CPU is told by runs at a good server before and after it.
        """
        with self._locked("rows", fcntl.LOCK_EX):
            before = take(BASELINE, self.key, self._made(f"{row.name}-before"), self.ca_file)
            taken = take(row, self.key, self._made(f"{row.name}-again"), self.ca_file)
            after = take(BASELINE, self.key, self._made(f"{row.name}-after"), self.ca_file)
        return taken, taken.cpu * max(before.seconds / before.cpu, after.seconds / after.cpu)

    def awaited(self, row: Row, loop: str) -> Taken:
        """The same row, sent by the driver of an event loop."""
        return self._play(row, f"{row.name}-{loop}", loop=loop)

    def _play(self, row: Row, name: str, *, loud: bool = False, loop: str = "") -> Taken:
        with self._locked("rows", fcntl.LOCK_EX if row.heavy else fcntl.LOCK_SH):
            return take(row, self.key, self._made(name), self.ca_file, loud=loud, loop=loop)

    def _made(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[None]:
        handle = os.open(self.shared / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, how)
            yield
        finally:
            os.close(handle)


@pytest.fixture(scope="session")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Suite:
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "rogue-rows"
    shared.mkdir(mode=0o700, exist_ok=True)
    return Suite(tmp_path_factory.mktemp("rogue"), shared)
