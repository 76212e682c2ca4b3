"""The Messages API as a surface: its probes, its clauses, its view of a reply."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from chatproof.contract.clause import SMOKE
from chatproof.contract.probe import Probe
from chatproof.contract.surface import FailureModes, Matcher, Recorded, Shape, Surface
from chatproof.surfaces.messages import clauses, probes, view
from chatproof.surfaces.messages.endings import ENDINGS

if TYPE_CHECKING:
    from chatproof.simulator.wire import Side
    from chatproof.wire.exchange import Request


def _rows(scope: str) -> Mapping[str, Probe]:
    if scope == SMOKE:
        return probes.ROWS
    from chatproof.surfaces.messages import probes_validate

    return probes_validate.ROWS


def _matcher() -> Matcher:
    from chatproof.surfaces.messages import captures

    return captures


def _simulator() -> "Side":
    from chatproof.simulator import messages_side

    return messages_side.SIDE


def _shape() -> Shape:
    from chatproof.surfaces.messages.shape import SHAPE

    return SHAPE


def _not_asked(requests: "Iterable[Request]") -> list[str]:
    from chatproof.surfaces import request_features
    from chatproof.surfaces.messages import features

    return request_features.not_asked(features.FEATURES, requests)


def _failure_modes() -> FailureModes:
    from chatproof.surfaces.messages.failure_modes import coded, content, stream

    return FailureModes(stream.MODES, content.MODES, coded.MODES)


SURFACE = Surface(
    name="messages",
    title="the Messages API",
    fit="able to answer here",
    answer="a message",
    endpoint="a Messages endpoint",
    answer_at=("$.content", "content"),
    path=probes.PATH,
    rows=_rows,
    clauses=clauses.load,
    view=view,
    matcher=_matcher,
    simulator=_simulator,
    failure_modes=_failure_modes,
    shape=_shape,
    not_asked=_not_asked,
    is_ended=lambda reply: bool(view.of_kind(reply, view.STOP)),
    last_events=(view.STOP,),
    prompt=probes.PROMPT,
    endings=ENDINGS,
    recorded=Recorded(
        structure=("messages.happy.body_json", "messages.happy.content_array", "messages.happy.type"),
        content=("messages.happy.content_array", "messages.happy.content_non_empty"),
        rejection=("messages.auth.invalid_key.body_json", "messages.auth.invalid_key.error_present"),
        assertions=(
            "messages.happy.status_200",
            "messages.happy.media_type_json",
            "messages.happy.body_json",
            "messages.happy.content_array",
            "messages.happy.type",
            "messages.happy.no_error_field",
            "messages.happy.content_non_empty",
            "messages.happy.stop_reason",
            "messages.happy.usage",
            "messages.auth.invalid_key.rejected",
            "messages.auth.invalid_key.body_json",
            "messages.auth.invalid_key.error_present",
        ),
        note="of the Messages API: choices_present and content_non_empty are about its content and the text in it",
    ),
)
