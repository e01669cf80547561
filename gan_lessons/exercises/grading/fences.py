"""What encloses an answer that nobody trusts: limits, and what Linux can take away from a process.

Each fence is put up where the system has it, and `names()` says which there are.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

# linux/sched.h, linux/prctl.h, linux/landlock.h; the system calls have these numbers on all
# processors but Alpha.
NEW_USER, NEW_PROCESSES, NEW_NETWORK, NEW_IPC = 0x10000000, 0x20000000, 0x40000000, 0x08000000
DEATH_SIGNAL, NO_NEW_PRIVILEGES, SUBREAPER = 1, 38, 36
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
# Landlock's rights on files.
EXECUTE, WRITE_FILE, READ_FILE, READ_FOLDER = (1 << bit for bit in range(4))
NETWORK = 0b11  # bind and connect TCP
SCOPES = 0b11  # abstract sockets and signals to processes outside
OPEN_PATH = getattr(os, "O_PATH", 0)
LARGEST_FILE = 2**24  # bytes that an answer may write into one file
MOST_PROCESSES = 64


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("access", ctypes.c_uint64), ("folder", ctypes.c_int32))


def names() -> list[str]:
    """The fences of this system, in words."""
    found = ["a process of its own", "limits of time, memory and file size"]
    if _can(_new_spaces):
        found += ["no network", "processes left behind are ended"]
    if _landlock_version():
        found.append("writes only into a folder of its own")
    return found


def _can(act: Callable[[], object]) -> bool:
    """Whether a child process could do it."""
    pid = os.fork()
    if not pid:
        done = False
        with contextlib.suppress(OSError):
            act()
            done = True
        os._exit(0 if done else 1)
    return os.waitpid(pid, 0)[1] == 0


def apart() -> bool:
    """No network, and numbers of processes of its own for all children. Whether it could be had."""
    try:
        _new_spaces()
    except OSError:
        return False
    return True


def _new_spaces() -> None:
    if sys.platform != "linux":
        raise OSError("for Linux only")
    user, group = os.getuid(), os.getgid()
    _call("unshare", NEW_USER | NEW_PROCESSES | NEW_NETWORK | NEW_IPC)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text)


def ends_with_its_parent() -> None:
    """This process is killed when its parent ends."""
    if sys.platform == "linux":
        _call("prctl", DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


@contextlib.contextmanager
def adopting() -> Iterator[None]:
    """Meanwhile, what this process's children leave behind becomes its own, and can be ended."""
    if sys.platform != "linux":
        yield
        return
    _call("prctl", SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        _call("prctl", SUBREAPER, 0, 0, 0, 0)


def limited(seconds: float, memory: int) -> None:
    """Processor time in seconds, and bytes of memory beyond what is in use."""
    import resource  # not on Windows, where this is not called

    whole = int(seconds) + 2
    limits = {
        resource.RLIMIT_CPU: whole,
        resource.RLIMIT_FSIZE: LARGEST_FILE,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: MOST_PROCESSES,
    }
    with contextlib.suppress(OSError):
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + memory
    for kind, most in limits.items():
        with contextlib.suppress(OSError, ValueError):
            _, ceiling = resource.getrlimit(kind)
            most = most if ceiling == resource.RLIM_INFINITY else min(most, ceiling)
            resource.setrlimit(kind, (most, most))


def writes_only_into(folder: str) -> bool:
    """From now on nothing outside can be written, removed or renamed. Whether it could be had."""
    version = _landlock_version()
    if not version:
        return False
    # All rights on files that this version knows: 13 in the first, and then one in 2, 3 and 5.
    count = 13 + (version >= 2) + (version >= 3) + (version >= 5)
    every = (1 << count) - 1
    rules = _Ruleset(every, NETWORK if version >= 4 else 0, SCOPES if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    made = _system(CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    for place, access in (
        ("/", EXECUTE | READ_FILE | READ_FOLDER),
        (folder, every),
        (os.devnull, READ_FILE | WRITE_FILE),
    ):
        with _opened(place) as at:
            beneath = _Beneath(access, at)
            _system(ADD_RULE, made, 1, ctypes.byref(beneath), 0)
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    _system(RESTRICT_SELF, made, 0)
    os.close(made)
    return True


@contextlib.contextmanager
def _opened(place: str) -> Iterator[int]:
    at = os.open(place, OPEN_PATH | os.O_CLOEXEC)
    try:
        yield at
    finally:
        os.close(at)


def _landlock_version() -> int:
    """0 where the system has none."""
    if sys.platform != "linux":
        return 0
    try:
        return _system(CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    except OSError:
        return 0


def _call(name: str, *arguments: int) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    longs = [ctypes.c_ulong(each) for each in arguments]
    return _checked(getattr(library, name)(*longs), name)


def _system(number: int, *arguments: object) -> int:
    library = ctypes.CDLL(None, use_errno=True)
    return _checked(library.syscall(ctypes.c_long(number), *arguments), f"system call {number}")


def _checked(result: int, what: str) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result
