"""The contract's clauses. A new file here is found by the scan in `load`; nothing else lists it."""

import importlib
import os

from chatproof.clause import CLAUSES, Clause

_ORDER = ("happy", "auth", "models", "secrets", "stream")  # for people; files not named here follow


def load() -> dict[str, Clause]:
    """Every clause by id, in reading order."""
    if not _loaded:
        files = os.listdir(os.path.dirname(__file__))
        found = {name.split(".")[0] for name in files if not name.startswith("_") and ".py" in name}
        rest = sorted(found - set(_ORDER))
        modules = [f"chatproof.clauses.{name}" for name in (*_ORDER, *rest) if name in found]
        for module in modules:
            importlib.import_module(module)
        # By module, whatever was imported first.
        _loaded.update(sorted(CLAUSES.items(), key=lambda item: modules.index(item[1].judge.__module__)))
    return _loaded


_loaded: dict[str, Clause] = {}
