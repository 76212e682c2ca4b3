"""What Celery and its libraries log: escaped, and without the broker's password, which a broker's reply may quote.

Celery's own handlers write what an exception says as it is. They are not set up; processes that are forked have ours.
"""

import logging
import sys
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from celery import signals

from chatproof.fleet.broker import Broker
from chatproof.printable import escape, inert
from chatproof.secrets.redaction import clean
from chatproof.wire.exchange import Secret

_FORM = "[%(asctime)s: %(levelname)s/%(processName)s] %(message)s"  # Celery's


class Inert(logging.Formatter):
    """Formats a record, its traceback included, for a terminal or a file."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        super().__init__(_FORM)
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """Return the lines; a broker, a library or a server may have chosen what stands in them. Those after the first
        are indented: only the worker itself begins an entry."""
        return inert(escape(clean(super().format(record), *self._secrets), keep="\n")).replace("\n", "\n    ")


def install(broker: Broker, *, verbose: bool) -> None:
    """Write all logs of this process, and of those that it forks, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Inert(_secrets_of(broker)))
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, handlers=[handler], force=True)
    signals.setup_logging.connect(_already, weak=False)


def _already(**said: object) -> None:
    """Tell Celery, by being there, that logs are set up."""


def _secrets_of(broker: Broker) -> tuple[Secret, ...]:
    password = urlsplit(broker.url).password
    return (Secret(unquote(password)),) if password else ()
