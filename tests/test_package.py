"""The package as users get it: built, installed where nothing else is, run; its floors and its Pythons by night."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipapp
import zipfile
from pathlib import Path

import pytest

from chatproof.reporters import formats

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
MOST_BYTES = 2 << 20  # of the wheel: four APIs with their examples, the monitor, fleets


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """{"wheel": …, "sdist": …}, made by the declared backend from what git has."""
    folder = tmp_path_factory.mktemp("dist")
    for kind in ("sdist", "wheel"):
        command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
    return {"wheel": next(folder.glob("*.whl")), "sdist": next(folder.glob("*.tar.gz"))}


def clean(folder: Path, *install: str, python: str = sys.executable) -> Path:
    """The bin folder of a new environment with these installed, and nothing inherited."""
    subprocess.run([python, "-m", "venv", str(folder)], check=True, timeout=100, env=_environment())
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", *install]
    done = subprocess.run(command, capture_output=True, text=True, timeout=400, env=_environment())
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def _environment() -> dict[str, str]:
    kept = {
        name: value for name, value in os.environ.items() if name.startswith(("PIP_", "HTTP", "http", "NO_P", "no_p"))
    }
    return {**kept, "PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "CHATPROOF_JOURNAL": "none"}


def works(bin: Path, folder: Path) -> None:
    """The main job, a NO-GO, the schemas, the profiles, the plugin's entry point: what a forgotten file would break."""
    for args, status, words in (
        (("smoke", "simulator", "--stream"), 0, "GO  simulator"), (("smoke", "simulator", "--fault", "tls-expired"), 3, "tls.expired"),
        (("validate", "simulator", "-q"), 0, "GO"), (("contract", "openai"), 0, "Endpoint path"), (("config", "schema"), 0, "json-schema.org"),
        (("smoke", "simulator", "--json-fields", "verdict"), 0, '"GO"'),
    ):  # fmt: skip
        done = subprocess.run(
            [str(bin / "chatproof"), *args], cwd=folder, capture_output=True, text=True, timeout=100, env=_environment()
        )
        assert done.returncode == status and words in done.stdout, (args, done.stdout, done.stderr)


def test_wheel_and_sdist_hold_what_they_should(built: dict[str, Path]) -> None:
    names = set(zipfile.ZipFile(built["wheel"]).namelist())
    for path in (ROOT / "src" / "chatproof").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT / "src").as_posix() in names
    assert not [name for name in names if name.startswith(("tests", "examples", "tools"))]
    assert any(name.endswith("share/man/man1/chatproof.1") for name in names)
    assert built["wheel"].stat().st_size < MOST_BYTES
    with tarfile.open(built["sdist"]) as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    assert {
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "src/chatproof/cli/main.py",
        "tests/support.py",
        "action.yml",
    } <= inside


def test_the_wheel_works_where_nothing_else_is(built: dict[str, Path], tmp_path: Path) -> None:
    """As pipx would do it: an environment of its own, the console script called by its path from elsewhere."""
    bin = clean(tmp_path / "env", str(built["wheel"]))
    works(bin, tmp_path)
    entries = (next((tmp_path / "env").rglob("chatproof-*.dist-info")) / "entry_points.txt").read_text()
    assert (
        "[pytest11]\nchatproof = chatproof.testing.pytest_plugin" in entries
        and "chatproof = chatproof.__main__:script" in entries
    )


def in_one_file(folder: Path) -> tuple[Path, Path]:
    """(the package as a zipapp, a folder with what it imports): compiled libraries cannot be loaded from an archive."""
    app, libraries = folder / "app", folder / "lib"
    shutil.copytree(ROOT / "src", app, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("httptools", "jsonschema_rs", "jinja2", "markupsafe"):
        found = importlib.util.find_spec(name)
        assert found and found.origin
        shutil.copytree(Path(found.origin).parent, libraries / name)
    made = folder / "chatproof.pyz"
    zipapp.create_archive(app, made, main="chatproof.__main__:script")
    shutil.rmtree(app)
    return made, libraries


@pytest.mark.nightly
def test_one_archive_works(tmp_path: Path) -> None:
    """Nothing of the package can be listed or opened as a file: clauses, formats, profiles, schemas, certificates."""
    made, libraries = in_one_file(tmp_path)
    reports = [f"--report={name}={name}" for name in formats()]
    for args, status, words in (
        (("smoke", "simulator", *reports), 0, "GO  simulator"), (("smoke", "simulator", "--fault", "tls-expired"), 3, "tls.expired"),
        (("smoke", "simulator", "--fault", "proxy-denied"), 3, "net.proxy"), (("validate", "simulator", "-q"), 0, "GO"),
        (("contract", "openai"), 0, "Endpoint path"), (("config", "schema"), 0, "json-schema.org"),
        (("smoke", "simulator", "-q", "--journal", "j.sqlite3"), 0, "GO"), (("history", "--journal", "j.sqlite3"), 0, "1 run"),
        (("smoke", "nobody"), 2, "anthropic, azure"), (("compare", "simulator", "simulator", "--smoke"), 0, "GO"),
    ):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-S", str(made), *args], cwd=tmp_path, capture_output=True, text=True, timeout=100,
            env=_environment() | {"PYTHONPATH": str(libraries)},
        )  # fmt: skip
        assert done.returncode == status and words in done.stdout + done.stderr, (args, done.stdout, done.stderr)
    assert all((tmp_path / name).stat().st_size for name in formats())


def test_extras_are_declared() -> None:
    assert {"keyring", "postgres", "reports"} <= set(PROJECT["optional-dependencies"])
    for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        for requirement in group:
            assert ">=" in requirement or requirement.startswith("chatproof["), f"{requirement} has no floor"


@pytest.mark.nightly
def test_the_sdist_builds_the_same(built: dict[str, Path], tmp_path: Path) -> None:
    works(clean(tmp_path / "env", str(built["sdist"])), tmp_path)


@pytest.mark.nightly
def test_the_floors_work(built: dict[str, Path], tmp_path: Path) -> None:
    """Each dependency at the lowest version that is declared."""
    groups = [PROJECT["dependencies"], *(PROJECT["optional-dependencies"][extra] for extra in ("reports", "keyring"))]
    lowest = [re.sub(r">=\s*([\d.]+).*", r"==\1", requirement) for group in groups for requirement in group]
    bin = clean(tmp_path / "env", str(built["wheel"]), *lowest)
    works(bin, tmp_path)
    reports = [f"--report={name}=r.{name}" for name in ("junit", "html", "har", "json")]
    done = subprocess.run(
        [str(bin / "chatproof"), "smoke", "simulator", *reports],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=_environment(),
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.nightly
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_every_python(built: dict[str, Path], tmp_path: Path, version: str) -> None:
    found = [shutil.which(f"python{version}"), *sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))]
    for python in filter(None, found):
        asked = subprocess.run(
            [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True
        )
        if asked.stdout.strip() == version:
            works(clean(tmp_path / "env", str(built["wheel"]), python=str(python)), tmp_path)
            return
    pytest.skip(f"no Python {version} here")


@pytest.mark.nightly
@pytest.mark.skipif(not shutil.which("pipx"), reason="pipx is not installed")
def test_pipx_run(built: dict[str, Path], tmp_path: Path) -> None:
    command = ["pipx", "run", "--spec", str(built["wheel"]), "chatproof", "smoke", "simulator"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0 and done.stdout.startswith("GO")
