"""HAProxy, Apache, Squid, Varnish, lighttpd and tinyproxy of Debian, each in front of upstreams that behave and that do not.

Their packages are unpacked below `.real/` and never installed, so that no service is started and no user is made.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import install

if TYPE_CHECKING:
    from .servers import Farm, Launch

Fitted = Callable[["Farm", Path, int], list[str]]
APACHE_MODULES = (
    *("mpm_event", "authz_core", "authz_host", "headers", "proxy", "proxy_http", "buffer"),
    *("reqtimeout", "setenvif", "mime", "dir"),
)
_OWN_USER = "www-data"  # as root, Apache wants another to serve as


def root(name: str) -> Path:
    """The folder that a package of Debian is unpacked in."""
    return install.ROOT / name


def haproxy(farm: Farm, home: Path, port: int) -> list[str]:
    config = farm.fill("haproxy.cfg", home, PORT=port)
    return [str(install.binary("haproxy")), "-db", "-f", str(config)]


def apache(farm: Farm, home: Path, port: int) -> list[str]:
    (home / "empty").mkdir()
    folder = root("apache") / "usr/lib/apache2/modules"
    modules = "\n".join(f"LoadModule {name}_module {folder}/mod_{name}.so" for name in APACHE_MODULES)
    user = f"User {_OWN_USER}\nGroup {_OWN_USER}" if os.geteuid() == 0 else ""
    config = farm.fill("apache.conf", home, PORT=port, MODULES=modules, USER=user)
    return [str(install.binary("apache")), "-f", str(config), "-DFOREGROUND"]


def squid(farm: Farm, home: Path, port: int) -> list[str]:
    config = farm.fill("squid.conf", home, PORT=port, ROOT=root("squid"))
    return [str(install.binary("squid")), "-N", "-f", str(config)]


def varnish(farm: Farm, home: Path, port: int) -> list[str]:
    if shutil.which("gcc") is None:
        raise install.InstallError("Varnish compiles its configuration, and there is no gcc")
    config = farm.fill("front.vcl", home, PORT=port)
    argv = [str(install.binary("varnish")), "-F", "-j", "none", "-n", str(home / "work"), "-f", str(config)]
    return [*argv, "-a", f"127.0.0.1:{port}", "-T", "none", "-s", "malloc,16m"]


def lighttpd(farm: Farm, home: Path, port: int) -> list[str]:
    (home / "empty").mkdir()
    config = farm.fill("lighttpd.conf", home, PORT=port)
    modules = root("lighttpd") / "usr/lib/lighttpd"
    return [str(install.binary("lighttpd")), "-D", "-m", str(modules), "-f", str(config)]


def tinyproxy(farm: Farm, home: Path, port: int) -> list[str]:
    return [str(install.binary("tinyproxy")), "-d", "-c", str(farm.fill("tinyproxy.conf", home, PORT=port))]


FRONTS: dict[str, Fitted] = {
    "haproxy": haproxy,
    "apache": apache,
    "squid": squid,
    "varnish": varnish,
    "lighttpd": lighttpd,
    "tinyproxy": tinyproxy,
}


def launcher(name: str) -> Callable[[Farm, Path], Launch]:
    """How to run one of them: on a free port of loopback, with the libraries of its own folder."""

    def launch(farm: Farm, home: Path) -> Launch:
        from .servers import Launch, free_port

        port = free_port()
        libraries = sorted({str(path.parent) for path in root(name).glob("usr/lib/**/*.so*") if path.is_file()})
        env = {"LD_LIBRARY_PATH": os.pathsep.join(libraries)} if libraries else {}
        os.chmod(home, 0o755)  # some serve as another user than root
        return Launch(FRONTS[name](farm, home, port), env, port, ready_path="/", ready_status=None)

    return launch
