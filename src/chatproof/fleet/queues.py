"""Celery's settings, the queues of a region, and the one task. Loaded where the extra `fleet` is used.

A message is a batch in JSON, and nothing else is accepted. It is acknowledged when its targets have their ends in the
journal; one whose worker was lost comes back at once, at most a few times, and finds there what was begun. What is
refused, came back too often or was too late goes to a queue of its own, which holds the last of them.
"""

import logging
import socket
from typing import Any

from celery import Celery
from celery.exceptions import Reject
from celery.loaders.base import BaseLoader
from celery.worker import state
from kombu import Exchange, Queue

from chatproof.fleet import gauges, incoming
from chatproof.fleet.batches import Batch, Refused, message
from chatproof.fleet.broker import Broker, tls_of
from chatproof.fleet.working import Worker, carry_out
from chatproof.journal import JournalError

TASK = "chatproof.batch"
DELIVERIES = 5  # of one message, the first included
WAITING = 100_000  # messages of a region: more than that, and nobody works there
REFUSED = 1_000  # that are kept
REACHED_WITHIN = 10.0
"""Seconds in which a broker must be reached. Some versions of kombu wait for ever where they are told none."""
_GRACE = 60  # seconds between the end of a batch by its own clock and that by force
log = logging.getLogger("chatproof.fleet")


def queue_of(region: str) -> Queue:
    """The queue of a region. It is replicated and written to disk, where the broker has several nodes."""
    return Queue(
        f"chatproof.{region}",
        Exchange("chatproof", type="direct"),
        routing_key=region,
        queue_arguments={
            "x-queue-type": "quorum",
            "x-delivery-limit": DELIVERIES - 1,
            "x-max-length": WAITING,
            "x-overflow": "reject-publish",
            "x-dead-letter-exchange": "chatproof.refused",
            "x-dead-letter-routing-key": region,
        },
    )


def refused_of(region: str) -> Queue:
    """Where a region's refused messages go; the oldest are dropped."""
    return Queue(
        f"chatproof.{region}.refused",
        Exchange("chatproof.refused", type="direct"),
        routing_key=region,
        queue_arguments={"x-max-length": REFUSED, "x-message-ttl": 7 * 86400 * 1000},
    )


class Loader(BaseLoader):  # type: ignore[misc]  # celery has no types
    """Reads no configuration and imports nothing: Celery's own take a module's name from CELERY_CONFIG_MODULE, or
    celeryconfig.py of the working folder."""

    def read_configuration(self, env: str = "") -> dict[str, Any]:
        return {}

    def import_from_cwd(self, module: str, imp: Any = None, package: Any = None) -> Any:
        raise ImportError(f"{module} is not imported: a fleet runs only its own task")

    import_task_module = import_from_cwd


class App(Celery):  # type: ignore[misc]
    """Speaks to its broker and keeps no results: Celery's settings give way to CELERY_BROKER_URL, _READ_URL, _WRITE_URL
    and CELERY_RESULT_BACKEND at each look."""

    to = ""
    backend_cls = "disabled"
    amqp_cls = incoming.AMQP

    def connection_for_read(self, url: Any = None, **options: Any) -> Any:
        return self._connection(self.to, **options)

    def connection_for_write(self, url: Any = None, **options: Any) -> Any:
        return self._connection(self.to, **options)


def app_of(broker: Broker, regions: list[str], seconds: float) -> Celery:
    """A Celery app for these regions, whose broker, loader and code no variable chooses. `seconds` is how long a batch
    may last. Raises TrustError."""
    tls = tls_of(broker)
    app = App(
        "chatproof",
        broker=broker.url,
        loader=Loader,
        fixups=[],  # Celery's own imports Django's settings from the working folder
        set_as_current=False,
    )
    app.to = broker.url
    app.set_default()  # else who asks for the current app gets one that reads celeryconfig.py
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_acks_on_failure_or_timeout=True,
        task_time_limit=seconds + _GRACE,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_redirect_stdouts=False,
        task_create_missing_queues=False,
        task_queues=[queue_of(region) for region in regions],
        task_default_queue=queue_of(regions[0]).name,
        broker_connection_retry_on_startup=True,
        broker_use_ssl=tls,
        broker_heartbeat=30,
        broker_connection_timeout=min(4.0, REACHED_WITHIN),
        broker_transport_options={"confirm_publish": True, "connect_retries_timeout": REACHED_WITHIN},
    )
    return app


def declare(app: Celery, regions: list[str]) -> None:
    """Make the queues where they are missing. Raises kombu's OperationalError where the broker cannot be reached."""
    with app.connection_for_write() as connection:
        for region in regions:
            for queue in (refused_of(region), queue_of(region)):
                queue(connection.default_channel).declare()


def looked_at(app: Celery, regions: list[str]) -> dict[str, gauges.Queue]:
    """What waits in the queues of regions, and who is connected to take it. Those that are missing are left out; none
    is there where the broker cannot be reached."""
    found: dict[str, gauges.Queue] = {}
    with app.connection_for_read() as connection:
        try:
            connection.connect()  # once: whoever asks for a channel first waits for ever
            for region in regions:
                mine, refused = (
                    connection.channel().queue_declare(queue.name, passive=True)
                    for queue in (queue_of(region), refused_of(region))
                )
                found[region] = gauges.Queue(mine.message_count, mine.consumer_count, refused.message_count)
        except (*connection.connection_errors, *connection.channel_errors):
            pass
    return found


def submit(app: Celery, batch: Batch, now: float) -> None:
    """Send a batch; confirmed by the broker when this returns. It expires with its deadline."""
    app.send_task(
        TASK,
        args=[message(batch)],
        queue=queue_of(batch.region),
        routing_key=batch.region,
        expiration=max(batch.deadline - now, 1.0),
        argsrepr="(…)",
        kwargsrepr="{}",
        delivery_mode=2,
        retry=True,
        retry_policy={"max_retries": 5, "interval_start": 0.5, "interval_step": 1.0, "interval_max": 5.0},
    )


def serve(app: Celery, worker: Worker, processes: int, level: str) -> bool:
    """Work until a signal comes. Each process carries out one batch at a time. False: no signal came, and Celery gave
    up, after it logged why."""

    @app.task(name=TASK, bind=True, acks_late=True)  # type: ignore[untyped-decorator]
    def batch(task: Any, said: Any) -> None:
        try:
            # Counted by a quorum queue: how often it was delivered before.
            last = int(task.request.get("x-delivery-count") or 0) >= DELIVERIES - 1
            carry_out(worker, said, log.info, last=last)
        except Refused as why:
            log.warning("a message is refused: %s", why)
            raise Reject(str(why), requeue=False) from None
        except JournalError as error:
            # It comes back, to another worker perhaps, and no more often than its queue allows.
            log.error("%s: %s", error.code, error.detail)
            raise Reject(error.code, requeue=True) from None

    incoming.unpack_nothing()
    # As an object: Celery's command line reads more variables (CELERY_APP, CELERY_WORKER_…, BROKER_URL).
    made = app.Worker(
        hostname=f"chatproof-{worker.region}@{socket.gethostname()}",
        pool_cls="prefork",
        consumer_cls=incoming.consumer_of(TASK),
        concurrency=processes,
        queues=[queue_of(worker.region).name],
        without_gossip=True,
        without_mingle=True,
        loglevel=level,
        quiet=True,  # its banner
    )
    made.start()
    # Its exit code is 1 after ^C, too.
    return not made.exitcode or state.should_stop is not None or state.should_terminate is not None
