"""Checksums and encodings, in plain Python."""

from checksums.codes import ean13, iban_valid, isbn10, luhn
from checksums.hashes import adler32, crc16, fletcher16, fnv1a
from checksums.packing import from_varints, hexlify, run_length, to_varints

__all__ = [
    "adler32",
    "crc16",
    "ean13",
    "fletcher16",
    "fnv1a",
    "from_varints",
    "hexlify",
    "iban_valid",
    "isbn10",
    "luhn",
    "run_length",
    "to_varints",
]

try:
    from . import _pyrust  # type: ignore[attr-defined, unused-ignore]  # noqa: F401
except ImportError:  # pragma: no cover
    if __import__("os").environ.get("PYRUST") == "require":
        raise
