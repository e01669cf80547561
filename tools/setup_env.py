"""Creates .venv and installs the project into it; does nothing if that is already done.

    python tools/setup_env.py [--python]

Run it with any Python 3.10 or newer, which becomes the environment's interpreter. A working
environment is kept whatever its Python is, unless `--python` says that the user named the
interpreter. This script uses the standard library only, because nothing else is installed yet.

The environment's stamp records what it was created from. If a requirement changes, the environment
is updated; if the folder or the interpreter changes, or the last attempt was interrupted, it is
created again. A .venv without a stamp belongs to the user: if it works, it is kept, and the project
is installed into it.
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

# Patterns in the installers' error messages, and what they mean; the first match counts.
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
        "the packages cannot be downloaded: connect to the network and run it again; finished "
        "downloads are kept",
    ),
    (
        r"initialize cache",
        "uv cannot write to its cache: set UV_CACHE_DIR to a folder that you can write to and "
        "run it again",
    ),
    (
        r"permission denied|os error 13\b|read-only file system|os error 30\b",
        "a file cannot be written: put the project into a folder of your own, or remove a .venv "
        "that another user made, and run it again",
    ),
    (
        r"ensurepip|no module named venv",
        "{python} cannot create environments: install its venv module (on Debian and Ubuntu: "
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
    """Its message is one line that says what is wrong and what to do."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Make .venv and install the project into it.")
    parser.add_argument(
        "--python", action="store_true", help="rebuild an environment that has another interpreter"
    )
    by_name = parser.parse_args().python
    try:
        if (state := stale(by_name)) == "ready":
            return
        # An environment created by another uv may contain no installer.
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
        fail("interrupted: run it again to continue")


def wanted() -> dict[str, object]:
    """What the environment is created from, apart from its interpreter."""
    digest = hashlib.sha256()
    for name in INPUTS:
        digest.update((ROOT / name).read_bytes())
    return {"folder": str(ROOT), "inputs": digest.hexdigest()}


def interpreter(python: Path) -> list[str]:
    """The version and prefix of an interpreter, or [] if it does not run."""
    try:
        answer = subprocess.run(
            [python, "-I", "-S", "-c", WHO_AM_I], capture_output=True, text=True, check=True
        )
        return list(json.loads(answer.stdout))
    except (OSError, subprocess.CalledProcessError, ValueError):
        return []


def stale(by_name: bool) -> str:
    """`ready`, `update` (install into it) or `new` (missing, or it cannot be kept)."""
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
                "remove it and run it again"
            ) from None
        return "update"
    except (OSError, ValueError):
        return "new"
    want = wanted()
    if unfit or stamp.get("interpreter") != found or stamp.get("folder") != want["folder"]:
        return "new"
    return "ready" if stamp.get("inputs") == want["inputs"] else "update"


def make_environment() -> None:
    """Creates an empty .venv, and installs uv into it if none is on the PATH."""
    # If this runs in the .venv that is about to be removed, use the interpreter it was made from.
    python = Path(getattr(sys, "_base_executable", None) or sys.executable)
    if VENV.is_symlink() or VENV.is_file():
        VENV.unlink()
    elif VENV.exists():
        say("Removing a .venv that is incomplete, has moved or has another Python.")
        shutil.rmtree(VENV)
    version = ".".join(map(str, sys.version_info[:3]))
    say(f"Creating .venv with Python {version}. The first time takes minutes: PyTorch is large.")
    if uv := find_uv():
        run([uv, "venv", "--quiet", "--python", python, VENV])
    else:
        run([python, "-m", "venv", VENV])
        say("Downloading uv, which installs the rest.")
        run([PYTHON, "-m", "pip", "install", "--quiet", "uv"])
    write_stamp({})  # matches nothing: if the install is interrupted, the next attempt starts again


def install() -> None:
    """Installs the package and all its extras into .venv, checks that they load, and stamps it."""
    started = time.monotonic()
    uv = find_uv()
    if not uv:
        raise SetupError(f"pip installed uv, but it is not in {BIN}: put uv on the PATH")
    what = ["--editable", ".[dev]", "--constraint", "constraints.txt"]
    # Containers often keep Python from saving bytecode: every start would then take 10 s longer.
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
    """A uv that runs: the one on the PATH (it may be a broken shim), or the one in .venv."""
    for uv in (shutil.which("uv"), shutil.which("uv", path=str(BIN))):
        if uv and subprocess.run([uv, "--version"], capture_output=True).returncode == 0:
            return uv
    return None


def run(command: list[str | Path]) -> None:
    """Runs a command quietly, with a line for each large download.

    Raises SetupError if the command fails.
    """
    # Without these variables, so that uv does not install into an active environment.
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
                say(f"  downloading {large[1]}, {large[2]}")
            elif (name := line.strip().removeprefix("Downloaded ")) in waiting:
                waiting.remove(name)
                say(f"  {name} downloaded" + (f", {len(waiting)} to go" if waiting else ""))
    if process.returncode:
        raise SetupError(explain("".join(said)))


def explain(output: str) -> str:
    """One line for a failure: a known cause or the last error, and where to read the whole log."""
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
