"""The command line: arguments, exit statuses, signals. Commands are modules in `commands`, imported when called."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # `signal` makes enums of all this at each start
import gc
import importlib
import os
import sys
from collections.abc import Sequence
from types import FrameType

from chatproof import __version__
from chatproof.cli.exit_status import EXIT, SIGNAL_EXIT, Ended
from chatproof.cli.output import WriteError, error_width, say, warn
from chatproof.journal import JournalError
from chatproof.printable import place_of
from chatproof.secrets.key_check import looks_like_key
from chatproof.usage_error import UsageError, near, repeated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_LIVES_LONG = ("fleet", "serve", "simulate", "watch")  # what nothing refers to any more must go while they run
_SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET")
_SHORTEST = 12  # characters of a secret that are looked for in arguments: a shorter one may be an ordinary word
_ERRORS = 20  # that are shown beside the first
_MODELS = ("--model", "--check")
COMMANDS = {
    "smoke": "go/no-go: happy path, error path, model listing",
    "validate": "the complete contract before production",
    "judge": "captured evidence offline: run JSON, HAR, curl -i output; sends nothing",
    "compare": "the same contract on several targets: can a client move from A to B",
    "models": "identifiers active for this key",
    "contract": "every clause: what to verify, source, date, level",
    "doctor": "our own side only: key, URL, environment; looks up the host's name, sends no request",
    "history": "the runs of the journal, newest first",
    "show": "one run of the journal, in any format",
    "journal": "verify, prune, export or import the journal",
    "diff": "differences between two runs, beginning with how they were sent",
    "escalate": "one file about a run for a help center, without secrets",
    "review": "incident review of recorded runs: timeline, changes, layer by layer, owner",
    "config": "configuration files: show, check, init, schema; trust and distrust them",
    "explain": "what a diagnosis code or a clause means, and what to do",
    "completion": "shell completion for bash, zsh and fish; the man page",
    "requests": "the shapes of your own traffic as requests to check, every text replaced; sends nothing",
    "fleet": "many targets from one process, each checked as smoke does",
    "watch": "smoke repeated on one screen, one line per change: until a verdict, for a time, or within a budget",
    "serve": "the monitor: schedule, states, metrics, pages; only for configured targets",
    "status": "states of chosen targets as static HTML, JSON and badges for the public, without internals",
    "simulate": "a server on loopback that follows the contract, or has a fault that you choose",
}


def script() -> NoReturn:
    """Run one command as a process of its own: short-lived, so nothing is collected and nothing torn down."""
    gc.disable()
    sys.unraisablehook = _unraisable
    _leave_no_core()
    try:
        status = main(sys.argv[1:])
    except Ended:
        raise
    except KeyboardInterrupt as stop:  # while main was telling of something else
        status = _status(stop)
    except BaseException:  # the same: a traceback would show the texts of both
        status = 4
        try:
            os.write(2, b"chatproof: internal error while another one was told; please report it\n")
        except OSError:
            pass
    # Everything was flushed when it was written. Daemon threads may still wait for a silent server.
    os._exit(status)


def _leave_no_core() -> None:
    """A crash, or ^\\ on a terminal, leaves no image of the memory in the working folder: it would hold the key."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    except (ImportError, OSError, ValueError):  # a system without limits
        pass


def main(argv: Sequence[str]) -> int:
    """Run one command; return its exit status. Never prints a traceback, never raises for input."""
    try:
        _trap_signals()
        return _dispatch(argv)
    except UsageError as error:
        warn("\n".join(map(_told, (error, *error.more[:_ERRORS]))))
        if len(error.more) > _ERRORS:
            warn(f"chatproof: {len(error.more) - _ERRORS} more")
        return 2
    except WriteError as error:
        warn(f"chatproof: {error}")
        return 4
    except JournalError as error:
        warn(f"chatproof: {error.code}: {error.detail}\n  next: {error.advice}")
        return 2 if error.is_usage else 4
    except KeyboardInterrupt as stop:
        return _status(stop)
    except Ended:
        raise
    except BaseException as error:  # a library's may be no Exception: a panic in Rust, a SystemExit with any status
        # The exception's text may hold what a server or a variable said, so only its type and place are shown.
        warn(f"chatproof: internal error: {type(error).__name__} at {place_of(error)}; please report it")
        return 4


