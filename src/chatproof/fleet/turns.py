"""Whose turn it is: no host sees more requests at once than it may, and a slow one holds up nobody else's targets.

Hosts take turns. One that has as many requests under way as it may is passed over until some of them end; whatever it
has queued waits behind itself only.
"""

from collections import deque
from collections.abc import Iterable

from chatproof.fleet.targets import Listed
from chatproof.target import profile
from chatproof.wire import urls


def host_of(row: Listed) -> str:
    """The name or address that a target's requests go to; empty where its URL is none, which is told later."""
    text = row.entry.get("base_url", "")
    if not text:
        try:
            text = profile.load(row.entry.get("profile", "cometapi")).fact("base_url", "")
        except profile.ProfileError:
            return ""
    url = urls.parse_base_url(text, allow_http=True)
    return "" if isinstance(url, urls.UrlProblem) else url.host


class Turns:
    """Targets by host, in the order in which they may begin. `width` requests are what a target needs at once."""

    def __init__(self, rows: Iterable[Listed], per_host: int, width: int) -> None:
        self.width = min(width, per_host)
        self._per_host = per_host
        self._queues: dict[str, deque[Listed]] = {}
        self._under_way: dict[str, int] = {}
        self.left = 0
        for row in rows:
            self._queues.setdefault(host_of(row), deque()).append(row)
            self.left += 1
        self._ring = deque(self._queues)

    def take(self) -> tuple[str, Listed] | None:
        """The next target and its host, whose requests count from now on; None where no host may begin one."""
        if not self._ring:
            return None
        host = self._ring.popleft()
        row = self._queues[host].popleft()
        self.left -= 1
        self._under_way[host] = self._under_way.get(host, 0) + self.width
        self._line_up(host)
        return host, row

    def ended(self, host: str) -> None:
        """All requests of one of this host's targets have ended."""
        full = not self._may(host)
        self._under_way[host] -= self.width
        if full:
            self._line_up(host)

    def _may(self, host: str) -> bool:
        return self._under_way.get(host, 0) + self.width <= self._per_host

    def _line_up(self, host: str) -> None:
        if self._queues[host] and self._may(host):
            self._ring.append(host)
