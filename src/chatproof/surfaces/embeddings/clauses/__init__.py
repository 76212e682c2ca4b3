"""The contract's clauses. A new file here or in `validate/` is found by the scan in `load`; nothing else lists it."""

import importlib
import os

from chatproof.contract.clause import SMOKE, Clause
from chatproof.contract.probe import OWN
from chatproof.surfaces.chat.clauses import files_of

_ORDER = ("happy", "vectors", "envelope", "auth", "models", "secrets")
_ORDER_OF_VALIDATE = ("floats", "again", "abilities", "errors")


def load(scope: str = SMOKE) -> dict[str, Clause]:
    """Every clause of smoke, or of validate (smoke's among them), by id; none is on the user's own requests."""
    if scope == OWN:
        return {}
    if scope not in _loaded:
        folder = os.path.dirname(__file__)
        modules = files_of(__name__, folder, _ORDER)
        if scope != SMOKE:
            modules += files_of(f"{__name__}.{scope}", os.path.join(folder, scope), _ORDER_OF_VALIDATE)
        found: dict[str, Clause] = {}
        for module in modules:
            here: dict[str, Clause] = importlib.import_module(module).CLAUSES.found
            if twice := found.keys() & here.keys():
                raise ValueError(f"clause {min(twice)} is defined twice")
            found.update(here)
        _loaded[scope] = found
    return _loaded[scope]


_loaded: dict[str, dict[str, Clause]] = {}
