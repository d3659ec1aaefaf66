"""`python -m rlm_tui` is the console command."""

import sys

from rlm_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
