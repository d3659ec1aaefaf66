"""Entry of a child: `python -I -S -B …/child/__main__.py pdf|reader ARGUMENT…`, with an empty environment."""

import importlib
import os
import sys

if __name__ == "__main__":
    # -I leaves the script's folder off sys.path; it is there only while the siblings load.
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    module = importlib.import_module(f"child.{sys.argv[1]}")
    del sys.path[0]
    module.main(sys.argv[2:])
