"""EdgePi: a runtime for a small computer that lives on a solar panel."""

__version__ = "0.1.0"

__all__ = ["__version__"]
