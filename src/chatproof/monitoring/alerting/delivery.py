"""Sending what the outbox holds: one thread, its own connection, again and again until each receiver has it.

A receiver that is slow or down holds up another one for one deadline at most. What is logged of a failure is the
receiver's name and a reason in words of ours: never its URL, never what it answered.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from chatproof.journal.events import JournalError
from chatproof.monitoring.alerting.notice import Notice
from chatproof.monitoring.alerting.outbox import NEVER, Claim, Outbox
from chatproof.monitoring.alerting.post import Answer
from chatproof.monitoring.alerting.receivers import Receiver
from chatproof.monitoring.values import Incident

FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0
_IDLE = 15.0  # seconds between two looks where nothing is due here: another instance may have left something
_BROKEN = 5.0  # after the journal refused


class Log(Protocol):
    """Where it is told what was sent and what was not."""

    def __call__(self, event: str, /, **values: object) -> None: ...


class Delivery:
    """`open_outbox` is called in the thread that sends, and its outbox used there only."""

    def __init__(
        self,
        open_outbox: Callable[[], Outbox],
        receivers: Mapping[str, Receiver],
        log: Log,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._open = open_outbox
        self._receivers = dict(receivers)
        self._log = log
        self._clock = clock
        self._wake = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to send, in a thread of its own. Without receivers there is none."""
        if self._receivers:
            self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Something was put into the outbox."""
        self._wake.set()

    def stop(self, within: float = 15.0) -> None:
        """End, after what is being sent. What is left is sent by the next process."""
        self._stopped = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(within)

    def pump(self, outbox: Outbox) -> int:
        """Send what is due now; return how many notices were tried. Raises JournalError."""
        at = self._clock()
        claims = outbox.claim(at, {name: receiver.sender.most for name, receiver in self._receivers.items()})
        by_receiver: dict[str, list[Claim]] = {}
        for claim in claims:
            by_receiver.setdefault(claim.receiver, []).append(claim)
        if not by_receiver:
            return 0
        with ThreadPoolExecutor(len(by_receiver), "alert") as pool:
            tried = [(name, mine, pool.submit(self._send, name, mine, at)) for name, mine in by_receiver.items()]
            for name, mine, future in tried:
                for claim, answer in zip(mine, future.result(), strict=True):
                    self._settle(outbox, name, claim, answer)
        return len(claims)

    def _send(self, name: str, claims: list[Claim], at: float) -> list[Answer]:
        receiver = self._receivers[name]
        notices = [notice_of(claim, receiver.link) for claim in claims]
        try:
            return receiver.sender.deliver(notices, at)
        except Exception as error:  # a bug of ours must not end the thread that tells people
            return [Answer(False, f"our own side: {type(error).__name__}")] * len(claims)

    def _settle(self, outbox: Outbox, name: str, claim: Claim, answer: Answer) -> None:
        said = {"receiver": name, "incident": claim.incident.id, "revision": claim.incident.revision}
        at = self._clock()
        if answer.ok:
            outbox.sent(claim, at)
            if not claim.is_repeat:
                self._log("alert_sent", what=claim.what, **said)
            return
        wait = max(min(FIRST_WAIT * 2.0 ** min(claim.attempts, 10), LONGEST_WAIT), answer.wait)
        outbox.failed(claim, at, wait)
        self._log("alert_not_sent", what=claim.what, reason=answer.reason, again_in=wait, **said)

    def _run(self) -> None:
        outbox: Outbox | None = None
        while not self._stopped:
            self._wake.clear()
            try:
                outbox = outbox or self._open()
                if self.pump(outbox):
                    continue
                due = outbox.next_due()
                wait = _IDLE if due >= NEVER else min(max(due - self._clock(), 0.05), _IDLE)
            except JournalError as error:
                self._log("alerts_wait", reason=error.code)
                outbox, wait = None, _BROKEN
            except Exception as error:  # of ours: whoever must be told would hear of nothing any more
                self._log("internal_error", what=type(error).__name__)
                outbox, wait = None, _BROKEN
            self._wake.wait(wait)
        if outbox is not None:
            outbox.close()


def notice_of(claim: Claim, link: str) -> Notice:
    """What is told of a row that was taken."""
    before: Incident | None = claim.before
    return Notice(claim.what, claim.incident, claim.is_repeat, before, link)
