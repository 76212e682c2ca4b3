"""Read the files of this package wherever it lies: in folders, or in one zip archive (`python -m zipapp`).

A path is made from `__file__`, as for any file. In an archive it leads through the archive, which the system refuses:
then the archive is read. Only os is imported before that happens.
"""

import os


def names(folder: str) -> list[str]:
    """List what stands in a folder of the package. Raises OSError where there is no such folder."""
    try:
        return os.listdir(folder)
    except NotADirectoryError:
        archive, inside = _archive_of(folder)
    import zipfile

    with zipfile.ZipFile(archive) as zipped:
        below = [name.removeprefix(f"{inside}/") for name in zipped.namelist() if name.startswith(f"{inside}/")]
    return sorted({name.partition("/")[0] for name in below if name})


def read(path: str) -> bytes:
    """Read a file of the package. Raises OSError where there is none."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except NotADirectoryError:
        archive, inside = _archive_of(path)
    import zipfile

    with zipfile.ZipFile(archive) as zipped:
        try:
            return zipped.read(inside)
        except KeyError:
            raise FileNotFoundError(2, "No such file in the archive", path) from None


def openable(path: str) -> str:
    """Return a path of the file's bytes that a library in C can open; it is good as long as this process runs.

    From an archive, the bytes are put into memory that has a path (Linux), or else into a temporary file.
    """
    if os.path.exists(path):
        return path
    data = read(path)
    if hasattr(os, "memfd_create"):
        handle = os.memfd_create(os.path.basename(path))
        os.fchmod(handle, 0o600)
        os.write(handle, data)
        return f"/proc/{os.getpid()}/fd/{handle}"
    import tempfile

    handle, made = tempfile.mkstemp(prefix="chatproof-")
    os.write(handle, data)
    os.close(handle)
    return made


def _archive_of(path: str) -> tuple[str, str]:
    """(the archive that a path leads through, the rest of the path)."""
    archive = path
    while not os.path.isfile(archive):
        shorter = os.path.dirname(archive)
        if shorter == archive:
            raise FileNotFoundError(2, "No such file or folder", path)
        archive = shorter
    return archive, path[len(archive) + 1 :].replace(os.sep, "/").rstrip("/")
