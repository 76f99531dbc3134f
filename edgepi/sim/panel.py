"""The panel: what sun on its plane becomes at the charger."""

from __future__ import annotations

__all__ = ["SYSTEM_YIELD", "panel_power_w"]

SYSTEM_YIELD = 0.78  # heat, dust, wiring and charger together


def panel_power_w(poa_w_m2: float, peak_w: float) -> float:
    """Return W from plane-of-array irradiance; 1000 W/m2 is where *peak_w* was measured."""
    return max(0.0, poa_w_m2) / 1000.0 * peak_w * SYSTEM_YIELD
