"""The simulator for tests of *your own* client: it runs well until you switch a fault on, and remembers what was asked.

    with ChatSimulator() as simulator:
        client = MyClient(simulator.base_url, simulator.api_key)
        with simulator.fault("html-502"):
            assert client.ask("…") is None
        assert len(simulator.requests) == 3        # it tried three times

The pytest fixture `chat_simulator` is one of these.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NamedTuple

from chatproof import simulator
from chatproof.simulator.chat import MODEL, respond
from chatproof.simulator.fault import Fault, Place, Turn
from chatproof.simulator.server import LOOPBACK, Server
from chatproof.simulator.wire import Asked, Reply, Script
from chatproof.usage_error import near, repeated

MOST_REQUESTS = 10_000
"""Requests that are remembered; later ones are answered and forgotten."""


class Received(NamedTuple):
    """One request as it arrived.

    - `method`, `path`, `body`: as sent
    - `credential`: good, wrong or missing; the key itself is never kept
    """

    method: str
    path: str
    credential: str
    body: bytes

    @property
    def json(self) -> Any:
        """The body as a JSON value. Raises ValueError if it is not JSON."""
        return json.loads(self.body)


class ChatSimulator:
    """A conformant chat completions server on loopback whose behaviour can be broken on purpose.

    - `base_url`, `api_key`, `model`: the settings for your client
    - `ca_file`, `proxy`: set only if a fault needs them
    - `requests`: the requests that have arrived since the start or the last `clear()`
    """

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.model = MODEL
        self.ca_file = ""
        self.proxy = ""
        self._faults: list[Fault] = []
        self.api_key = simulator.new_key()
        self._server = Server(self._answer, self.api_key)
        self.base_url = f"http://{LOOPBACK}:{self._server.port}/v1"

    def __repr__(self) -> str:
        return f"<ChatSimulator {self.base_url}>"

    def __enter__(self) -> "ChatSimulator":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening and drop every connection."""
        self._server.stop()

    def clear(self) -> None:
        """Forget the requests that have arrived."""
        self.requests.clear()

    @contextmanager
    def fault(self, name: str) -> "Iterator[ChatSimulator | RelocatedSimulator]":
        """Switch a fault on inside the block; `chatproof simulate --list-faults` lists the names.

        A fault of the answer is switched on at the same base URL, so that clients made before fail, too. A fault of
        the place (nothing listens, another certificate, a wrong path) has its own base URL: use the value that the
        block gets, which is right for both. Raises ValueError for a name that does not exist.
        """
        fault = _find(name)
        if fault.place == Place():
            self._faults.append(fault)
            try:
                yield self
            finally:
                self._faults.remove(fault)
            return
        other = RelocatedSimulator(name, self.requests)
        try:
            yield other
        finally:
            other.stop()

    def _answer(self, asked: Asked) -> Reply | Script:
        remember(asked, self.requests)
        turn = Turn(asked, respond(asked), self.api_key)
        for fault in reversed(self._faults):  # the innermost block first
            if fault.when(turn):
                return fault.alter(turn)
        return turn.reply


class RelocatedSimulator:
    """A simulator at another address, for a fault of the place.

    - `base_url`, `api_key`, `model`, `ca_file`, `proxy`, `requests`: as of ChatSimulator
    - `stop`: a function that stops listening and drops every connection
    """

    def __init__(self, name: str, requests: list[Received]) -> None:
        self.requests = requests
        started = simulator.start(name, seen=lambda asked: remember(asked, requests))
        self.base_url, self.api_key, self.model = started.base_url, started.key, started.model
        self.ca_file, self.proxy = started.ca_file, started.proxy
        self.stop = started.stop

    def __repr__(self) -> str:
        return f"<ChatSimulator {self.base_url}>"


def remember(asked: Asked, requests: list[Received]) -> None:
    if len(requests) < MOST_REQUESTS:
        requests.append(Received(asked.method, asked.path, asked.credential, asked.body))


def _find(name: str) -> Fault:
    from chatproof.simulator.faults import FAULTS

    if name in FAULTS:
        return FAULTS[name]
    hint = near(name, FAULTS, "chatproof simulate --list-faults lists them")
    raise ValueError(f"there is no fault {repeated(name, 60)}; {hint}")
