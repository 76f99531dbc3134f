"""What moves is found, and nothing else is: EdgePi's detector beside OpenCV's models and Debian's `motion`.

``bench_camera_motion.py [--more] [--seed N] [--only METHOD]... [--scene NAME]...`` on composed scenes, with
``--more`` on those of the second catalogue;
``bench_camera_motion.py CLIP...`` prints the events found in clips of your own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from camera_debian import debian
from camera_highway import measure
from camera_methods import METHODS
from camera_words import Word, spans
from scene_catalogue import catalogue
from scene_catalogue_more import more
from scene_files import Recorded, recorded
from scene_stage import rate
from scene_stills import DATA
from scene_truth import Score, judge
from scenes import FPS, Scene
from table import show

DEBIAN = "Debian's motion"
EVENT_GAP_S = 2.0
WHAT = (
    "things found while they move",
    "found where they are",
    "event's start after the thing is seen: median, worst",
    "said after it is seen: median, worst",
    "pictures alarmed of those with nothing in them",
    "scenes with more than 1 % of them",
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP")
    parser.add_argument("--more", action="store_true", help="the second catalogue of scenes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=[*METHODS, DEBIAN])
    parser.add_argument("--scene", action="append")
    asked = parser.parse_args(arguments)
    names = asked.only or [*METHODS, DEBIAN]
    if DEBIAN in names and shutil.which("motion") is None:
        print("motion is not installed: left out")
        names.remove(DEBIAN)
    if asked.clips:
        _events(asked.clips, _words(names, asked.clips, [FPS] * len(asked.clips)))
        return 0
    every: Sequence[Scene] = more(asked.seed) if asked.more else catalogue(asked.seed)
    scenes = [scene for scene in every if not asked.scene or scene.name in asked.scene]
    kept = recorded(scenes)
    words = _words(names, [each.path for each in kept], [rate(each.scene) for each in kept])
    _scenes(kept, {name: _scores(kept, said) for name, said in words.items()}, asked.seed)
    if (DATA / "video" / "highway-gt.npz").exists() and not (asked.scene or asked.more):
        show("Pixels of highway.avi, usual settings", measure(DATA / "video", names))
    return 0


def _words(names: Sequence[str], clips: Sequence[Path], rates: Sequence[int]) -> dict[str, list[Word]]:
    words: dict[str, list[Word]] = {}
    # Spawned: a fork of a process in which OpenCV has threads hangs.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, spawn, initializer=cv2.setNumThreads, initargs=(1,)) as pool:
        for name in names:
            words[name] = (
                debian(clips, rates) if name == DEBIAN else list(pool.map(METHODS[name], clips, rates))
            )
    return words


def _scores(kept: Sequence[Recorded], said: Sequence[Word]) -> list[Score]:
    return [judge(each.truth, word) for each, word in zip(kept, said, strict=True)]


def _scenes(kept: Sequence[Recorded], scores: Mapping[str, Sequence[Score]], seed: int) -> None:
    totals = {name: Score() for name in scores}
    print(f"\nComposed scenes, seed {seed}: acts found, start and said after (worst), quiet pictures alarmed")
    wide = max(len(each.scene.name) for each in kept)
    print(f"  {'':{wide}}  " + "".join(f"{name:32}" for name in scores))
    for k, each in enumerate(kept):
        for name, score in scores.items():
            totals[name].add(score[k])
        cells = (f"{_cell(score[k]):32}" for score in scores.values())
        print(f"  {each.scene.name:{wide}}  " + "".join(cells).rstrip())
    _totals(totals, scores)


def _totals(totals: Mapping[str, Score], scores: Mapping[str, Sequence[Score]]) -> None:
    """One column for each method; the targets are EdgePi's."""
    columns = [_column(total, scores[name]) for name, total in totals.items()]
    first = next(iter(totals.values()))
    targets = _targets(first) if "EdgePi" in totals else [""] * len(WHAT)
    table = [["", *totals, "target"], *map(list, zip(WHAT, *columns, targets, strict=True))]
    widths = [max(len(row[k]) for row in table) for k in range(len(table[0]))]
    print("\nAll scenes together")
    for row in table:
        print("  " + "  ".join(cell.ljust(wide) for cell, wide in zip(row, widths, strict=True)).rstrip())


def _cell(score: Score) -> str:
    start, said = (f"{max(s):.2f}" if s else "-" for s in (score.start_s, score.said_s))
    return f"{score.found}/{score.acts} ({score.placed})  {start}, {said} s  {score.false_share:6.1%}"


def _column(total: Score, each: Sequence[Score]) -> list[str]:
    start, said = np.array(total.start_s or [np.nan]), np.array(total.said_s or [np.nan])
    return [
        f"{total.found} of {total.acts}",
        f"{total.placed} of {total.acts}",
        f"{np.median(start):.2f}, {start.max():.2f} s",
        f"{np.median(said):.2f}, {said.max():.2f} s",
        f"{total.false_share:.2%} of {total.quiet}",
        f"{sum(score.false_share > 0.01 for score in each)} of {len(each)}",
    ]


def _targets(total: Score) -> list[str]:
    return [
        _verdict("all", total.found == total.acts),
        _verdict("all", total.placed == total.acts),
        _verdict("0.5 s", max(total.start_s, default=9.0) <= 0.5),
        "",
        _verdict("1 %", total.false_share <= 0.01),
        "",
    ]


def _verdict(target: str, reached: bool) -> str:
    return target if reached else f"{target}, missed"


def _events(clips: Sequence[Path], words: Mapping[str, Sequence[Word]]) -> None:
    for k, clip in enumerate(clips):
        rows = []
        for name, said in words.items():
            found = spans(said[k].alarm, round(EVENT_GAP_S * FPS))
            times = ", ".join(f"{a / FPS:.1f}-{b / FPS:.1f}" for a, b in found)
            rows.append((name, f"{said[k].alarm.mean():.1%}, {len(found)} events", times))
        show(f"{clip.name} ({len(words[next(iter(words))][k].alarm) / FPS:.0f} s at 25 a second)", rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
