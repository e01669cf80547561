"""Make .venv and install the project into it; do nothing where that is already done.

    python tools/setup_env.py [--python]

Run it with any Python 3.10 or newer: that one becomes the environment's interpreter. An
environment that works is kept whatever its Python is, unless `--python` says that the interpreter
was asked for by name. Only the standard library is used, for nothing else is there yet.

The environment counts as made when its stamp says what it was made from. A changed requirement
updates it; a moved folder, another interpreter or a try that was cut off makes it anew. A .venv
without a stamp is somebody's own: where it runs it is kept, and installed into.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "setup.json"
LOG = VENV / "setup.log"
INPUTS = ("pyproject.toml", "constraints.txt", "tools/setup_env.py")

WHO_AM_I = "import json, sys; print(json.dumps([sys.version, sys.base_prefix]))"

# What the installers say on a failure, and what it means; the first that matches counts.
FAILURES = (
    (
        r"no space left|os error 28\b|disk quota|os error 122\b|not enough space|os error 112\b",
        "the disk is full ({free:.1f} GB free here): PyTorch needs about 7 GB on Linux and 2 GB "
        "elsewhere; make room and run it again",
    ),
    (
        r"certificate.verify|invalid peer certificate|unknown ?issuer",
        "the network's certificates are not trusted here (a school's or company's proxy?): set "
        "SSL_CERT_FILE and PIP_CERT to its certificate file and run it again",
    ),
    (
        r"dns error|lookup address|name resolution|name or service not known|nodename nor serv"
        r"|error sending request|connect error|connection (refused|reset|broken)|timed out"
        r"|network is unreachable|newconnectionerror|failed to fetch|failed to download",
        "the packages cannot be fetched: connect to the network and run it again; what was "
        "fetched before is kept",
    ),
    (
        r"initialize cache",
        "uv has no folder for what it fetches: set UV_CACHE_DIR to one that you can write to and "
        "run it again",
    ),
    (
        r"permission denied|os error 13\b|read-only file system|os error 30\b",
        "something may not be written here: put the project in a folder that is yours, or remove "
        "a .venv that another user made, and run it again",
    ),
    (
        r"ensurepip|no module named venv",
        "{python} cannot make environments: install its venv module (on Debian and Ubuntu: "
        "sudo apt install python3-venv), or uv, and run it again",
    ),
    (
        r"no solution found|no matching distribution|requires-python|no wheels|platform tag",
        "a package has no build for Python {version} on this system: name a Python from 3.10 to "
        "3.13, as in make lab PYTHON=python3.12; on an Intel Mac, or macOS before 14, use conda "
        "as in README.md",
    ),
)


class SetupError(Exception):
    """Carries the one line that says what is wrong and what to do."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Make .venv and install the project into it.")
    parser.add_argument(
        "--python", action="store_true", help="rebuild an environment that has another interpreter"
    )
    by_name = parser.parse_args().python
    try:
        if (state := stale(by_name)) == "ready":
            return
        # An environment that another uv made may have no installer of its own.
        if state == "new" or not find_uv():
            make_environment()
        install()
    except SetupError as error:
        fail(str(error))
    except PermissionError as error:
        fail(explain(f"permission denied: {error}"))
    except OSError as error:
        fail(explain(str(error)))
    except KeyboardInterrupt:
        fail("stopped before it was done: run it again to go on")


