"""Times `edgepi check-config` on a file of 500 lines beyond what the interpreter itself needs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
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


def once(env: Mapping[str, str], *arguments: str) -> tuple[float, float]:
    """Return wall and CPU seconds of one process."""
    begun, cpu = time.perf_counter(), _children_cpu_s()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=env)
    return time.perf_counter() - begun, _children_cpu_s() - cpu


def _children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "edgepi.yaml"
        write(path)
        # Bytecode is cached on any machine that did not forbid it; the first run fills the cache.
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "cache")
        command = ("-m", "edgepi.cli.main", "check-config", str(path))
        once(env, *command)
        runs = [(once(env, "-c", "pass"), once(env, *command)) for _ in range(ROUNDS)]
    rows = []
    for index, kind, target in ((0, "wall", "150 ms"), (1, "CPU", "-")):
        bare = statistics.median(run[0][index] for run in runs)
        whole = statistics.median(run[1][index] for run in runs)
        rows += [
            (f"interpreter alone, {kind} time", f"{bare * 1e3:.0f} ms", "-"),
            (f"check-config of {LINES} lines, {kind} time", f"{whole * 1e3:.0f} ms", "-"),
            (f"beyond the interpreter, {kind} time", f"{(whole - bare) * 1e3:.0f} ms", target),
        ]
    show(f"Configuration (medians of {ROUNDS} runs)", rows)


if __name__ == "__main__":
    main()
