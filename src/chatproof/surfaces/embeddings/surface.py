"""The Embeddings API as a surface: its probes, its clauses, its view of a reply."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from chatproof.contract.clause import SMOKE
from chatproof.contract.probe import Probe
from chatproof.contract.surface import FailureModes, Matcher, Recorded, Shape, Surface
from chatproof.surfaces.embeddings import clauses, probes, view

if TYPE_CHECKING:
    from chatproof.simulator.wire import Side
    from chatproof.wire.exchange import Request


def _rows(scope: str) -> Mapping[str, Probe]:
    if scope == SMOKE:
        return probes.ROWS
    from chatproof.surfaces.embeddings import probes_validate

    return probes_validate.ROWS


def _matcher() -> Matcher:
    from chatproof.surfaces.embeddings import captures

    return captures


def _simulator() -> "Side":
    from chatproof.simulator import embeddings_side

    return embeddings_side.SIDE


def _shape() -> Shape:
    from chatproof.surfaces.embeddings.shape import SHAPE

    return SHAPE


def _not_asked(requests: "Iterable[Request]") -> list[str]:
    from chatproof.surfaces import request_features
    from chatproof.surfaces.embeddings import features

    return request_features.not_asked(features.FEATURES, requests)


def _failure_modes() -> FailureModes:
    from chatproof.surfaces.embeddings.failure_modes import content

    return FailureModes(answers=content.MODES)


_READ = ("embeddings.happy.body_json", "embeddings.happy.data_array")
_VECTORS = (
    "embeddings.happy.encoding",
    "embeddings.happy.one_length",
    "embeddings.happy.finite",
    "embeddings.happy.non_zero",
)

SURFACE = Surface(
    name="embeddings",
    title="the Embeddings API",
    fit="able to make embeddings",
    answer="embeddings",
    endpoint="an embeddings endpoint",
    answer_at=("$.data", "data"),
    path=probes.PATH,
    rows=_rows,
    clauses=clauses.load,
    view=view,
    matcher=_matcher,
    simulator=_simulator,
    failure_modes=_failure_modes,
    shape=_shape,
    not_asked=_not_asked,
    prompt=probes.PROMPT,
    recorded=Recorded(
        structure=(*_READ, "embeddings.happy.count", "embeddings.happy.order"),
        content=("embeddings.happy.data_array", *_VECTORS),
        rejection=("embeddings.auth.invalid_key.body_json", "embeddings.auth.invalid_key.error_present"),
        assertions=(
            "embeddings.happy.status_200",
            "embeddings.happy.media_type_json",
            *_READ,
            "embeddings.happy.base64",
            "embeddings.happy.no_error_field",
            "embeddings.happy.count",
            "embeddings.happy.order",
            *_VECTORS,
            "embeddings.auth.invalid_key.rejected",
            "embeddings.auth.invalid_key.body_json",
            "embeddings.auth.invalid_key.error_present",
        ),
        note="of the Embeddings API: choices_present and content_non_empty are about its data and the vectors in it",
    ),
)
