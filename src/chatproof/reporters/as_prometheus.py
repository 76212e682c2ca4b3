"""Prometheus' text format, for the textfile collector of node_exporter: one file a target, `FILE.prom`."""

from typing import Any

from chatproof.reporters import Style, narrowed
from chatproof.reporters.cases import clean
from chatproof.reporters.metric_lines import exposition, samples

MODE = 0o644
"""Of the file: node_exporter reads it as another user, and there is nothing in it but what it publishes."""


def render(document: dict[str, Any], style: Style) -> str:
    less = f"# narrowed by {clean(narrowed(document))}\n" if narrowed(document) else ""
    return less + exposition(samples(document))
