"""chatproof compare as a process: decisions, formats, keys, plans, recorded runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chatproof import simulator

GOOD_KEY = "ck-live-0123456789abcdefghij"


def compare(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
    command = [sys.executable, "-m", "chatproof", "compare", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**kept, **environ})


def test_go_and_its_exit_status() -> None:
    done = compare("simulator", "simulator", "--smoke")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("GO  from A simulator ")


@pytest.mark.parametrize(
    ("fault", "more", "status", "head"),
    [
        ("harmless-error-string", (), 0, "GO WITH CHANGES"),
        ("harmless-error-string", ("--fail-on", "warning"), 1, "GO WITH CHANGES"),
        ("html-502", (), 1, "NO-GO"),
        ("html-502", ("--exit-zero",), 0, "NO-GO"),
    ],
)
def test_exit_statuses(fault: str, more: tuple[str, ...], status: int, head: str) -> None:
    done = compare("simulator", "simulator", "--smoke", "--fault", "", "--fault", fault, *more)
    assert (done.returncode, done.stdout.split("  ")[0]) == (status, head), done.stderr


def test_formats_and_reports(tmp_path: Path) -> None:
    paths = [tmp_path / "c.json", tmp_path / "c.md"]
    reports = [f"--report=json={paths[0]}", f"--report=markdown={paths[1]}"]
    done = compare("simulator", "simulator", "--smoke", "--fault", "", "--fault", "null-choices", *reports)
    assert done.returncode == 1
    made = json.loads(paths[0].read_text())
    assert made["schema"] == "chatproof.comparison/1"
    assert [row["at"] for row in made["differences"]] == ["$.choices"]
    assert any("LangChain" in client["client"] for client in made["differences"][0]["clients"])
    text = paths[1].read_text()
    assert text.startswith("# NO-GO: moving from ")
    assert "## A to B: NO-GO" in text and "### Rollback" in text
    assert oct(paths[0].stat().st_mode & 0o777) == "0o600"


def test_recorded_runs_are_compared_without_a_network(tmp_path: Path) -> None:
    paths = []
    for name, fault in (("a", ""), ("b", "status-201")):
        paths.append(str(tmp_path / f"{name}.json"))
        command = [sys.executable, "-m", "chatproof", "smoke", "simulator", "--report", f"json={paths[-1]}"]
        subprocess.run([*command, *(("--fault", fault) if fault else ())], capture_output=True, check=False)
    done = compare(*paths)
    assert done.returncode == 1, done.stderr
    assert "HTTP 201" in done.stdout
    done = compare(paths[0], paths[0])
    assert done.returncode == 2 and "compared with itself" in done.stderr


def test_a_file_that_is_no_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"schema": "other"}')
    done = compare(str(path), "simulator")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_one_key_is_not_sent_to_two_origins() -> None:
    targets = ("https://one.invalid/v1", "https://two.invalid/v1")
    done = compare(*targets, "--model", "m", CHATPROOF_API_KEY=GOOD_KEY)
    assert done.returncode == 2
    assert "https://one.invalid" in done.stderr and "--key-env twice" in done.stderr
    assert GOOD_KEY not in done.stderr + done.stdout


def test_options_once_for_all_or_once_for_each() -> None:
    one, two = simulator.start(), simulator.start()
    try:
        keys = {"KEY_ONE": one.key, "KEY_TWO": two.key}
        bases = (one.base_url, two.base_url)
        right = ("--key-env", "KEY_ONE", "--key-env", "KEY_TWO", "--model", one.model)
        done = compare(*bases, *right, "--smoke", "--format", "json", **keys)
        assert done.returncode == 0, done.stderr
        made = json.loads(done.stdout)
        assert [target["key"]["source"] for target in made["targets"]] == ["env:KEY_ONE", "env:KEY_TWO"]
        assert one.key not in done.stdout and two.key not in done.stdout
        assert compare(*bases, "--model", "a", "--model", "b", "--model", "c", **keys).returncode == 2
    finally:
        one.stop()
        two.stop()


def test_plan_sends_nothing() -> None:
    keys = {"CHATPROOF_API_KEY": GOOD_KEY}
    done = compare("https://one.invalid/v1", "simulator", "--model", "m", "--plan", "--smoke", **keys)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("curl -q") == 10
    assert "$CHATPROOF_API_KEY" in done.stdout and GOOD_KEY not in done.stdout


def test_too_few_targets() -> None:
    assert compare("simulator").returncode == 2


def test_an_unknown_capability_is_refused() -> None:
    done = compare("simulator", "simulator", "--smoke", "--require", "tools,telepathy")
    assert done.returncode == 2
    assert "telepathy" in done.stderr and "json_schema" in done.stderr


def test_the_plan_counts_what_may_be_asked_again() -> None:
    keys = {"CHATPROOF_API_KEY": GOOD_KEY}
    command = ("https://one.invalid/v1", "simulator", "--model", "m", "--plan", "--smoke")
    assert "both sides are asked again: at most 40 more requests in all" in compare(*command, **keys).stdout
    assert "at most 7 more requests in all" in compare(*command, "--ask-again", "7", **keys).stdout
    assert "asked again" not in compare(*command, "--ask-again", "0", **keys).stdout


def test_the_limits_of_each_target_hold_for_asking_again() -> None:
    """Five requests are planned for each: with one more allowed, one pair is asked, which settles nothing."""
    faulty = ("simulator", "simulator", "--smoke", "--fault", "", "--fault", "null-choices", "--format", "json")
    made = json.loads(compare(*faulty, "--max-requests", "6").stdout)
    assert made["decision"] == "UNDECIDED" and made["asked_again"]["requests"] == 2
    assert made["candidates"][0]["unsettled"][0]["good_b"] == "0 of 2"
    assert json.loads(compare(*faulty, "--max-requests", "20").stdout)["decision"] == "NO-GO"
    unasked = json.loads(compare(*faulty, "--ask-again", "0").stdout)
    assert (unasked["decision"], unasked["asked_again"]) == ("NO-GO", None)
    assert any("no request was repeated" in note for note in unasked["notes"])


def test_a_token_budget_ends_the_asking() -> None:
    faulty = ("simulator", "simulator", "--smoke", "--fault", "", "--fault", "null-choices", "--format", "json")
    made = json.loads(compare(*faulty, "--budget-tokens", "25").stdout)
    assert made["asked_again"]["requests"] < 8 and made["decision"] == "UNDECIDED"


def test_configured_prices_give_the_cost(tmp_path: Path) -> None:
    config = tmp_path / "chatproof.toml"
    started = simulator.start()
    try:
        told = f'base_url = "{started.base_url}"\nkey_env = "SIM_KEY"\nmodel = "{started.model}"'
        text = "".join(
            f"[targets.{name}]\n{told}\nprices = {{ prompt = 2.0, completion = 8 }}\n" for name in ("a", "b")
        )
        config.write_text(text)
        keys = {"SIM_KEY": started.key}
        done = compare("a", "b", "--smoke", "--config", str(config), "--format", "json", "--journal", "none", **keys)
        made = json.loads(done.stdout)
        cost = made["candidates"][0]["cost"]
        assert cost["requests"] == 1000 and cost["a"] == cost["b"] > 0
        assert any("the same URL, key and model" in note for note in made["notes"])
        config.write_text(text.replace(", completion = 8", ""))
        refused = compare("a", "b", "--smoke", "--config", str(config), **keys)
        assert refused.returncode == 2 and "prompt and completion are both needed" in refused.stderr
    finally:
        started.stop()
