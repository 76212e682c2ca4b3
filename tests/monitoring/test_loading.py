"""How the monitor reads its configuration, however many targets that has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chatproof.monitoring.settings import load
from chatproof.target import config_reading


def test_the_file_is_read_once_for_all_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each was half a minute for a thousand of them."""
    path = tmp_path / "watch.toml"
    tables = [
        f'[targets.t{number}]\nbase_url = "http://127.0.0.1:9/t{number}/v1"\nmodel = "m"\nkey_env = "K"\n'
        f'[targets.t{number}.monitor]\nevery = "{number + 1}m"\n'
        for number in range(5)
    ]
    path.write_text("".join(tables))
    reads: list[str] = []
    original = config_reading.load

    def counted(file: str) -> Any:
        reads.append(file)
        return original(file)

    monkeypatch.setattr(config_reading, "load", counted)
    found = load(str(path), {"K": "sk-" + "a1B2c3D4" * 5})
    assert reads == [str(path)]
    assert [(name, one.resolved.url.path) for name, one in found.targets.items()] == [
        (f"t{number}", f"/t{number}/v1") for number in range(5)
    ]
    lines = [one.resolved.target.place.partition("watch.toml:")[2] for one in found.targets.values()]
    assert lines == ["1", "7", "13", "19", "25"]
    assert found.targets["t3"].policy.stale_after == 3 * 240.0
