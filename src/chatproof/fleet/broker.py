"""Which broker a fleet speaks to: the one of its URL, over verified TLS, whatever variables of Celery's are set."""

import os
from collections.abc import MutableMapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from chatproof.transport import resolver

_BEGINNINGS = ("CELERY", "KOMBU_", "_MP_FORK_")
_NAMES = frozenset(
    {
        "C_BENCH", "C_BENCH_EVERY", "C_FAKEFORK", "C_IMPDEBUG", "C_REMDEBUG", "C_STRICT_APP", "C_WARN_APP", "C_WNOCONF",
        "DJANGO_PROJECT_DIR", "DJANGO_SETTINGS_MODULE", "FORKED_BY_MULTIPROCESSING", "MP_LOG", "MP_MAIN_FILE",
        "NOSETPS", "REMAP_SIGTERM", "TIMER_DEBUG",
    }
)  # fmt: skip
"""Variables by which Celery and its libraries choose a broker, a loader, an app, a configuration, a pool, a file for
the log, a debugger, or code. A new one of theirs is found by tests/fleet/test_broker.py."""


class Broker(NamedTuple):
    """One broker. `url` holds its password; `ca_file` its own authorities, empty for the system's."""

    url: str
    ca_file: str

    def __repr__(self) -> str:
        return "Broker(…)"


def is_dropped(name: str) -> bool:
    """The variable is one by which Celery would do something else than it was told."""
    return name.startswith(_BEGINNINGS) or name in _NAMES


def drop_variables(environ: MutableMapping[str, str]) -> None:
    """Take them out of the process's variables. Some are read when Celery is imported: call it before."""
    for name in [name for name in environ if is_dropped(name)]:
        del environ[name]


def read(said: str) -> Broker:
    """The broker of a URL. Raises ValueError with what is wrong, which repeats nothing of it."""
    if not said.startswith(("amqp://", "amqps://")):
        raise ValueError("names no RabbitMQ broker")
    if ";" in said or any(ord(letter) <= 32 or ord(letter) == 127 for letter in said):
        # kombu divides at each of them: what follows would be a further broker, of any kind.
        raise ValueError("must be the URL of one broker: no ; and no white space (in a password: %3B)")
    try:
        parts = urlsplit(said)
        port = parts.port
    except ValueError:
        raise ValueError("is no URL") from None
    if not parts.hostname or port == 0 or parts.fragment:
        raise ValueError("is not the URL of a broker")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    ca_file = options.pop("ca_file", "")
    if options or (ca_file and parts.scheme != "amqps"):
        raise ValueError("has options that are not known here: amqps takes ca_file")
    return Broker(said.partition("?")[0], ca_file)


def tls_of(broker: Broker) -> dict[str, Any] | None:
    """What amqp's TLS is told: authorities, a verified name. None for a broker without TLS. Raises TrustError."""
    if not broker.url.startswith("amqps://"):
        return None
    import ssl

    from chatproof.transport import tls

    if broker.ca_file:
        tls.context(broker.ca_file)  # raises where it is none, or where others can change it
    return {
        "ca_certs": broker.ca_file or tls.bundle(),  # else SSL_CERT_FILE would be obeyed
        "cert_reqs": ssl.CERT_REQUIRED,
        "server_hostname": urlsplit(broker.url).hostname,  # without it, amqp verifies no name
        "tls_minimum_version": ssl.TLSVersion.TLSv1_2,
    }


def drop_from_process() -> None:
    """Take them out of this process, and so out of those that it forks."""
    drop_variables(os.environ)
    resolver.take_away()
