"""Entry point of the console script and of `python -m chatproof`: deaf to nothing while the rest is being loaded.

Loading takes most of the first tenth of a second. A signal in it ends the process at once and without a word, as
nothing was sent and nothing is open yet; Python would print where in its imports it was. So this file loads next to
nothing before it listens: `_signal` is part of the interpreter, `signal` around it is not.
"""

import _signal  # type: ignore[import-not-found]
import os

TYPE_CHECKING = False  # typing costs more to load than all of this
if TYPE_CHECKING:
    from typing import NoReturn


def script() -> "NoReturn":
    """Run the command line; never returns."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(_signal, name):
            _signal.signal(getattr(_signal, name), _leave)
    from chatproof.cli import main as cli

    cli.script()


def _leave(number: int, frame: object) -> None:
    os._exit(128 + number)


if __name__ == "__main__":
    script()
