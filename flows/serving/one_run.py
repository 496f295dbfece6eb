"""One run of a flow: a child process of `audience-impact serve` that ends with it.

Prefect's own engine, with one thing added: when `serve` is killed, so is the run. Else it would
publish beside the one that a new `serve` begins in its place.
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
