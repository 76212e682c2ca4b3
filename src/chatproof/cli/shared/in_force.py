"""Settings and variables in force, as they may be shown: a key may stand in the place of another."""

import os
from collections.abc import Mapping
from typing import Any

from chatproof.key_form import KEY, without
from chatproof.secrets.redaction import clean
from chatproof.wire.exchange import Secret

_SECRET_NAMES = ("_KEY", "_TOKEN", "_SECRET")
_SHORTEST = 12  # characters of a secret that is looked for: a shorter one may be an ordinary word


def without_keys(value: Any, environ: Mapping[str, str] | None = None) -> Any:
    """A value, or the values and names within it, without what has a key's form, and without what a variable such as
    …_KEY holds. A UUID or a hash stays: a model may be called so."""
    environ = os.environ if environ is None else environ  # a default that holds it would show it (`help`)
    if isinstance(value, dict):
        return {without_keys(name, environ): without_keys(each, environ) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [without_keys(each, environ) for each in value]
    if not isinstance(value, str):
        return value
    held = [said for name, said in environ.items() if name.endswith(_SECRET_NAMES) and len(said) >= _SHORTEST]
    return without(clean(value, *(Secret(said) for said in held if said in value)), least=KEY)
