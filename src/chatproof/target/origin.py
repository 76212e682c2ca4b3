"""By what way an endpoint was reached: the file in force, the proxy, the authorities, and where each came from.

Loaded only where one of them is not the usual one.
"""

from __future__ import annotations

from collections.abc import Mapping

from chatproof.files.safe_files import tilde
from chatproof.target.config_files import FOUND, NAMED, OPTION
from chatproof.values import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FILES = {OPTION: "named by --config", FOUND: "approved", NAMED: f"{NAMED}, approved"}


class Way(NamedTuple):
    """What a run goes by. `sources` are those of `target.Resolved.origin`; `proxy` has no user and no password."""

    url: str
    proxy: str
    proxy_by: str
    ca_file: str
    sources: Mapping[str, str]


def describe(way: Way) -> dict[str, Any]:
    """The `origin` of a run document. Paths show ~."""
    sources = way.sources
    file, by = sources.get("config", ""), sources.get("config_by", "")
    return {
        "url": way.url,
        "config": {"path": tilde(file), "by": _FILES.get(by, by)} if file else None,
        "proxy": {"url": way.proxy, "by": tilde(way.proxy_by)} if way.proxy else None,
        "ca_file": {"path": tilde(way.ca_file), "by": tilde(sources.get("ca_file_by", ""))} if way.ca_file else None,
    }


def sentence(origin: Mapping[str, Any]) -> str:
    """The same in one line; empty where nothing is out of the ordinary."""
    config, proxy, ca_file = (origin.get(name) for name in ("config", "proxy", "ca_file"))
    parts = []
    if config:
        parts.append(f"settings of {config['path']} ({config['by']})")
    if proxy:
        parts.append(f"proxy {proxy['url']} ({proxy['by']})")
    if ca_file:
        parts.append(f"authorities of {ca_file['path']} ({ca_file['by']})")
    return "; ".join(parts)


def without_blame(diagnosis: Any, origin: Mapping[str, Any]) -> Any:
    """The diagnosis where a proxy could read and write what passed: what the provider seems to have said may be its."""
    if diagnosis.owner != "provider":
        return diagnosis
    ca_file = origin["ca_file"]
    trusted = f" and the authorities of {ca_file['path']} are trusted" if ca_file else ""
    evidence = f"the proxy {origin['proxy']['url']} is in use{trusted}: it can answer in the provider's place"
    return diagnosis._replace(
        owner="unknown",
        confidence="possible",
        evidence=(*diagnosis.evidence, evidence),
        next_step=f"Run again without the proxy to see which of the two answers like this. {diagnosis.next_step}",
    )
