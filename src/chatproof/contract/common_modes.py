"""Failure modes that every API has and each knows by fields of its own: what is said of them, once."""

from chatproof.contract.failure_mode import CERTAIN, LIKELY, PROVIDER, Mode, Pattern


def filtered(pattern: Pattern) -> Mode:
    """Say that a content filter took the answer away."""
    return Mode(
        "content.filtered",
        PROVIDER,
        "a content filter removed the answer",
        "The probe's question is harmless: look at the deployment's filter settings.",
        CERTAIN,
        pattern,
    )


def refused(pattern: Pattern) -> Mode:
    """Say that the model would not answer."""
    return Mode(
        "content.refused",
        PROVIDER,
        "the model refused to answer",
        "The probe's question is harmless: look for a system prompt that a gateway adds.",
        CERTAIN,
        pattern,
    )


def stream_error(pattern: Pattern) -> Mode:
    """Say that a stream tells of an error, and its status does not."""
    return Mode(
        "stream.error",
        PROVIDER,
        "the stream contains an error under HTTP 200",
        "Read the error in the evidence; clients must check for it, because the status does not show it.",
        LIKELY,  # a gateway writes such an event, too, when what is behind it has failed
        pattern,
    )


def stream_malformed(pattern: Pattern) -> Mode:
    """Say that a stream cannot be read as one."""
    return Mode(
        "stream.malformed",
        PROVIDER,
        "the stream breaks the rules of its format",
        "Escalate with the evidence; clients stop in the middle of the answer.",
        CERTAIN,
        pattern,
    )
