"""Files that decide something: who else could change them, bytes read once, folders that are made for this user only.

Loaded only where there is such a file.
"""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager

LARGEST = 16 * 1024 * 1024
TURN_SECONDS = 10.0
_EVERYBODYS = stat.S_ISVTX | stat.S_IWOTH
_READ_ONLY = getattr(os, "ST_RDONLY", 1)


def writers(status: os.stat_result, path: str | int) -> str:
    """Who else than this user and root can change the file at `path` (or behind that handle); empty: nobody.

    On a file system that is mounted read-only nobody can: containers get their secrets and authorities that way, with
    whatever owner and mode.
    """
    if not hasattr(os, "geteuid"):
        return ""  # a system without owners and modes
    said = ""
    if status.st_uid not in (os.geteuid(), 0):
        said = f"it belongs to another user ({status.st_uid})"
    elif status.st_mode & stat.S_IWOTH:
        said = "every user can write to it"
    elif status.st_mode & stat.S_IWGRP and not _is_private(status):
        said = "its group can write to it"
    if said:
        try:
            mounted = os.statvfs(path).f_flag
        except OSError:
            return said
        return "" if mounted & _READ_ONLY else said
    return ""


def _is_private(status: os.stat_result) -> bool:
    """The file's group is that of its owner alone: where each user has one, files are made group-writable."""
    import grp
    import pwd

    try:
        owner, group = pwd.getpwuid(status.st_uid).pw_name, grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    return group.gr_name == owner and set(group.gr_mem) <= {owner}


def read(path: str, limit: int = LARGEST) -> tuple[bytes, str]:
    """(the bytes of a regular file, who else can change it). Raises OSError, whose strerror says what is wrong.

    Both are of one open file: what is looked at is what is used.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "It is not a regular file")
        parts, left = [], limit + 1
        while left > 0 and (part := os.read(handle, left)):
            parts.append(part)
            left -= len(part)
        if left <= 0:
            raise OSError(0, f"Is larger than {_size(limit)}")
        return b"".join(parts), writers(status, handle)
    finally:
        os.close(handle)


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >> 20 else f"{count >> 10} KiB"


def is_planted(path: str) -> bool:
    """Another user put it into a folder such as /tmp, where everybody can put files and remove their own only.

    The kernel may refuse to follow or to open such files itself (fs.protected_symlinks, _regular, _fifos)."""
    try:
        found, folder = os.lstat(path), os.stat(os.path.dirname(os.path.abspath(path)))
    except OSError:
        return False  # opening it says what is wrong
    return folder.st_mode & _EVERYBODYS == _EVERYBODYS and found.st_uid not in (os.geteuid(), 0, folder.st_uid)


def planted_link(path: str) -> str:
    """The folder of `path`, or one above it, that is a link which another user put where everybody can put files: what
    is written goes where he says. Empty where there is none."""
    try:
        folder = os.path.dirname(os.path.abspath(path))
    except OSError:
        return ""  # the working folder is gone: opening it says so
    while folder != os.path.dirname(folder):
        if os.path.islink(folder) and is_planted(folder):
            return folder
        folder = os.path.dirname(folder)
    return ""


def make_folder(path: str) -> None:
    """Make a folder and the missing ones above it, each for this user only, whatever the umask. Raises OSError.

    os.makedirs gives its mode to the last one only.
    """
    missing = []
    while path and not os.path.isdir(path):
        missing.append(path)
        path = os.path.dirname(path)
    for folder in reversed(missing):
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            if not os.path.isdir(folder):
                raise


def fresh(path: str, mode: int = 0o600) -> tuple[str, int]:
    """(name, handle) of a new file beside `path`, which is to take its place. Raises OSError.

    Nobody can guess its name, and nothing is there: what somebody had put there would be his to read and to change."""
    name = f"{path}.{os.urandom(4).hex()}.tmp"
    return name, os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)


@contextmanager
def turn(path: str) -> Iterator[None]:
    """Let no other process that asks for its turn read and replace the file at `path` meanwhile: what one of them read,
    the other would write again. Raises OSError, TimeoutError after ten seconds."""
    import fcntl

    handle = os.open(f"{path}-lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        until = time.monotonic() + TURN_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise TimeoutError(0, f"Another process holds {path}-lock") from None
                time.sleep(0.01)
            except OSError:  # a file system without locks
                break
        yield
    finally:
        os.close(handle)


def tilde(path: str) -> str:
    """The path with the home folder as ~, for people and records."""
    home = os.path.expanduser("~").rstrip("/")
    return f"~{path[len(home) :]}" if os.path.isabs(home) and path.startswith(f"{home}/") else path
