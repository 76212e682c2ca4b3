"""Options that commands share, and what is made of them. There is no option that takes a key itself."""

import argparse
import os
import sys
from typing import Any, NoReturn, Self

from chatproof.target import SIMULATOR, Resolved, Target, Wanted, check, duration, resolve
from chatproof.usage_error import UsageError


class Parser(argparse.ArgumentParser):
    """argparse that never echoes what it could not read: a key on argv must not reach a log."""

    @classmethod
    def of(cls, command: str, about: str) -> Self:
        argparse._ = str  # type: ignore[attr-defined]
        return cls(prog=f"chatproof {command}", description=about, allow_abbrev=False, formatter_class=_Formatter)

    def error(self, message: str) -> NoReturn:
        head, quoted, _ = message.partition("unrecognized arguments")
        if quoted:
            message = f"{head}unrecognized arguments (not shown, in case one is a key)"
        raise UsageError("usage", message, f"see: {self.prog} --help")


def parser(command: str, about: str) -> Parser:
    """A parser that starts fast: argparse makes a formatter for every option, and one without a width reads the
    terminal's through shutil; its few translatable words would load locale."""
    return Parser.of(command, about)


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


def add_target(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="TARGET",
        help="config name, profile, http(s) base URL, or simulator",
    )
    to.add_argument("--model", default="", metavar="ID", help="model id, or auto for the first that looks chat-capable")
    to.add_argument("--key-env", default="", metavar="NAME", help="environment variable that holds the key")
    to.add_argument("--key-file", default="", metavar="PATH", help="file that holds the key and nothing else")
    to.add_argument("--key-stdin", action="store_true", help="read the key from the first line of standard input")
    to.add_argument(
        "--no-auth",
        action="store_true",
        help="the endpoint is open on purpose; the error path does not apply",
    )
    to.add_argument("--profile", default="", metavar="NAME", help="what is known of the provider")
    to.add_argument("--environment", default="", metavar="NAME", help="staging, production, local, … for the record")
    to.add_argument("--timeout", default="", metavar="30s", help="deadline for each exchange as a whole")
    to.add_argument("--ca-file", default="", metavar="PATH", help="trust these authorities instead of the system's")
    to.add_argument(
        "--proxy",
        default="",
        metavar="URL|env",
        help="http proxy for CONNECT; env: take it from the environment",
    )
    to.add_argument("--allow-http", action="store_true", help="send the key in clear to a remote host")
    to.add_argument("--config", default="", metavar="PATH", help="use this chatproof.toml")
    to.add_argument("--fault", default="", metavar="NAME", help="with the target simulator: let it fail this way")


def find_target(args: argparse.Namespace, *, need_key: bool = True) -> Resolved:
    """The target of parsed arguments. Starts the simulator when that is what was asked for."""
    if args.target == SIMULATOR:
        return _simulated(args)
    if args.fault:
        raise UsageError(
            "usage",
            "--fault goes with the target simulator only",
            "say: chatproof smoke simulator --fault NAME",
        )
    wanted = Wanted(
        target=args.target,
        model="" if args.model == "auto" else args.model,
        key_env=args.key_env,
        key_file=args.key_file,
        key_stdin=args.key_stdin,
        no_auth=args.no_auth,
        profile=args.profile,
        environment=args.environment,
        timeout=duration(args.timeout) if args.timeout else 0.0,
        ca_file=args.ca_file,
        proxy=args.proxy,
        allow_http=args.allow_http,
        config=args.config,
    )
    return resolve(wanted, os.environ, sys.stdin, need_key=need_key)


def _simulated(args: argparse.Namespace) -> Resolved:
    from chatproof import simulator
    from chatproof.exchange import Secret

    try:
        started = simulator.start(args.fault)
    except KeyError:
        raise UsageError(
            "usage", f"there is no fault {args.fault[:40]!r}", "see: chatproof simulate --list-faults"
        ) from None
    if started.stream and hasattr(args, "stream"):
        args.stream = True  # this fault shows in streams only
    return check(
        Target(
            base_url=started.base_url,
            model=args.model if args.model not in ("", "auto") else started.model,
            key=Secret(started.key),
            name=SIMULATOR,
            environment=args.environment or "local",
            no_auth=args.no_auth,
            timeout=duration(args.timeout) if args.timeout else started.timeout or 30.0,
            ca_file=args.ca_file or started.ca_file,
            proxy=args.proxy or started.proxy,
            key_source="simulator",
        )
    )


def terminal() -> dict[str, Any]:
    """color and width for text on standard output."""
    on = sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    color = bool(os.environ.get("FORCE_COLOR")) or (on and not os.environ.get("NO_COLOR"))
    width = 100
    if on:
        try:
            width = min(max(os.get_terminal_size(sys.stdout.fileno()).columns, 40), 140)
        except OSError:
            pass
    return {"color": color, "width": width}
