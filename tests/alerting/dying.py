"""A process that keeps incidents and tells a hook of them, to be killed at any moment: dying.py JOURNAL URL FIRST COUNT.

Each incident is kept in the same transaction as its alert, opened, and then over. A line is printed when it is durable.
"""

import sys
import time

from chatproof import journal
from chatproof.monitoring.alerting.delivery import Delivery
from chatproof.monitoring.alerting.outbox import Outbox
from chatproof.monitoring.alerting.post import Way
from chatproof.monitoring.alerting.receivers import Receiver
from chatproof.monitoring.alerting.webhook import Webhook
from chatproof.monitoring.values import OPENED, RESOLVED, IncidentChange
from chatproof.wire.exchange import Secret
from tests.alerting.incidents import incident, receiver


def main(place: str, url: str, first: int, count: int) -> None:
    receivers: dict[str, Receiver] = {"hook": receiver(Webhook(Way(Secret(url)), Secret("x" * 32)), "hook")}
    delivery = Delivery(lambda: Outbox(journal.open(place).database, receivers), receivers, lambda *_, **__: None)
    delivery.start()
    database = journal.open(place).database
    outbox = Outbox(database, receivers)
    for number in range(first, first + count):
        for change in (
            IncidentChange(OPENED, incident(f"inc-{number}")),
            IncidentChange(RESOLVED, incident(f"inc-{number}", 2, ended=1795900500.0)),
        ):
            database.transaction(lambda change=change: outbox.enter([change], time.time()))  # type: ignore[misc]
            print(f"{change.incident.id}.{change.incident.revision}", flush=True)
            delivery.wake()
    time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
