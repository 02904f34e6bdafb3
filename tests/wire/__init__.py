"""A client of dm-master and dm-worker made from a description of its own, dm.proto, which is not the project's."""

from .client import Client, WireError
from .schema import Schema, fill, unknown_numbers

__all__ = ["Client", "Schema", "WireError", "fill", "unknown_numbers"]
