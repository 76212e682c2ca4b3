"""Wall-clock time as text. Durations are always taken from time.monotonic, never from here."""

import time


def utc(seconds: float | None = None) -> str:
    """RFC 3339 in UTC with milliseconds, of now or of `seconds` since the epoch."""
    at = time.time() if seconds is None else seconds
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}Z"
