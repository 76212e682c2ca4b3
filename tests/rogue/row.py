"""What a row of the table is: a misbehaviour as a script of bytes, and what chatproof must make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import NamedTuple

GO, NO_GO, UNDECIDED = "GO", "NO-GO", "UNDECIDED"

HAPPY = ("happy",)
AUTH = ("auth.invalid_key", "auth.missing_key")
STREAM = ("stream",)
MODELS = ("models",)
CHAT = (*HAPPY, *AUTH)
ALL = (*CHAT, *MODELS, *STREAM)
KEYED = (*HAPPY, *MODELS, *STREAM)  # the requests that carry the real key


class Wait(NamedTuple):
    """Nothing is sent for so long. What stands on both sides of it goes out in separate TCP segments."""

    seconds: float


class Act(Enum):
    """What is done to the connection. A script that just ends closes it in order."""

    SHUT = "FIN at once, then the connection is kept"
    RESET = "RST (SO_LINGER 1, 0)"
    DROP = "close() without reading what is still to come"
    HANG = "nothing more, for as long as the client stays"


Step = bytes | Wait | Act


class Turn(NamedTuple):
    """What a script may know: whom it speaks to, and where the trap is that nobody may enter."""

    probe: str
    key: str
    port: int
    trap: int


Script = Callable[[Turn], Iterable[Step]]


class Place(NamedTuple):
    """What is unusual about the server's surroundings."""

    certificate: str = ""  # a name in certs.py; "" is plain http
    full: bool = False  # the backlog is full: no SYN is answered
    unread: bool = False  # the script starts at once, without reading the request
    raw: bool = False  # https in the base URL, but the script writes the TLS bytes itself
    address: str = "127.0.0.1"
    host: str = ""  # in the base URL; "" is the address
    answers: tuple[tuple[str, ...], ...] = ()  # what the stub resolver says: one tuple for each time it is asked
    twin: bool = False  # the trap stands at 127.0.0.1 and the same port
    prompt: int = 0  # bytes of a larger prompt
    proxy: bool = False  # the server is the proxy; the endpoint behind it is the trap


class Row(NamedTuple):
    """One misbehaviour. `id` is faults.json's; a row that faults.json words in several ways has a `case` for each.

    Requests of the probes in `on` meet the script, the others are answered well. `says` must stand in the document,
    `never` in no artefact. `why` is the reason for a verdict or code other than faults.json's in our words.
    """

    id: str
    does: str
    script: Script
    verdict: str
    code: str = ""
    says: tuple[str, ...] = ()
    case: str = ""
    on: tuple[str, ...] = ALL
    beside: tuple[str, ...] = ()  # further codes among the diagnoses
    never: tuple[str, ...] = ()
    timeout: float = 2.0
    place: Place = Place()
    why: str = ""
    race: tuple[str, ...] = ()  # other principal codes, where the kernel decides which end is seen
    loud: bool = False  # run once more as text, -vv and with all bodies kept
    heavy: bool = False  # played with nothing beside it

    @property
    def name(self) -> str:
        return f"{self.id}-{self.case}" if self.case else self.id

    @property
    def streams(self) -> bool:
        return self.on == STREAM

    @property
    def phases(self) -> int:
        """Requests that are sent one after the other: the stream only after the rest."""
        return 2 if self.streams else 1


def plays(*steps: Step) -> Script:
    """The same steps for everyone."""
    return lambda turn: steps


def nobody(turn: Turn) -> Iterable[Step]:
    """For places where no request arrives."""
    return ()
