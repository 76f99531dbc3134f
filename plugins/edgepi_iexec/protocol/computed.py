"""``computed.json``: what an app says its result is."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgepi.errors import ProtocolError
from edgepi_iexec.protocol.causes import ReplicateCause
from edgepi_iexec.protocol.outputs import output_parts, read_output
from edgepi_iexec.protocol.reading import Fields, parse_json

__all__ = ["COMPUTED_JSON", "Computed", "parse_computed", "read_computed"]

COMPUTED_JSON = "computed.json"
MAX_BYTES = 1 << 20
MAX_CALLBACK_BYTES = 128 * 1024
_NOT_FOUND = ReplicateCause.POST_COMPUTE_COMPUTED_FILE_NOT_FOUND
_FAILED = ReplicateCause.POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """Where the result is, ``/iexec_out/...``, or the data for a deal's callback, hexadecimal."""

    output_path: str | None = None
    callback_data: str | None = None
    task_id: str | None = None
    result_digest: str | None = None
    enclave_signature: str | None = None
    error_message: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As it is written, every key in the protocol's order."""
        return {
            "deterministic-output-path": self.output_path,
            "callback-data": self.callback_data,
            "task-id": self.task_id,
            "result-digest": self.result_digest,
            "enclave-signature": self.enclave_signature,
            "error-message": self.error_message,
        }


def read_computed(outputs: Path) -> Computed:
    """Read what an app left. Blocks.

    Raises:
        ProtocolError: there is none (POST_COMPUTE_COMPUTED_FILE_NOT_FOUND), or it cannot be meant.
        OSError: it cannot be read.
    """
    try:
        with (
            read_output(outputs, (COMPUTED_JSON,)) as (handle, _),
            os.fdopen(os.dup(handle), "rb") as file,
        ):
            return parse_computed(file.read(MAX_BYTES + 1))
    except (FileNotFoundError, IsADirectoryError):
        raise ProtocolError("the app left no computed.json", cause=_NOT_FOUND.value) from None


def parse_computed(content: bytes) -> Computed:
    """Read the content of a ``computed.json``; raises ProtocolError with *cause*."""
    found = parse_json(content, "computed.json", max_bytes=MAX_BYTES, cause=_FAILED.value)
    try:
        fields = Fields(found, "computed.json")
        computed = Computed(
            output_path=fields.text("deterministic-output-path", None, most=4096),
            callback_data=fields.hex("callback-data", None, most=MAX_CALLBACK_BYTES),
            task_id=fields.text("task-id", None, most=200),
            result_digest=fields.text("result-digest", None, most=200),
            enclave_signature=fields.text("enclave-signature", None, most=2048),
            error_message=fields.text("error-message", None),
        )
        if computed.output_path is not None:
            output_parts(computed.output_path)
    except ProtocolError as error:
        raise ProtocolError(error.message, cause=error.cause or _FAILED.value) from None
    return computed
