"""The contract's clauses. A new file here or in `validate/` is found by the scan in `load`; nothing else lists it."""

import importlib
import os

from chatproof.contract.clause import SMOKE, VALIDATE, Clause
from chatproof.contract.probe import OWN
from chatproof.files import package_files

_ORDER = {  # for people; files not named here follow
    SMOKE: ("happy", "auth", "models", "secrets", "stream"),
    VALIDATE: (
        "envelope",
        "streaming",
        "elsewhere",
        "errors",
        "refusals",
        "tools",
        "structured",
        "tokens",
        "sampling",
        "messages",
        "agents",
    ),
    OWN: ("requests", "asked_for"),
}


def load(scope: str = SMOKE) -> dict[str, Clause]:
    """Every clause of smoke, or of validate (smoke's among them), or on own requests, by id, in reading order."""
    if scope not in _loaded:
        folder = os.path.dirname(__file__)
        modules = files_of(__name__, folder, _ORDER[SMOKE]) if scope != OWN else []
        if scope != SMOKE:
            modules += files_of(f"{__name__}.{scope}", os.path.join(folder, scope), _ORDER[scope])
        found: dict[str, Clause] = {}
        for module in modules:
            here: dict[str, Clause] = importlib.import_module(module).CLAUSES.found
            if twice := found.keys() & here.keys():
                raise ValueError(f"clause {min(twice)} is defined twice")
            found.update(here)
        _loaded[scope] = found
    return _loaded[scope]


def files_of(package: str, folder: str, order: tuple[str, ...]) -> list[str]:
    """The modules of clauses in a folder, those that `order` names first; each API's contract is read like this."""
    found = {name.split(".")[0] for name in package_files.names(folder) if not name.startswith("_") and ".py" in name}
    return [f"{package}.{name}" for name in (*order, *sorted(found - set(order))) if name in found]


_loaded: dict[str, dict[str, Clause]] = {}
