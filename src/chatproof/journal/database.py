"""What a backend of a journal in tables brings: for type checkers only, a Protocol costs a run of smoke 0.1 ms."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol


class Database(Protocol):
    """A connection, made at first use. Parameters are written `?`. Every failure is raised as JournalError."""

    shown: str  # the place as people may see it
    referred: str  # SQL: the hashes of the terms that stored documents refer to

    def query(self, sql: str, values: Sequence[Any] = (), *, large: bool = False) -> "list[tuple[Any, ...]]":
        """All rows of a statement. `large`: a value may be a document; else none is longer than a column of ours."""

    def enter(self, insert: str, narrow: Sequence[Any], document: bytes | str) -> None:
        """Within a transaction: write a row by `insert`, its document, and that the chain ends there."""

    def documents(self, after: int, until: int) -> "Iterator[tuple[int, Any]]":
        """(number, stored document) of the entries after one up to another. Memory holds few of them at once."""

    def transaction(self, work: Callable[[], None], *, fold: bool = False, leave: bool = False) -> None:
        """Run `work` alone among writers: all of it is kept, and synced, or nothing. Makes the tables when missing.

        `work` is run again where the connection was lost before anything was kept. `fold`: all that was ever written is
        brought into the place that people copy. `leave`: and the connection is closed."""

    def compact(self) -> None:
        """Give back the room of what was removed."""

    def flaws(self) -> list[str]:
        """What the database finds wrong with itself. Reads all of it."""

    def copy_to(self, path: str) -> None:
        """Write all of it, as of one moment, into an empty file."""

    def migrate(self) -> bool:
        """Bring tables of an older version to the newest; false where there is nothing to do."""

    def close(self) -> None: ...