def wanted() -> dict[str, object]:
    """What the environment is made from, apart from its interpreter."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return {"folder": str(ROOT), "inputs": digest.hexdigest()}


def interpreter(python: Path) -> list[str]:
    """Version and home of an interpreter, [] where it does not run."""
    try:
        answer = subprocess.run(
            [python, "-I", "-S", "-c", WHO_AM_I], capture_output=True, text=True, check=True
        )
        return list(json.loads(answer.stdout))
    except (OSError, subprocess.CalledProcessError, ValueError):
        return []


def stale(by_name: bool) -> str:
    """`ready`, `update` (to be installed into) or `new` (there is none, or it cannot be kept)."""
    found = interpreter(PYTHON)
    if not found:
        return "new"
    unfit = by_name and found != [sys.version, sys.base_prefix]
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if unfit or tuple(map(int, found[0].split(".")[:2])) < (3, 10):
            raise SetupError(
                f".venv has Python {found[0].split()[0]}, and was not made by this set-up: "
                "remove it, and run it again"
            ) from None
        return "update"
    except (OSError, ValueError):
        return "new"
    want = wanted()
    if unfit or stamp.get("interpreter") != found or stamp.get("folder") != want["folder"]:
        return "new"
    return "ready" if stamp.get("inputs") == want["inputs"] else "update"


def make_environment() -> None:
    """Make an empty .venv, with uv in it where none is on the PATH."""
    # Inside the .venv that is about to be removed, the interpreter it was made from must do.
    python = Path(getattr(sys, "_base_executable", None) or sys.executable)
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        say("Removing a .venv that was cut off, has moved or has another Python.")
        shutil.rmtree(VENV)
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"Making .venv with Python {version}. The first time takes minutes: PyTorch is large.")
    if uv := find_uv():
        run([uv, "venv", "--quiet", "--python", python, VENV])
    else:
        run([python, "-m", "venv", VENV])
        say("Fetching uv, which installs the rest.")
        run([PYTHON, "-m", "pip", "install", "--quiet", "uv"])
    write_stamp({})  # matches nothing: should the install be cut off, the next try starts anew


def install() -> None:
    """Install the package and all its extras into .venv, check that they load, stamp it."""
    started = time.monotonic()
    uv = find_uv()
    if not uv:
        raise SetupError(f"pip installed uv, but it is not in {BIN}: put uv on the PATH")
    what = ["--editable", ".[dev]", "--constraint", "constraints.txt"]
    # Containers often forbid Python to keep what it compiles: then each start would take 10 s more.
    run([uv, "pip", "install", "--compile-bytecode", "--python", PYTHON, "--no-progress", *what])
    say("Checking that PyTorch loads.")
    run([PYTHON, "-c", "import torch, torchvision, jupyterlab, gan_lessons"])
    write_stamp(wanted() | {"interpreter": interpreter(PYTHON)})
    say(f"The environment is ready ({time.monotonic() - started:.0f} s).")


def write_stamp(stamp: dict[str, object]) -> None:
    unfinished = STAMP.with_suffix(".tmp")
    unfinished.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    os.replace(unfinished, STAMP)


def find_uv() -> str | None:
    """A uv that runs: the one on the PATH (it may be a dead shim), else the one in .venv."""
    for uv in (shutil.which("uv"), shutil.which("uv", path=str(BIN))):
        if uv and subprocess.run([uv, "--version"], capture_output=True).returncode == 0:
            return uv
    return None


def run(command: list[str | Path]) -> None:
    """Run a command quietly, with a line for each large download; raise SetupError if it fails."""
    # An environment that is active in this shell must not be mistaken for the one in the making.
    env = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "PYTHONHOME")}
    said: list[str] = []
    waiting: set[str] = set()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        text=True,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if large := re.match(r"Downloading (\S+) \(([\d.]{5,}MiB|[\d.]+GiB)\)", line):
                waiting.add(large[1])
                say(f"  fetching {large[1]}, {large[2]}")
            elif (name := line.strip().removeprefix("Downloaded ")) in waiting:
                waiting.remove(name)
                say(f"  {name} is here" + (f", {len(waiting)} to come" if waiting else ""))
    if process.returncode:
        raise SetupError(explain("".join(said)))


def explain(output: str) -> str:
    """The one line for a failure: a known cause, or where the whole output is to be read."""
    values = {
        "free": shutil.disk_usage(ROOT).free / 1e9,
        "python": sys.executable,
        "version": ".".join(map(str, sys.version_info[:2])),
    }
    try:
        LOG.write_text(output, encoding="utf-8")
        log = f" (in full: {LOG.relative_to(ROOT)})"
    except OSError:
        log = ""
    for pattern, advice in FAILURES:
        if re.search(pattern, output, re.IGNORECASE):
            return advice.format(**values) + log
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["no reason given"]
    errors = [line for line in lines if re.match(r"error\b|×|\w+Error\b", line, re.IGNORECASE)]
    return (errors or lines)[-1] + log


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def fail(reason: str) -> NoReturn:
    sys.exit(f"Set-up failed: {reason}")


if __name__ == "__main__":
    main()
