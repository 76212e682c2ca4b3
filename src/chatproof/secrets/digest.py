"""Hashes without OpenSSL: hashlib loads libcrypto, a quarter of a bare interpreter's start, for plain http in vain."""

from importlib import import_module
from types import ModuleType


def _first(*names: str) -> ModuleType:
    """The first of these modules that this Python has."""
    for name in names[:-1]:
        try:
            return import_module(name)
        except ImportError:
            continue
    return import_module(names[-1])


_SHA2 = _first("_sha2", "_sha256", "hashlib")  # the same code that hashlib falls back to; named anew in 3.12
_BLAKE2 = _first("_blake2", "hashlib")


def sha256(data: bytes) -> str:
    """The hex digest."""
    return str(_SHA2.sha256(data).hexdigest())


def keyed32(data: bytes, key: bytes) -> str:
    """32 bits of a keyed hash, as eight hex digits."""
    return str(_BLAKE2.blake2s(data, key=key, digest_size=4).hexdigest())
