"""The outbox: in order, none lost, none twice without the same id and revision, whatever dies in between."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.journal.events import JournalError
from chatproof.journal.upkeep import verify
from chatproof.monitoring.alerting import delivery
from chatproof.monitoring.alerting.delivery import FIRST_WAIT, LONGEST_WAIT, Delivery
from chatproof.monitoring.alerting.outbox import LEASE, NEVER, Outbox
from chatproof.monitoring.alerting.post import Answer
from chatproof.monitoring.alerting.receivers import Receiver
from chatproof.monitoring.values import DEGRADED, FAILING, UNKNOWN_OURS
from tests.alerting.incidents import AT, Listener, changed, incident, opened, receiver, resolved
from tests.journal_support import fresh_place, keep, run

DOWN = Answer(False, "net.refused")


class Told:
    """An outbox with its delivery, a clock that is set by hand, and the log."""

    def __init__(self, place: str, *receivers: Receiver) -> None:
        self.receivers = {each.name: each for each in receivers}
        self.journal = journal.open(place)
        self.outbox = Outbox(self.journal.database, self.receivers)
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.now = AT
        self.delivery = Delivery(
            lambda: self.outbox,
            self.receivers,
            lambda event, /, **said: self.log.append((event, said)),
            lambda: self.now,
        )

    def pump(self, after: float = 0.0) -> int:
        """Send what is due so many seconds later, until nothing is due any more."""
        self.now += after
        count = 0
        while tried := self.delivery.pump(self.outbox):
            count += tried
        return count


def what(sender: Listener) -> list[tuple[str, int, bool]]:
    return [(notice.what, notice.incident.revision, notice.is_repeat) for notice in sender.told]


@pytest.fixture(params=["sqlite3", pytest.param("postgresql", marks=pytest.mark.nightly)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return fresh_place(request, tmp_path, request.param)


def test_one_alert_an_incident_told_once(place: str) -> None:
    sender = Listener()
    told = Told(place, receiver(sender))
    told.outbox.put([opened()], AT)
    assert told.pump() == 1 and told.pump(3600) == 0
    told.outbox.put([opened()], AT)  # the same again: another instance saw it, too
    assert told.pump() == 0
    told.outbox.put([resolved()], AT)
    assert told.pump() == 1 and told.pump(86400) == 0
    assert what(sender) == [("opened", 1, False), ("resolved", 9, False)]
    assert sender.told[1].before == incident(), "what it was told before"


def test_a_receiver_that_is_down_hears_it_later_in_order(place: str) -> None:
    sender = Listener(*[DOWN] * 12, Answer(True))
    told = Told(place, receiver(sender))
    told.outbox.put([opened(), changed(revision=2), changed(revision=3)], AT)
    told.outbox.put([resolved(revision=4)], AT)
    waits = []
    for _ in range(20):
        told.pump()
        due = told.outbox.next_due()
        if sender.told:
            break
        waits.append(due - told.now)
        told.now = max(due, told.now)
    assert waits[0] == FIRST_WAIT and max(waits) == LONGEST_WAIT and waits[:4] == sorted(waits[:4])
    told.pump(3600)
    assert what(sender) == [("opened", 1, False), ("resolved", 4, False)], (
        "its beginning and its end are never left out"
    )
    assert {event for event, _ in told.log} == {"alert_sent", "alert_not_sent"}


def test_a_change_is_left_out_only_where_a_later_one_says_all_of_it(place: str) -> None:
    sender = Listener()
    told = Told(place, receiver(sender))
    told.outbox.put([opened()], AT)
    told.pump()
    told.outbox.put([changed(revision=2), changed(revision=3, targets=("shop",))], AT)
    told.pump()
    assert what(sender) == [("opened", 1, False), ("changed", 3, False)] and sender.told[1].incident.targets == (
        "shop",
    )


def test_fifty_targets_that_join_one_after_another_are_three_messages(place: str) -> None:
    """A gateway dies under fifty models, which are asked within fifteen minutes; then all recover."""
    sender = Listener()
    told = Told(place, receiver(sender, pause=600.0))
    names = tuple(f"m{number:02}" for number in range(50))
    told.outbox.put([opened(targets=names[:1])], told.now)
    for number in range(2, 51):
        told.pump(18)
        told.outbox.put([changed(revision=number, targets=names[:number])], told.now)
    told.pump(600)
    assert what(sender) == [("opened", 1, False), ("changed", 35, False), ("changed", 50, False)]
    for number in range(1, 50):
        told.outbox.put([changed(revision=50 + number, targets=names[number:])], told.now)
        told.pump(2)
    told.outbox.put([resolved(revision=100)], told.now)
    told.pump()
    assert what(sender)[3:] == [("resolved", 100, False)], "at once, and what waited is overtaken"
    assert told.pump(86400) == 0


@pytest.mark.parametrize("fields", [{"state": UNKNOWN_OURS}, {"changes": ("the key",)}])
def test_what_is_more_than_a_target_waits_for_no_pause(place: str, fields: dict[str, Any]) -> None:
    sender = Listener()
    told = Told(place, receiver(sender, pause=600.0))
    told.outbox.put([opened()], AT)
    told.pump()
    told.outbox.put([changed(revision=2, targets=("shop",))], AT)
    told.outbox.put([changed(revision=3, targets=("shop",), **fields)], AT)
    told.pump()
    assert what(sender) == [("opened", 1, False), ("changed", 3, False)]


def test_a_pause_changes_no_order_where_the_receiver_is_down(place: str) -> None:
    sender = Listener(DOWN, DOWN, Answer(True))
    told = Told(place, receiver(sender, pause=600.0))
    told.outbox.put([opened(), changed(revision=2, targets=("shop",))], AT)
    told.pump()
    told.outbox.put([changed(revision=3, targets=("desk",)), resolved(revision=4)], AT)
    for _ in range(3):
        told.pump(LONGEST_WAIT)
    assert what(sender) == [("opened", 1, False), ("resolved", 4, False)]


def test_a_slow_receiver_holds_up_no_other_one(place: str) -> None:
    down, up = Listener(DOWN), Listener()
    told = Told(place, receiver(down, "down"), receiver(up, "up"))
    told.outbox.put([opened(), opened("inc-2")], AT)
    told.pump()
    assert len(up.told) == 2 and not down.told and down.tried == 2


def test_what_lasts_is_told_again_with_the_same_id_and_revision(place: str) -> None:
    sender = Listener()
    told = Told(place, receiver(sender, resend=60.0))
    told.outbox.put([opened()], AT)
    told.pump()
    assert told.pump(59) == 0 and told.pump(2) == 1 and told.pump(61) == 1
    told.outbox.put([changed(revision=2)], told.now)
    told.pump()
    told.pump(61)
    told.outbox.put([resolved(revision=3)], told.now)
    told.pump()
    assert told.pump(86400) == 0, "what is over is not told again"
    assert what(sender) == [
        ("opened", 1, False), ("opened", 1, True), ("opened", 1, True), ("changed", 2, False), ("changed", 2, True),
        ("resolved", 3, False),
    ]  # fmt: skip


def test_a_process_that_dies_while_it_sends_leaves_the_alert_to_the_next(place: str) -> None:
    first = Told(place, receiver(Listener()))
    first.outbox.put([opened()], AT)
    assert len(first.outbox.claim(AT, {"pager": 9})) == 1  # and then the machine loses its power
    first.journal.close()
    sender = Listener()
    second = Told(place, receiver(sender))
    assert second.pump() == 0, "it is somebody's business for a while"
    assert second.pump(LEASE + 1) == 1
    assert what(sender) == [("opened", 1, False)]


def test_nothing_is_due_while_it_waits(place: str) -> None:
    """Else the thread would look again and again."""
    sender = Listener(Answer(True), DOWN)
    told = Told(place, receiver(sender, resend=60.0))
    told.outbox.put([opened()], AT)
    told.pump()
    told.now += 100
    told.outbox.put([changed(revision=2), resolved(revision=3)], told.now)
    assert told.pump() == 1 and told.outbox.next_due() == told.now + FIRST_WAIT
    told.outbox.put([resolved(revision=4)], told.now)
    assert told.pump() == 0 and told.outbox.next_due() == told.now + FIRST_WAIT


def test_two_instances_tell_it_once(place: str) -> None:
    one, other = Listener(), Listener()
    mine, theirs = Told(place, receiver(one)), Told(place, receiver(other))
    mine.outbox.put([opened()], AT)
    theirs.outbox.put([opened()], AT)
    mine.pump()
    theirs.pump()
    assert len(one.told) + len(other.told) == 1


def test_an_error_of_ours_does_not_end_the_thread_that_tells_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_BROKEN", 0.01)
    place, sender, log = str(tmp_path / "j.sqlite3"), Listener(), list[str]()
    receivers = {"pager": receiver(sender)}
    Outbox(journal.open(place).database, receivers).put([opened()], AT)
    errors = [OSError("text"), RuntimeError("text")]

    def open_outbox() -> Outbox:
        if errors:
            raise errors.pop()
        return Outbox(journal.open(place).database, receivers)

    telling = Delivery(open_outbox, receivers, lambda event, /, **said: log.append(f"{event} {said}"))
    telling.start()
    until = time.monotonic() + 20
    while not sender.told and time.monotonic() < until:
        time.sleep(0.01)
    telling.stop()
    assert len(sender.told) == 1 and log[0].startswith("internal_error") and "text" not in str(log)


def test_what_was_never_put_in_is_brought_in(place: str) -> None:
    """A process died between keeping an incident and putting it into the outbox; and a receiver is new."""
    sender = Listener()
    told = Told(place, receiver(sender))
    told.outbox.put([opened("a"), opened("b")], AT)
    told.pump()
    over = resolved("b", 5).incident
    told.outbox.catch_up([incident("a", 3), over, incident("new", 2), resolved("old", 4).incident], AT)
    told.outbox.catch_up([incident("a", 3), over, incident("new", 2), resolved("old", 4).incident], AT)
    told.pump()
    heard = [(notice.incident.id, notice.what, notice.incident.revision) for notice in sender.told[2:]]
    assert sorted(heard) == [("a", "changed", 3), ("b", "resolved", 5), ("new", "opened", 2)], "not what is long over"


def test_who_is_told_of_what(place: str) -> None:
    every, mine, warned = Listener(), Listener(), Listener()
    told = Told(
        place,
        receiver(every, "every"),
        receiver(mine, "mine", targets=("till",)),
        receiver(warned, "warned", states=(DEGRADED,)),
    )
    told.outbox.put([opened("a"), opened("b", all_targets=("till",)), opened("c", state=DEGRADED)], AT)
    told.pump()
    assert [notice.incident.id for notice in every.told] == ["a", "b"]
    assert [notice.incident.id for notice in mine.told] == ["b"]
    assert [notice.incident.id for notice in warned.told] == ["c"]
    told.outbox.put([changed("c", 2, state=FAILING), resolved("c", 3, state=FAILING)], AT)
    told.pump()
    assert what(warned)[-1] == ("resolved", 3, False), "who was told of it hears its end"
    assert UNKNOWN_OURS in told.receivers["every"].states


def test_only_so_many_in_one_turn(place: str) -> None:
    sender = Listener(most=2)
    told = Told(place, receiver(sender))
    told.outbox.put([opened(f"inc-{number}") for number in range(5)], AT)
    assert told.delivery.pump(told.outbox) == 2 and told.pump() == 3


def test_the_journal_beside_it_is_whole(place: str) -> None:
    """The first thing that is ever written to a journal may be an alert; its runs and their chain are not touched."""
    told = Told(place, receiver(Listener()))
    told.outbox.put([opened()], AT)
    document = run(1)
    keep(told.journal, document)
    told.pump()
    assert verify(told.journal).problems == []
    assert told.journal.find(document["run_id"]).document["verdict"] == "GO" and list(told.journal.flaws) == []
    told.journal.close()


def test_nothing_is_kept_of_a_transaction_that_failed(place: str) -> None:
    sender = Listener()
    told = Told(place, receiver(sender))
    database = told.journal.database

    def work() -> None:
        told.outbox.enter([opened()], AT)
        raise JournalError("journal.locked", "x", "y")

    with pytest.raises(JournalError):
        database.transaction(work)
    assert told.outbox.next_due() == NEVER and told.pump() == 0
    database.transaction(lambda: told.outbox.enter([opened()], AT))
    assert told.pump() == 1


def test_old_ends_are_forgotten(place: str) -> None:
    told = Told(place, receiver(Listener()))
    told.outbox.put([opened(), resolved()], AT)
    told.pump()
    told.now += 31 * 86400
    told.outbox.put([opened("later")], told.now)
    told.pump()
    rows = told.journal.database.query("SELECT incident FROM chatproof_monitor_outbox")
    assert rows == [("later",)]
