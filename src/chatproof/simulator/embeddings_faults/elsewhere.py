"""Faults of one kind of reply alone: the plain one, which smoke asks for, is as it should be."""

from chatproof.simulator.common_faults import drop, put
from chatproof.simulator.embeddings_faults.parts import as_floats, each, must, sent, should
from chatproof.simulator.fault import labelled, rewritten

_SHORTER = sent(lambda asked: "dimensions" in asked)

ROWS = (
    must(
        "shorter-unsafe-json",
        "The reply with shorter vectors has a number that is not JSON.",
        "body.unsafe_json",
        _SHORTER,
        rewritten(lambda data: data[:-1] + b', "seconds": NaN}'),
        "elsewhere.body_json",
        "dimensions.honoured",
    ),
    must(
        "shorter-mislabelled",
        "The reply with shorter vectors is labelled text/plain.",
        "contract.media_type",
        _SHORTER,
        labelled(media="text/plain"),
        "elsewhere.media_type_json",
    ),
    should(
        "shorter-with-error",
        "An error appears beside shorter vectors.",
        "contract.error_present",
        _SHORTER,
        put({"code": "server_error", "message": "upstream died"}, "error"),
        "elsewhere.no_error_field",
    ),
    must(
        "shorter-without-data",
        "The reply with shorter vectors has null in the place of its data.",
        "contract.content",
        _SHORTER,
        put(None, "data"),
        "elsewhere.data",
        "dimensions.honoured",
    ),
    must(
        "shorter-as-floats",
        "The reply with shorter vectors has numbers in the place of base64.",
        "contract.encoding",
        _SHORTER,
        each(as_floats),
        "elsewhere.encoding",
    ),
    should(
        "shorter-without-model",
        "The reply with shorter vectors names no model.",
        "contract.schema",
        _SHORTER,
        drop("model"),
        "elsewhere.details",
    ),
    should(
        "shorter-without-usage",
        "The reply with shorter vectors has no usage.",
        "contract.usage",
        _SHORTER,
        drop("usage"),
        "elsewhere.usage",
    ),
)
