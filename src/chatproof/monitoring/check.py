"""Making one run: the one place where the monitor sends anything. Blocking; called in a thread of the pool."""

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from chatproof.monitoring.settings import Watched
from chatproof.monitoring.sides import Witness
from chatproof.running.dispatch import Stop
from chatproof.running.run import carry

_SECONDS = 3.0
_MOST = 3
Begin = Callable[[dict[str, Any]], str]


class Outcome(NamedTuple):
    """A finished run. `document` is a run document (chatproof.run/1)."""

    document: dict[str, Any]


def run_check(target: Watched, module: str, *, environ: Mapping[str, str], begin: Begin, stop: Stop) -> Outcome:
    """Run a module against a target, once, and return its record. Raises UsageError for our own side.

    `begin` gets the started document before the first byte is sent. This is the seam for another way of sending: all
    that the monitor knows of a run is what this returns.
    """
    carried = carry(target.resolved, target.settings(module), environ=environ, begin=begin, stop=stop)
    return Outcome(carried.run.document)


def look_around(target: Watched, others: Iterable[Watched]) -> list[Witness]:
    """Connect to some other origins of the configuration, without sending a byte: do they answer, while this one does
    not? Those behind a proxy are no witnesses: the proxy answers for them. Nor is this machine, for a target elsewhere.
    """
    seen = {target.origin}
    witnesses: list[Witness] = []
    for other in others:
        if len(witnesses) >= _MOST:
            break
        if other.origin in seen or other.resolved.target.proxy or _is_here(other) > _is_here(target):
            continue
        seen.add(other.origin)
        witnesses.append(Witness(other.origin, time.time(), _answers(other)))
    return witnesses


def _answers(target: Watched) -> bool:
    try:
        with socket.create_connection((target.resolved.url.host, target.resolved.url.port), _SECONDS):
            return True
    except ConnectionRefusedError:
        return True  # the host itself said so: the way there is open
    except OSError:
        return False


def _is_here(target: Watched) -> bool:
    host = target.resolved.url.host
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")
