"""chatproof serve: the monitor. Checks the configured targets on a schedule and shows what it knows by HTTP."""

import argparse
import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from chatproof import journal
from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say, warn
from chatproof.cli.shared.keeping import add_option, named
from chatproof.cli.shared.options import parser
from chatproof.journal import JournalError
from chatproof.usage_error import UsageError, install

if TYPE_CHECKING:
    from chatproof.monitoring.settings import Configured

EXTRA = "monitor"
PORT = 9464
_SHORTEST = 16


def main(argv: list[str]) -> int:
    """Serve until SIGTERM or SIGINT: then 0."""
    to = parser("serve", COMMANDS["serve"])
    to.add_argument("--config", default="", metavar="PATH", help="use this chatproof.toml and no other file")
    to.add_argument(
        "--demo", action="store_true", help="watch two simulated targets on this machine, one of them failing"
    )
    to.add_argument("--listen", default=f"127.0.0.1:{PORT}", metavar="HOST:PORT", help="address to listen on")
    to.add_argument(
        "--token-file", default="", metavar="PATH", help="all routes except /healthz and /readyz need this token"
    )
    to.add_argument("--tls-cert", default="", metavar="PATH", help="certificate for https")
    to.add_argument("--tls-key", default="", metavar="PATH", help="its private key, if not in the same file")
    to.add_argument("--behind-proxy", action="store_true", help="a proxy in front of this monitor serves https")
    to.add_argument(
        "--host",
        action="append",
        default=[],
        metavar="NAME",
        help="a host name that clients use for this server; repeatable",
    )
    add_option(to)
    args = to.parse_args(argv)
    _need_extra()
    from chatproof.monitoring import serving

    host, port = _place(args.listen)
    token = _token(args.token_file) if args.token_file else ""
    if not serving.is_loopback(host) and not (token and (args.tls_cert or args.behind_proxy)):
        said = f"{host} can be reached by others: that needs --token-file, and --tls-cert or --behind-proxy"
        raise UsageError("usage", said, "give these options, or listen on 127.0.0.1")
    front = serving.Front(
        host, port, token, args.tls_cert, args.tls_key, args.behind_proxy, tuple(name.lower() for name in args.host)
    )
    if args.demo:
        import tempfile

        # Simulated runs are no evidence: among the real ones they would be the newest that history and review find.
        with serving.demo() as configured, tempfile.TemporaryDirectory(prefix="chatproof-demo-") as folder:
            args.journal = args.journal or os.path.join(folder, "journal.sqlite3")
            return _serve(args, configured, front, None)
    from chatproof.monitoring.settings import load

    def again() -> "Configured":
        return load(args.config, os.environ)

    return _serve(args, again(), front, again)


def _serve(
    args: argparse.Namespace,
    configured: "Configured",
    front: "object",
    reload: "Callable[[], Configured] | None",
) -> int:
    from chatproof.monitoring import serving
    from chatproof.monitoring.settings import cost_lines

    place = _journal(args)
    for line in cost_lines(configured):
        say(f"{line}\n")
    return serving.serve(configured, lambda: journal.open(place), front, reload, say, warn)  # type: ignore[arg-type]


def _journal(args: argparse.Namespace) -> str:
    """Where the monitor remembers: the journal in force, as a database. Raises UsageError for what can be none."""
    place = named(args)
    if place == journal.NONE or place.endswith((".jsonl", ".ndjson")):
        raise UsageError(
            "usage",
            "the monitor stores its state in the journal, which must be a database",
            "name an SQLite file or postgresql://…",
        )
    try:
        opened = journal.open(place)
        opened.ready()
        opened.close()
    except JournalError as error:
        if error.is_usage:
            raise UsageError("usage", f"{error.code}: {error.detail}; nothing was sent", error.advice) from None
        raise
    return place


def _place(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdecimal() or not port.isascii() or int(port) > 65535:
        raise UsageError("usage", "the value of --listen is not HOST:PORT", f"write it as 127.0.0.1:{PORT}")
    return host, int(port)


def _token(path: str) -> str:
    from chatproof.files import safe_files

    try:
        data, others = safe_files.read(os.path.expanduser(path), 4096)
    except (OSError, ValueError):
        raise UsageError("usage", "the file of --token-file cannot be read", "check the path") from None
    if others:
        raise UsageError("usage", f"other users could change the file of --token-file: {others}", "chmod 600 it")
    token = data.decode("utf-8", "replace").strip()
    if len(token) < _SHORTEST or not token.isprintable() or " " in token:
        said = f"the token must have at least {_SHORTEST} printable characters, on one line"
        raise UsageError("usage", said, "make one: openssl rand -hex 32")
    return token


def _need_extra() -> None:
    from importlib.util import find_spec

    missing = [
        name for name in ("starlette", "uvicorn", "prometheus_client", "jinja2", "cronsim") if not find_spec(name)
    ]
    if missing:
        said = f"the monitor needs {', '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed"
        raise UsageError("usage", said, install(EXTRA))
