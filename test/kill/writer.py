"""Goes on with a run as somebody's own training loop does: python writer.py RUN ROWS SECONDS.

Says the id of its process, by its own count, once it holds the run, and logs so many lines in so many seconds.
"""

import os
import sys
import time

import flowscope

run, rows, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
try:
    with flowscope.Run(run, resume=True) as held:
        print(os.getpid(), flush=True)
        for _ in range(rows):
            held.log(held.step + 1, loss=1.0, python=1)
            time.sleep(seconds / rows)
        held.finish("stopped")
except FileExistsError as error:
    sys.exit(f"{error}")
