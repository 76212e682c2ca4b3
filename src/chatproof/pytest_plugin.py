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
    from chatproof.pytest_items import ContractPlugin
    from chatproof.record import Run
    from chatproof.simulator.harness import ChatSimulator
    from chatproof.target import Target

NAME = "chatproof"
"""The contract's node id: `pytest chatproof`, `pytest chatproof::happy.status_200`."""

_CONTRACT = "chatproof-contract"
_INI = {
    "chatproof_target": ("string", "target whose contract is part of the suite: a name, a profile, a base URL"),
    "chatproof_model": ("string", "model id"),
    "chatproof_kind": ("string", "smoke (default) or validate"),
    "chatproof_args": ("args", "further options of `chatproof smoke` or `chatproof validate`"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup(NAME, "the contract of a chat completions endpoint")
    add = group.addoption
    add("--chatproof", metavar="TARGET", help="judge this target's contract: each clause is a test; none: leave it out")
    add("--chatproof-model", metavar="ID", help="model id, or auto")
    add("--chatproof-kind", choices=("smoke", "validate"), help="which contract (default smoke)")
    add(
        "--chatproof-args",
        metavar="OPTIONS",
        help="further options of `chatproof smoke` or `validate`, such as '--stream --strict'",
    )
    for name, (type, about) in _INI.items():
        parser.addini(name, f"chatproof: {about}", type=type, default=[] if type == "args" else "")  # type: ignore[arg-type]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"{NAME}(clause, level, layer, source): a clause of a contract, made by chatproof"
    )
    target = config.getoption("--chatproof") or config.getini("chatproof_target")
    if not target or target == "none":
        return
    selected, asked = _take_node_ids(config)
    if not asked and not config.getoption("--chatproof") and _names_tests(config):
        selected = ()  # `pytest tests/one.py` does not ask for the contract that the ini file adds to the whole suite
    from chatproof.pytest_items import ContractPlugin

    config.pluginmanager.register(
        ContractPlugin(config, _arguments(config, target), _kind(config), selected), _CONTRACT
    )


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


def _arguments(config: pytest.Config, target: str) -> list[str]:
    """What would stand after `chatproof smoke`: the plugin has no options of its own for what the command can do."""
    import shlex

    model = config.getoption("--chatproof-model") or config.getini("chatproof_model")
    arguments = [target, *(("--model", model) if model else ()), *config.getini("chatproof_args")]
    try:
        return arguments + shlex.split(config.getoption("--chatproof-args") or "")
    except ValueError as error:
        raise pytest.UsageError(f"--chatproof-args: {error}") from None


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """pytest-xdist: the workers share one run through a folder that the controller makes."""
    contract = node.config.pluginmanager.get_plugin(_CONTRACT)
    if contract is not None:
        node.workerinput["chatproof_folder"] = contract.share()


# -- fixtures -------------------------------------------------------------------------------------------------------


def _contract(request: pytest.FixtureRequest) -> ContractPlugin:
    plugin: ContractPlugin | None = request.config.pluginmanager.get_plugin(_CONTRACT)
    if plugin is None:
        pytest.skip("no target: say --chatproof TARGET, or set chatproof_target")
    return plugin


@pytest.fixture(scope="session")
def chatproof_target(request: pytest.FixtureRequest) -> Target:
    """The target that pytest was given: base_url, model, name, profile, key (`key.reveal()` gives its text)."""
    return _contract(request).target()


@pytest.fixture(scope="session")
def chatproof_run(request: pytest.FixtureRequest) -> Run:
    """The one run of this session: verdict, findings, diagnoses, record, document. Requests are sent once."""
    return _contract(request).finished()


@pytest.fixture
def chat_simulator() -> Iterator[ChatSimulator]:
    """A chat completions server on loopback to point your own client at: base_url, api_key, model, requests.

    `with chat_simulator.fault("html-502"):` breaks it on purpose; `chatproof simulate --list-faults` lists the faults.
    """
    from chatproof.simulator.harness import ChatSimulator

    with ChatSimulator() as simulator:
        yield simulator
