"""Maintenance windows: a cron expression says when one begins, a duration how long it lasts. Pure.

Cron expressions are read by cronsim (extra `monitor`), which keeps to Debian's cron, changes of summer time included.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from cronsim import CronSim


class Window(NamedTuple):
    """An announced time of maintenance, again and again."""

    cron: str
    """Five fields: minute, hour, day of month, month, day of week."""
    seconds: float
    zone: str = "UTC"
    """An IANA name, such as Europe/Berlin."""


def check(window: Window) -> str:
    """What is wrong with a window, as a sentence; empty for nothing."""
    from cronsim import CronSimError

    try:
        next(_forward(window, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        return "is not a cron expression (minute, hour, day of month, month, day of week), or names no existing day"
    except (KeyError, ValueError, OSError):
        return "has no time zone that this machine knows"
    return ""


def is_open(windows: Iterable[Window], at: float) -> bool:
    """A moment lies within one of the windows."""
    return any(began(window, at) for window in windows)


def began(window: Window, at: float) -> float:
    """When the window that is open at a moment began; 0.0 where none is. Of windows that overlap, the latest."""
    start = _last_start(window, int(at // 60))
    return start if start and at < start + window.seconds else 0.0


@lru_cache(4096)
def _last_start(window: Window, minute: int) -> float:
    """The last start at or before the end of a minute since the epoch: starts fall on whole minutes."""
    at = datetime.fromtimestamp(minute * 60 + 60, UTC).astimezone(ZoneInfo(window.zone))
    from cronsim import CronSim

    found: datetime | None = next(CronSim(window.cron, at, reverse=True), None)
    return found.timestamp() if found else 0.0


def _forward(window: Window, at: datetime) -> "CronSim":
    from cronsim import CronSim

    return CronSim(window.cron, at.astimezone(ZoneInfo(window.zone)))
