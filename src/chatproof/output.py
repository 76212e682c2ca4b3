"""Everything that leaves this process: standard output, standard error and report files."""

import os
import sys
from typing import TextIO

from chatproof.printable import escape, inert


class WriteError(Exception):
    """An artefact could not be written. The verdict stands; the exit status is 4."""


def say(text: str) -> None:
    """Write to standard output. Raises WriteError; a reader that went away (`| head`) is no error of ours."""
    _write(sys.stdout, text)


def warn(text: str) -> None:
    """One or more lines on standard error; never fails, for it is used to report failures."""
    try:
        _write(sys.stderr, inert(escape(text, keep="\n")) + "\n")
    except WriteError:
        pass


def warn_commands(text: str) -> None:
    """Workflow commands on standard error, as they are: their reporter made them safe. Never fails."""
    try:
        _write(sys.stderr, text)
    except WriteError:
        pass


def append(path: str, text: str, limit: int) -> None:
    """Add to a file that a CI system gave us. Nothing is written that would make it larger than `limit` bytes (0: any).

    Raises WriteError.
    """
    data = text.encode("utf-8", "backslashreplace")
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if limit and os.fstat(handle).st_size + len(data) > limit:
                raise WriteError("the file would be larger than is read")
            while data:
                data = data[os.write(handle, data) :]
        finally:
            os.close(handle)
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror}") from None


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return  # closed by the caller (>&-)
    try:
        data = text.encode(stream.encoding or "utf-8", "backslashreplace")  # LC_ALL=C must not change the verdict
    except UnicodeError:  # not every codec is one for text: PYTHONIOENCODING=idna
        data = text.encode("ascii", "backslashreplace")
    try:
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()
    except BrokenPipeError:
        # Point the descriptor elsewhere, or the interpreter complains again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    except (OSError, ValueError) as error:
        detail = error.strerror if isinstance(error, OSError) else "closed"
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        except (OSError, ValueError):
            pass
        raise WriteError(f"cannot write to standard output: {detail}") from None


class Progress:
    """One line on standard error while requests are under way, erased at the end; only on a terminal.

    Nothing is shown in the first moment, so that a quick answer does not flicker.
    """

    def __init__(self, text: str, wanted: bool) -> None:
        self._text = escape(text)
        self._on = wanted and sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> "Progress":
        if self._on:
            import threading

            self._done = threading.Event()
            self._thread = threading.Thread(target=self._tick, daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._on:
            self._done.set()
            self._thread.join(1)

    def _tick(self) -> None:
        seconds, wait, shown = 0, 0.7, False
        while not self._done.wait(wait):
            wait, seconds, shown = 1.0, seconds + 1, True
            self._show(f"\r{self._text} {seconds} s")
        if shown:
            self._show("\r\x1b[K")

    def _show(self, text: str) -> None:
        try:
            _write(sys.stderr, text)
        except WriteError:
            pass  # it is only progress


class Artefact:
    """A report file: proved writable before anything is sent, replaced whole or not at all, readable by its owner only.

    The new content is written beside it, synced and renamed, so that a crash leaves the old file or the new one. A
    link is replaced, not followed. A device or pipe (/dev/stderr, a FIFO) is written to as it is.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._temporary = f"{path}.{os.getpid()}.tmp"
        self._special = os.path.exists(path) and not os.path.isfile(path)
        if not self._special:
            try:
                self._put(self._temporary, b"", os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW)
            except WriteError:  # a full disk may well create the file and not sync it
                self.discard()
                raise
        elif os.path.isdir(path):
            raise WriteError(f"cannot write {path}: Is a directory")

    def write(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        if self._special:
            self._put(self.path, data, 0, sync=False)
            return
        try:
            self._put(self._temporary, data, os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW)
            os.replace(self._temporary, self.path)
            folder = os.open(os.path.dirname(self.path) or ".", os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise WriteError(f"cannot write {self.path}: {error.strerror}") from None
        finally:
            self.discard()

    def discard(self) -> None:
        try:
            os.unlink(self._temporary)
        except OSError:
            pass

    def _put(self, path: str, data: bytes, flags: int, *, sync: bool = True) -> None:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC | flags, 0o600)
            try:
                while data:
                    data = data[os.write(handle, data) :]
                if sync:
                    os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise WriteError(f"cannot write {self.path}: {error.strerror}") from None
