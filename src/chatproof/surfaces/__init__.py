"""The APIs, one folder each. `surface_of` finds one by its name; a new folder is found, and nothing lists it."""

from chatproof.usage_error import UsageError, near, repeated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from chatproof.contract.surface import Surface


def surface_of(name: str) -> "Surface":
    """Load the surface of an API by its name (`chat`). Raises UnknownApi for a name that no folder has."""
    if name not in _loaded:
        import importlib

        folder = f"{__name__}.{name}"
        try:
            if not name.isidentifier():
                raise UnknownApi(name)
            surface: Surface = importlib.import_module(f"{folder}.surface").SURFACE
        except ModuleNotFoundError as error:
            if error.name in (folder, f"{folder}.surface"):
                raise UnknownApi(name) from None
            raise
        _loaded[name] = surface
    return _loaded[name]


def names() -> list[str]:
    """The names of all APIs: the folders here that hold a `surface` file, chat first."""
    import os

    from chatproof.files import package_files

    found = set()
    for place in __path__:
        for folder in package_files.names(place):
            try:
                inside = package_files.names(os.path.join(place, folder)) if folder.isidentifier() else []
            except OSError:
                inside = []
            if any(name.startswith("surface.py") for name in inside):
                found.add(folder)
    return sorted(found, key=lambda name: (name != "chat", name))


def of_run(document: "Mapping[str, Any]") -> "Surface":
    """Load the surface that a run document is about. Raises UnknownApi for one that this version does not know."""
    return surface_of(str(document.get("api") or "chat"))


class UnknownApi(UsageError):
    """An API that this package has no surface for."""

    def __init__(self, name: str) -> None:
        super().__init__("usage", f"there is no API {repeated(name)}", near(name, names()))


_loaded: "dict[str, Surface]" = {}
