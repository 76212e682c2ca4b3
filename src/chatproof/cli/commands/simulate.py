"""chatproof simulate: the conformant server and its faults, on loopback, until interrupted."""

import os
import time
from typing import TYPE_CHECKING

from chatproof.cli.main import COMMANDS
from chatproof.cli.output import say
from chatproof.cli.shared.options import add_api, parser
from chatproof.contract.surface import CHAT
from chatproof.surfaces import surface_of
from chatproof.target import hints
from chatproof.usage_error import UsageError, repeated

if TYPE_CHECKING:
    from chatproof.simulator.pace import Pace
    from chatproof.simulator.wire import Side
    from chatproof.wire.exchange import Secret

_MOST_SECONDS = 600.0
_MOST_TOKENS = 1_000_000.0


def main(argv: list[str]) -> int:
    from chatproof import simulator

    to = parser("simulate", COMMANDS["simulate"])
    add_api(to)
    to.add_argument("--fault", default="", metavar="NAME", help="simulate this fault")
    to.add_argument("--list-faults", action="store_true", help="list the faults and the diagnosis that each leads to")
    to.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: any free one)")
    to.add_argument("--tls", action="store_true", help="serve https with the shipped test certificate")
    to.add_argument(
        "--key-env", default="", metavar="NAME", help="environment variable with the key that the simulator expects"
    )
    to.add_argument("--latency", default="", metavar="200ms", help="wait before each answer")
    to.add_argument("--pace", default="", metavar="N", help="tokens per second of an answer, streamed or not")
    to.add_argument("--lenient", action="store_true", help="ignore fields that OpenAI does not know, such as top_k")
    to.epilog = (
        "To change the fault of a running simulator: PUT BASE/_simulator/fault with the key and "
        '{"fault": "html-502"}, or null for none; GET shows the active one.'
    )
    args = to.parse_args(argv)
    side = _side(args.api or CHAT, args.lenient)
    if args.list_faults:
        for row in side.faults().values():
            only = "  (validate)" if row.breaks or row.states else ""
            say(f"{row.name:<32} {row.code or '(harmless)':<30} {row.about}{only}\n")
        return 0
    key, pace = _key(args.key_env) if args.key_env else None, _pace(args.latency, args.pace)
    try:
        server = simulator.start(
            args.fault, tls=args.tls, port=args.port, key=key, pace=pace, switchable=True, side=side
        )
    except KeyError:
        raise hints.no_fault(args.fault, side.faults(), args.api or CHAT) from None
    except OSError as error:
        raise UsageError(
            "usage", f"cannot listen on port {args.port}: {error.strerror}", "choose another --port"
        ) from None
    shown = f"what {args.key_env} holds" if key else server.key
    lines = [f"base URL  {server.base_url}", f"model     {server.model}", f"key       {shown}"]
    if server.ca_file:
        lines.append(f"CA file   {server.ca_file}")
    api = f" --api {args.api}" if args.api not in ("", CHAT) else ""
    stream = " --stream" if server.stream else ""  # the fault shows in a stream only
    said = f"chatproof smoke {server.base_url} --model {server.model}{api}{stream}"
    if server.ca_file:
        said += f" --ca-file {server.ca_file}"
    lines.append(
        f"try       {said} --key-env {args.key_env}" if key else f"try       CHATPROOF_API_KEY={server.key} {said}"
    )
    say("\n".join(["chatproof simulator: not a provider; proves nothing about one", *lines, "stop with Ctrl-C", ""]))
    try:
        while True:
            time.sleep(3600)
    finally:
        server.stop()


def _side(api: str, lenient: bool) -> "Side":
    if not lenient:
        return surface_of(api).simulator()
    if api != CHAT:
        raise UsageError("usage", f"--lenient works with chat, not with --api {api}", "leave one of them out")
    from chatproof.simulator.lenient import LENIENT

    return LENIENT


def _key(name: str) -> "Secret":
    """The key in a variable. Raises UsageError; no text holds any of it."""
    from chatproof.secrets import key_check
    from chatproof.wire.exchange import Secret

    if not name.isidentifier() or not name.isascii():
        raise UsageError("usage", "--key-env expects the name of a variable", "do not give the key itself")
    key, _ = key_check.clean(os.environ.get(name, ""))
    problem = key_check.check(key)
    if problem:
        raise UsageError(problem.code, f"{name}: {problem.detail}", problem.advice)
    return Secret(key)


def _pace(latency: str, pace: str) -> "Pace | None":
    if not latency and not pace:
        return None
    from chatproof.simulator.pace import Pace

    rate = _number(pace) if pace else 0.0
    if pace and not 0.01 <= rate <= _MOST_TOKENS:
        raise UsageError("usage", f"{repeated(pace)} is not a number of tokens a second", "write 30 or 0.5")
    return Pace(_seconds(latency) if latency else 0.0, rate)


def _seconds(text: str) -> float:
    """Seconds from `200ms`, `2s` or `2`, ten minutes at most."""
    units = {"ms": 0.001, "s": 1.0, "": 1.0}
    number = text.strip().rstrip("ms")
    seconds = _number(number) * units.get(text.strip()[len(number) :], -1.0)
    if not 0 <= seconds <= _MOST_SECONDS:
        raise UsageError("usage", f"{repeated(text)} is not a time from 0ms to 600s", "write 200ms or 2s")
    return seconds


def _number(text: str) -> float:
    """A number without sign; -1.0 for what is none."""
    plain = text.isascii() and len(text) < 20 and text.replace(".", "", 1).isdigit()
    return float(text) if plain else -1.0
