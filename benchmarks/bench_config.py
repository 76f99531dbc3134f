"""Times `edgepi check-config` on a file of 500 lines beyond what the interpreter itself needs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import show

LINES = 500
ROUNDS = 15
CORE = """\
node: {name: bench, latitude: 48.8566, longitude: 2.3522, elevation: 35, time_zone: Europe/Paris}
energy:
  battery: {chemistry: lifepo4, capacity_wh: 154}
  panel: {peak_w: 40, tilt: 40, azimuth: 180}
  board: {model: pi4}
recorder:
  keep_raw: 30d
  commit_interval: 60s
plugins:
  weather:
"""
INSTANCE = """\
    - name: station_{index}
      importance: normal
      readings:
        temperature:
          offset: -0.4
          min: -30
          max: 60
        humidity:
          scale: 1.02
          max: 100
"""


def write(path: Path, lines: int = LINES) -> None:
    text, index = CORE, 0
    while (missing := lines - text.count("\n")) > 0:
        text += INSTANCE.format(index=index) if missing >= INSTANCE.count("\n") else "# end\n" * missing
        index += 1
    path.write_text(text, encoding="utf-8")


def once(*arguments: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edgepi.yaml"
        write(path)
        command = ("-m", "edgepi.cli.main", "check-config", str(path))
        once(*command)
        bare, whole = zip(*((once("-c", "pass"), once(*command)) for _ in range(ROUNDS)), strict=True)
    beyond = statistics.median(whole) - statistics.median(bare)
    rows = [
        ("interpreter alone, median", f"{statistics.median(bare) * 1e3:.0f} ms", "-"),
        (f"check-config of {LINES} lines, median", f"{statistics.median(whole) * 1e3:.0f} ms", "-"),
        ("beyond the interpreter, medians", f"{beyond * 1e3:.0f} ms", "150 ms"),
        ("beyond the interpreter, best of both", f"{(min(whole) - min(bare)) * 1e3:.0f} ms", "150 ms"),
    ]
    show("Configuration", rows)


if __name__ == "__main__":
    main()
