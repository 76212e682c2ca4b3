"""Keys from a file or the system's keyring. Loaded only where one of them is named."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from chatproof.usage_error import UsageError, install

KEY_FILE_MAX = 8 * 1024
_FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME")


def from_keyring(place: str) -> str | None:
    """The password that the system's keyring has for service/user; None when it has none."""
    service, slash, user = place.rpartition("/")
    if not slash or not service or not user:
        raise UsageError("usage", "key_keyring is not service/user", 'write key_keyring = "chatproof/shop"')
    with _own_folders():
        try:
            import keyring
        except ModuleNotFoundError:
            advice = install("keyring")
            raise UsageError("usage", "key_keyring needs keyring, which is not installed", advice) from None
        except Exception as error:
            raise _unreadable(type(error).__name__) from None
        try:
            password = keyring.get_password(service, user)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # backends raise what they like, also what is no Exception: texts are not ours
            raise _unreadable(type(error).__name__) from None
    if password is not None and not isinstance(password, str):
        raise _unreadable("what it returned is no text")
    return password


def _unreadable(why: str) -> UsageError:
    said = f"the keyring cannot be read: {why}"
    return UsageError("auth.key_missing", said, "unlock it, or use --key-env or --key-file")


@contextmanager
def _own_folders() -> Iterator[None]:
    """Let keyring read its own configuration, which names code that runs, from the user's own folders only."""
    from chatproof.target import trust

    before = {name: os.environ.get(name) for name in _FOLDERS}
    for name, said in before.items():
        if not trust.home():
            os.environ[name] = os.devnull
        elif said and not trust.is_own(said):
            del os.environ[name]
    try:
        yield
    finally:
        for name, said in before.items():
            os.environ.pop(name, None)
            if said is not None:
                os.environ[name] = said


def read_key_file(path: str, notes: list[str]) -> tuple[str, str]:
    """(its text, its name as a source) of a regular file of at most 8 KiB.

    Links are followed: Kubernetes mounts secrets as links.
    """
    from chatproof.files import safe_files

    try:
        handle = os.open(os.path.expanduser(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(
            "auth.key_missing", f"cannot read the key file {path}: {error.strerror}", "check --key-file"
        ) from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise UsageError("auth.key_malformed", f"the key file {path} is not a regular file", "check --key-file")
        if others := safe_files.writers(status, handle):
            said = f"other users could change the key file {path}: {others}"
            raise UsageError("auth.key_malformed", said, "chmod 600 it, as its owner; then check whose key it contains")
        if status.st_mode & 0o077:
            notes.append(f"other users can read the key file {path}; chmod 600 it")
        data = os.read(handle, KEY_FILE_MAX + 1)
    except OSError as error:  # a disk or a file system that fails
        said = f"cannot read the key file {path}: {error.strerror}"
        raise UsageError("auth.key_missing", said, "check --key-file") from None
    finally:
        os.close(handle)
    if len(data) > KEY_FILE_MAX:
        raise UsageError("auth.key_malformed", f"the key file {path} is larger than 8 KiB", "it must hold only the key")
    if data.startswith(b"\xef\xbb\xbf"):
        notes.append("a byte order mark at the start of the key file was removed")
        data = data[3:]
    return data.decode("utf-8", "surrogateescape"), f"file:{safe_files.tilde(path)}"
