"""The text that says on the chain where a result is."""

from __future__ import annotations

import re

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.reading import Fields, parse_json

__all__ = ["read_link", "result_link"]

_PLACE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,512}")
MAX_LINK = 4096


def result_link(location: str, *, storage: str = "ipfs") -> str:
    """Return the link, spaces exactly as other workers write them.

    *location* is ``/ipfs/<hash>``, ``/results/<task>`` with ``dropbox`` or a callback's address with
    ``ethereum``. Raises ProtocolError for what would break out of the text.
    """
    if _PLACE.fullmatch(location) is None or _PLACE.fullmatch(storage) is None:
        raise ProtocolError("a result's location has characters that no location has")
    return f'{{ "storage": "{storage}", "location": "{location}" }}'


def read_link(text: str) -> tuple[str, str]:
    """Return storage and location of a link; raises ProtocolError."""
    fields = Fields(parse_json(text, "a link to a result", max_bytes=MAX_LINK), "a link to a result")
    storage, location = fields.text("storage"), fields.text("location")
    result_link(location, storage=storage)  # refuses what it would not write
    return storage, location
