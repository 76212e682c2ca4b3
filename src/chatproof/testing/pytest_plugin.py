"""The pytest plugin: the contract as test items, and a simulator for tests of your own client.

    pytest --chatproof cometapi --chatproof-model ID        # beside your tests; `pytest --chatproof … chatproof` alone

This module is loaded by every pytest that finds chatproof installed. It imports nothing of chatproof until it is used.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from chatproof.record.document import Run
    from chatproof.simulator.harness import ChatSimulator
    from chatproof.target.target import Target
    from chatproof.testing.contract_plugin import ContractPlugin

NAME = "chatproof"
"""The contract's node id: `pytest chatproof`, `pytest chatproof::happy.status_200`."""

_CONTRACT = "chatproof-contract"
MISSING = ("skip", "fail")
_INI = {
    "chatproof_target": ("string", "target whose contract is part of the suite: a name, a profile, a base URL"),
    "chatproof_model": ("string", "model id"),
    "chatproof_kind": ("string", "smoke (default) or validate"),
    "chatproof_missing_key": (
        "string",
        "what to do without a key: skip (default), or fail (default of `pytest chatproof`)",
    ),
    "chatproof_args": ("args", "further options of `chatproof smoke` or `chatproof validate`"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options and the ini settings."""
    group = parser.getgroup(NAME, "the contract of a chat completions endpoint")
    add = group.addoption
    add(
        "--chatproof",
        metavar="TARGET",
        help="check this target's contract, each clause as one test; `none` turns this off",
    )
    add("--chatproof-model", metavar="ID", help="model id, or auto")
    add("--chatproof-kind", choices=("smoke", "validate"), help="which contract (default smoke)")
    add(
        "--chatproof-args",
        metavar="OPTIONS",
        help="further options of `chatproof smoke` or `validate`, such as '--stream --strict'",
    )
    add("--chatproof-missing-key", choices=MISSING, help=_INI["chatproof_missing_key"][1])
    for name, (type, about) in _INI.items():
        parser.addini(name, f"chatproof: {about}", type=type, default=[] if type == "args" else "")  # type: ignore[arg-type]


def pytest_configure(config: pytest.Config) -> None:
    """Add the contract's tests if a target is named."""
    config.addinivalue_line(
        "markers", f"{NAME}(clause, level, layer, source): a clause of a contract, made by chatproof"
    )
    target = config.getoption("--chatproof") or config.getini("chatproof_target")
    if not target or target == "none":
        return
    selected, asked = _take_node_ids(config)
    if not asked and not config.getoption("--chatproof") and _names_tests(config):
        selected = ()  # `pytest tests/one.py` does not ask for the contract that the ini file adds to the whole suite
    from chatproof.testing.contract_plugin import ContractPlugin

    typed, untyped = _arguments(config, target)
    fails = _missing_key(config, asked) == "fail"
    config.pluginmanager.register(ContractPlugin(config, typed, untyped, _kind(config), selected, fails), _CONTRACT)


def _take_node_ids(config: pytest.Config) -> tuple[tuple[str, ...] | None, bool]:
    """Take `chatproof` and `chatproof::CLAUSE` out of the paths to collect. (clauses or None for all, any was named)"""
    mine = [a for a in config.args if a.startswith(f"{NAME}::") or (a == NAME and not os.path.exists(a))]
    if not mine:
        return None, False
    config.args = [argument for argument in config.args if argument not in mine]
    return (None if NAME in mine else tuple(argument.partition("::")[2] for argument in mine)), True


def _names_tests(config: pytest.Config) -> bool:
    return getattr(config.args_source, "name", "") == "ARGS"


def _kind(config: pytest.Config) -> str:
    kind = config.getoption("--chatproof-kind") or config.getini("chatproof_kind") or "smoke"
    if kind not in ("smoke", "validate"):
        raise pytest.UsageError("chatproof_kind must be smoke or validate")
    return str(kind)


def _missing_key(config: pytest.Config, asked: bool) -> str:
    """What to do without a key. Who names the contract itself (`pytest chatproof`) wants it judged, not skipped."""
    wanted = config.getoption("--chatproof-missing-key") or config.getini("chatproof_missing_key") or MISSING[asked]
    if wanted not in MISSING:
        raise pytest.UsageError("chatproof_missing_key must be skip or fail")
    return str(wanted)


def _arguments(config: pytest.Config, target: str) -> tuple[list[str], list[str]]:
    """What would stand after `chatproof smoke`: all of it, and what of it nobody typed.

    An ini file lies in the working folder, its `addopts` included; PYTEST_ADDOPTS is a variable. None of them may
    decide where a key goes. The plugin has no options of its own for what the command can do.
    """
    import shlex

    model = config.getoption("--chatproof-model") or config.getini("chatproof_model")
    named = [target, *(("--model", model) if model else ())]
    from_ini = list(config.getini("chatproof_args"))
    try:
        more = shlex.split(config.getoption("--chatproof-args") or "")
    except ValueError as error:
        raise pytest.UsageError(f"--chatproof-args: {error}") from None
    typed = _typed(config)
    untyped = [] if "--chatproof" in typed else [target]
    untyped += from_ini if "--chatproof-args" in typed else [*from_ini, *more]
    return [*named, *from_ini, *more], untyped


def _typed(config: pytest.Config) -> list[str]:
    """Which of the two options that can name a place stand on pytest's own command line; a worker was told."""
    if hasattr(config, "workerinput"):
        return list(config.workerinput.get("chatproof_typed", ()))
    given = [str(argument) for argument in config.invocation_params.args]
    return [
        option
        for option in ("--chatproof", "--chatproof-args")
        if any(argument == option or argument.startswith(f"{option}=") for argument in given)
    ]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Prepare a worker of pytest-xdist: the workers share one run through a folder that the controller makes."""
    contract = node.config.pluginmanager.get_plugin(_CONTRACT)
    if contract is not None:
        node.workerinput["chatproof_folder"] = contract.share()
        node.workerinput["chatproof_typed"] = _typed(node.config)


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain `a == b` of the package's values by what they print. pytest reads the fields of named tuples, which hold
    what a server sent: it may be the key."""
    kind = type(left)
    fields = getattr(kind, "_fields", ())
    if op != "==" or kind is not type(right) or not fields or kind.__module__.partition(".")[0] != NAME:
        return None
    unlike = [name for name in fields if getattr(left, name) != getattr(right, name)]
    if kind.__repr__.__name__ == "_repr":  # shows all of its fields; what must not be shown is within them
        return [
            f"{kind.__name__}s",
            *(f"{name}: {getattr(left, name)!r} != {getattr(right, name)!r}" for name in unlike),
        ]
    return [f"{left!r} == {right!r}", f"they differ in: {', '.join(unlike)}"]


# -- fixtures -------------------------------------------------------------------------------------------------------


def _contract(request: pytest.FixtureRequest) -> ContractPlugin:
    plugin: ContractPlugin | None = request.config.pluginmanager.get_plugin(_CONTRACT)
    if plugin is None:
        pytest.skip("no target: use --chatproof TARGET, or set chatproof_target")
    return plugin


@pytest.fixture(scope="session")
def chatproof_target(request: pytest.FixtureRequest) -> Target:
    """Return the target of this session: base_url, model, name, profile, key (`key.reveal()` gives its text)."""
    return _contract(request).target()


@pytest.fixture(scope="session")
def chatproof_run(request: pytest.FixtureRequest) -> Run:
    """Return the one run of this session: verdict, findings, diagnoses, record, document. Requests are sent once."""
    return _contract(request).finished()


@pytest.fixture
def chat_simulator() -> Iterator[ChatSimulator]:
    """Provide a chat completions server on loopback for your own client: base_url, api_key, model, requests.

    `with chat_simulator.fault("html-502"):` breaks it on purpose; `chatproof simulate --list-faults` lists the faults.
    """
    from chatproof.simulator.harness import ChatSimulator

    with ChatSimulator() as simulator:
        yield simulator
