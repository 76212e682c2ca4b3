"""What `--report prometheus=FILE` writes, as promtool lints it: types, helps, names, units."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chatproof import reporters
from tests.alerting.programs import promtool
from tests.reporters.runs import REPLIES, document

pytestmark = pytest.mark.real


@pytest.mark.parametrize("run", REPLIES)
def test_promtool_finds_nothing(run: str) -> None:
    done = promtool("check", "metrics", input=reporters.render("prometheus", document(run)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_promtool_would_find_something() -> None:
    text = reporters.render("prometheus", document("go")).replace(
        "# TYPE probe_success gauge", "# TYPE probe_success counter"
    )
    done = promtool("check", "metrics", input=text)
    assert done.returncode == 3 and "_total" in done.stdout + done.stderr


def test_a_file_for_the_textfile_collector(tmp_path: Path) -> None:
    path = tmp_path / "shop.prom"
    command = [sys.executable, "-m", "chatproof", "smoke", "simulator", "--fault", "html-502", "--journal", "none"]
    done = subprocess.run([*command, "--report", f"prometheus={path}"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    text = path.read_text()
    assert 'chatproof_diagnosis_info{target="simulator",code="gateway.error",owner="gateway"} 1' in text
    assert promtool("check", "metrics", input=text).returncode == 0
    assert path.stat().st_mode & 0o777 == 0o644, "node_exporter is another user"
