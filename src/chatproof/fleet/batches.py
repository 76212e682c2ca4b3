"""A batch: the names that one message asks for, and the slot that makes a second asking the same as the first.

What a message holds is names and numbers, never a key nor a URL: a worker asks its own configuration what a name means,
and asks nothing where that is another than the sender's. Pure.
"""

import re
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from chatproof.secrets.digest import sha256

MOST_NAMES = 1000  # in one message
_REGION = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SLOT = re.compile(r"[0-9]{8}-[0-9]{6}")
_HALF = re.compile(r"[\ud800-\udfff]")  # half a character, which JSON can hold and nothing else
_LATEST = 253_402_300_799  # the end of the year 9999
_CLOCKS = 60.0  # seconds by which the clocks of two machines may differ
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Batch(NamedTuple):
    """Targets of one region by name, to be asked for a slot (UTC, `20261129-012400`). `digest` is that of the
    configuration that the names are of; after `deadline` (seconds since 1970) nothing of it is begun."""

    region: str
    names: tuple[str, ...]
    digest: str
    slot: str
    deadline: float


class Refused(Exception):
    """A message that is not carried out. The text says why, and quotes nothing of it."""


def is_region(name: str) -> bool:
    """The name can be a region's: small letters, digits and hyphens."""
    return _REGION.fullmatch(name) is not None


def slot_of(at: float, every: float = 0.0) -> str:
    """The slot of a moment (seconds since 1970), or of the period that it lies in: who asks twice in one asks once."""
    return time.strftime("%Y%m%d-%H%M%S", time.gmtime(at - at % every if every else at))


def begin_of(slot: str) -> float | None:
    """The moment that a slot is named by, in seconds since 1970; None where there is no such time."""
    try:
        return datetime.strptime(f"{slot}+0000", "%Y%m%d-%H%M%S%z").timestamp()
    except ValueError:
        return None


def run_id(kind: str, slot: str, region: str, name: str) -> str:
    """The id of the run of a target in a slot: the same wherever it is made."""
    which = sha256("\n".join((region, name)).encode())
    return f"{kind}-{slot}-{which[:16]}"


def divided(names: Sequence[str], size: int, region: str, digest: str, slot: str, deadline: float) -> Iterator[Batch]:
    """All names, in batches of a size."""
    for first in range(0, len(names), size):
        yield Batch(region, tuple(names[first : first + size]), digest, slot, deadline)


def message(batch: Batch) -> dict[str, Any]:
    """A batch as the JSON object that is sent."""
    return {**batch._asdict(), "names": list(batch.names)}


def read(said: Any) -> Batch:
    """A batch from a message. Raises Refused for one that is none."""
    if not isinstance(said, dict) or set(said) != set(Batch._fields):
        raise Refused("the message has other fields than a batch must have")
    names, deadline = said["names"], said["deadline"]
    texts = [said[field] for field in ("region", "digest", "slot")]
    if not all(isinstance(text, str) for text in texts) or not (
        is_region(texts[0]) and _DIGEST.fullmatch(texts[1]) and _SLOT.fullmatch(texts[2])
    ):
        raise Refused("its region, digest or slot is not valid")
    if begin_of(texts[2]) is None:
        raise Refused("its slot is not a time")
    if not isinstance(names, list) or not all(isinstance(name, str) and _HALF.search(name) is None for name in names):
        raise Refused("its names are not a list of texts")
    if not names or len(names) > MOST_NAMES or len(set(names)) != len(names):
        raise Refused(f"it has no names, the same name twice, or more than {MOST_NAMES}")
    if isinstance(deadline, bool) or not isinstance(deadline, int | float) or not 0 <= deadline <= _LATEST:
        raise Refused("its deadline is not a time")
    return Batch(texts[0], tuple(names), texts[1], texts[2], float(deadline))


def check(batch: Batch, region: str, digest: str, known: Any, now: float) -> None:
    """Raise Refused where a worker of this region and configuration must not carry a batch out. `known` holds the names
    of its targets."""
    if batch.region != region:
        raise Refused(f"it is for another region, not for {region}")
    if batch.digest != digest:
        raise Refused("it was made for a different configuration from this worker's")
    if any(name not in known for name in batch.names):
        raise Refused("it names a target that this worker does not know")
    if (begin_of(batch.slot) or 0.0) > now + _CLOCKS:
        # Its runs would be those of that time: whoever asks then would find them taken, and nobody would see it.
        raise Refused("its slot has not begun: compare the clocks of the worker and of who submits")
    if batch.deadline <= now:
        raise Refused("its deadline has passed")
