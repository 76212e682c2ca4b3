"""Options that commands share, and what is made of them. There is no option that takes a key itself."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from chatproof.cli.exit_status import ended
from chatproof.contract.surface import CHAT
from chatproof.surfaces import names, surface_of
from chatproof.target.target import CLIENT, SIMULATOR, Resolved, Target, Wanted, check, duration, resolve
from chatproof.usage_error import UsageError, near
from chatproof.wire.urls import CHAT_PATH, OTHER_PATHS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn, Self


class NoTranslations:
    """What argparse takes from gettext."""

    gettext = str

    @staticmethod
    def ngettext(one: str, many: str, count: int) -> str:
        return one if count == 1 else many


if "argparse" not in sys.modules and "gettext" not in sys.modules:
    # argparse imports gettext to ask it for translations that there are none of: half a millisecond of each run.
    sys.modules["gettext"] = NoTranslations  # type: ignore[assignment]
    import argparse

    del sys.modules["gettext"]
else:
    import argparse

VARIABLES = {
    "target": "CHATPROOF_TARGET",
    "environment": "CHATPROOF_ENVIRONMENT",
    "timeout": "CHATPROOF_TIMEOUT",
    "ca_file": "CHATPROOF_CA_FILE",
    "proxy": "CHATPROOF_PROXY",
    "config": "CHATPROOF_CONFIG",
}
"""Variables that stand for an option: weaker than the option, stronger than any file. Whoever sets a variable must not
lead a key elsewhere: see `_variables` for what the last three may and may not do."""
LIMITS = {
    "target": "a key that an option names is never sent to a URL or to a profile of this machine",
    "ca_file": "only with --ca-file env",
    "proxy": "for https only; for http use --proxy env",
    "config": "the file needs an approval, unless it is named by --config",
}
"""What the variable may not do that the option may."""
DECIDING = (
    "key_env", "key_file", "profile", "ca_file", "proxy", "allow_http", "config", "env_file", "journal", "header",
    *CLIENT,
)  # fmt: skip
"""Options that decide where a secret goes, or which: they count only where the user gave them."""
ENVIRONMENT = "env"


class Described(Exception):
    """Raised instead of parsing while `describe` wants the parser of a command."""

    def __init__(self, parser: Parser) -> None:
        super().__init__(parser.prog)
        self.parser = parser


class Parser(argparse.ArgumentParser):
    """argparse that never echoes what it could not read: a key on argv must not reach a log."""

    @classmethod
    def of(cls, command: str, about: str) -> Self:
        argparse._ = str  # type: ignore[attr-defined]
        return cls(prog=f"chatproof {command}", description=about, allow_abbrev=False, formatter_class=_Formatter)

    describing = False
    exit = ended

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if Parser.describing:
            raise Described(self)
        return super().parse_known_args(args, namespace)

    def format_help(self) -> str:
        from chatproof.cli.shared.help_text import of_command

        return of_command(self, terminal()["width"])

    def error(self, message: str) -> NoReturn:
        advice = f"see: {self.prog} --help"
        if message.startswith("the following arguments are required"):
            from chatproof.cli.shared.help_text import in_place_of_missing

            advice = in_place_of_missing(self.prog, advice)
        head, quoted, rest = message.partition("unrecognized arguments")
        if quoted:
            message = f"{head}unrecognized arguments (not shown, in case one is a key)"
            advice = self._near_option(rest) or advice
        head, chosen, rest = message.partition("invalid choice: ")
        if chosen:
            word, _, known = rest.rpartition("(choose from")
            message = f"{head}invalid choice (choose from{known}"
            advice = near(word.strip(" '\""), [each.strip(" '\")") for each in known.split(",")], advice)
        raise UsageError("usage", message, advice)

    def _near_option(self, words: str) -> str:
        """The options that are nearest to those which were not recognized. Only names of ours are repeated."""
        known = [option for option in self._option_string_actions if option.startswith("--")]
        wrong = [word.partition("=")[0] for word in words.removeprefix(":").split() if word.startswith("--")]
        found = [near(word, known, "?") for word in wrong[:3]]
        return f"{'; '.join(found)} see: {self.prog} --help" if found and "?" not in found else ""


def describe(command: str) -> Parser:
    """The parser of a command, which is not run: what completion, man page and documents are made from."""
    import importlib

    module = importlib.import_module(f"chatproof.cli.commands.{command}")
    Parser.describing = True
    try:
        module.main([])
    except Described as found:
        return found.parser
    finally:
        Parser.describing = False
    raise RuntimeError(f"the command {command} accepts no options")


def parser(command: str, about: str) -> Parser:
    """A parser that starts fast: argparse makes a formatter for every option, and one without a width reads the
    terminal's through shutil; its few translatable words would load locale."""
    return Parser.of(command, about)


