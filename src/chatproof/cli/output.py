"""Everything that leaves this process: standard output, standard error and report files."""

from __future__ import annotations

import os
import sys

from chatproof.printable import escape, inert, inert_json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from chatproof.cli.shared.how_far import Counted
    from chatproof.record.under_way import UnderWay, Watch


class WriteError(Exception):
    """An artefact could not be written. The verdict stands; the exit status is 4. The text never holds a key."""

    def __init__(self, detail: str) -> None:
        from chatproof.key_form import without  # a path that is quoted may be one

        super().__init__(without(detail))


def say(text: str) -> None:
    """Write text to standard output, made inert for the log readers of CI systems.

    Raises WriteError; a reader that went away (`| head`) is no error of ours.
    """
    _write(sys.stdout, inert(text))


def say_as_is(text: str) -> None:
    """As `say`, for what is inert already: reports, and JSON, which has an escape of its own."""
    _write(sys.stdout, text)


def say_json(value: object) -> None:
    """As `say`, for a value as a JSON document."""
    import json

    _write(sys.stdout, inert_json(json.dumps(value, indent=2)) + "\n")


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
                raise WriteError("the file would exceed the size that is read")
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


def error_width() -> int:
    """Columns of the terminal that standard error is; 0 where it is none, and lines are to stay whole."""
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return 0
    columns = os.environ.get("COLUMNS", "")
    try:
        known = columns.isdecimal() and len(columns) < 5
        width = int(columns) if known else os.get_terminal_size(sys.stderr.fileno()).columns
    except OSError:
        width = 0
    return min(max(width or 100, 40), 140)


class Progress:
    """How far it is, on standard error, while requests are under way: on a terminal one line, erased at the end.

    Nothing is shown in the first moment, so that a quick answer does not flicker. Elsewhere a run with `phases` that
    takes long says a line for each of them, at most every _PATIENCE seconds: a log shows what it waits for.
    """

    _PATIENCE = 10

    def __init__(self, text: str, wanted: bool, *, phases: bool = False) -> None:
        self._text = escape(text)
        wanted = wanted and sys.stderr is not None
        self._drawn = wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._on = self._drawn or (wanted and phases)
        self._watched: list[tuple[str, UnderWay]] = []
        self._counted: Counted = {}

    def watch(self, label: str = "") -> Watch | None:
        """What a run calls when it begins; None where nobody would see how far it is."""
        if not self._on:
            return None
        return lambda under_way: self._watched.append((label, under_way))

    def __enter__(self) -> Progress:
        if self._on:
            import threading

            self._done = threading.Event()
            work = self._tick if self._drawn else self._say_phases
            self._thread = threading.Thread(target=work, daemon=True)
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
            self._show(f"\r{self._line(seconds)}\x1b[K")
        if shown:
            self._show("\r\x1b[K")

    def _say_phases(self) -> None:
        seconds, told = 0, None
        while not self._done.wait(self._PATIENCE):
            seconds += self._PATIENCE
            if (phase := self._phase()) != told:
                told = phase
                self._show(inert(f"chatproof: {self._line(seconds)}\n"))

    def _phase(self) -> object:
        from chatproof.cli.shared.how_far import phase

        try:
            return phase(self._watched)
        except Exception:  # as in _line
            return None

    def _line(self, seconds: int) -> str:
        if not self._watched:
            return f"{self._text} {seconds} s"
        from chatproof.cli.shared.how_far import line

        try:
            width = os.get_terminal_size(sys.stderr.fileno()).columns or 80
        except (OSError, ValueError):
            width = 1000
        try:
            return escape(line(self._watched, seconds, self._counted))[: max(width - 1, 20)]
        except Exception:  # it is only progress, and another thread adds to what it counts
            return f"{self._text} {seconds} s"

    def _show(self, text: str) -> None:
        try:
            _write(sys.stderr, text)
        except WriteError:
            pass  # it is only progress


class Artefact:
    """A report file: proved writable before anything is sent, replaced whole or not at all, readable by its owner only.

    The new content is written beside it, synced and renamed, so that a crash leaves the old file or the new one. A
    link is replaced, not followed, whether anything is there or not. A device or pipe (/dev/stderr, a FIFO) is written
    to as it is. `mode` is less the umask, for a file that another user's program is meant to read.
    """

    def __init__(self, path: str, mode: int = 0o600) -> None:
        from chatproof.files import special_files

        self.path = path
        self._mode = mode
        self._temporary, self._handle = "", -1
        self._special = special_files.is_special(path)
        if not self._special:
            try:
                self._begin()
            except WriteError:  # a full disk may well create the file and not sync it
                self.discard()
                raise
            return
        if os.path.isdir(path):
            raise WriteError(f"cannot write {path}: Is a directory")
        try:
            self._handle = special_files.held(path)
        except OSError as error:
            raise WriteError(f"cannot write {path}: {error.strerror}") from None

    def write(self, text: str | bytes) -> None:
        data = text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")
        try:
            if self._special:
                from chatproof.files import special_files

                special_files.write(self.path, data, self._handle)
                return
            if self._handle < 0:
                self._begin()
            while data:
                data = data[os.write(self._handle, data) :]
            os.fsync(self._handle)
            _refuse_database(self.path)  # a run may have made its journal there meanwhile
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
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1
        try:
            os.unlink(self._temporary)
        except OSError:
            pass

    def _begin(self) -> None:
        from chatproof.files import safe_files

        if link := safe_files.planted_link(self.path):
            raise WriteError(f"cannot write {self.path}: {link} is a link that belongs to another user")
        _refuse_database(self.path)
        try:
            self._temporary, self._handle = safe_files.fresh(self.path, self._mode)
            os.fsync(self._handle)
        except OSError as error:
            raise WriteError(f"cannot write {self.path}: {error.strerror}") from None


_DATABASE = b"SQLite format 3\0"


def _refuse_database(path: str) -> None:
    """Raise WriteError where a database stands: a journal, most likely, and no report that is to be written anew."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return  # nothing is there, or what is there cannot be read
    try:
        found = os.read(handle, len(_DATABASE))
    except OSError:
        return
    finally:
        os.close(handle)
    if found == _DATABASE:
        raise WriteError(f"cannot write {path}: a database is there, such as a journal, which no report replaces")
