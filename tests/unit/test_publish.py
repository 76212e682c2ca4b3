"""Reports as the command line makes them: several in one run, missing libraries, GitHub Actions."""

import json
import subprocess
import sys
from pathlib import Path

from tests.reporters import readers
from tests.unit.test_cli import run

WITHOUT = (
    "import sys; sys.modules['jinja2'] = None; from chatproof.cli import main as cli;"
    "sys.exit(cli.main(['smoke', 'http://127.0.0.1:1/v1', '--model', 'm', '--report', 'html=x.html']))"
)


def test_several_reports_in_one_run(tmp_path: Path) -> None:
    wanted = {"junit": "x.xml", "html": "y.html", "json": "z.json", "sarif": "s.sarif"}
    args = [word for format, path in wanted.items() for word in ("--report", f"{format}={path}")]
    done = run("smoke", "simulator", "--fault", "html-502", *args, cwd=tmp_path)
    assert done.returncode == 1 and done.stdout.startswith(b"NO-GO")
    document = json.loads((tmp_path / "z.json").read_text())
    for format, path in wanted.items():
        assert document["run_id"] in (tmp_path / path).read_text(), format
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(wanted.values())


def test_a_missing_library_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    env = {"CHATPROOF_API_KEY": "sk-" + "x1Y2" * 8, "PATH": "/usr/bin"}
    done = subprocess.run([sys.executable, "-c", WITHOUT], cwd=tmp_path, env=env, capture_output=True, timeout=60)
    assert done.returncode == 2 and done.stdout == b"" and list(tmp_path.iterdir()) == []
    assert b"needs jinja2" in done.stderr
    assert b"pip install 'chatproof[reports]'" in done.stderr and b"pip install -e '.[reports]'" in done.stderr


def test_the_exit_policy_from_the_command_line() -> None:
    refused = ("smoke", "http://127.0.0.1:1/v1", "--model", "m")
    assert run(*refused).returncode == 3
    assert run(*refused, "--fail-on", "broken").returncode == 0
    assert run(*refused, "--fail-on", "never").returncode == 0
    assert run(*refused, "--fail-on", "nope").returncode == 2
    assert run(*refused, "--fail-on", "warning", "--exit-zero").returncode == 2


def actions(tmp_path: Path) -> dict[str, str]:
    for name in ("summary.md", "output"):
        (tmp_path / name).write_text("before\n" if name == "summary.md" else "")
    files = {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"), "GITHUB_OUTPUT": str(tmp_path / "output")}
    return {"GITHUB_ACTIONS": "true", **files}


def test_github_actions_by_itself(tmp_path: Path) -> None:
    """Annotations on standard error, so that standard output stays one JSON document."""
    done = run("smoke", "simulator", "--fault", "html-502", "--format", "json", env=actions(tmp_path))
    document = json.loads(done.stdout)
    annotations = readers.github(done.stderr.decode())
    assert done.returncode == 1 and annotations[0][1]["title"] == "NO-GO: gateway.error"
    summary = (tmp_path / "summary.md").read_text()
    assert summary.startswith("before\n## chatproof smoke: NO-GO\n")
    readers.markdown(summary.removeprefix("before\n"))
    outputs = dict(line.split("=", 1) for line in (tmp_path / "output").read_text().splitlines())
    assert outputs["verdict"] == "NO-GO" and outputs["exit-status"] == "1" and outputs["run-id"] == document["run_id"]
    assert outputs["cause"] == "gateway.error" and outputs["owner"] == "gateway"


def test_annotations_asked_for_are_not_told_twice(tmp_path: Path) -> None:
    done = run("smoke", "simulator", "--format", "github", env=actions(tmp_path))
    assert [kind for kind, _, _ in readers.github(done.stdout.decode())] == ["notice"] and done.stderr == b""


def test_a_summary_that_cannot_be_written_changes_no_status(tmp_path: Path) -> None:
    env = {**actions(tmp_path), "GITHUB_STEP_SUMMARY": "/nowhere/x.md"}
    done = run("smoke", "simulator", env=env)
    assert done.returncode == 0 and b"GITHUB_STEP_SUMMARY: cannot write" in done.stderr
    (tmp_path / "summary.md").write_bytes(b"x" * 1024 * 1024)
    done = run("smoke", "simulator", env=actions(tmp_path) | {"GITHUB_STEP_SUMMARY": str(tmp_path / "full.md")})
    assert done.returncode == 0 and (tmp_path / "full.md").exists()


def test_a_model_id_cannot_be_a_workflow_command() -> None:
    from chatproof.printable import inert, inert_json

    assert inert("::add-mask::x\n  ::error::y\na ##[error]z ##vso[task]") == (
        "\\x3a:add-mask::x\n  \\x3a:error::y\na #\\x23[error]z #\\x23vso[task]"
    )
    assert json.loads(inert_json(json.dumps(["##[error]x"]))) == ["##[error]x"]
    assert inert("std::vector and ## Heading") == "std::vector and ## Heading"


def loaded_by(*reports: str) -> set[str]:
    """The modules in memory after a smoke run that makes these reports."""
    args = ["smoke", "http://127.0.0.1:1/v1", "--model", "m", "-q"]
    args += [word for report in reports for word in ("--report", report)]
    code = f"import sys; from chatproof.cli import main as cli; cli.main({args!r}); print(*sorted(sys.modules))"
    env = {"CHATPROOF_API_KEY": "sk-" + "x1Y2" * 8}
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, env=env, timeout=60)
    return set(done.stdout.split())


