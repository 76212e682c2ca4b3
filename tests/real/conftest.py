"""Fixtures: install what the chosen tests need, start each server when first asked for, end them all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NoReturn

import pytest

from . import install, servers
from .rows import Row
from .validations import Whole


def unavailable(name: str, reason: str) -> NoReturn:
    """A server cannot be had here: say so, and fail where it is required, as in CI."""
    message = f"{name} cannot be had on this machine: {reason}"
    if os.environ.get("CHATPROOF_REAL_REQUIRED") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest) -> dict[str, str | None]:
    """Package -> None, or the reason why it is not there; for what the selected tests use, two at a time."""
    params = (getattr(item, "callspec", None) for item in request.session.items)
    rows = (call.params.get("row") for call in params if call)
    names = {name for row in rows if isinstance(row, Row | Whole) for name in servers.packages(row.server)}
    return install.install_many(sorted(names))


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Farm]:
    """The servers of this session."""
    with servers.Farm(tmp_path_factory.mktemp("real")) as started:
        yield started


@pytest.fixture
def serve(
    serve_any: Callable[[str, dict[str, str | None]], servers.Server], installed: dict[str, str | None]
) -> Callable[[str], servers.Server]:
    """Give the running server of that name."""
    return lambda name: serve_any(name, installed)


@pytest.fixture
def serve_any(farm: servers.Farm) -> Callable[[str, dict[str, str | None]], servers.Server]:
    """Give the running server of that name; skip, or fail if required, where this machine cannot run it."""

    def get(name: str, installed: dict[str, str | None]) -> servers.Server:
        for package in servers.packages(name):
            reason = installed[package]
            if reason is not None:
                unavailable(package, reason)
        try:
            return farm.get(name)
        except install.InstallError as error:
            unavailable(name, str(error))

    return get
