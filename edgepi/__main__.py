"""``python -m edgepi``."""

from __future__ import annotations

import sys

from edgepi.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