def test_text_loads_no_other_reporter() -> None:
    loaded = loaded_by()
    assert {"chatproof.reporters.as_text", "chatproof.reporters.lines"} == {
        m for m in loaded if m.startswith("chatproof.reporters.")
    }
    assert not {m.partition(".")[0] for m in loaded} & {"junitparser", "jinja2", "harfile", "csv", "datetime"}


def test_har_and_junit_load_nothing_but_our_own(tmp_path: Path) -> None:
    """Both are written directly: libraries for them cost three bare Pythons each."""
    loaded = loaded_by(f"har={tmp_path / 'x.har'}", f"junit={tmp_path / 'x.xml'}")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x.har", "x.xml"]
    more = {name for name in loaded - loaded_by() if not name.startswith("chatproof.")}
    assert {name.partition(".")[0] for name in more} <= {"json"}, more


def test_where_a_target_stands_is_recorded(tmp_path: Path) -> None:
    text = '# ours\ndefault = "here"\n\n[targets.here]\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "m"\n'
    (tmp_path / "chatproof.toml").write_text(text)
    done = run("smoke", "--config", "chatproof.toml", "--format", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["target"]["place"] == "chatproof.toml:4"


def test_a_report_replaces_nothing_that_the_command_reads_or_keeps(tmp_path: Path) -> None:
    """The journal in its default place, too, and the parts that SQLite writes beside it; nothing is sent."""
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "CHATPROOF_JOURNAL": ""}
    assert run("smoke", "simulator", cwd=tmp_path, env=state).returncode == 0
    place = tmp_path / "state" / "chatproof" / "journal.sqlite3"
    before = place.read_bytes()
    beside = place.with_name(place.name + "-wal")
    beside.touch()
    (tmp_path / "link").symlink_to(place)
    (tmp_path / "key").write_text("sk-" + "x1Y2" * 8)
    refused = (
        ("smoke", "simulator", "--report", f"json={place}"),
        ("smoke", "simulator", "--report", f"json={beside}"),
        ("smoke", "simulator", "--report", "json=link"),
        ("smoke", "http://127.0.0.1:1/v1", "--model", "m", "--key-file", "key", "--report", "json=key"),
        ("judge", "key", "--report", "json=key"),
        ("smoke", "simulator", "--report", "json="),
    )
    for args in refused:
        done = run(*args, cwd=tmp_path, env=state)
        assert done.returncode == 2 and done.stdout == b"" and b"report" in done.stderr, args
    assert place.read_bytes() == before and (tmp_path / "key").read_text().startswith("sk-")
    assert run("smoke", "simulator", "--journal", "r.jsonl", cwd=tmp_path, env=state).returncode == 0
    named = ("smoke", "simulator", "--report", "json=r.jsonl")
    assert run(*named, "--journal", "r.jsonl", cwd=tmp_path, env=state).returncode == 2
    assert run(*named, cwd=tmp_path, env=state | {"CHATPROOF_JOURNAL": "r.jsonl"}).returncode == 2
    assert run(*named, cwd=tmp_path, env=state).returncode == 0, "a file that this run has nothing to do with"
