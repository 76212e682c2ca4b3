"""^C while the program is still being loaded: it ends with 130 and says nothing, at whichever import it comes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import KEY

INTERRUPTED = """
import os, signal, sys
left = int(os.environ["INTERRUPT_AT"])
begun = False

def hook(event, args):
    global left, begun
    if event == "import":
        begun = begun or args[0] == "chatproof.cli.main"
        if begun:
            left -= 1
            if left == -1:
                os.kill(os.getpid(), signal.SIGINT)

sys.addaudithook(hook)
"""
DROPPED = """
import signal, sys, time
from chatproof.cli import main as cli

class Callback:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

sys.unraisablehook = cli._unraisable
cli._trap_signals()
try:
    Callback()
    time.sleep(5)
except KeyboardInterrupt as stop:
    print("arrived", stop)
"""


EARLY = """
import threading
begin, late = threading.Timer.start, []
def slow(self):
    begin(self)
    if not late:
        late.append(1)
        time.sleep(0.5)
threading.Timer.start = slow
cli._trap_signals()
"""


def start(at: int, folder: Path) -> subprocess.CompletedProcess[str]:
    """The program, interrupted at its import number `at`, counted from the first one that it makes itself."""
    (folder / "sitecustomize.py").write_text(INTERRUPTED)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), "CHATPROOF_API_KEY": KEY, "INTERRUPT_AT": str(at)}
    words = ["smoke", "http://127.0.0.1:1/v1", "--model", "m", "-q"]
    command = [sys.executable, "-m", "chatproof", *words]
    return subprocess.run(command, env=environ, cwd=folder, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("at", [*range(8), *range(8, 100, 9)])
def test_an_interrupt_while_loading_is_quiet(at: int, tmp_path: Path) -> None:
    done = start(at, tmp_path)
    assert done.returncode == (130 if at < 60 else done.returncode)
    assert done.returncode in (130, 3) and "Traceback" not in done.stderr and "ignored" not in done.stderr, done.stderr


def test_the_control_is_not_interrupted(tmp_path: Path) -> None:
    done = start(10_000, tmp_path)
    assert done.returncode == 3 and done.stdout.startswith("UNDECIDED")


def test_an_interrupt_that_a_callback_drops_comes_again() -> None:
    done = subprocess.run([sys.executable, "-c", DROPPED], capture_output=True, text=True, timeout=30)
    assert done.stdout == "arrived SIGINT\n" and done.stderr == ""


def test_an_interrupt_that_comes_again_too_early_comes_once_more() -> None:
    """A busy machine takes longer to begin a thread than the thread waits."""
    early = DROPPED.replace("cli._trap_signals()", EARLY)
    done = subprocess.run([sys.executable, "-c", early], capture_output=True, text=True, timeout=30)
    assert done.stdout == "arrived SIGINT\n" and done.stderr == ""
