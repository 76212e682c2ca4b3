"""The README does not lie: its outputs are what its commands print, its first two blocks are complete, its links exist."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.golden_files import RENEW, REWRITE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SHELL = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
SHOWN = re.findall(r"```text\n(.*?)```", README, re.DOTALL)


def normal(text: str) -> str:
    """Without what differs from run to run: port, ids, fingerprint, times."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"req_[0-9a-f]+", "req_ID", text)
    text = re.sub(r"fingerprint [0-9a-f]{8}", "fingerprint F", text)
    text = re.sub(r"smoke-[0-9a-f-]+, [\dTZ:.-]+", "RUN, TIME", text)
    return " ".join(text.split())


def test_the_first_two_blocks_set_up_run_and_test() -> None:
    assert SHELL[0].splitlines()[-1] == ".venv/bin/chatproof smoke simulator"
    assert "venv" in SHELL[0] and "pip install" in SHELL[0]
    assert SHELL[1].strip() == "make test"
    assert "make test" in (ROOT / ".ci" / "run").read_text()


def test_outputs_are_real(tmp_path: Path) -> None:
    commands = [line for block in SHELL for line in block.splitlines() if line.startswith(".venv/bin/chatproof")]
    assert len(commands) == len(SHOWN) == 4
    for command, shown in zip(commands, SHOWN, strict=True):
        args = command.split()[1:]
        done = subprocess.run(
            [sys.executable, "-m", "chatproof", *args],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "100"},
        )
        if REWRITE and normal(done.stdout) != normal(shown):
            whole = (ROOT / "README.md").read_text()
            (ROOT / "README.md").write_text(whole.replace(shown, done.stdout))
        else:
            assert normal(done.stdout) == normal(shown), RENEW
    page = (tmp_path / "report.html").read_text()
    assert "account.quota" in page and "NO-GO" in page


def test_what_a_block_needs_is_installed_in_it() -> None:
    block = next(block for block in SHELL if "html=" in block)
    assert block.splitlines()[0] == ".venv/bin/python -m pip install -q -e '.[reports]'"


def test_the_example_of_a_configuration_is_one(tmp_path: Path) -> None:
    from chatproof.target import config_reading

    path = tmp_path / "chatproof.toml"
    path.write_text(next(re.finditer(r"```toml\n(.*?)```", README, re.DOTALL)).group(1))
    assert config_reading.load(str(path))["targets"]["shop"]["waivers"][0]["clause"] == "usage.sum"


def test_links_exist() -> None:
    for path in ("README.md", "CONTRIBUTING.md", *(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / path).read_text()):
            assert ((ROOT / path).parent / link).exists(), (path, link)


def test_no_machine_paths_in_the_tree() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split("\n")
    for name in filter(None, listed):
        data = (ROOT / name).read_bytes() if (ROOT / name).is_file() else b""
        assert b"/work/" + b"main" not in data and b"/root" + b"/" not in data, name
