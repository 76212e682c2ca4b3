"""An error of our own that meets another one: neither is shown with its text, and none of them passes."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import KEY

SCRIPT = """
import sys
from chatproof.cli import main as cli
def raises(error):
    def raising(*args):
        raise error
    return raising
cli.{name} = raises({error})
{more}
cli.script()
"""


def ended(name: str, error: str, more: str = "", *args: str) -> subprocess.CompletedProcess[str]:
    code = SCRIPT.format(name=name, error=error, more=more)
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("second", ["MemoryError()", f"RecursionError('{KEY}')", "SystemExit(0)", "GeneratorExit()"])
def test_an_error_while_an_error_is_told_shows_neither(second: str) -> None:
    done = ended("_dispatch", f"KeyError('{KEY}')", f"cli.warn = raises({second})")
    assert done.returncode == 4 and KEY not in done.stderr and "Traceback" not in done.stderr
    assert "internal error" in done.stderr


@pytest.mark.parametrize("status", ["0", "", "None", "False", "1", f"'{KEY}'"])
def test_a_library_that_ends_the_process_is_an_error(status: str) -> None:
    done = ended("_dispatch", f"SystemExit({status})")
    assert done.returncode == 4 and KEY not in done.stderr and "SystemExit" in done.stderr


def test_a_keyring_that_ends_the_process_when_it_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "keyring.py").write_text("raise SystemExit(0)")
    config = tmp_path / "chatproof.toml"
    config.write_text('[targets.t]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\nkey_keyring = "a/b"\n')
    args = ["-m", "chatproof", "smoke", "t", "--config", str(config), "--journal", "none"]
    environment = {"PYTHONPATH": f"{tmp_path}:{':'.join(filter(None, sys.path))}", "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, *args], env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode in (2, 4) and "Traceback" not in done.stderr


def test_help_ends_as_it_did() -> None:
    for args in (["--help"], ["smoke", "--help"], ["journal", "-h"], ["--version"]):
        done = subprocess.run([sys.executable, "-m", "chatproof", *args], capture_output=True, text=True, timeout=30)
        assert done.returncode == 0 and done.stdout and not done.stderr
