"""A process that judges: raw evidence comes in by a pipe, redacted documents go into the journal, results go back.

It reads the keys itself, where the configuration says they are, and needs them only to take them out of what is kept.
Entries go into the journal in batches. The process ends when the pipe does.
"""

import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from chatproof import journal
from chatproof.fleet.evidence import HEAD, frame, unpacked, value_of
from chatproof.fleet.ready import Fleet, Ready
from chatproof.fleet.reusing import Reusing
from chatproof.journal import FINISHED, STARTED, JournalError
from chatproof.printable import place_of
from chatproof.record import document
from chatproof.running.plan import LeftOut
from chatproof.running.run import Sent, conclude
from chatproof.target.environment import ci_of
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Exchange

BATCH = 100  # documents that go into the journal together at most
PATIENCE = 0.1  # seconds that one of them waits for the others
_KEPT = 512  # targets that are remembered between their beginning and their end
KEY_CHANGED = "the key was changed while the fleet ran, so the reply could not be searched for the key that was sent"

BEGIN, EVIDENCE = "begin", "evidence"
BEGUN, TAKEN, DONE, REFUSED, FAILED = "begun", "taken", "done", "refused", "failed"
"""What messages are about: two kinds go to a process that judges, five come from it."""


def start(fleet: Fleet, place: str, others: list[socket.socket]) -> tuple[int, socket.socket]:
    """(process id, our end of its pipe). `place` is the journal, empty for none; `others` are ends that it must not
    hold open."""
    ours, theirs = socket.socketpair()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # closed by the caller (>&-)
            stream.flush()
    pid = os.fork()
    if pid:
        theirs.close()
        return pid, ours
    status = 4
    try:
        for each in (ours, *others):
            each.close()
        # ^C goes to every process of a terminal; when to end is the sender's to say, by closing the pipe.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        Judge(fleet, place, theirs).run()
        status = 0
    except BrokenPipeError:
        pass  # the sender is gone; what it had sent is in the journal
    finally:
        os._exit(status)


