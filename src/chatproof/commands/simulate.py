"""chatproof simulate: the conformant server and its faults, on loopback, until interrupted."""

import gc
import time

from chatproof.cli import COMMANDS
from chatproof.commands.options import parser
from chatproof.output import say
from chatproof.usage_error import UsageError


def main(argv: list[str]) -> int:
    from chatproof import simulator
    from chatproof.simulator.faults import ALL, VALIDATE

    to = parser("simulate", COMMANDS["simulate"])
    to.add_argument("--fault", default="", metavar="NAME", help="fail this way")
    to.add_argument("--list-faults", action="store_true", help="list the faults and the diagnosis each leads to")
    to.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; default: a free one")
    to.add_argument("--tls", action="store_true", help="serve https with the shipped test certificate")
    args = to.parse_args(argv)
    if args.list_faults:
        for row in ALL.values():
            only = "  (validate)" if row.name in VALIDATE else ""
            say(f"{row.name:<32} {row.code or '(harmless)':<30} {row.about}{only}\n")
        return 0
    try:
        server = simulator.start(args.fault, tls=args.tls, port=args.port)
    except KeyError:
        raise UsageError(
            "usage", f"there is no fault {args.fault[:40]!r}", "see: chatproof simulate --list-faults"
        ) from None
    except OSError as error:
        raise UsageError(
            "usage", f"cannot listen on port {args.port}: {error.strerror}", "choose another --port"
        ) from None
    lines = [f"base URL  {server.base_url}", f"model     {server.model}", f"key       {server.key}"]
    if server.ca_file:
        lines.append(f"CA file   {server.ca_file}")
    say("\n".join(["chatproof simulator: no provider, no evidence about one", *lines, "stop with Ctrl-C", ""]))
    gc.enable()  # switched off for short-lived commands
    try:
        while True:
            time.sleep(3600)
    finally:
        server.stop()
