"""How the clauses of an API beside chat are found: each file of its folder `clauses`, and of `clauses/validate`."""

import importlib
import os
from collections.abc import Callable

from chatproof.contract.clause import SMOKE, Clause
from chatproof.contract.probe import OWN
from chatproof.surfaces.chat.clauses import files_of


def loader(
    package: str, folder: str, order: tuple[str, ...], order_of_validate: tuple[str, ...]
) -> Callable[[str], dict[str, Clause]]:
    """Make the function that loads an API's clauses for a scope: smoke, or validate with smoke's among them.

    `package` and `folder` are the name and the path of its `clauses`; the orders name files that come first. A new file
    is found by the scan; nothing else lists it. Clauses on the user's own requests stand alone, in `clauses/own`.
    """
    loaded: dict[str, dict[str, Clause]] = {}

    def load(scope: str = SMOKE) -> dict[str, Clause]:
        """Every clause of a scope by its id."""
        if scope not in loaded:
            modules = files_of(package, folder, order) if scope != OWN else []
            if scope != SMOKE:
                modules += files_of(f"{package}.{scope}", os.path.join(folder, scope), order_of_validate)
            found: dict[str, Clause] = {}
            for module in modules:
                here: dict[str, Clause] = importlib.import_module(module).CLAUSES.found
                if twice := found.keys() & here.keys():
                    raise ValueError(f"clause {min(twice)} is defined twice")
                found.update(here)
            loaded[scope] = found
        return loaded[scope]

    return load
