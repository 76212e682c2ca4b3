"""Two small plots of text: what each run came to, and how long its first byte took. Pure."""

from collections.abc import Sequence

BLOCKS = "▁▂▃▄▅▆▇█"
DIGITS = "12345678"
OUTCOMES = {"G": "█", "W": "▆", "U": "▃", "F": "▁"}
"""By outcome: good, good with warnings, undecided, failing. The height tells them apart where there is no colour."""
PLAIN = {"G": "+", "W": "w", "U": "?", "F": "x"}
COLORS = {"G": "GO", "W": "warning", "U": "UNDECIDED", "F": "NO-GO"}
LEGEND = {True: "█ GO ▆ with warnings ▃ undecided ▁ NO-GO", False: "+ GO w with warnings ? undecided x NO-GO"}


def of_outcomes(outcomes: str, *, blocks: bool) -> str:
    """A mark for each outcome, oldest first."""
    marks = OUTCOMES if blocks else PLAIN
    return "".join(marks[outcome] for outcome in outcomes)


def of_times(ms: Sequence[float | None], *, blocks: bool) -> str:
    """A mark for each time, its height its share of the longest; a space where there was none."""
    marks = BLOCKS if blocks else DIGITS
    most = max((value for value in ms if value is not None), default=0.0)
    if not most:
        return " " * len(ms)
    return "".join(" " if value is None else marks[min(int(value / most * 8), 7)] for value in ms)


def middle(ms: Sequence[float | None]) -> float | None:
    """The median of the times that there are."""
    known = sorted(value for value in ms if value is not None)
    return known[len(known) // 2] if known else None
