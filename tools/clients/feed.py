"""What the clients are fed: the bytes of every fault and every clause's examples. The one file that knows chatproof."""

import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from tools.clients.replay import CLOSE, HANG, KEEP, Answer

from chatproof.contract.clause import VALIDATE, Clause, Example
from chatproof.contract.probe import ALL, INVALID, KEY, NONE, Probe
from chatproof.evidence.provider_error import ProviderError, find_error
from chatproof.simulator import chat, wire
from chatproof.simulator.fault import SERVE, Fault, Turn
from chatproof.surfaces import surface_of

_AT = 1795379441.0
_CREDENTIAL = {KEY: wire.GOOD, INVALID: wire.WRONG, NONE: wire.MISSING, "empty": wire.EMPTY}
# A client sends its own request: what differs from another kind only in the words asked for is that kind.
_SAME = {
    "chat": {
        "stream": "stream",
        "stream.usage": "stream.usage",
        "tools": "tools",
        "tools.result": "tools.auto",
        "tools.none": "tools.auto",
        "tools.stream": "tools.stream",
        "tools.parallel": "tools.auto",
        "tools.parallel.stream": "tools.stream",
        "json_object": "json_object",
        "json_schema": "json_schema",
        "sampling": "sampling",
        "unicode": "stream",
        "auth.invalid_stream": "stream",
    },
    "responses": {
        **{name: name for name in ("stream", "tools", "tools.stream", "json_schema")},
        **dict.fromkeys(("tools.parallel", "tools.result"), "tools.auto"),
        "tools.parallel.stream": "tools.stream",
        "unicode": "stream",
        "auth.invalid_stream": "stream",
    },
    "messages": {
        **{name: name for name in ("stream", "tools", "tools.stream")},
        "tools.parallel.stream": "tools.stream",
        "unicode": "stream",
        "auth.invalid_stream": "stream",
        **dict.fromkeys(("count_tokens", "thinking.stream"), ""),
    },
    "embeddings": {"float": "float", "single": "single", "tokens": ""},
}
# A fault that touches one of these need not be fed to the other kinds, too.
_FIRST = {
    "chat": ("happy", "auth.invalid_key", "stream", "tools", "tools.stream", "json_schema"),
    "responses": ("happy", "auth.invalid_key", "stream", "tools", "tools.stream", "json_schema"),
    "messages": ("happy", "auth.invalid_key", "stream", "tools", "tools.stream"),
    "embeddings": ("happy", "auth.invalid_key", "float", "single"),
}


class Case(NamedTuple):
    """One reply, the kind of request it answers, and the reply that the same request should have had."""

    kind: str
    answer: Answer
    good: Answer
    words: str  # of the error that the reply carries; "" for none
    good_words: str


