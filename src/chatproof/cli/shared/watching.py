"""What `watch` shows: a line a change; on a terminal some lines below that are drawn anew. Pure but for `Screen`."""

import os
from typing import Any, NamedTuple

from chatproof import clock
from chatproof.cli.output import say, say_as_is
from chatproof.cli.shared import sparkline
from chatproof.monitoring.values import NO_CAUSE, Cause, Status
from chatproof.printable import cut, escape
from chatproof.reporters.lines import paint, wrap

WORDS = {
    "passing": ("GO", "passing"),
    "degraded": ("warning", "GO with warnings"),
    "failing": ("NO-GO", "failing"),
    "unknown": ("UNDECIDED", "undecided"),
    "unknown_ours": ("UNDECIDED", "undecided: our own network"),
    "unknown_theirs": ("UNDECIDED", "undecided: the cause is at the endpoint or on the way to it"),
}
"""By state: the colour, and the word."""
_INDENT = " " * 12
_KEPT = 200  # runs that are plotted


class Seen(NamedTuple):
    """The runs of this watch until now."""

    outcomes: str = ""
    first_bytes: tuple[float | None, ...] = ()
    runs: int = 0
    requests: int = 0
    billable: int = 0
    tokens: int = 0

    def after(self, outcome: str, document: dict[str, Any]) -> "Seen":
        """With one more run. An interrupted one has no outcome, and costs what it cost."""
        cost = document["cost"]
        return Seen(
            (self.outcomes + outcome)[-_KEPT:],
            (*self.first_bytes, first_byte(document))[-_KEPT:] if outcome else self.first_bytes,
            self.runs + 1,
            self.requests + cost["requests"],
            self.billable + cost["billable_requests"],
            self.tokens + cost["tokens_reported"],
        )


def first_byte(document: dict[str, Any]) -> float | None:
    """Milliseconds until the first byte of the answer to the plain request; None where there was none."""
    control = next((each for each in document["exchanges"] if each.get("role") == "control"), None)
    value = control["timings_ms"].get("first_byte") if control else None
    return None if value is None else float(value)


def change(status: Status, at: float, *, color: bool, width: int) -> list[str]:
    """The lines of a change: since when, what, and of what is not passing why, whose, and what to do."""
    paints, word = WORDS.get(status.state, ("dim", status.state))
    head = f"{clock.utc(at)[11:19]}Z  {paint(word, paints, color)}"
    if status.cause == NO_CAUSE:
        return [head]
    return [head, *cause(status.cause, width)]


def cause(of: Cause, width: int) -> list[str]:
    """Cause, owner, next step and run. What is too long is wrapped, never cut: the next step is what is looked for."""
    rows = (
        ("cause", f"{of.code}: {of.summary}"),
        ("owner", f"{of.owner} ({of.confidence})"),
        ("next", of.next_step),
        ("run", f"chatproof show {of.run_id}"),
    )
    room = max(width, 40) - len(_INDENT) - 7
    return [
        f"{_INDENT}{'' if number else label:<7}{part}"
        for label, text in rows
        for number, part in enumerate(wrap(escape(text), room))
    ]


class Screen:
    """Standard output. Lines stay; the status below them is drawn anew, on a terminal only."""

    def __init__(self, look: dict[str, Any], *, live: bool, blocks: bool) -> None:
        self.color, self.width = bool(look["color"]), int(look["width"])
        self._live, self._blocks = live, blocks
        self._drawn = 0

    def lines(self, lines: list[str]) -> None:
        """Add lines that stay: a log keeps them, so that they are made inert as a whole. Raises WriteError."""
        self._clear()
        say("".join(f"{line}\n" for line in lines))

    def status(self, status: Status, seen: Seen, rest: str) -> None:
        """Draw the plots and what comes next. Raises WriteError."""
        if not self._live:
            return
        room = max(self.width - 14, 10)
        outcomes = seen.outcomes[-room:]
        marks = sparkline.of_outcomes(outcomes, blocks=self._blocks)
        if self.color:
            marks = "".join(
                paint(mark, sparkline.COLORS[outcome], True) for mark, outcome in zip(marks, outcomes, strict=True)
            )
        times = seen.first_bytes[-room:]
        _, word = WORDS.get(status.state, ("", status.state))
        since = f" since {clock.utc(status.since)[11:19]}Z" if status.since and seen.outcomes else ""
        last, half = times[-1] if times else None, sparkline.middle(times)
        plain = (
            f"{'first byte':<12}{sparkline.of_times(times, blocks=self._blocks)}",
            f"{_INDENT}last {ms(last)}, half of them within {ms(half)}; {sparkline.LEGEND[self._blocks]}",
            f"{word}{since}; {rest}",
        )
        # A line that wraps would break the count of lines. The first one has its room already, without its colours.
        shown = ["", f"{'verdicts':<12}{marks}", *(cut(line, self.width - 1) for line in plain)]
        self._clear()
        say_as_is("".join(f"{line}\n" for line in shown))
        self._drawn = len(shown)

    def end(self) -> None:
        """Take the status away: what stays is the lines."""
        self._clear()

    def _clear(self) -> None:
        if self._drawn:
            say_as_is(f"\x1b[{self._drawn}A\r\x1b[J")
            self._drawn = 0


def ms(value: float | None) -> str:
    """A time for people."""
    return "–" if value is None else f"{value:.0f} ms" if value < 10_000 else f"{value / 1000:.1f} s"


def is_live(stream: Any) -> bool:
    """A terminal that can be drawn on."""
    return stream is not None and bool(stream.isatty()) and os.environ.get("TERM") != "dumb"


def has_blocks(stream: Any) -> bool:
    """The stream can show the marks of the plots."""
    try:
        sparkline.BLOCKS.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True
