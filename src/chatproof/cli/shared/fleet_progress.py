"""How far a fleet is, in one line on standard error: done, failing by cause, rate, time left. Only on a terminal."""

import threading
import time
from collections import Counter
from collections.abc import Callable

from chatproof.cli.output import Progress
from chatproof.fleet.local import Result
from chatproof.printable import escape

_CAUSES = 3  # that the line names


class FleetProgress(Progress):
    """The line of a fleet. `before` targets were done by an earlier run."""

    def __init__(self, total: int, wanted: bool, before: int = 0) -> None:
        super().__init__("", wanted)
        self._total = total
        self._before = before
        self._ended = 0
        self._failing: Counter[str] = Counter()
        self._began = time.monotonic()
        self._writing = threading.Lock()

    def add(self, result: Result) -> None:
        """Count one result."""
        self._ended += 1
        if result.verdict != "GO":
            self._failing[result.code or result.verdict] += 1

    def aside(self, write: Callable[[], None]) -> None:
        """Let somebody write a line where the progress stands."""
        with self._writing:
            if self._on:
                super()._show("\r\x1b[K")
            write()

    def _show(self, text: str) -> None:
        with self._writing:
            super()._show(text)

    def _line(self, seconds: int) -> str:
        return escape(self.line(time.monotonic() - self._began))

    def line(self, seconds: float) -> str:
        """What is shown after so many seconds."""
        done = self._before + self._ended
        failing = sum(self._failing.values())
        parts = [f"{done:,}/{self._total:,}"]
        if failing:
            named = ", ".join(f"{count:,} {code}" for code, count in self._failing.most_common(_CAUSES))
            parts.append(f"{failing:,} failing: {named}")
        rate = self._ended / seconds if seconds > 0 else 0.0
        parts.append(f"{rate:.0f}/s" if rate >= 10 else f"{rate:.1f}/s")
        if rate:
            left = int((self._total - done) / rate)
            parts.append(f"{left // 60}:{left % 60:02} left")
        return " · ".join(parts)
