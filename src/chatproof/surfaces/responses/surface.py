"""The Responses API as a surface: its probes, its clauses, its view of a reply."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from chatproof.contract.clause import SMOKE
from chatproof.contract.probe import Probe
from chatproof.contract.surface import FailureModes, Matcher, Recorded, Shape, Surface
from chatproof.surfaces.responses import clauses, probes, view
from chatproof.surfaces.responses.endings import ENDINGS

if TYPE_CHECKING:
    from chatproof.simulator.wire import Side
    from chatproof.wire.exchange import Request


def _rows(scope: str) -> Mapping[str, Probe]:
    if scope == SMOKE:
        return probes.ROWS
    from chatproof.surfaces.responses import probes_validate

    return probes_validate.ROWS


def _matcher() -> Matcher:
    from chatproof.surfaces.responses import captures

    return captures


def _simulator() -> "Side":
    from chatproof.simulator import responses_side

    return responses_side.SIDE


def _shape() -> Shape:
    from chatproof.surfaces.responses.shape import SHAPE

    return SHAPE


def _not_asked(requests: "Iterable[Request]") -> list[str]:
    from chatproof.surfaces import request_features
    from chatproof.surfaces.responses import features

    return request_features.not_asked(features.FEATURES, requests)


def _failure_modes() -> FailureModes:
    from chatproof.surfaces.responses.failure_modes import coded, content, stream

    return FailureModes(stream.MODES, content.MODES, coded.MODES)


SURFACE = Surface(
    name="responses",
    title="the Responses API",
    fit="able to answer here",
    answer="a response",
    endpoint="a Responses endpoint",
    answer_at=("$.output", "output"),
    path=probes.PATH,
    rows=_rows,
    clauses=clauses.load,
    view=view,
    matcher=_matcher,
    simulator=_simulator,
    failure_modes=_failure_modes,
    shape=_shape,
    not_asked=_not_asked,
    is_ended=lambda reply: bool(view.terminals(reply)),
    last_events=view.TERMINAL,
    prompt=probes.PROMPT,
    also_called={"max_output_tokens": ("max_completion_tokens", "max_tokens"), "instructions": ("system", "developer")},
    endings=ENDINGS,
    recorded=Recorded(
        structure=(
            "responses.happy.body_json",
            "responses.happy.output_array",
            "responses.happy.message_shape",
        ),
        content=(
            "responses.happy.output_array",
            "responses.happy.message_shape",
            "responses.happy.content_non_empty",
        ),
        rejection=("responses.auth.invalid_key.body_json", "responses.auth.invalid_key.error_present"),
        assertions=(
            "responses.happy.status_200",
            "responses.happy.media_type_json",
            "responses.happy.body_json",
            "responses.happy.output_array",
            "responses.happy.object",
            "responses.happy.created_at",
            "responses.happy.no_error_field",
            "responses.happy.message_shape",
            "responses.happy.content_non_empty",
            "responses.happy.usage",
            "responses.auth.invalid_key.rejected",
            "responses.auth.invalid_key.body_json",
            "responses.auth.invalid_key.error_present",
        ),
        note="of the Responses API: choices_present and content_non_empty are about its output and the text in it",
    ),
)
