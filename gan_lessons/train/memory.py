"""Memory that a training frees stays with the process, where the next step takes it again.

By default, glibc often gives it back to the system at once, and takes it anew, page by page, at
every step: thousands of interruptions, which took a fifth of a step where it was measured. Whether
it does depends on what else lies on the heap, so two runs of one program can differ.
"""

import ctypes
import platform

# From malloc.h. https://man7.org/linux/man-pages/man3/mallopt.3.html
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
KEPT = 256 << 20  # bytes of free memory that are not given back
AT_ONCE = 32 << 20  # larger pieces are still given back; glibc accepts no higher value


def keep_memory() -> bool:
    """Tells glibc, for the whole process, to keep freed memory; returns whether it could.

    Other systems have other ways of their own: nothing happens there.
    """
    if platform.system() != "Linux" or platform.libc_ver()[0] != "glibc":
        return False
    values = {TRIM_THRESHOLD: KEPT, TOP_PAD: KEPT // 4, MMAP_THRESHOLD: AT_ONCE}
    libc = ctypes.CDLL(None)
    # Each is told, also after one that was not accepted.
    accepted = [libc.mallopt(name, value) for name, value in values.items()]
    return all(accepted)
