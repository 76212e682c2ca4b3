"""Options that commands share, and what is made of them. There is no option that takes a key itself."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, Self

from chatproof.target import SIMULATOR, Resolved, Target, Wanted, check, duration, resolve
from chatproof.usage_error import UsageError

VARIABLES = {
    "target": "CHATPROOF_TARGET",
    "environment": "CHATPROOF_ENVIRONMENT",
    "timeout": "CHATPROOF_TIMEOUT",
    "ca_file": "CHATPROOF_CA_FILE",
    "proxy": "CHATPROOF_PROXY",
    "config": "CHATPROOF_CONFIG",
}
"""Variables that stand for an option: weaker than the option, stronger than any file."""


class Described(Exception):
    """Raised instead of parsing while `describe` wants the parser of a command."""

    def __init__(self, parser: "Parser") -> None:
        super().__init__(parser.prog)
        self.parser = parser


class Parser(argparse.ArgumentParser):
    """argparse that never echoes what it could not read: a key on argv must not reach a log."""

    @classmethod
    def of(cls, command: str, about: str) -> Self:
        argparse._ = str  # type: ignore[attr-defined]
        return cls(prog=f"chatproof {command}", description=about, allow_abbrev=False, formatter_class=_Formatter)

    describing = False

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if Parser.describing:
            raise Described(self)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        head, quoted, _ = message.partition("unrecognized arguments")
        if quoted:
            message = f"{head}unrecognized arguments (not shown, in case one is a key)"
        head, chosen, rest = message.partition("invalid choice: ")
        if chosen:
            message = f"{head}invalid choice (choose from{rest.rpartition('(choose from')[2]}"
        raise UsageError("usage", message, f"see: {self.prog} --help")


def describe(command: str) -> Parser:
    """The parser of a command, which is not run: what completion, man page and documents are made from."""
    import importlib

    module = importlib.import_module(f"chatproof.commands.{command}")
    Parser.describing = True
    try:
        module.main([])
    except Described as found:
        return found.parser
    finally:
        Parser.describing = False
    raise RuntimeError(f"the command {command} parses nothing")


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
    to.add_argument("--config", default="", metavar="PATH", help="use this chatproof.toml and no other file")
    to.add_argument("--env-file", default="", metavar="PATH", help="read variables from this file, for this run only")
    to.add_argument("--fault", default="", metavar="NAME", help="with the target simulator: let it fail this way")


def find_target(args: argparse.Namespace, *, need_key: bool = True) -> Resolved:
    """The target of parsed arguments. Starts the simulator when that is what was asked for: see stop_simulators."""
    if "@" in args.proxy:  # a user alone may be a token
        raise UsageError(
            "usage",
            "a proxy's user and password on the command line are seen by everyone on this machine",
            "put the proxy's URL in HTTPS_PROXY and say --proxy env, or in CHATPROOF_PROXY",
        )
    environ, notes = _environment(args)
    for option, variable in VARIABLES.items():
        setattr(args, option, getattr(args, option) or environ.get(variable, ""))
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
    resolved = resolve(wanted, environ, sys.stdin, need_key=need_key)
    return resolved._replace(notes=(*notes, *resolved.notes)) if notes else resolved


def _environment(args: argparse.Namespace) -> tuple[Mapping[str, str], list[str]]:
    """The process's variables, over those of --env-file: what was set on purpose for this run wins."""
    if not args.env_file:
        return os.environ, []
    from chatproof import env_file

    said, notes = env_file.read(args.env_file)
    return {**said, **os.environ}, notes


_stops: list[Callable[[], None]] = []  # of simulators


def stop_simulators() -> None:
    """Stop what find_target started. A process that goes on, as a test's does, would keep its sockets."""
    while _stops:
        _stops.pop()()


def _simulated(args: argparse.Namespace) -> Resolved:
    from chatproof import simulator
    from chatproof.exchange import Secret

    try:
        started = simulator.start(args.fault)
    except KeyError:
        raise UsageError(
            "usage", f"there is no fault {args.fault[:40]!r}", "see: chatproof simulate --list-faults"
        ) from None
    _stops.append(started.stop)
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


def interactive() -> bool:
    """Somebody is there to answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()


def terminal() -> dict[str, Any]:
    """color and width for text on standard output."""
    on = sys.stdout is not None and sys.stdout.isatty()
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and len(columns) < 5 else 0
    if on and not width:
        try:
            width = os.get_terminal_size(sys.stdout.fileno()).columns
        except OSError:
            pass
    return {"color": _color(os.environ, on), "width": min(max(width, 40), 140) if width else 100}


def _color(environ: Mapping[str, str], on_terminal: bool) -> bool:
    """FORCE_COLOR and CLICOLOR_FORCE win over NO_COLOR, and that over the terminal; 0 means no."""
    for name in ("FORCE_COLOR", "CLICOLOR_FORCE"):
        if environ.get(name):
            return environ[name] != "0"
    if environ.get("NO_COLOR") or environ.get("CLICOLOR") == "0":
        return False
    return on_terminal and environ.get("TERM") != "dumb"