class _Formatter(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


def add_api(to: argparse.ArgumentParser, what: str = "the API of the target") -> None:
    """Add the option that says which API is asked."""
    to.add_argument(
        "--api",
        default="",
        metavar="NAME",
        help=f"{what}: chat (default), embeddings, messages or responses",
    )


def add_target(to: argparse.ArgumentParser) -> None:
    to.add_argument(
        "target",
        nargs="?",
        default="",
        metavar="TARGET",
        help="config name, profile, http(s) base URL, or simulator",
    )
    add_api(to)
    to.set_defaults(prog=to.prog)
    to.add_argument("--model", default="", metavar="ID", help="model id, or auto for the first that looks chat-capable")
    to.add_argument("--key-env", default="", metavar="NAME", help="environment variable that holds the key")
    to.add_argument("--key-file", default="", metavar="PATH", help="file that holds the key and nothing else")
    to.add_argument("--key-stdin", action="store_true", help="read the key from the first line of standard input")
    to.add_argument(
        "--no-auth",
        action="store_true",
        help="the endpoint is open on purpose; the error path does not apply",
    )
    to.add_argument("--profile", default="", metavar="NAME", help="the provider's profile")
    to.add_argument("--environment", default="", metavar="NAME", help="where this runs: staging, production, local, …")
    to.add_argument("--timeout", default="", metavar="30s", help="deadline for each complete exchange")
    to.add_argument("--ca-file", default="", metavar="PATH|env", help="trust these authorities instead of the system's")
    to.add_argument("--client-cert", default="", metavar="PATH", help="our certificate, for a server that requires one")
    to.add_argument("--client-key", default="", metavar="PATH", help="its private key, if not in the same file")
    to.add_argument(
        "--client-key-pass", default="", metavar="env:NAME", help="the passphrase of an encrypted client key"
    )
    to.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="NAME=env:VAR",
        help="a header that the gateway also needs, its value from a variable; repeatable",
    )
    to.add_argument(
        "--proxy",
        default="",
        metavar="URL|env",
        help="http proxy for CONNECT; env: use the environment's",
    )
    to.add_argument("--allow-http", action="store_true", help="allow http to a remote host: the key is unencrypted")
    to.add_argument("--config", default="", metavar="PATH", help="use this chatproof.toml and no other file")
    to.add_argument("--env-file", default="", metavar="PATH", help="read variables from this file, for this run only")
    to.add_argument("--fault", default="", metavar="NAME", help="with the target simulator: simulate this fault")


def find_target(args: argparse.Namespace, *, need_key: bool = True, gated: bool = True) -> Resolved:
    """The target of parsed arguments. Starts the simulator when that is what was asked for: see stop_simulators.

    `need_key` and `gated` as in `target.resolve`.
    """
    if "@" in args.proxy:  # a user alone may be a token
        raise UsageError(
            "usage",
            "everyone on this machine can see a proxy's user and password on the command line",
            "put the proxy's URL in CHATPROOF_PROXY, or in HTTPS_PROXY and use --proxy env",
        )
    environ, notes = environment_of(args)
    ca_file_by = _variables(args, environ)
    if args.api:
        surface_of(args.api)  # raises where there is none
    if "://" in args.target:
        _refuse_path(args)
    if args.target == SIMULATOR:
        return _simulated(args)
    if args.fault:
        raise UsageError(
            "usage",
            "--fault works with the target simulator only",
            "use: chatproof smoke simulator --fault NAME",
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
        config_variable=environ.get(VARIABLES["config"], ""),
        proxy_variable=environ.get(VARIABLES["proxy"], ""),
        ca_file_by=ca_file_by,
        api=args.api,
        **{name: getattr(args, name, "") for name in CLIENT},
        headers=tuple(args.header),
        keyless=getattr(args, "keyless", False),
    )
    resolved = resolve(wanted, environ, sys.stdin, need_key=need_key, gated=gated)
    return resolved._replace(notes=(*notes, *resolved.notes)) if notes else resolved


def _refuse_path(args: argparse.Namespace) -> None:
    """Raise UsageError for a base URL that ends in the path of an API that can be asked, with the command that asks it.
    A URL with more in it than a base URL has is left to those who read it: it may hold a secret."""
    base = args.target.rstrip("/")
    an_api = base.endswith((CHAT_PATH, *OTHER_PATHS))  # most end otherwise, and no folder is read for them
    surface = next((each for each in map(surface_of, names()) if base.endswith(each.path)), None) if an_api else None
    if surface is None or not base.isascii() or any(mark in base for mark in "@?# "):
        return
    said = f"the base URL ends in {surface.path}, the path of {surface.title}"
    command = f"{args.prog} {base.removesuffix(surface.path)}"
    if surface.name == CHAT:
        raise UsageError("url.invalid", said, f"leave {surface.path} out: {command}")
    raise UsageError("url.invalid", said, f"remove {surface.path} and name the API: {command} --api {surface.name}")


