"""Throwaway distributions: plugins with metadata, as pip would have installed them."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

MANIFEST = '[plugin]\nname = "{name}"\ntitle = "A title"\nsummary = "A summary."\n'


def install(
    site: Path,
    name: str,
    code: str = "",
    *,
    distribution: str | None = None,
    package: str | None = None,
    manifest: str | None = MANIFEST,
    target: str | None = None,
) -> str:
    """Put a distribution of one plugin into the directory *site*; returns the plugin's name."""
    package = package or f"throwaway_{name}"
    distribution = distribution or f"throwaway-{name}"
    info = site / f"{distribution.replace('-', '_')}-1.2.3.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2.3\n")
    target = target or f"{package}.plugin"
    (info / "entry_points.txt").write_text(f"[edgepi.plugins]\n{name} = {target}\n")
    home = site / package
    home.mkdir(exist_ok=True)
    (home / "__init__.py").write_text("")
    (home / "plugin.py").write_text("from edgepi.plugin import *\n" + dedent(code))
    if manifest is not None:
        (home / "edgepi-plugin.toml").write_text(manifest.format(name=name))
    return name
