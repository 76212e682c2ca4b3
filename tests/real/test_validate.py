"""`chatproof validate` on every row of the table: the exact set of what is broken and what was not observed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from . import servers
from .looked_at import LOOKED_AT
from .rows import VERDICTS, parameters
from .test_smoke import KEY_VARIABLE, KEYS, assert_key_is_nowhere, report
from .validations import VALIDATIONS, Whole

# Installing and starting happen in fixtures, which have bounds of their own.
pytestmark = [pytest.mark.real, pytest.mark.timeout(120, func_only=True)]


def ids(groups: Iterable[str]) -> set[str]:
    return {clause for group in groups for clause in group.split()}


def validate(server: servers.Server, row: Whole, home: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty home, with nothing of ours in its environment but the key."""
    argv = [sys.executable, "-m", "chatproof", "validate", server.origin + row.path, "--model", row.model]
    argv += ["--format", "json", "--timeout", "20s", *row.args]
    env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    env |= {"HOME": str(home), "LANG": "C.UTF-8"}
    if row.key:
        argv += ["--key-env", KEY_VARIABLE]
        env[KEY_VARIABLE] = KEYS[row.key]
    return subprocess.run(argv, cwd=home, env=env, capture_output=True, text=True, timeout=110, check=False)


@pytest.mark.parametrize("row", parameters(VALIDATIONS))
def test_validate(row: Whole, serve: Callable[[str], servers.Server], tmp_path: Path) -> None:
    server = serve(row.server)
    done = validate(server, row, tmp_path)
    assert_key_is_nowhere(row, done, tmp_path)
    assert done.stdout, f"nothing on stdout, exit {done.returncode}: {done.stderr[-1500:]}"
    run = json.loads(done.stdout)
    told = report(done, run)
    assert (done.returncode, run["verdict"]) == (row.exit, VERDICTS[row.exit]), told
    found = {
        outcome: {finding["clause"] for finding in run["findings"] if finding["outcome"] == outcome}
        for outcome in ("broken", "undecided")
    }
    if row.may_be_unseen:
        expected = ids(row.true)
        assert {id for id in found["broken"] if not id.startswith(row.may_be_unseen)} <= expected, told
        assert {id for id in expected if not id.startswith(row.may_be_unseen)} <= found["broken"], told
        seen = {id for id in found["undecided"] if not id.startswith(row.may_be_unseen)}
        assert seen == ids(row.unseen), told
        return
    assert found["broken"] == ids(row.true), told
    assert found["undecided"] == ids(row.unseen), told


def test_no_row_names_a_clause_that_does_not_exist() -> None:
    from chatproof.contract.clause import VALIDATE
    from chatproof.surfaces.chat import clauses

    known = set(clauses.load(VALIDATE))
    groups = [group for row in VALIDATIONS for group in (row.true, row.unseen)] + [row.true for row in LOOKED_AT]
    assert [id for group in groups for id in ids(group) if id not in known] == []
