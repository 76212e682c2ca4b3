"""The contract's clauses. A new file here or in `validate/` is found by the scan in `load`; nothing else lists it."""

import importlib
import os

from chatproof.clause import CLAUSES, SMOKE, VALIDATE, Clause

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
    ),
}


def load(scope: str = SMOKE) -> dict[str, Clause]:
    """Every clause of smoke, or of validate (smoke's among them), by id, in reading order."""
    if scope not in _loaded:
        modules = _modules("chatproof.clauses", os.path.dirname(__file__), _ORDER[SMOKE])
        if scope == VALIDATE:
            folder = os.path.join(os.path.dirname(__file__), VALIDATE)
            modules += _modules("chatproof.clauses.validate", folder, _ORDER[VALIDATE])
        for module in modules:
            importlib.import_module(module)
        # By module, whatever was imported first.
        mine = [item for item in CLAUSES.items() if item[1].module in modules]
        _loaded[scope] = dict(sorted(mine, key=lambda item: modules.index(item[1].module)))
    return _loaded[scope]


def _modules(package: str, folder: str, order: tuple[str, ...]) -> list[str]:
    found = {name.split(".")[0] for name in os.listdir(folder) if not name.startswith("_") and ".py" in name}
    return [f"{package}.{name}" for name in (*order, *sorted(found - set(order))) if name in found]


_loaded: dict[str, dict[str, Clause]] = {}
