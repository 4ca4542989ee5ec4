"""`python -m pyrust` is the `pyrust` command for this very interpreter."""

import sys

from pyrust.cli import main

if __name__ == "__main__":
    sys.exit(main())
