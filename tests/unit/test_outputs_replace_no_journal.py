"""No command writes its report over the journal that keeps the runs, nor over what it reads."""

import json
import shutil
from pathlib import Path

import pytest

from chatproof import journal, simulator
from chatproof.cli import main as cli
from chatproof.cli.shared import replaced
from tests.journal_support import keep, run

SMOKE = ["smoke", "simulator", "-q", "--report"]
WRITERS = {
    "report": ["smoke", "simulator", "--report", "json={path}"],
    "baseline": ["validate", "simulator", "--baseline", "{path}"],
    "escalate": ["escalate", "latest:NO-GO", "--anyway", "--output", "{path}"],
    "review": ["review", "latest", "--output", "{path}"],
    "export": ["journal", "export", "{path}"],
    "backup": ["journal", "backup", "{path}"],
    "status": ["status", "shop", "--json", "{path}"],
}


def filled(path: Path) -> bytes:
    """What a journal of three runs is made of."""
    kept = journal.open(str(path))
    keep(kept, run(1), run(2, "NO-GO"), run(3))
    kept.close()
    return path.read_bytes()


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    "path",
    [
        *("runs.sqlite3", "./runs.sqlite3-wal", "linked/runs.sqlite3-lock", "linked/runs.jsonl"),
        *("RUNS.sqlite3", "Runs.SQLite3-WAL", "linked/Runs.jsonl"),  # one file on macOS and on many shared folders
    ],
)
def test_a_report_has_another_place_than_a_journal_that_is_still_to_be_made(
    tmp_path: Path, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "linked").symlink_to(tmp_path)
    name = path.rpartition("/")[2].partition("-")[0].lower()
    assert cli.main([*SMOKE, f"json={path}", "--journal", name]) == 2
    assert "the journal" in capsys.readouterr().err and not (tmp_path / name).exists()


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize(
    ("name", "path"),
    [("runs.sqlite3", "runs.sqlite3"), ("runs.jsonl", "another-name"), ("runs.sqlite3", "runs.sqlite3-lock")],
)
def test_nothing_is_written_over_the_journal(
    tmp_path: Path, writer: str, name: str, path: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = filled(tmp_path / name)
    if path == "another-name":
        (tmp_path / path).hardlink_to(tmp_path / name)
    words = [word.format(path=path) for word in WRITERS[writer]]
    assert cli.main([*words, "--journal", name]) in (2, 4), capsys.readouterr()
    assert (tmp_path / name).read_bytes() == before
    assert len(journal.open(name).list()) == 3


@pytest.mark.parametrize("writer", ["report", "escalate", "export"])
def test_nor_over_another_database(tmp_path: Path, writer: str) -> None:
    """One that was named by mistake: a report has never been one."""
    filled(tmp_path / "runs.sqlite3")
    before = filled(tmp_path / "older.sqlite3")
    words = [word.format(path="older.sqlite3") for word in WRITERS[writer]]
    assert cli.main([*words, "--journal", "runs.sqlite3"]) in (2, 4)
    assert (tmp_path / "older.sqlite3").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["escalate", "run.json", "--anyway", "-o", "run.json"],
        ["review", "run.json", "-o", "./run.json"],
        ["requests", "from", "run.json", "-o", "run.json"],
    ],
)
def test_nor_over_what_is_read(tmp_path: Path, words: list[str]) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(run(1, "NO-GO")))
    before = path.read_bytes()
    assert cli.main(words) == 2
    assert path.read_bytes() == before


def test_what_was_written_before_is_written_anew(tmp_path: Path) -> None:
    filled(tmp_path / "runs.sqlite3")
    shutil.copy(tmp_path / "runs.sqlite3", tmp_path / "copy.sqlite3")
    for words in (["export", "all.jsonl"], ["export", "all.jsonl"], ["backup", "copy.sqlite3"]):
        assert cli.main(["journal", *words, "--journal", "runs.sqlite3"]) == 0


@pytest.mark.parametrize("name", ["Report.json", "REPORT.JSON", "report.json"])
def test_two_reports_are_no_one_file(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    reports = ["--report", "yaml=report.json", "--report", f"json={name}", "--journal", "none"]
    assert cli.main(["smoke", "simulator", "-q", *reports]) == 2
    assert "two reports have the same path" in capsys.readouterr().err and not [*tmp_path.iterdir()]


def test_names_are_told_apart_as_a_file_system_may(tmp_path: Path) -> None:
    assert replaced.folded("/a/Ärger.jsonl") == replaced.folded("/A/a\u0308rger.JSONL")
    assert replaced.folded("/a/b.json") != replaced.folded("/a/c.json")


@pytest.mark.parametrize("count", [1, 2])
def test_a_comparison_of_targets_of_a_named_file_has_its_reports(tmp_path: Path, count: int) -> None:
    """It ended as an internal error: --config may be given once for each target, and so is a list there."""
    started = simulator.start()
    try:
        target = f'base_url = "{started.base_url}"\nmodel = "{started.model}"\nkey_file = "key"\n'
        for name in ("one.toml", "two.toml"):
            (tmp_path / name).write_text(
                f'journal = "{tmp_path}/{name}.jsonl"\n[targets.a]\n{target}[targets.b]\n{target}'
            )
        (tmp_path / "key").write_text(started.key)
        (tmp_path / "key").chmod(0o600)
        words = ["compare", "a", "b", "--smoke", "-q", *["--config", "one.toml", "--config", "two.toml"][: 2 * count]]
        assert cli.main([*words, "--report", "json=out.json", "--report", "markdown=out.md"]) == 0
        assert json.loads((tmp_path / "out.json").read_text())["decision"] == "GO"
        for refused in ["one.toml", "one.toml.jsonl", *["two.toml", "two.toml.jsonl"][: 2 * (count - 1)]]:
            assert cli.main([*words, "--report", f"json={refused}"]) == 2, refused
    finally:
        started.stop()
