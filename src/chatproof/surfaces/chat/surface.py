"""Chat completions as a surface: its probes, its clauses, its view of a reply."""

from collections.abc import Iterable, Mapping

from chatproof.contract.clause import SMOKE
from chatproof.contract.probe import Probe
from chatproof.contract.surface import CHAT, FailureModes, Matcher, Recorded, Shape, Surface
from chatproof.surfaces.chat import clauses, probes, view
from chatproof.wire.urls import CHAT_PATH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from chatproof.simulator.wire import Side
    from chatproof.wire.exchange import Request


def _rows(scope: str) -> Mapping[str, Probe]:
    if scope == SMOKE:
        return probes.ROWS
    from chatproof.surfaces.chat import probes_validate

    return probes_validate.ROWS


def _matcher() -> Matcher:
    from chatproof.surfaces.chat import captures

    return captures


def _simulator() -> "Side":
    from chatproof import simulator

    return simulator.CHAT


def _shape() -> Shape:
    from chatproof.surfaces.chat.shape import SHAPE

    return SHAPE


def _not_asked(requests: "Iterable[Request]") -> list[str]:
    from chatproof.surfaces import request_features
    from chatproof.surfaces.chat import features

    return request_features.not_asked(features.FEATURES, requests)


def _failure_modes() -> FailureModes:
    from chatproof.surfaces.chat.failure_modes import content, stream

    return FailureModes(stream.MODES, content.MODES)


SURFACE = Surface(
    name=CHAT,
    title="chat completions",
    fit="chat-capable",
    answer="a completion",
    endpoint="a chat endpoint",
    path=CHAT_PATH,
    rows=_rows,
    clauses=clauses.load,
    view=view,
    matcher=_matcher,
    simulator=_simulator,
    shape=_shape,
    failure_modes=_failure_modes,
    answer_at=("$.choices", "choices"),
    prompt=probes.PROMPT,
    not_asked=_not_asked,
    endings=view.ENDINGS,
    recorded=Recorded(
        structure=("happy.body_json", "happy.choices_non_empty", "happy.choices_shape"),
        content=("happy.choices_non_empty", "happy.message_content_non_empty"),
        rejection=("auth.invalid_key.body_json", "auth.invalid_key.error_present"),
        assertions=(
            "happy.status_200",
            "happy.media_type_json",
            "happy.body_json",
            "happy.choices_non_empty",
            "happy.choices_shape",
            "happy.message_content_non_empty",
            "happy.no_error_field",
            "auth.invalid_key.rejected",
            "auth.invalid_key.body_json",
            "auth.invalid_key.error_present",
        ),  # the seed's: six of the happy path and the structure, three of the error path
    ),
)
