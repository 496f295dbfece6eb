"""One run of a flow: a child process of `audience-impact serve` that ends with it.

It uses Prefect's engine, and in addition ends the run when `serve` is killed. Otherwise the run
could publish at the same time as the run that a new `serve` starts in its place.
"""

import runpy
import signal

from flows.serving.children import end_with_parent


def main() -> None:
    """Run the flow of the command line for the run that the environment names."""
    end_with_parent(signal.SIGKILL)
    runpy.run_module("prefect.flow_engine", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
