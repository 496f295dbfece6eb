"""Programs that some tests need besides Python; where one is missing, its tests are left out.

They are told of at the end of a run. In CI a test that is left out is a failure: there everything
can be had, and `make tools` installs it.
"""

import os
import shutil
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[1]
VNU = HOME / ".tools" / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
NAMES = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "soffice": ("soffice",)}
SHORT = ("-Xss8m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""Java for a few seconds: compiling better, in threads of its own, costs more than it saves."""
LEFT_OUT = "left out: "


def program(name: str) -> str:
    """The path of a program; the test that asks is left out, or fails in CI, without it."""
    result = next((path for one in NAMES.get(name, (name,)) if (path := shutil.which(one))), None)
    return result or _missing(name)


def vnu() -> list[str]:
    """The command of the Nu HTML checker; the test that asks is left out without it."""
    jar = str(VNU) if VNU.is_file() else _missing("vnu-jar")
    return [program("java"), *SHORT, "-jar", jar]


def _missing(name: str) -> str:
    why = f"no {name} on this machine; `make tools` installs it where Debian's packages are"
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(LEFT_OUT + why)
