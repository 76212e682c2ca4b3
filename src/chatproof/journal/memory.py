"""A database for reading a journal that is stored in another form."""

from collections.abc import Callable
from typing import Any

from chatproof.journal.sqlite import Sqlite


class Memory(Sqlite):
    """A Database in memory, or where it is large in an unnamed file. `shown` is the place of what was read into it."""

    def __init__(self, shown: str) -> None:
        super().__init__(shown, own_folder=False, create=True)

    def transaction(self, work: Callable[[], None], *, fold: bool = False, leave: bool = False) -> None:
        self.query("BEGIN")
        self._prepare()
        work()
        self.query("COMMIT")

    def _open(self) -> Any:
        if self._connection is None:
            self._connect("")
        return self._connection

    def compact(self) -> None:
        pass
