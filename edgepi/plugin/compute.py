"""The base class of sources of jobs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

__all__ = ["ComputeBackend"]


class ComputeBackend(ABC):
    """Brings jobs and runs them, each under a lease from ``context.budget``.

    One whose leases only keep the node awake sets *brings_jobs* to False.
    """

    name: str
    brings_jobs: ClassVar[bool] = True

    @abstractmethod
    async def start(self) -> None:
        """Take up work; jobs of an earlier life are looked for first."""

    @abstractmethod
    async def stop(self) -> None:
        """End cleanly what can be ended."""
