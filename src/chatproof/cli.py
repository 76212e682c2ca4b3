"""The command line: arguments, exit statuses, signals. Commands are modules in `commands`, imported when called."""

import gc
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from chatproof import __version__
from chatproof.exit_status import EXIT, SIGNAL_EXIT
from chatproof.journal import JournalError
from chatproof.keys import looks_like_key
from chatproof.output import WriteError, say, warn
from chatproof.usage_error import UsageError

_SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET")
_SHORTEST = 12  # characters of a secret that are looked for in arguments: a shorter one may be an ordinary word
COMMANDS = {
    "smoke": "go/no-go: happy path, error path, model listing",
    "validate": "the whole contract before production",
    "judge": "captured evidence offline: run JSON, HAR, curl -i output; sends nothing",
    "compare": "the same contract on several targets: may a client move from A to B",
    "models": "identifiers active for this key",
    "contract": "every clause: what to verify, source, date, level",
    "doctor": "our own side only: key, URL, environment; sends nothing",
    "history": "the runs of the journal, newest first",
    "show": "one run of the journal, in any format",
    "journal": "verify, prune, export or import the journal",
    "diff": "what differs between two runs, their surroundings first",
    "escalate": "one bundle about a run for a help center, without secrets",
    "review": "incident review of recorded runs: timeline, what changed, layer by layer, whose it is",
    "config": "configuration files: show, check, init, schema",
    "explain": "what a diagnosis code or a clause means, and what to do",
    "completion": "completion for bash, zsh and fish; the man page",
    "simulate": "the conformant server and its faults, on loopback",
}


def script() -> NoReturn:
    """Entry point of the console script: one short-lived process, so nothing is collected and nothing torn down."""
    gc.disable()
    status = main(sys.argv[1:])
    # Everything was flushed when it was written. Daemon threads may still wait for a silent server.
    os._exit(status)


def main(argv: Sequence[str]) -> int:
    """Run one command; return its exit status. Never prints a traceback, never raises for input."""
    _trap_signals()
    try:
        return _dispatch(argv)
    except UsageError as error:
        advice = f"\n  next: {error.advice}" if error.advice else ""
        warn(f"chatproof: {error.code}: {error.detail}{advice}")
        return 2
    except WriteError as error:
        warn(f"chatproof: {error}")
        return 4
    except JournalError as error:
        warn(f"chatproof: {error.code}: {error.detail}\n  next: {error.advice}")
        return 2 if error.is_usage else 4
    except KeyboardInterrupt as stop:
        return SIGNAL_EXIT[stop.args[0] if stop.args else "SIGINT"]
    except Exception as error:
        # The exception's text may hold what a server or a variable said, so only its type and place are shown.
        warn(f"chatproof: internal error: {type(error).__name__} at {_place(error)}; please report it")
        return 4


def _dispatch(argv: Sequence[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        say(_usage())
        return 0 if argv else 2
    if argv[0] in ("-V", "--version"):
        say(f"chatproof {__version__}\n")
        return 0
    refuse_keys(argv)
    if argv[0] not in COMMANDS:
        from difflib import get_close_matches

        near = get_close_matches(argv[0], COMMANDS, n=1)
        raise UsageError(
            "usage",
            f"there is no command {argv[0][:40]!r}",
            f"did you mean {near[0]}?" if near else "see: chatproof --help",
        )
    module = importlib.import_module(f"chatproof.commands.{argv[0]}")
    try:
        status: int = module.main(list(argv[1:]))
    finally:
        options = sys.modules.get("chatproof.commands.options")  # commands that send have imported it
        if options is not None:
            options.stop_simulators()
    return status


def refuse_keys(argv: Sequence[str]) -> None:
    """A key on the command line is seen by everyone on the machine and kept by CI logs; it is not repeated here.

    Nor is a proxy's password. Every command is held to this before it looks at its arguments: what they name (a path
    that cannot be read, a run that is unknown) may be repeated afterwards.
    """
    secrets = [value for name, value in os.environ.items() if name.endswith(_SECRET_NAMES)]
    secrets += [_password(value) for name, value in os.environ.items() if name.upper().endswith("_PROXY")]
    secrets = [secret for secret in secrets if len(secret) >= _SHORTEST]
    for word in argv:
        if looks_like_key(word) or any(secret in word for secret in secrets):
            raise UsageError(
                "usage",
                "an argument looks like a key or holds a secret: the command line is seen by everyone on this machine",
                "put it in a variable and name that with --key-env; rotate the key if this machine is shared",
            )


def _password(url: str) -> str:
    """What stands for the password in a proxy's URL, percent-encoded as it is there; empty when there is none."""
    return url.rpartition("@")[0].rpartition("://")[2].partition(":")[2]


def _usage() -> str:
    lines = [
        "usage: chatproof COMMAND [TARGET] [options]",
        "",
        "Does this chat completions endpoint keep its contract, and if not, whose fault is it and what do I do next?",
        "",
        *(f"  {name:<10} {about}" for name, about in COMMANDS.items()),
        "",
        "TARGET is a name in chatproof.toml, a built-in profile (cometapi, openai, …), an http(s) base URL such as",
        "https://host/v1, or simulator. `chatproof COMMAND --help` shows the options of a command.",
        "",
        "exit status:",
        *(f"  {status:<4} {meaning}" for status, meaning in EXIT.items()),
        "",
    ]
    return "\n".join(lines)


def _trap_signals() -> None:
    """SIGTERM and SIGHUP end like SIGINT: in order, with a record. Without a handler they would kill at once."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    try:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            signal.signal(getattr(signal, name), stop)
    except (ValueError, AttributeError):
        pass  # not the main thread, or a platform without them


def _place(error: BaseException) -> str:
    trace, place = error.__traceback__, "?"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "chatproof" in code.co_filename:
            place = f"{code.co_filename.rpartition('chatproof')[2].lstrip('/')}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
