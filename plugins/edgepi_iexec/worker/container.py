"""What a task's container is given: environment, command, files' names, times; pure."""

from __future__ import annotations

import math

from edgepi_iexec.chain.model import ZERO_ADDRESS, ZERO_HASH, Dataset, Deal
from edgepi_iexec.protocol.params import DealParams, input_file_name

__all__ = [
    "INPUTS_AT",
    "OUTPUTS_AT",
    "app_digest",
    "environment",
    "pull_timeout_s",
    "uses_dataset",
]

INPUTS_AT, OUTPUTS_AT = "/iexec_in", "/iexec_out"


def environment(task_id: str, index: int, deal: Deal, params: DealParams) -> dict[str, str]:
    """The variables that an app of a standard task finds."""
    variables = {
        "IEXEC_DEAL_ID": deal.deal_id,
        "IEXEC_TASK_INDEX": str(index),
        "IEXEC_TASK_ID": task_id,
        "IEXEC_IN": INPUTS_AT,
        "IEXEC_OUT": OUTPUTS_AT,
        "IEXEC_BOT_SIZE": str(deal.bot_size),
        "IEXEC_BOT_FIRST_INDEX": str(deal.bot_first),
        "IEXEC_BOT_TASK_INDEX": str(index),
        "IEXEC_DATASET_ADDRESS": deal.dataset.pointer,
        "IEXEC_DATASET_FILENAME": deal.dataset.pointer,
        "IEXEC_INPUT_FILES_NUMBER": str(len(params.input_files)),
    }
    if params.input_files:
        variables["IEXEC_INPUT_FILES_FOLDER"] = INPUTS_AT
    for number, url in enumerate(params.input_files, start=1):
        variables[f"IEXEC_INPUT_FILE_NAME_{number}"] = input_file_name(url)
    return variables


def uses_dataset(dataset: Dataset | None) -> bool:
    """Whether there is a dataset to download: one with a place and a checksum."""
    return (
        dataset is not None
        and dataset.address != ZERO_ADDRESS
        and bool(dataset.location)
        and dataset.checksum not in {"", "0x", ZERO_HASH}
    )


def app_digest(checksum: str) -> str | None:
    """The digest that the chain pins an image to; None where it names none."""
    return None if checksum in {"", "0x", ZERO_HASH} else "sha256:" + checksum.removeprefix("0x")


def pull_timeout_s(category_s: float) -> float:
    """How long a download of an image may take: 5 to 30 minutes, longer for longer tasks."""
    minutes = 10.0 * math.log10(max(category_s / 60.0, 0.1) / 10.0)
    return 60.0 * min(max(round(minutes), 5), 30)
