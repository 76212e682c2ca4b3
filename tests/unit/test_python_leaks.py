"""What Python itself tells of the package holds nothing of the environment and no key: help, signatures, repr, vars."""

from __future__ import annotations

import copy
import importlib
import inspect
import os
import pickle
import pkgutil
import pydoc
import subprocess
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

import chatproof
from chatproof import Request, Secret, Target
from chatproof.target.target import Wanted
from chatproof.usage_error import UsageError
from chatproof.wire.exchange import Header
from tests.support import KEY, request

CANARY = "made-up-canary-4711"


def modules() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(chatproof.__path__, "chatproof."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def public() -> Iterator[tuple[str, Any]]:
    """Every name of every module that is not private, and what classes hold."""
    seen: set[int] = set()
    for name in chatproof.__all__:
        yield name, getattr(chatproof, name)
    for module in modules():
        for name, value in vars(module).items():
            if name.startswith("__") or id(value) in seen or isinstance(value, ModuleType):
                continue
            seen.add(id(value))
            yield f"{module.__name__}.{name}", value
            if inspect.isclass(value) and value.__module__.startswith("chatproof"):
                yield from ((f"{module.__name__}.{name}.{part}", held) for part, held in vars(value).items())


def functions() -> list[tuple[str, Any]]:
    unbound = ((name, getattr(value, "__func__", value)) for name, value in public())
    return [(name, value) for name, value in unbound if inspect.isfunction(value) or inspect.isclass(value)]


def test_no_default_holds_the_environment() -> None:
    """By identity and by content: os.environ, a copy of it, or a value in it, in any function of any module."""
    found = []
    for name, function in functions():
        if not inspect.isfunction(function):
            continue
        for default in [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]:
            if default is os.environ or (isinstance(default, Mapping) and set(default) & set(os.environ)):
                found.append(name)
    assert found == [] and len(functions()) > 800


SCRIPT = f"""
import importlib, inspect, pkgutil, pydoc, chatproof
values = [getattr(chatproof, name) for name in chatproof.__all__]
modules = [importlib.import_module(m.name) for m in pkgutil.walk_packages(chatproof.__path__, 'chatproof.')
           if not m.name.endswith('__main__')]
values += [value for module in modules for name, value in vars(module).items() if not name.startswith('__')]
values = [*{{id(value): value for value in values}}.values()]  # most are imported by several modules
texts = [pydoc.plain(pydoc.render_doc(value)) for value in [chatproof, *modules]]
for value in values:
    texts.append(repr(value))
    try:
        texts.append(str(inspect.signature(value)))
    except (TypeError, ValueError):
        pass
    if inspect.ismodule(value) and not value.__name__.startswith('chatproof'):
        continue
    if type(value).__module__ == 'builtins' and not callable(value) and not inspect.ismodule(value):
        continue  # help of a text or a number is that of its class
    try:
        texts.append(repr(vars(value)))
        texts.append(pydoc.plain(pydoc.render_doc(value)))
    except (TypeError, ImportError):
        pass
text = chr(10).join(texts)
assert len(text) > 1_000_000 and 'smoke' in text, len(text)
print('LEAKED' if '{CANARY}' in text else 'CLEAN')
"""


def test_help_signature_repr_and_vars_show_nothing_of_it() -> None:
    """In a process of its own: defaults are made when a module is imported."""
    env = {**os.environ, "COMETAPI_KEY": CANARY, "DATABASE_PASSWORD": CANARY, "HOME": f"/{CANARY}"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=env, timeout=120)
    assert done.stdout == "CLEAN\n", done.stdout + done.stderr[-2000:]


WRONG = [KEY, KEY.encode(), bytearray(KEY, "ascii"), [KEY], lambda: KEY, type("Text", (str,), {})(KEY)]


@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("way", ["named", "positional", "_replace", "_make"])
def test_a_target_takes_no_key_that_is_a_plain_text(way: str, value: Any) -> None:
    fields = ("https://h.test/v1", "m")
    made = Target(*fields)
    ways = {
        "named": lambda: Target(*fields, key=value),
        "positional": lambda: Target(*fields, value),
        "_replace": lambda: made._replace(key=value),
        "_make": lambda: Target._make([*fields, value, *made[3:]]),
    }
    with pytest.raises(TypeError, match=r"key must be a Secret.*key=Secret\(…\)") as caught:
        ways[way]()
    assert KEY not in str(caught.value)
    trace = caught.value.__traceback__
    while trace is not None:  # a traceback with locals prints them; this test's own frames hold it, of course
        if "exchange" in trace.tb_frame.f_code.co_filename:
            assert KEY not in repr(trace.tb_frame.f_locals)
        trace = trace.tb_next


MISSPELT: dict[str, Any] = {
    "a name": lambda: Target("https://h.test/v1", api_key=KEY),  # type: ignore[call-arg]
    "a name, beside the right one": lambda: Target("https://h.test/v1", key=Secret(KEY), api_key=KEY),  # type: ignore[call-arg]
    "too many": lambda: Target("https://h.test/v1", *[KEY] * 40),  # type: ignore[arg-type]
    "_replace": lambda: Target("https://h.test/v1")._replace(api_key=KEY),  # type: ignore[call-arg]
    "_make": lambda: Target._make(["https://h.test/v1", KEY]),
    "a header": lambda: Target("https://h.test/v1", headers={"X-Tenant": KEY}),  # type: ignore[arg-type]
    "a pair for a header": lambda: Target("https://h.test/v1", headers=(("X-Tenant", KEY),)),  # type: ignore[arg-type]
    "a header's value": lambda: Header("X-Tenant", KEY),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("way", MISSPELT)
def test_a_wrong_call_prints_no_argument(way: str) -> None:
    """api_key=os.environ[...] is what other libraries call it; crash reporters print the locals of each frame."""
    with pytest.raises((TypeError, ValueError)) as caught:
        MISSPELT[way]()
    assert KEY not in str(caught.value) and caught.value.__context__ is None
    trace = caught.value.__traceback__
    assert trace is not None
    while trace is not None:
        if "chatproof" in trace.tb_frame.f_code.co_filename and "tests" not in trace.tb_frame.f_code.co_filename:
            assert KEY not in repr(trace.tb_frame.f_locals), trace.tb_frame.f_code.co_name
        trace = trace.tb_next


def test_a_request_neither() -> None:
    whole = request("happy")
    with pytest.raises(TypeError, match="credential must be a Secret"):
        whole._replace(credential=KEY)  # type: ignore[arg-type]
    assert KEY not in repr(whole)


def test_what_is_right_stays_as_it_was() -> None:
    target = Target("https://h.test/v1", model="m", key=Secret(KEY))
    assert target._replace(model="n").key == Secret(KEY) and Target._make(target) == target
    assert copy.copy(target) == target and pickle.loads(pickle.dumps(target._replace(key=None))).model == "m"
    assert list(inspect.signature(Target).parameters)[:3] == ["base_url", "model", "key"]
    assert next(iter(inspect.signature(Request).parameters)) == "method"
    for text in (repr(target), str(target), f"{target}", pydoc.render_doc(target), repr(vars(type(target)))):
        assert KEY not in text
    with pytest.raises(TypeError):
        Target()  # type: ignore[call-arg]


def test_functions_take_the_environment_when_they_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("smoke", "validate"):
        parameter = inspect.signature(getattr(chatproof, name)).parameters["environ"]
        assert parameter.default is None
    with pytest.raises(UsageError):
        chatproof.smoke(Target("https://h.test/v1"))


def test_a_key_in_a_url_is_not_printed() -> None:
    """It is refused when the target is used; until then, a traceback may print it."""
    url = f"https://user:{CANARY}@h.test/v1"
    assert CANARY not in repr(Target(url, proxy=url)) + repr(Wanted(target=url, proxy=url))
