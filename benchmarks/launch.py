"""Run one command and print what it cost: user and system seconds, wall seconds, peak RSS in KiB, exit status.

    python -I -S launch.py OUTPUT COMMAND [ARGUMENT...]

A process of its own, and a lean one, because Linux hands the parent's peak RSS on to the child it spawns: measured
from the benchmark itself, every command would seem to use at least as much memory as the benchmark. The figures come
from wait4, so they cover the command and every process it waited for; peak RSS is that of the largest one among them.
"""

import os
import signal
import sys
import time


def main() -> None:
    output, *command = sys.argv[1:]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    begun = time.monotonic()
    child = os.posix_spawnp(
        command[0], command, os.environ, file_actions=actions, setsigdef=[signal.SIGPIPE, signal.SIGXFSZ]
    )
    _, status, used = os.wait4(child, 0)
    wall = time.monotonic() - begun
    print(used.ru_utime, used.ru_stime, wall, used.ru_maxrss, os.waitstatus_to_exitcode(status))


main()
