"""Install what reads the reports: Debian's Chromium, axe-core and Playwright's driver, and schemas that their projects publish.

    python -m tests.web.install             # everything
    python -m tests.web.install schemas     # no browser

The npm packages go into `.real/`, as the real servers do. Chromium is Debian's package, installed when there is none; that
needs root, as CI has it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

from tests.real.install import ROOT, InstallError, Package, install_package

SCHEMAS = {
    "ctrf": Package("npm", "ctrf@0.3.0", "node_modules/ctrf/dist/ctrf-schema-0.0.json"),
    "har": Package("npm", "har-schema@2.0.0", "node_modules/har-schema/lib/har.json"),
    "sarif": Package(
        "npm", "@microsoft/jest-sarif@1.0.0-beta.0", "node_modules/@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"
    ),
}  # fmt: skip
BROWSER = {
    "axe-core": Package("npm", "axe-core@4.14.1", "node_modules/axe-core/axe.min.js"),
    "playwright-core": Package("npm", "playwright-core@1.64.1", "node_modules/playwright-core/package.json"),
}


@cache
def schema(name: str) -> dict[str, Any]:
    """The published schema of a format."""
    found: dict[str, Any] = json.loads(_file(name).read_text())
    return found


def har_schemas() -> dict[str, dict[str, Any]]:
    """Every file of har-schema by its own id: they refer to each other."""
    files = _file("har").parent.glob("*.json")
    return {read["$id"]: read for read in (json.loads(file.read_text()) for file in files)}


def chromium() -> str:
    """Path of Chromium; installs Debian's package when there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found:
        return found
    with (ROOT / "chromium.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shutil.which("chromium"):
            _apt("chromium", "fonts-dejavu-core")
    return shutil.which("chromium") or "chromium"


def module(name: str) -> Path:
    """The file that proves a browser tool is installed."""
    return install_package(f"web-{name}", BROWSER[name]) / BROWSER[name].binary


def _file(name: str) -> Path:
    return install_package(f"web-{name}", SCHEMAS[name]) / SCHEMAS[name].binary


def _apt(*packages: str) -> None:
    if os.geteuid() != 0:
        raise InstallError(f"not root: install {' '.join(packages)} by hand")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for argv in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, timeout=600, check=False)
        if done.returncode:
            raise InstallError(f"{' '.join(argv)}: {done.stderr.strip()[-300:]}")


def main(arguments: list[str]) -> int:
    started = time.monotonic()
    ROOT.mkdir(parents=True, exist_ok=True)
    try:
        for name in SCHEMAS:
            _file(name)
        if arguments != ["schemas"]:
            for name in BROWSER:
                module(name)
            chromium()
    except InstallError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    print(f"web: ok, {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
