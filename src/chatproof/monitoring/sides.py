"""A run could not be decided: is it our own network, or theirs? Pure; the looks at other origins are made elsewhere.

One origin alone never tells: a silent firewall of ours looks like a server that is down. Other origins that the
configuration names are the witnesses, and only what they did after the failing run began counts: that one answered
before our cable was pulled says nothing.
"""

from collections.abc import Iterable
from typing import NamedTuple

from chatproof.monitoring.values import OURS, THEIRS, UNDECIDED

_OUR_PROXY = "net.proxy"
_NETWORK = ("net", "limit")


class Witness(NamedTuple):
    """What a connection to another origin, or a run against it, came to."""

    origin: str
    at: float
    """When it began."""
    reached: bool


def tell(verdict: str, code: str, owner: str, origin: str, began: float, *, reached: bool,
         witnesses: Iterable[Witness]) -> str:  # fmt: skip
    """OURS, THEIRS, or empty where it cannot be told; empty for a run that was decided.

    `code` and `owner` are the principal diagnosis's; `reached`: the origin sent any bytes.
    """
    if verdict != UNDECIDED:
        return ""
    if code == _OUR_PROXY:
        return OURS
    if code.partition(".")[0] not in _NETWORK:
        return "" if not reached else OURS if owner == "you" else THEIRS
    fresh = [each for each in witnesses if each.origin != origin and each.at >= began]
    if any(each.reached for each in fresh):
        return THEIRS
    return OURS if fresh else ""
