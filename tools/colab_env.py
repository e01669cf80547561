"""An environment with the versions that Colab has, and no gan_lessons, in .venv-colab.

It is made once and kept. A changed list of versions, another Python, a moved folder, or packages
that are not as they were made (a set-up cell has exchanged one) make it anew.
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
NOT_OF_COLAB = ("hypothesis>=6.100",)  # what the tests need beside Colab's own pytest

COLABS_PYTHON = (3, 13)
OLDEST = (3, 11)  # that these versions have builds for

WHAT_IS_HERE = """
import importlib.metadata, json, re
found = [(d.metadata["Name"], d.version) for d in importlib.metadata.distributions()]
print(json.dumps({re.sub("[-_.]+", "-", name).lower(): version for name, version in found}))
"""


def find_python() -> Path:
    """Python 3.13, else the newest below it that is on this machine."""
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
    # uv sees only those of pyenv that are switched on.
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
    """What is installed in the environment: the version by canonical name."""
    run = subprocess.run(
        [PYTHON, "-I", "-c", WHAT_IS_HERE], capture_output=True, text=True, check=True
    )
    return dict(json.loads(run.stdout))


def wanted(python: Path) -> dict[str, object]:
    """What the environment is made from."""
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
    """What is there before and not so after: each package with what became of it."""
    return {
        name: f"{version} became {after[name]}" if name in after else f"{version} is gone"
        for name, version in before.items()
        if after.get(name) != version
    }


def prepare() -> dict[str, str]:
    """See to it that the environment is there as it was made; the packages in it."""
    python = find_python()
    want = wanted(python)
    have = stamp()
    if {**have, "packages": None} == {**want, "packages": None} and PYTHON.exists():
        before = dict(have["packages"])  # type: ignore[call-overload]
        now = packages()
        if not changed(before, now):
            remove(sorted(set(now) - set(before)))
            return before
        setup_env.say("Packages in .venv-colab are not what Colab has: it is made anew.")
    make(python, want)
    return packages()


def make(python: Path, want: dict[str, object]) -> None:
    """Make the environment anew."""
    started = time.monotonic()
    uv = str(setup_env.find_uv())
    version = str(want["interpreter"][0]).split()[0]  # type: ignore[index]
    setup_env.say(f"Making .venv-colab, with Python {version} and the versions that Colab has.")
    if VENV.exists():
        shutil.rmtree(VENV)
    setup_env.run([uv, "venv", "--quiet", "--python", python, VENV])
    what: list[str | Path] = ["--requirements", VERSIONS, *NOT_OF_COLAB]
    options = ["--compile-bytecode", "--no-progress"]  # as tools/setup_env.py has it
    setup_env.run([uv, "pip", "install", *options, "--python", PYTHON, *what])
    text = json.dumps({**want, "packages": packages()}, indent=1)
    STAMP.write_text(text, encoding="utf-8")
    setup_env.say(f"It is ready ({time.monotonic() - started:.0f} s).")


def remove(names: list[str]) -> None:
    """Uninstall packages: a lesson begins with what Colab begins with."""
    if names:
        uv = str(setup_env.find_uv())
        setup_env.run([uv, "pip", "uninstall", "--quiet", "--python", PYTHON, *names])
