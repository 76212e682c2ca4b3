"""Pipes and devices where a file was named: read and written as they are, and not waited for without end.

judge <(curl -i …)      --report json=>(jq .)      a FIFO that nobody has opened at its other end, or ever will
"""

import errno
import io
import os
import stat
import sys
import time
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

PARTNER_SECONDS = 10.0
"""How long a FIFO waits for somebody to open its other end."""
SILENT_SECONDS = 300.0
"""How long a pipe may be silent while its writer is there: it may be asking a slow model."""
FULL_SECONDS = 30.0
"""How long a pipe may be full while its reader is there."""
_PAUSE = 0.02
_STREAMS = ("stdin", "stdout", "stderr")
_OPEN_ALREADY = ("/dev/", "/proc/")  # names of open files, as a shell gives for <(…): the other end has been opened


def opened(path: str) -> BinaryIO:
    """The file at `path`, for reading. Raises OSError, also while it is read: TimeoutError for a pipe that nobody
    writes into."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if stat.S_ISFIFO(os.fstat(handle).st_mode):
            return io.BufferedReader(_Pipe(handle, path.startswith(_OPEN_ALREADY)))
        os.set_blocking(handle, True)
        return open(handle, "rb")
    except OSError:
        os.close(handle)
        raise


class _Pipe(io.RawIOBase):
    def __init__(self, handle: int, begun: bool) -> None:
        super().__init__()
        self._handle, self._begun = handle, begun

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        room = memoryview(buffer)
        until = time.monotonic() + PARTNER_SECONDS
        while True:
            try:
                data = os.read(self._handle, len(room))
            except BlockingIOError:
                if not _ready(self._handle, SILENT_SECONDS, to_read=True):
                    raise TimeoutError(errno.ETIMEDOUT, f"no data arrived for {SILENT_SECONDS:g} s") from None
                continue
            if data or self._begun:
                self._begun = True
                room[: len(data)] = data
                return len(data)
            if time.monotonic() >= until:
                raise TimeoutError(errno.ETIMEDOUT, f"nobody wrote into it within {PARTNER_SECONDS:g} s")
            time.sleep(_PAUSE)

    def close(self) -> None:
        if not self.closed:
            os.close(self._handle)
        super().close()


def is_special(path: str) -> bool:
    """A pipe, device or open file is there, which is written to as it is."""
    return _descriptor(path) >= 0 or (os.path.exists(path) and not os.path.isfile(path))


def held(path: str) -> int:
    """A handle of the open file that `path` names, so that it is this one which is written to later, and no other that
    got its number meanwhile; -1 where it names none. Raises OSError where no such file is open."""
    number = _descriptor(path)
    if number < 0:
        return -1
    if number < len(_STREAMS) and getattr(sys, _STREAMS[number]) is None:  # closed by the caller (>&-)
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    return os.dup(number)


def write(path: str, data: bytes, opened: int = -1) -> None:
    """Write all of `data`, to what `held` gave if the path names an open file. Raises OSError: TimeoutError for a FIFO
    that nobody reads."""
    if opened >= 0:
        handle = os.dup(opened)
        waits = False  # how it waits is shared with whoever opened it
    else:
        handle, waits = _open_to_write(path)
    try:
        while data:
            try:
                data = data[os.write(handle, data) :]
            except BlockingIOError:
                if waits and not _ready(handle, FULL_SECONDS, to_read=False):
                    raise TimeoutError(errno.ETIMEDOUT, f"nobody read from it for {FULL_SECONDS:g} s") from None
                if not waits:
                    time.sleep(_PAUSE)
    finally:
        os.close(handle)


def _open_to_write(path: str) -> tuple[int, bool]:
    """(handle, whether writing to it returns at once, done or not)."""
    fifo = stat.S_ISFIFO(os.stat(path).st_mode)
    if fifo and hasattr(os, "geteuid"):
        from chatproof.files import safe_files

        if any(safe_files.is_planted(name) for name in (path, os.path.realpath(path))):
            raise PermissionError(errno.EPERM, "the pipe belongs to another user")  # he would read what is written
    until = time.monotonic() + PARTNER_SECONDS
    while True:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if not fifo or error.errno != errno.ENXIO:
                raise
            if time.monotonic() >= until:
                said = f"nobody opened it for reading within {PARTNER_SECONDS:g} s"
                raise TimeoutError(errno.ETIMEDOUT, said) from None
            time.sleep(_PAUSE)
            continue
        os.set_blocking(handle, not fifo)
        return handle, fifo


def _ready(handle: int, seconds: float, *, to_read: bool) -> bool:
    import select

    poll = select.poll()
    poll.register(handle, select.POLLIN if to_read else select.POLLOUT)
    return bool(poll.poll(seconds * 1000))


def _descriptor(path: str) -> int:
    """The number of the open file that a path such as /dev/stderr names; -1 for every other path.

    Opened by its name, a log behind /dev/stderr would be written from its beginning, or replaced.
    """
    number = {"/dev/stdin": "0", "/dev/stdout": "1", "/dev/stderr": "2"}.get(path, "")
    for folder in ("/dev/fd/", "/proc/self/fd/"):
        if path.startswith(folder):
            number = path[len(folder) :]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 8 else -1
