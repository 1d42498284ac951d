"""The missing main guard

Starts a process without checking whether this is the main program. A spawned child runs this file again and would start
a child of its own, and so on; a RuntimeError in the child stops that, and the target never runs.

What to look at: the child's exit code is 1, and its traceback in the log says what is missing.

Finds: start-refused
"""

import argparse
import multiprocessing
import sys


def work():
    print("child: only printed with fork", flush=True)


def parameters():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--method", choices=("spawn", "forkserver", "fork"), default="spawn", help="fork does not run the file again"
    )
    return parser.parse_args()


# What is missing here, on purpose:
# if __name__ == "__main__":
print(f"{__name__}: starting a child", flush=True)
child = multiprocessing.get_context(parameters().method).Process(target=work)
child.start()
child.join()
print(f"{__name__}: exit code {child.exitcode}", flush=True)
sys.exit(child.exitcode)
