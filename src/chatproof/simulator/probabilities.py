"""Log probabilities that hang together: their sum is at most one, the list is sorted, the token heads its own list."""

import math

from chatproof.simulator.answers import Body

_SURE = 0.97  # the probability of the most certain token; each further one of seven is a little less certain
_STEP = 0.04


def tokens_of(text: str) -> list[str]:
    """The tokens of an answer: its words, each with the space before it. Joined, they are the text."""
    first, *others = text.split(" ")
    return [token for token in (first, *(f" {word}" for word in others)) if token]


def logprobs(text: str, alternatives: int) -> Body:
    """`choices[].logprobs` of a whole answer."""
    return {"content": entries(tokens_of(text), alternatives), "refusal": None}


def entries(tokens: list[str], alternatives: int, first: int = 0) -> list[Body]:
    """One entry for each token; `first` is the place of the first one in the answer."""
    return [_entry(token, alternatives, first + place) for place, token in enumerate(tokens)]


def _entry(token: str, alternatives: int, place: int) -> Body:
    sure = _SURE - _STEP * (place % 7)
    # Each alternative has half of what is left, so that any number of them stays below one, rounded or not.
    listed = [_one(token, sure)]
    listed += [_one(f"{token}~{number}", 0.9 * (1 - sure) / 2**number) for number in range(1, alternatives)]
    return {**_one(token, sure), "top_logprobs": listed[:alternatives]}


def _one(token: str, probability: float) -> Body:
    return {"token": token, "logprob": round(math.log(probability), 6), "bytes": list(token.encode())}