class Judge:
    """Judges what comes by one pipe until it ends."""

    def __init__(self, fleet: Fleet, place: str, pipe: socket.socket) -> None:
        self._fleet = fleet
        self._pipe = pipe
        self._journal = journal.open(place) if place else None
        self._known: dict[str, Ready] = {}
        self._waiting: list[tuple[dict[str, Any], tuple[Any, ...]]] = []  # document, and what is told of it
        self._since = 0.0
        self._ci = ci_of(fleet.environ)
        self._reusing = Reusing(wanted=fleet.reuse_judgement)

    def run(self) -> None:
        """Take message after message. What goes wrong on our own side costs one target, and is told by type and place:
        the exception's text may hold what a server said."""
        for message in self._messages():
            kind, rest = message[0], message[1:]
            try:
                (self._begin if kind == BEGIN else self._judge)(*rest)
            except Exception as error:
                if kind == BEGIN:
                    raise
                self._tell(FAILED, rest[0], f"internal error: {type(error).__name__} at {place_of(error)}")
        self._flush()

    def _messages(self) -> Iterator[Any]:
        data = bytearray()
        while True:
            while len(data) >= HEAD and len(data) >= HEAD + (size := int.from_bytes(data[:HEAD], "big")):
                value = value_of(bytes(memoryview(data)[HEAD : HEAD + size]))
                del data[: HEAD + size]
                yield value
            left = self._since + PATIENCE - time.monotonic() if self._waiting else None
            if len(self._waiting) >= BATCH or (left is not None and left <= 0):
                self._flush()
                continue
            if left is not None and not select.select([self._pipe], [], [], left)[0]:
                continue
            more = self._pipe.recv(1 << 16)  # the room asked for is made each time, and much of it costs
            if not more:
                return
            data += more

    def _tell(self, *message: Any) -> None:
        self._pipe.sendall(frame(message))

    def _ready(self, name: str) -> Ready:
        if name not in self._known:
            if len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[name] = self._fleet.ready(name)
        return self._known[name]

    def _begin(self, runs: tuple[tuple[str, str, str], ...]) -> None:
        """Write down that runs begin, before the first byte of any is sent. Each is (name, run id, time)."""
        documents, begun = [], []
        for name, run_id, at in runs:
            try:
                ready = self._ready(name)
            except UsageError as error:  # a key that the sender could read, and we cannot
                self._tell(FAILED, name, f"{error.code}: {error.detail}")
                continue
            begun.append(name)
            if self._journal is not None:
                opening = document.Opening(run_id, self._fleet.settings.kind, at, ready.planned, self._ci)
                documents.append(document.opening(ready.resolved.target, ready.contract, opening))
        if self._journal is not None and documents:
            try:
                begun = self._write_down(begun, documents)
            except JournalError as error:
                self._tell(REFUSED, tuple(begun), error.code, error.detail, error.advice)
                return
        self._tell(BEGUN, tuple(begun))

    def _write_down(self, begun: list[str], documents: list[dict[str, Any]]) -> list[str]:
        """Write down that runs begin; return the names of those that are ours to ask."""
        assert self._journal is not None
        if not self._fleet.claims:
            self._journal.append(STARTED, documents)
            return begun
        ours = {*self._journal.claim(documents)}
        taken = [name for name, said in zip(begun, documents, strict=True) if said["run_id"] not in ours]
        if taken:
            self._tell(TAKEN, tuple(taken))
        return [name for name in begun if name not in taken]

    def _judge(
        self,
        name: str,
        run_id: str,
        at: str,
        key: str,
        plain: tuple[Any, ...],
        not_sent: dict[str, str],
        by: str,
        again: tuple[tuple[str, str], ...],
    ) -> None:
        """Judge, diagnose and record one target. `key` tells which one was sent; `by` is the signal that ended it;
        `again` are the probes that were asked anew, and what had come on a connection that was used before."""
        try:
            ready = self._ready(name)
        except UsageError as error:
            self._tell(FAILED, name, f"{error.code}: {error.detail}")
            return
        self._known.pop(name, None)
        if ready.key != key:
            self._tell(FAILED, name, KEY_CHANGED)
            return
        left_out: dict[str, str] = {probe: LeftOut(why) for probe, why in not_sent.items()}
        exchanges = [unpacked(one, ready.planned) for one in plain]
        sent = Sent(run_id, at, exchanges, left_out, by, "")
        judgement, judged_as = self._reusing.judgement_of(ready, sent)
        remarks = [*([remark_of(exchanges, again)] if self._fleet.reuse else []), *([judged_as] if judged_as else [])]
        sent = sent._replace(remark="; ".join(remarks))
        made = conclude(ready.contract, ready.resolved, self._fleet.settings, sent, self._fleet.environ, judgement)
        made.document["cost"]["requests"] += len(again)
        cost = made.document["cost"]
        told = (name, *summary_of(made.document), cost["requests"], cost["tokens_reported"] or 0, bool(by))
        if not self._waiting:
            self._since = time.monotonic()
        self._waiting.append((made.document, told))

    def _flush(self) -> None:
        """Into the journal, then to whoever waits for the results. A run that cannot be kept is told all the same."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        unkept = ""
        if self._journal is not None:
            try:
                self._journal.append(FINISHED, [row[0] for row in waiting])
            except JournalError as error:
                unkept = f"{error.code}: {error.detail}\n  next: {error.advice}"
        self._tell(DONE, tuple(row[1] for row in waiting), unkept)


def remark_of(exchanges: Sequence[Exchange], again: Sequence[tuple[str, str]]) -> str:
    """What the notes of a run say whose requests went over one connection."""
    reused = sum(exchange.reused for exchange in exchanges)
    what = "replies arrived on a connection that an earlier request had left open"
    said = f"--reuse-connection: {reused} of {len(exchanges)} {what}"
    if not again:
        return said
    answered = {exchange.probe for exchange in exchanges}
    each = ", ".join(f"{probe} ({came})" for probe, came in again if probe in answered)
    return f"{said}; not judged but asked again on a new connection, because the old one may be the cause: {each}"


def summary_of(made: dict[str, Any]) -> tuple[str, str, str, str, str, str]:
    """(verdict, code, owner, run id, summary, next step) of a run's document, redacted as it is."""
    first: dict[str, Any] = next(iter(made["diagnoses"]), {})
    words = [str(first.get(name, "")) for name in ("code", "owner", "summary", "next_step")]
    return made["verdict"], words[0], words[1], made["run_id"], words[2], words[3]
