"""Switch faults while the simulator runs: GET, PUT and DELETE on /_simulator/fault.

    curl -X PUT http://127.0.0.1:8080/_simulator/fault -H "Authorization: Bearer $KEY" -d '{"fault": "html-502"}'

The server listens on loopback only, and the key is required. A browser could still be led here by a page that knows
the port: so a Host that is not a name of this machine is refused (a name that was pointed at 127.0.0.1 brings its own),
and so is an Origin other than the simulator's.
"""

import json
from collections.abc import Callable
from difflib import get_close_matches

from chatproof.simulator.chat import error, json_reply, refusal
from chatproof.simulator.fault import Fault, Place, Turn
from chatproof.simulator.wire import GOOD, Asked, Reply, Script, Side

PATH = "/_simulator/fault"
_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_METHODS = ("GET", "PUT", "DELETE")


class Switch:
    """What answers each request: the fault that is on now, or the conformant server.

    `key` is the simulator's own, for faults that leak it; `seen` is told of each request that a fault may answer. The
    address where faults are switched exists only where `switchable` is true.
    """

    def __init__(
        self,
        side: Side,
        key: str,
        fault: Fault | None = None,
        seen: Callable[[Asked], None] | None = None,
        switchable: bool = False,
    ) -> None:
        self._key = key
        self._fault = fault  # replaced as a whole, so threads see the old one or the new one
        self._seen = seen
        self._switchable = switchable
        self._side = side

    def __call__(self, asked: Asked) -> Reply | Script:
        if self._switchable and asked.path == PATH:
            return self._switch(asked)
        if self._seen is not None:
            self._seen(asked)
        fault, reply = self._fault, self._side.respond(asked)
        if fault is None:
            return reply
        turn = Turn(asked, reply, self._key)
        return fault.alter(turn) if fault.when(turn) else reply

    def _switch(self, asked: Asked) -> Reply:
        if not _is_near(asked):
            said = f"{PATH} answers to loopback names and to no page of another origin."
            return error(403, said, type="permission_error", code="foreign_request")
        if asked.method not in _METHODS:
            said = f"Not allowed to {asked.method} on {PATH}."
            return error(405, said, code="method_not_supported", headers=(("Allow", ", ".join(_METHODS)),))
        if asked.credential != GOOD:
            return refusal(asked.credential)
        if asked.method == "DELETE":
            self._fault = None
        elif asked.method == "PUT":
            refused = self._put(asked.body)
            if refused is not None:
                return refused
        return json_reply({"fault": self._fault.name if self._fault else None})

    def _put(self, body: bytes) -> Reply | None:
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            value = None
        name = value.get("fault", ...) if isinstance(value, dict) and len(value) == 1 else ...
        if not (name is None or isinstance(name, str)):
            return error(400, 'Expected {"fault": NAME}, or null for none.', param="fault", code="invalid_type")
        if not name:
            self._fault = None
            return None
        faults = self._side.faults()
        if name not in faults:
            near = get_close_matches(name[:80], faults, n=3)
            hint = f"Did you mean {', '.join(near)}?" if near else "See: chatproof simulate --list-faults"
            return error(404, f"There is no such fault. {hint}", param="fault", code="fault_not_found")
        if faults[name].place != Place():
            said = f"The fault {name} is one of the address, not of the answer: start with --fault {name}."
            return error(409, said, param="fault", code="fault_of_the_place")
        self._fault = faults[name]
        return None


def _is_near(asked: Asked) -> bool:
    """The request names this machine, and comes from no page of another origin."""
    host = asked.host.lower()
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name in _HOSTS and asked.origin.lower() in ("", f"http://{host}", f"https://{host}")
