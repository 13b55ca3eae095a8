"""``python -m axialkit`` is the command ``axialkit``."""

from axialkit.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
