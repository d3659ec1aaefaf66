"""Entry of the worker process: `python -I -B …/worker/__main__.py CHANNEL_FD MEMORY_MB`."""

import importlib
import os
import sys

if __name__ == "__main__":
    # -I leaves the script's folder off sys.path; it is there only while the siblings load.
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    importlib.import_module("worker.keeper").part(int(sys.argv[1]))
    main = importlib.import_module("worker.main").main
    del sys.path[0]
    main(int(sys.argv[1]), int(sys.argv[2]))
