"""Everything that leaves this process: standard output, standard error and report files."""

import os
import sys
from typing import TextIO

from chatproof.printable import escape


class WriteError(Exception):
    """An artefact could not be written. The verdict stands; the exit status is 4."""


def say(text: str) -> None:
    """Write to standard output. Raises WriteError; a reader that went away (`| head`) is no error of ours."""
    _write(sys.stdout, text)


def warn(text: str) -> None:
    """One or more lines on standard error; never fails, for it is used to report failures."""
    try:
        _write(sys.stderr, escape(text, keep="\n") + "\n")
    except WriteError:
        pass


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None:
        return  # closed by the caller (>&-)
    encoding = stream.encoding or "utf-8"
    data = text.encode(encoding, "backslashreplace")  # LC_ALL=C must not change the verdict
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


class Artefact:
    """A report file: proved writable before anything is sent, replaced whole or not at all, readable by its owner only.

    The new content is written beside it, synced and renamed, so that a crash leaves the old file or the new one.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._temporary = f"{path}.{os.getpid()}.tmp"
        self._create(b"")

    def write(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")
        try:
            self._create(data)
            os.replace(self._temporary, self.path)
            folder = os.open(os.path.dirname(self.path) or ".", os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            self.discard()
            raise WriteError(f"cannot write {self.path}: {error.strerror}") from None

    def discard(self) -> None:
        try:
            os.unlink(self._temporary)
        except OSError:
            pass

    def _create(self, data: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            if os.path.isdir(self.path):
                raise IsADirectoryError(21, "Is a directory")
            handle = os.open(self._temporary, flags, 0o600)
            try:
                while data:
                    data = data[os.write(handle, data) :]
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise WriteError(f"cannot write {self.path}: {error.strerror}") from None
