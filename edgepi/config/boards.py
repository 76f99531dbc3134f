"""What common boards draw with nothing to do, off, and to boot, until the node has learned its own.

Idle: published wall measurements of the Raspberry Pi boards (geerlingguy/sbc-reviews) where
there are any, whose supplies lose about what a DC-DC converter at the battery loses; else the
vendor's current at 5 V over a converter of 85 %. Boot: 1.5 times idle for about 40 s, and the
same again to stop. Standby is the power board's own share after a real cut; a board that only
halts draws 0.2 W to 2.7 W.
"""

from __future__ import annotations

from types import MappingProxyType

from edgepi.config.settings import BoardSettings

__all__ = ["BOARDS", "board_settings"]

BOARDS = MappingProxyType(
    {
        board.model: board
        for board in (
            BoardSettings(model="pi3b", idle_w=1.8, boot_wh=0.05),
            BoardSettings(model="pi3b+", idle_w=3.1, boot_wh=0.07),
            BoardSettings(model="pi4", idle_w=2.7, boot_wh=0.06),
            BoardSettings(model="pi400", idle_w=2.7, boot_wh=0.06),
            BoardSettings(model="pi5", idle_w=2.8, boot_wh=0.07),
            BoardSettings(model="zero", idle_w=0.7, boot_wh=0.03),
            BoardSettings(model="zero2w", idle_w=0.7, boot_wh=0.03),
            BoardSettings(model="cm4", idle_w=2.5, boot_wh=0.06),
            BoardSettings(model="cm5", idle_w=2.4, boot_wh=0.06),
            BoardSettings(model="other", idle_w=3.0, boot_wh=0.07),
        )
    }
)


def board_settings(*, model: str = "pi4", **given: float) -> BoardSettings:
    """Take the model's figures for whatever is not given."""
    known = BOARDS[model]
    return BoardSettings(
        model=model,
        idle_w=given.get("idle_w", known.idle_w),
        standby_w=given.get("standby_w", known.standby_w),
        boot_wh=given.get("boot_wh", known.boot_wh),
    )
