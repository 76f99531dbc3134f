"""The chains that the tests of this folder share; see ``tests/devchain.py`` for how to use them."""

from __future__ import annotations

from tests.devchain import chain_cache, devchain, native_chain, native_devchain, token_chain

__all__ = ["chain_cache", "devchain", "native_chain", "native_devchain", "token_chain"]