class Feed:
    """The replies of one API: what its faults make of them, and its clauses' examples."""

    def __init__(self, api: str = "chat") -> None:
        self.api = api
        self.surface = surface_of(api)
        self.side = self.surface.simulator()
        self.probes = self.surface.rows(VALIDATE)
        self.clauses = self.surface.clauses(VALIDATE)
        self.faults = self.side.faults()

    def kind_of(self, probe: str) -> str:
        """The kind of request that a driver sends for a probe; "" for what these clients never ask."""
        return "" if probe.startswith("model") else _SAME[self.api].get(probe, "plain")

    def levels(self) -> dict[str, str]:
        """The level of each clause."""
        return {id: clause.level for id, clause in self.clauses.items()}

    # -- faults -------------------------------------------------------------------------------------------------------

    def fault_cases(self, fault: Fault) -> dict[str, Case]:
        """By probe, the replies that the fault touches. Empty when it lies in the place, not in a reply."""
        place = fault.place
        if place.listen != SERVE or place.scheme or place.certificate or place.proxy:
            return {}
        first = _FIRST[self.api]
        rows = [self.probes[id] for id in (*first, *self.probes) if id in self.probes and self.kind_of(id)]
        found: dict[str, Case] = {}
        for probe in rows:
            if probe.id not in found and (probe.id in first or not found):
                case = self._fault_case(fault, probe)
                if case is not None:
                    found[probe.id] = case
        return found

    def _fault_case(self, fault: Fault, probe: Probe) -> Case | None:
        asked = self._asked(probe, fault.place.path)
        self.side.respond(asked)  # fills the simulated cache: what a probe is answered must not depend on those before
        reply, good = self.side.respond(asked), self.side.respond(asked._replace(path=wire_path("/v1", probe)))
        turn = Turn(asked, reply, "sk-sim-" + "0" * 40)
        if not fault.when(turn) and reply == good:
            return None
        altered = fault.alter(turn) if fault.when(turn) else reply
        if altered == good:
            return None
        body = altered.body if isinstance(altered, wire.Reply) else b""
        status = altered.status if isinstance(altered, wire.Reply) else 200
        told, good_told = words(body, status), words(good.body, good.status)
        return Case(self.kind_of(probe.id), _answer(fault, asked, reply), _reply(asked, good), told, good_told)

    def _asked(self, probe: Probe, base: str) -> wire.Asked:
        content: object = probe.body(self.side.model) if probe.body else None
        if probe.answers is not None:
            before = json.loads(self.side.respond(self._asked(self.probes[probe.after], "/v1")).body)
            content = probe.answers(self.side.model, before)
        data = content if isinstance(content, bytes) else b"" if content is None else json.dumps(content).encode()
        credential = _CREDENTIAL[probe.credential]
        further = {name.lower(): value for name, value in probe.headers}
        in_other = probe.header is not None and probe.header("") == "x-api-key"
        return wire.Asked(
            probe.method,
            wire_path(base, probe),
            wire.MISSING if in_other else credential,
            data,
            _AT,
            "req_" + "0" * 24,
            media=probe.media,
            api_key=credential if in_other else wire.MISSING,
            api_version=further.get("anthropic-version", ""),
        )

    # -- clauses ------------------------------------------------------------------------------------------------------

    def clause_cases(self, id: str) -> list[Case]:
        """The breaking examples of a clause; the good reply is the first of its holding ones."""
        clause = self.clauses[id]
        return list(self._clause_cases(clause, clause.breaks_on))

    def holding_cases(self, id: str) -> list[Case]:
        """The other holding examples, beside the first."""
        clause = self.clauses[id]
        return list(self._clause_cases(clause, clause.holds_on[1:]))

    def _clause_cases(self, clause: Clause, examples: Iterable[Example]) -> Iterator[Case]:
        kind = _kind_of_any(clause) if clause.probe == ALL else self.kind_of(clause.probe)
        for example in examples if kind else ():
            good = clause.holds_on[0]
            yield Case(
                kind,
                _example(example),
                _example(good),
                words(example.body, example.status),
                words(good.body, good.status),
            )


def _kind_of_any(clause: Clause) -> str:
    """The kind of request that a clause on every reply is fed to: its examples are of one kind."""
    return "stream" if clause.holds_on[0].media == wire.SSE else "plain"


def wire_path(base: str, probe: Probe) -> str:
    return f"{base}{probe.suffix}".replace("{model}", chat.MODEL)


def _answer(fault: Fault, asked: wire.Asked, reply: wire.Reply) -> Answer:
    """Made anew each time it is sent: the pieces of a script may be an iterator that is read once."""
    turn = Turn(asked, reply, "sk-sim-" + "0" * 40)

    def made() -> wire.Reply | wire.Script:
        return fault.alter(turn) if fault.when(turn) else reply

    first = made()
    if isinstance(first, wire.Reply):
        return _reply(asked, first)

    def pieces() -> Iterable[bytes]:
        script = made()
        assert isinstance(script, wire.Script)
        return script.pieces

    return Answer(pieces, first.end, first.pause)


def _reply(asked: wire.Asked, reply: wire.Reply) -> Answer:
    pieces = wire.message(asked, reply)
    return Answer(lambda: pieces, KEEP)


def _example(example: Example) -> Answer:
    typed = ((b"Content-Type", example.media.encode()),) if example.media else ()
    length = () if example.status == 204 else ((b"Content-Length", b"%d" % len(example.body)),)
    body = example.body
    if example.left_open:
        length, body = ((b"Transfer-Encoding", b"chunked"),), b"%x\r\n%b\r\n" % (len(body), body)
    lines = [b"%s: %s\r\n" % line for line in (*typed, *example.extra, *length)]
    reason = wire.REASONS.get(example.status, "").encode()
    data = b"HTTP/1.1 %d %s\r\n%s\r\n%s" % (example.status, reason, b"".join(lines), body)
    return Answer(lambda: [data], HANG if example.left_open else KEEP)


def _in_events(body: bytes) -> ProviderError | None:
    """The error that an event of a stream carries."""
    for line in body.split(b"\n"):
        try:
            error = find_error(json.loads(line.removeprefix(b"data:")), failing=True) if line[:5] == b"data:" else None
        except (ValueError, RecursionError):
            continue
        if error is not None and error.message:
            return error
    return None


def words(body: bytes, status: int) -> str:
    """The words of an error's body that its reader needs: the message in JSON, else the text itself."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        error = _in_events(body)
        return error.message if error else body.decode("utf-8", "replace") if status >= 400 else ""
    error = find_error(value, failing=status >= 400)
    return error.message if error else ""


__all__ = ["CLOSE", "Case", "Feed"]
