"""`chatproof watch`: a line a change, plots on a terminal only, the last run's exit status, never beyond its budget."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from chatproof import journal
from chatproof.cli.shared import sparkline
from chatproof.simulator.harness import ChatSimulator
from tests.unit.test_journal_cli import run as cli

ROOT = Path(__file__).parents[2]


def command(*args: str) -> list[str]:
    return [sys.executable, "-m", "chatproof", "watch", *args]


def started(simulator: ChatSimulator, *args: str, **more: Any) -> subprocess.Popen[str]:
    argv = command(simulator.base_url, "--model", simulator.model, "--every", "1s", *args)
    env = {**os.environ, "CHATPROOF_API_KEY": simulator.api_key}
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, **more)


def read_until(process: subprocess.Popen[str], wanted: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if wanted in line:
            return lines
    raise AssertionError(f"{wanted!r} did not come: {lines} {process.stderr.read() if process.stderr else ''}")


def test_it_ends_at_the_verdict_that_was_waited_for() -> None:
    for fault, until, status, word in (("", "GO", 0, "passing"), ("html-502", "NO-GO", 1, "failing")):
        more = ("--fault", fault) if fault else ()
        done = cli("watch", "simulator", *more, "--every", "1s", "--until", until, "--for", "60s")
        lines = done.stdout.splitlines()
        assert done.returncode == status and lines[1].endswith(word), done.stderr
        assert f"--until {until}: it is {until}" in lines[-1] and "1 run" in lines[-1]


def test_a_deploy_is_waited_for() -> None:
    """NO-GO until the new version is up: a line a change, with cause, owner and next step; exit 0."""
    with ChatSimulator() as simulator:
        with simulator.fault("html-502"):
            process = started(simulator, "--until", "GO", "--for", "90s")
            lines = read_until(process, "chatproof show")
            time.sleep(2.5)  # some more runs, of which nothing new is to be said
        out, err = process.communicate(timeout=60)
        lines += out.splitlines()
    assert process.returncode == 0 and err == ""
    assert [line.split("  ")[1] for line in lines if re.match(r"\d\d:\d\d:\d\dZ  ", line)] == ["failing", "passing"]
    assert any("cause  gateway.error" in line for line in lines) and any("owner  gateway" in line for line in lines)
    assert lines[-1].startswith("GO · --until GO") and not re.search("[▁█]", "".join(lines)), "no plots in a log"


def test_any_change_ends_it() -> None:
    with ChatSimulator() as simulator:
        process = started(simulator, "--until", "change", "--for", "90s")
        read_until(process, "passing")
        with simulator.fault("empty-choices"):
            out, _ = process.communicate(timeout=60)
    assert process.returncode == 1 and "--until change: it is NO-GO" in out


def test_it_sends_no_request_beyond_its_budget() -> None:
    with ChatSimulator() as simulator:
        process = started(simulator, "--max-requests", "9", "--for", "60s")
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0 and len(simulator.requests) == 8 <= 9
    assert "the budget is spent" in out and "2 runs, 8 requests" in out and "at most 9 requests (about 2 runs)" in out
    done = cli("watch", "simulator", "--every", "1s", "--max-requests", "3")
    assert done.returncode == 2 and "no run was made" in done.stderr


def test_a_budget_of_tokens_ends_it() -> None:
    done = cli("watch", "simulator", "--every", "1s", "--budget-tokens", "45", "--for", "60s", "-q")
    assert done.returncode == 0 and "the budget is spent" in done.stdout
    tokens = int(re.findall(r"([0-9]+) tokens", done.stdout)[0])
    assert 0 < tokens <= 45


def test_it_ends_after_a_while_with_the_last_runs_status() -> None:
    done = cli("watch", "simulator", "--fault", "html-502", "--every", "1s", "--for", "2s", "--until", "GO")
    assert done.returncode == 1 and "--for 2s is over" in done.stdout
    done = cli("watch", "simulator", "--fault", "html-502", "--every", "1s", "--for", "1s", "--exit-zero")
    assert done.returncode == 0


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_it_waits_keeps_the_last_record(number: int, status: int, tmp_path: Path) -> None:
    place = str(tmp_path / "j.sqlite3")
    with ChatSimulator() as simulator:
        process = started(simulator, "--journal", place)
        read_until(process, "passing")
        time.sleep(0.3)
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == status and out.splitlines()[-1].startswith("GO · ended by SIG")
    run_id = out.split("run ")[-1].strip()
    assert journal.open(place).find(run_id).document["verdict"] == "GO"


def test_a_signal_within_a_run_is_recorded(tmp_path: Path) -> None:
    place = str(tmp_path / "j.sqlite3")
    with ChatSimulator() as simulator:
        process = started(simulator, "--journal", place, "--timeout", "50s")
        read_until(process, "passing")
        with simulator.fault("silence"):
            count = len(simulator.requests)
            while len(simulator.requests) < count + 4:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
    assert process.returncode == 130 and out.splitlines()[-1].startswith("GO · ended by SIGINT")
    rows = journal.open(place).list()
    newest = journal.open(place).find(rows[0].run_id).document
    assert any(note.startswith("interrupted by SIGINT") for note in newest["notes"])
    assert out.strip().endswith(rows[1].run_id) or len(rows) > 2, "the last whole run is named"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--every", "0.2s"), "--every must be from 1 s"),
        (("--every", "often"), "is not a duration"),
        (("--until", "green"), "--until expects GO, NO-GO or change"),
        (("--for", "9999h"), "--for must be from"),
    ],
)
def test_wrong_options_are_told(args: tuple[str, ...], said: str) -> None:
    done = cli("watch", "simulator", *args)
    assert done.returncode == 2 and said in done.stderr


# -- the screen -------------------------------------------------------------------------------------------------------


def screen_of(text: str) -> list[list[str]]:
    """What stands on a terminal each time that something was drawn: it knows what `watch` uses, and refuses the rest."""
    lines, row, column = [""], 0, 0
    shots = []
    for token in re.findall(r"\x1b\[[0-9;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+|.", text):
        if token == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif token == "\r":
            column = 0
        elif token.endswith("A") and token[0] == "\x1b":
            row -= int(token[2:-1])
            shots.append(list(lines))
            assert row >= 0
        elif token == "\x1b[J":
            lines = [*lines[:row], lines[row][:column]]
        elif token.endswith("m") and token[0] == "\x1b":
            continue
        else:
            assert "\x1b" not in token, token
            lines[row] = lines[row][:column] + token + lines[row][column + len(token) :]
            column += len(token)
    return [*shots, lines]


def on_a_terminal(*args: str, width: int = 90, **env: str) -> list[list[str]]:
    near, far = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": str(width), **env}
    process = subprocess.Popen(command(*args), stdin=far, stdout=far, stderr=subprocess.PIPE, env=environ, cwd=ROOT)
    os.close(far)
    parts: list[bytes] = []

    def read() -> None:
        while True:
            try:
                data = os.read(near, 65536)
            except OSError:
                return
            if not data:
                return
            parts.append(data)

    reader = threading.Thread(target=read)
    reader.start()
    _, err = process.communicate(timeout=90)
    reader.join(30)
    os.close(near)
    assert process.returncode == 0, err
    return screen_of(b"".join(parts).decode())


def test_the_screen_is_calm_and_leaves_lines_only() -> None:
    shots = on_a_terminal("simulator", "--every", "1s", "--for", "4s")
    drawn = [shot for shot in shots if any(line.startswith("verdicts") for line in shot)]
    assert len(drawn) >= 4
    whole = drawn[-1]
    verdicts = next(line for line in whole if line.startswith("verdicts")).split()[1]
    assert set(verdicts) == {"█"} and len(verdicts) >= 3
    assert next(line for line in whole if line.startswith("first byte"))[12:].strip()
    assert any(re.search(r"next in \d s", line) for shot in drawn for line in shot)
    assert all(len(line) < 90 for shot in drawn for line in shot if not line.startswith("watching"))
    last = [line for line in shots[-1] if line]
    assert (
        len(last) == 3 and last[0].startswith("watching") and last[1].endswith("passing") and last[2].startswith("GO ·")
    )


def test_a_narrow_terminal_and_one_without_blocks() -> None:
    shots = on_a_terminal("simulator", "--every", "1s", "--for", "3s", width=40, PYTHONIOENCODING="ascii", NO_COLOR="1")
    drawn = [shot for shot in shots if any(line.startswith("verdicts") for line in shot)]
    status = [line for shot in drawn for line in shot[-6:] if not line.startswith(("watching", " " * 12 + "cause"))]
    assert all(len(line) <= 40 for line in status if line.startswith(("verdicts", "first byte"))) and drawn
    assert any(re.match(r"verdicts +\++$", line) for line in drawn[-1])


def test_the_plots() -> None:
    assert (
        sparkline.of_outcomes("GWUF", blocks=True) == "█▆▃▁" and sparkline.of_outcomes("GWUF", blocks=False) == "+w?x"
    )
    assert sparkline.of_times([100.0, None, 50.0, 1.0], blocks=True) == "█ ▅▁"
    assert sparkline.of_times([100.0, None, 50.0, 1.0], blocks=False) == "8 51"
    assert sparkline.of_times([], blocks=True) == "" and sparkline.of_times([None, 0.0], blocks=True) == "  "
    assert sparkline.middle([3.0, None, 1.0, 2.0]) == 2.0 and sparkline.middle([None]) is None
