"""``python -m rcasearch`` is the command ``rcasearch``."""

import sys

from rcasearch.cli import main

if __name__ == "__main__":
    sys.exit(main())