def add_requests(to: argparse.ArgumentParser) -> None:
    """Add the options of every command that sends requests of the user's own."""
    to.add_argument(
        "--request",
        action="append",
        default=[],
        metavar="FILE",
        help="also send your own request bodies: JSON, JSONL, or a HAR or capture",
    )
    to.add_argument(
        "--allow-effects",
        action="store_true",
        help="also send store, background and hosted tools of your own requests",
    )


def _variables(args: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Let variables stand for options that were not given; return where the ca_file is from.

    CHATPROOF_CA_FILE adds an authority and counts only where --ca-file env asks for it. CHATPROOF_CONFIG and
    CHATPROOF_PROXY are looked at where the configuration is: see `target.resolve`. A URL in CHATPROOF_TARGET gets its
    own variable's key only, not one that an option names: the option was meant for another place.
    """
    if args.ca_file == ENVIRONMENT:
        args.ca_file = environ.get(VARIABLES["ca_file"], "")
        if not args.ca_file:
            raise UsageError("usage", "--ca-file env needs CHATPROOF_CA_FILE to be set", "set it, or name the file")
        ca_file_by = f"variable {VARIABLES['ca_file']}"
    else:
        ca_file_by = "option --ca-file"
    if not args.target and _is_anywhere(environ.get(VARIABLES["target"], "")):
        option = next((name for name in ("key_env", "key_file", "key_stdin", "header") if getattr(args, name)), "")
        if option:
            what = "value" if option == "header" else "key"
            said = f"CHATPROOF_TARGET would decide where the {what} of --{option.replace('_', '-')} goes"
            raise UsageError("usage", said, "give the URL as an argument")
    for option in ("target", "environment", "timeout"):
        setattr(args, option, getattr(args, option) or environ.get(VARIABLES[option], ""))
    return ca_file_by


def _is_anywhere(target: str) -> bool:
    """A URL, or a profile of a server on this machine, where another user may be listening."""
    if "://" in target:
        return True
    from chatproof.target import profile

    return target in profile.names() and str(profile.load(target).fact("base_url", "http://")).startswith("http://")


def environment_of(args: argparse.Namespace) -> tuple[Mapping[str, str], list[str]]:
    """The process's variables, over those of --env-file: what was set on purpose for this run wins."""
    if not args.env_file:
        return os.environ, []
    from chatproof.target import env_file

    said, notes = env_file.read(args.env_file)
    return {**said, **os.environ}, notes


_stops: list[Callable[[], None]] = []  # of simulators


def stop_simulators() -> None:
    """Stop what find_target started. A process that goes on, as a test's does, would keep its sockets."""
    while _stops:
        _stops.pop()()


def _simulated(args: argparse.Namespace) -> Resolved:
    from chatproof import simulator
    from chatproof.target import hints
    from chatproof.wire.exchange import Header, Secret

    try:
        side = surface_of(args.api or CHAT).simulator()
        started = simulator.start(args.fault, side=side)
    except KeyError:
        raise hints.no_fault(args.fault, side.faults(), args.api or CHAT) from None
    _stops.append(started.stop)
    further: tuple[Header, ...] = ()
    if args.header:
        from chatproof.target import sent_along

        further = sent_along.headers(args.header, {}, environment_of(args)[0], "Authorization: Bearer", need=True)
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
            headers=further,
            api=args.api or CHAT,
        )
    )


def interactive() -> bool:
    """Somebody is there to answer a question."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()


def terminal() -> dict[str, Any]:
    """color and width for text on standard output; known: somebody looks at that width."""
    on = sys.stdout is not None and sys.stdout.isatty()
    columns = os.environ.get("COLUMNS", "")
    width = int(columns) if columns.isdecimal() and len(columns) < 5 else 0
    if on and not width:
        try:
            width = os.get_terminal_size(sys.stdout.fileno()).columns
        except OSError:
            pass
    return {"color": _color(os.environ, on), "width": min(max(width, 40), 140) if width else 100, "known": bool(width)}


def _color(environ: Mapping[str, str], on_terminal: bool) -> bool:
    """FORCE_COLOR and CLICOLOR_FORCE win over NO_COLOR, and that over the terminal; 0 means no."""
    if forced := environ.get("FORCE_COLOR") or environ.get("CLICOLOR_FORCE"):
        return forced != "0"
    if environ.get("NO_COLOR") or environ.get("CLICOLOR") == "0":
        return False
    return on_terminal and environ.get("TERM") != "dumb"
