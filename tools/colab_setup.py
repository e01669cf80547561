"""The set-up cell of a lesson for Colab: `make colab` copies this function and a call into it."""


def set_up_gan_lessons(version: str, sources: dict[str, str], wheel: str = "") -> None:
    """Installs gan_lessons and its missing dependencies; changes no package that is installed.

    sources: for each module, the requirement for pip or the file name of the wheel
    wheel: the bytes of that wheel, packed by xz, in base 85; "" if pip downloads everything
    Raises RuntimeError with pip's message if the installation fails.
    """
    import base64
    import importlib.util
    import lzma
    import subprocess
    import sys
    import tempfile
    from pathlib import Path

    missing = [what for name, what in sources.items() if importlib.util.find_spec(name) is None]
    if missing:
        with tempfile.TemporaryDirectory() as folder:
            if wheel and sources["gan_lessons"] in missing:
                file = Path(folder, sources["gan_lessons"])
                file.write_bytes(lzma.decompress(base64.b85decode("".join(wheel.split()))))
                missing[missing.index(file.name)] = str(file)
            # Without --no-deps, pip might replace the machine's torch or numpy.
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            run = subprocess.run(
                [*pip, "--disable-pip-version-check", "--no-input", *missing],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
        if run.returncode:
            raise RuntimeError(f"The set-up failed; run it again with a network. {run.stderr}")
        importlib.invalidate_caches()

    import gan_lessons

    print(f"gan_lessons {gan_lessons.__version__} is ready.")
    if gan_lessons.__version__ != version:
        print(f"It was here before, and this lesson is made for {version}. To exchange it, run:")
        print("%pip uninstall -y gan-lessons")
        print("Then restart the session and run this cell again.")
