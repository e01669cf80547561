"""An environment with Colab's package versions and without gan_lessons, in .venv-colab.

It is created once and reused. It is created again if the list of versions, the Python or the
project's folder has changed, or if its packages differ from those first installed (because a set-up
cell has replaced one).
"""

import hashlib
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import setup_env
from make_colab import VERSIONS

VENV = setup_env.ROOT / ".venv-colab"
PYTHON = VENV / setup_env.BIN.name / setup_env.PYTHON.name
STAMP = VENV / "setup.json"
NOT_OF_COLAB = ("hypothesis>=6.100",)  # what the tests need in addition to Colab's pytest

COLABS_PYTHON = (3, 13)
OLDEST = (3, 11)  # the oldest Python that these versions have builds for

WHAT_IS_HERE = """
import importlib.metadata, json, re
found = [(d.metadata["Name"], d.version) for d in importlib.metadata.distributions()]
print(json.dumps({re.sub("[-_.]+", "-", name).lower(): version for name, version in found}))
"""


def find_python() -> Path:
    """Python 3.13, or the newest older Python on this machine that works."""
    found: dict[tuple[int, int, int], Path] = {}
    uv = setup_env.find_uv()
    if not uv:
        raise setup_env.SetupError("there is no uv: run make setup, or put uv on the PATH")
    command = [uv, "python", "list", "--only-installed", "--output-format", "json"]
    run = subprocess.run(command, capture_output=True, text=True)
    for each in json.loads(run.stdout or "[]"):
        if each["implementation"] == "cpython" and each["variant"] == "default":
            parts = each["version_parts"]
            version = (parts["major"], parts["minor"], parts["patch"])
            found.setdefault(version, Path(each["path"]))
    # Of pyenv's Pythons, uv finds only the active ones.
    for folder in Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")).glob("versions/3.*.*"):
        if all(part.isdecimal() for part in folder.name.split(".")):
            major, minor, patch = map(int, folder.name.split("."))
            found.setdefault((major, minor, patch), folder / "bin" / "python3")
    fitting = [v for v in found if OLDEST <= v[:2] <= COLABS_PYTHON]
    for version in sorted(fitting, reverse=True):
        if setup_env.interpreter(found[version]):
            return found[version]
    raise setup_env.SetupError(
        "Colab's versions need Python 3.13 (3.11 and 3.12 do, too), and uv finds none of them: "
        "uv python install 3.13"
    )


def packages() -> dict[str, str]:
    """The packages in the environment: canonical name → version."""
    run = subprocess.run(
        [PYTHON, "-I", "-c", WHAT_IS_HERE], capture_output=True, text=True, check=True
    )
    return dict(json.loads(run.stdout))


def wanted(python: Path) -> dict[str, object]:
    """What the environment is created from."""
    digest = hashlib.sha256(VERSIONS.read_bytes() + repr(NOT_OF_COLAB).encode())
    return {
        "folder": str(setup_env.ROOT),
        "interpreter": setup_env.interpreter(python),
        "inputs": digest.hexdigest(),
    }


def stamp() -> dict[str, object]:
    try:
        return dict(json.loads(STAMP.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def changed(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """The packages that changed or disappeared, each with what happened to it."""
    return {
        name: f"{version} became {after[name]}" if name in after else f"{version} is gone"
        for name, version in before.items()
        if after.get(name) != version
    }


def prepare() -> dict[str, str]:
    """Makes sure that the environment exists and is unchanged; returns its packages."""
    python = find_python()
    want = wanted(python)
    have = stamp()
    if {**have, "packages": None} == {**want, "packages": None} and PYTHON.exists():
        before = dict(have["packages"])  # type: ignore[call-overload]
        now = packages()
        if not changed(before, now):
            remove(sorted(set(now) - set(before)))
            return before
        setup_env.say("Packages in .venv-colab differ from Colab's: creating it again.")
    make(python, want)
    return packages()


def make(python: Path, want: dict[str, object]) -> None:
    """Creates the environment, and removes the old one."""
    started = time.monotonic()
    uv = str(setup_env.find_uv())
    version = str(want["interpreter"][0]).split()[0]  # type: ignore[index]
    setup_env.say(f"Creating .venv-colab with Python {version} and Colab's versions.")
    if VENV.exists():
        shutil.rmtree(VENV)
    setup_env.run([uv, "venv", "--quiet", "--python", python, VENV])
    packages_: list[str | Path] = ["--requirements", VERSIONS, *NOT_OF_COLAB]
    options = ["--compile-bytecode", "--no-progress"]  # as in tools/setup_env.py
    setup_env.run([uv, "pip", "install", *options, "--python", PYTHON, *packages_])
    text = json.dumps({**want, "packages": packages()}, indent=1)
    STAMP.write_text(text, encoding="utf-8")
    setup_env.say(f"It is ready ({time.monotonic() - started:.0f} s).")


def remove(names: list[str]) -> None:
    """Uninstalls packages, so that every lesson starts with Colab's packages only."""
    if names:
        uv = str(setup_env.find_uv())
        setup_env.run([uv, "pip", "uninstall", "--quiet", "--python", PYTHON, *names])
