"""What a stopped fleet had done, in a file of the state folder, so that `--resume` goes on from there.

The file holds results as they were told (redacted), under a hash of what was asked and how; it decides nothing but
which targets are left out. It is removed when a fleet's run has ended.
"""

import json
import os
from collections.abc import Container, Mapping
from typing import Any

from chatproof import journal
from chatproof.files import safe_files
from chatproof.fleet.local import Result
from chatproof.usage_error import UsageError

SCHEMA = "chatproof.fleet-state/1"
_TEXTS = Result._fields.index("requests")  # fields before it are texts, the others numbers
_VERDICTS = ("GO", "NO-GO", "UNDECIDED", "")
_LARGEST = 512 * 1024 * 1024


def place_of(digest: str, environ: Mapping[str, str]) -> str:
    """The file for a fleet by the hash of it; empty where there is no state folder."""
    default = journal.default_place(environ)
    return os.path.join(os.path.dirname(default), "fleets", f"{digest[:32]}.jsonl") if default else ""


def read(path: str, names: Container[str]) -> tuple[str, list[Result]]:
    """(when the stopped run began, what it had told of targets of these names, each once). Raises UsageError where
    there is nothing to go on from."""
    advice = "leave out --resume to check the complete fleet"
    try:
        data, others = safe_files.read(path, _LARGEST)
    except OSError:
        raise UsageError("usage", "there is no stopped run of these targets with these options", advice) from None
    if others:
        raise UsageError("usage", f"other users could change {path}: {others}", advice)
    lines = data.split(b"\n")
    try:
        head = json.loads(lines[0])
        if head["schema"] != SCHEMA:
            raise ValueError
        # The last line may have been cut when the process was killed.
        rows = {result.name: result for result in map(_result, lines[1:-1])}
        began = _text(head["started_at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UsageError("usage", f"{path} is damaged", advice) from None
    # A result too many would be a target that passed and was not asked.
    if len(rows) != len(lines) - 2 or not all(name in names for name in rows):
        raise UsageError("usage", f"{path} is damaged: it is not of these targets", advice)
    return began, [*rows.values()]


def _result(line: bytes) -> Result:
    result = Result(*json.loads(line))
    for text in result[:_TEXTS]:
        _text(text)
    if any(type(count) is not int or count < 0 for count in result[_TEXTS:]) or result.verdict not in _VERDICTS:
        raise ValueError
    return result


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


class State:
    """Appends results as they come. One that cannot be written costs the way back, and no result."""

    def __init__(self, path: str, started_at: str, results: list[Result]) -> None:
        self._path = path
        self._handle = -1
        if not path:
            return
        try:
            safe_files.make_folder(os.path.dirname(path))
            temporary, self._handle = safe_files.fresh(path)
            self._write([{"schema": SCHEMA, "started_at": started_at}, *([*result] for result in results)])
            os.replace(temporary, path)
        except OSError:
            self._handle = -1

    def add(self, result: Result) -> None:
        """Keep one result."""
        if self._handle >= 0:
            try:
                self._write([[*result]])
            except OSError:
                self._handle = -1

    def _write(self, rows: list[Any]) -> None:
        data = "".join(f"{json.dumps(row)}\n" for row in rows).encode("ascii")
        while data:
            data = data[os.write(self._handle, data) :]

    def done(self) -> None:
        """The fleet's run has ended: there is nothing to go on from."""
        if self._path:
            try:
                os.unlink(self._path)
            except OSError:
                pass
