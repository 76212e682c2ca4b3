"""How the functions that a mutant changes are found among those that are imported, and get the changed code."""

import gc
import inspect
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from mutants import Mutant


def module_name(file: str) -> str:
    return ".".join(["chatproof", *Path(file).with_suffix("").parts]).removesuffix(".__init__")


def exchanged(functions: list[FunctionType], code: CodeType) -> bool:
    """Give the functions their code in another compilation of the module, if they are to find its names where they are."""
    new = [find_code(code, function.__code__) for function in functions]
    if any(one.__code__.co_freevars != other.co_freevars for one, other in zip(functions, new, strict=True)):
        return False
    for function, other in zip(functions, new, strict=True):
        function.__code__ = other
    return True


def forget() -> None:
    """Let the package and its tests be imported anew."""
    for name in [name for name in sys.modules if name.startswith(("chatproof", "tests"))]:
        del sys.modules[name]


def find_functions(mutant: Mutant) -> list[FunctionType]:
    """The imported functions that the mutant changes; none when it changes a module's code, or that of a function which
    is made on each call. A function within another is there once for each call of that one."""
    found: Any = sys.modules[module_name(mutant.file)]
    for name in mutant.scope.split("."):
        if not isinstance(found, ModuleType | type):
            return inner_functions().get((module_name(mutant.file), mutant.scope), [])
        found = inspect.getattr_static(found, name, None)
        found = getattr(found, "fget", getattr(found, "func", found))  # property, cached_property
    plain = isinstance(found, FunctionType) and not found.__code__.co_freevars  # super() is a closure, too
    return [found] if plain else []


@cache
def inner_functions() -> dict[tuple[str, str], list[FunctionType]]:
    """The functions that were made within others, by module and scope."""
    made: dict[tuple[str, str], list[FunctionType]] = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, FunctionType) and ".<locals>." in one.__qualname__:
            made[one.__module__, one.__qualname__.replace(".<locals>", "")].append(one)
    return made


def find_code(code: CodeType, like: CodeType) -> CodeType:
    """The code of the same function in another compilation of the module."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            if (inner.co_qualname, inner.co_firstlineno) == (like.co_qualname, like.co_firstlineno):
                return inner
            if like.co_qualname.startswith(f"{inner.co_qualname}."):
                return find_code(inner, like)
    raise LookupError(like.co_qualname)
