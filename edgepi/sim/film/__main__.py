"""``python -m edgepi.sim.film OUT.ts``: renders the film, and says on stderr how far it is."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from edgepi.sim.film.plot import LENGTH_S
from edgepi.sim.film.render import Take, render


def main() -> int:
    """Render what is asked for; the percentage goes line by line to stderr."""
    parser = argparse.ArgumentParser(prog="python -m edgepi.sim.film", description=__doc__)
    parser.add_argument("out", type=Path, metavar="OUT.ts")
    parser.add_argument("--size", default="640x480", metavar="WIDTHxHEIGHT")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--start", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--length", type=float, default=LENGTH_S, metavar="SECONDS")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    take = Take(width=width, height=height, fps=args.fps, start_s=args.start, length_s=args.length)
    os.nice(19)
    told = -1

    def tell(share: float) -> None:
        nonlocal told
        if (percent := int(share * 100)) > told:
            told = percent
            sys.stderr.write(f"{percent}\n")
            sys.stderr.flush()

    render(args.out, take, tell)
    return 0


if __name__ == "__main__":
    sys.exit(main())
