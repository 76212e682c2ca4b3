"""What makes a run here differ from a run elsewhere: the answer to "passes locally, fails in CI". No values of keys."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PROXY_VARIABLES = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
)
IGNORED_TRUST = (
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "PYTHONHTTPSVERIFY",
    "SSLKEYLOGFILE",
)
_RESOLVER = ("HOSTALIASES", "LOCALDOMAIN")  # transport/resolver.py takes them away
_KEY_VARIABLES = ("CHATPROOF_API_KEY", "COMETAPI_KEY", "COMET_API_KEY", "COMETAPI_API_KEY", "OPENAI_API_KEY")
_OTHER = ("CHATPROOF_MODEL", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "COMETAPI_BASE_URL")
_CI = {
    "GITHUB_ACTIONS": "GitHub Actions",
    "GITLAB_CI": "GitLab CI",
    "JENKINS_URL": "Jenkins",
    "BUILDKITE": "Buildkite",
    "CIRCLECI": "CircleCI",
    "TF_BUILD": "Azure Pipelines",
}


CI = "ci"
"""The environment of a run in CI that named none, where runs are kept apart."""


class Unshown(Mapping[str, str]):
    """Variables that do not show: the environment holds keys, and a traceback with locals prints what it meets."""

    __slots__ = ("_held",)
    _held: Callable[[], Mapping[str, str]]

    def __init__(self, environ: Mapping[str, str]) -> None:
        object.__setattr__(self, "_held", lambda: environ)

    def __getitem__(self, name: str) -> str:
        return self._held()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._held())

    def __len__(self) -> int:
        return len(self._held())

    def __repr__(self) -> str:
        return "<variables of the environment>"


def describe(environ: Mapping[str, str], key_variables: Iterable[str] = ()) -> dict[str, object]:
    """Facts about this process: variables by name only, never by value, save TZ, which is public."""
    names = dict.fromkeys((*_KEY_VARIABLES, *key_variables, *_OTHER))
    return {
        "python": sys.version.split()[0],
        "platform": sys.platform,
        "ci": ci_of(environ),
        "tz": environ.get("TZ", ""),
        "variables_set": [name for name in names if environ.get(name)],
        "proxy_variables_ignored": set_variables(environ, PROXY_VARIABLES),
        "trust_variables_ignored": set_variables(environ, IGNORED_TRUST),
        "container": in_container(environ),
    }


def in_container(environ: Mapping[str, str]) -> bool:
    """Docker, Podman or Kubernetes, where localhost is the container and not the machine that runs it."""
    return _has_mark() or bool(environ.get("KUBERNETES_SERVICE_HOST"))


@lru_cache(maxsize=1)
def _has_mark() -> bool:
    """Looked at once: a process does not move into a container."""
    return any(os.path.exists(mark) for mark in ("/.dockerenv", "/run/.containerenv"))


def ci_of(environ: Mapping[str, str]) -> str:
    """The name of the CI system that we run in; `yes` where it has none, empty where there is none."""
    return next((name for variable, name in _CI.items() if environ.get(variable)), "yes" if environ.get("CI") else "")


def environment_of(document: dict[str, Any]) -> str:
    """The environment by which runs are kept apart, from a run's document: that of its record, and `ci` for a run in CI
    whose record says local, which is another place than a laptop."""
    named = str(document.get("target", {}).get("environment", ""))
    ci = document.get("environment", {}).get("ci") or document.get("ci")
    return CI if named == "local" and ci else named


def set_variables(environ: Mapping[str, str], names: Iterable[str]) -> list[str]:
    return [name for name in names if environ.get(name)]


def notes(environ: Mapping[str, str], *, https: bool, proxy: str, ca_file: str) -> list[str]:
    """Remarks for a person about variables that other clients obey and we do not."""
    said = []
    proxies = set_variables(environ, [name for name in PROXY_VARIABLES if name.lower() != "no_proxy"])
    if proxies and not proxy:
        said.append(f"proxy variables are set but not used: {', '.join(proxies)}; use --proxy env to use them")
    trust = set_variables(environ, IGNORED_TRUST)
    if named := set_variables(environ, _RESOLVER):
        said.append(f"variables of the resolver are set but not used: {', '.join(named)}; give the host's full name")
    if environ.get("CHATPROOF_CA_FILE") and not ca_file:
        said.append("CHATPROOF_CA_FILE is set but not used; use --ca-file env to trust its authorities")
    if https and trust and not ca_file:
        said.append(
            f"trust variables are set but not used: {', '.join(trust)}; use --ca-file to trust another authority"
        )
    return said