def _told(error: UsageError) -> str:
    if width := error_width():
        from chatproof.cli.shared.told_error import told

        return told(error, width)
    return f"chatproof: {error.code}: {error.detail}" + (f"\n  next: {error.advice}" if error.advice else "")


def _dispatch(argv: Sequence[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        say(_usage())
        return 0 if argv else 2
    if argv[0] in ("-V", "--version"):
        say(f"chatproof {__version__}\n")
        return 0
    refuse_keys(argv)
    if argv[0] not in COMMANDS:
        advice = near(argv[0], COMMANDS, "see: chatproof --help")
        raise UsageError("usage", f"there is no command {repeated(argv[0])}", advice)
    if argv[0] in _LIVES_LONG:
        gc.enable()
    module = importlib.import_module(f"chatproof.cli.commands.{argv[0]}")
    try:
        status: int = module.main(list(argv[1:]))
    finally:
        # Only where a command has imported it.
        for name, end in (
            ("chatproof.cli.shared.options", "stop_simulators"),
            ("chatproof.journal.sqlite", "close_all"),
        ):
            if name in sys.modules:
                getattr(sys.modules[name], end)()
    return status


def refuse_keys(argv: Sequence[str]) -> None:
    """A key on the command line is seen by everyone on the machine and kept by CI logs; it is not repeated here.

    Nor is a proxy's password. Every command is held to this before it looks at its arguments: what they name (a path
    that cannot be read, a run that is unknown) may be repeated afterwards, except for what may be a key (UsageError). A
    UUID or a hash is refused alone, but not as a model's id, and what names a file that is there is no key.
    """
    secrets = [value for name, value in os.environ.items() if name.endswith(_SECRET_NAMES)]
    secrets += [_password(value) for name, value in os.environ.items() if name.upper().endswith("_PROXY")]
    secrets = [secret for secret in secrets if len(secret) >= _SHORTEST]
    before = ""
    for word in argv:
        option, separator, value = word.partition("=")
        value = value if separator and option.startswith("--") else word
        named = option if separator else before
        before = word
        known = looks_like_key(value, alone=named not in _MODELS) and not os.path.lexists(value)
        if known or any(secret in word for secret in secrets):
            raise UsageError(
                "usage",
                "an argument looks like a key or contains a secret: everyone on this machine can read the command line",
                "put it in a variable and name that with --key-env; rotate the key if this machine is shared",
            )


def _password(url: str) -> str:
    """What stands for the password in a proxy's URL, percent-encoded as it is there; empty when there is none."""
    return url.rpartition("@")[0].rpartition("://")[2].partition(":")[2]


def _usage() -> str:
    from chatproof.cli.shared.help_text import of_program
    from chatproof.cli.shared.options import terminal

    return of_program(COMMANDS, EXIT, terminal()["width"])


def _trap_signals() -> None:
    """SIGTERM and SIGHUP end like SIGINT: in order, with a record. Without a handler they would kill at once."""
    names = {getattr(signal, name, 0): name for name in ("SIGINT", "SIGTERM", "SIGHUP")}

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt(names[number])

    try:
        for number in names:
            signal.signal(number, stop)
    except (ValueError, AttributeError):
        pass  # not the main thread, or a platform without them


def _status(stop: KeyboardInterrupt) -> int:
    name = stop.args[0] if stop.args else "SIGINT"
    return SIGNAL_EXIT.get(name, SIGNAL_EXIT["SIGINT"])  # a library may have raised it, with any text


_AGAIN = 0.05
"""Seconds until a dropped signal is sent again: whoever dropped it has ended by then."""


def _unraisable(what: sys.UnraisableHookArgs) -> None:
    """A signal fell into a callback of the interpreter's own, such as one of its imports, which drops exceptions: it is
    sent again a moment later. Of everything else, type and place are told: its text may hold a key."""
    if not isinstance(what.exc_value, KeyboardInterrupt):
        place = place_of(what.exc_value) if what.exc_value else "?"
        warn(f"chatproof: an exception was ignored: {what.exc_type.__name__} at {place}; please report it")
        return None
    import threading

    number = getattr(signal, what.exc_value.args[0] if what.exc_value.args else "SIGINT")
    while True:
        again = threading.Timer(_AGAIN, os.kill, (os.getpid(), number))
        again.daemon = True
        try:
            return again.start()
        except KeyboardInterrupt:  # on a busy machine it is sent while we still wait here, and would be dropped as well
            continue
