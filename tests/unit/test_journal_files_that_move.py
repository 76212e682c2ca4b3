"""A journal's file is moved, removed, replaced or given another name while a run is under way: the run is kept, or it
does not pass."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chatproof import journal
from chatproof.cli import main as cli
from chatproof.cli.commands import smoke
from chatproof.journal import JournalError
from tests.journal_support import keep, opening, run


def _remove(place: Path) -> None:
    for each in place.parent.glob(f"{place.name}*"):
        each.unlink()


def _move_with_its_log(place: Path) -> None:
    for each in [*place.parent.glob(f"{place.name}*")]:
        each.rename(each.with_name(f"old-{each.name}"))


def _move(place: Path) -> None:
    place.rename(place.with_name("old"))


def _restore(place: Path) -> None:
    shutil.copy(place.with_name("copy"), place.with_name("new"))
    place.with_name("new").replace(place)


def _make_a_folder(place: Path) -> None:
    _remove(place)
    place.mkdir()


def _empty(place: Path) -> None:
    place.write_bytes(b"")


def _remove_the_folder(place: Path) -> None:
    shutil.rmtree(place.parent)


def _link(place: Path) -> None:
    place.with_name("other").hardlink_to(place)


HAPPENS: dict[str, tuple[Callable[[Path], None], bool]] = {
    "removed": (_remove, True),
    "moved with its log": (_move_with_its_log, True),
    "moved": (_move, True),
    "replaced by an older copy": (_restore, True),
    "a folder is there": (_make_a_folder, False),
    "emptied": (_empty, False),
    "its folder is removed": (_remove_the_folder, False),
    "given another name": (_link, False),
}


@pytest.mark.parametrize("what", HAPPENS)
def test_no_run_passes_that_is_in_no_journal(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between a run's beginning and its end."""
    happens, is_kept = HAPPENS[what]
    place = tmp_path / "folder" / "runs.sqlite3"
    place.parent.mkdir()
    kept = journal.open(str(place))
    keep(kept, run(1))
    kept.close()
    shutil.copy(place, place.with_name("copy"))
    real = smoke.run

    def meanwhile(*args: object, **named: object) -> object:
        done = real(*args, **named)  # type: ignore[arg-type]
        happens(place)
        return done

    monkeypatch.setattr(smoke, "run", meanwhile)
    status = cli.main(["smoke", "simulator", "-q", "--journal", str(place)])
    assert status == (0 if is_kept else 4)
    if is_kept:
        rows = journal.open(str(place), create=False).list()
        assert (rows[0].event, rows[0].verdict) == ("finished", "GO")
        assert not journal.open(str(place), create=False).flaws


def test_a_monitor_that_holds_a_journal_open_follows_its_name(tmp_path: Path) -> None:
    place = tmp_path / "runs.sqlite3"
    kept = journal.open(str(place))
    keep(kept, run(1))
    _move(place)
    keep(kept, run(2, "NO-GO"))
    kept.close()
    for path, verdict in ((place, "NO-GO"), (tmp_path / "old", "GO")):
        (row,) = journal.open(str(path), create=False).list()
        assert row.verdict == verdict


def test_what_goes_away_while_it_is_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "runs.sqlite3"
    kept = journal.open(str(place))
    kept.started(opening(run(1)))
    real = kept.database.enter

    def enter(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        _remove(place)

    monkeypatch.setattr(kept.database, "enter", enter)
    with pytest.raises(JournalError, match="was moved, removed or replaced"):
        kept.finished(run(1), leave=True)


def test_a_journal_with_two_names_is_read_and_not_written(tmp_path: Path) -> None:
    place, other = tmp_path / "runs.sqlite3", tmp_path / "other.sqlite3"
    kept = journal.open(str(place))
    keep(kept, run(1))
    kept.close()
    other.hardlink_to(place)
    for path in (place, other):
        kept = journal.open(str(path))
        assert len(kept.list()) == 1
        with pytest.raises(JournalError, match="another name"):
            keep(kept, run(2))
        kept.close()
    other.unlink()
    kept = journal.open(str(place))
    keep(kept, run(2))
    assert len(kept.list()) == 2


def test_a_file_of_one_byte_is_no_journal(tmp_path: Path) -> None:
    place = tmp_path / "flag"
    place.write_text("1")
    assert cli.main(["smoke", "simulator", "-q", "--journal", str(place)]) == 2
    assert place.read_text() == "1" and os.listdir(tmp_path) == ["flag"]
