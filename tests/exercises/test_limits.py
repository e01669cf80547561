"""gan_lessons.exercises: what an answer may not do: run for ever, change arguments or settings."""

import contextlib
import importlib
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from gan_lessons.exercises import Result, catalogue, check
from gan_lessons.exercises.limits import SETTINGS, TimeUp, settings_kept, time_limit

stops = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no interval timer")


# Answers to 06.1 that never end


def polite(kernel: int) -> int:
    while kernel != 3:
        try:
            time.sleep(0.001)
        except Exception:
            continue
    return 0


def catches_everything(kernel: int) -> int:
    while kernel != 3:
        try:
            time.sleep(0.001)
        except BaseException:
            continue
    return 0


def catches_everything_twice(kernel: int) -> int:
    while kernel != 3:
        try:
            try:
                kernel = abs(kernel)
            except BaseException:
                kernel = abs(kernel)
        except BaseException:
            continue
    return 0


def suppresses_everything(kernel: int) -> int:
    while kernel != 3:
        with contextlib.suppress(BaseException):
            torch.zeros(3).sum()
    return 0


def always_goes_on(kernel: int) -> int:
    while kernel != 3:
        try:
            sum(range(1000))
        finally:
            continue  # noqa: B012
    return 0


def calls_itself(kernel: int) -> int:
    try:
        while kernel != 3:
            kernel = abs(kernel)
    except BaseException:
        return calls_itself(kernel)
    return 0


NEVER_ENDING = [
    polite,
    catches_everything,
    catches_everything_twice,
    suppresses_everything,
    always_goes_on,
    calls_itself,
]


@stops
@pytest.mark.parametrize("answer", NEVER_ENDING)
def test_an_answer_that_never_ends_is_stopped(answer: Callable) -> None:
    handler = signal.getsignal(signal.SIGALRM)
    started = time.monotonic()
    result = check("06.1", answer, limit=0.2)
    assert 0.1 < time.monotonic() - started < 3
    assert result.passed is False
    assert "no result within 0.2 s" in result.plain
    assert "kernel = 4" in result.plain
    assert signal.getsignal(signal.SIGALRM) is handler
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    time.sleep(0.05)  # no alarm is left behind
    assert check("06.1", catalogue()["06.1"].solve).passed is True


@stops
def test_code_around_an_answer_gets_the_alarm_once() -> None:
    cleaned = []
    with pytest.raises(TimeUp), time_limit(0.05) as wrapped:  # noqa: PT012
        try:
            wrapped(catches_everything)(4)
        finally:
            for _ in range(20):
                time.sleep(0.005)
                cleaned.append(len(cleaned))
    assert len(cleaned) == 20


@stops
@pytest.mark.parametrize("first_swallowed", [False, True])
def test_an_import_is_completed_before_an_answer_is_stopped(
    first_swallowed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = f"slow_to_import_{first_swallowed}"
    (tmp_path / f"{slow}.py").write_text(
        "import time\nfor i in range(60):\n    time.sleep(0.005)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def answer(kernel: int) -> int:
        if first_swallowed:
            with contextlib.suppress(BaseException):
                time.sleep(1)
        importlib.import_module(slow)
        return polite(kernel)

    try:
        assert "no result within 0.1 s" in check("06.1", answer, limit=0.1).plain
        if slow in sys.modules:
            assert sys.modules[slow].i == 59
        assert first_swallowed or slow in sys.modules
    finally:
        sys.modules.pop(slow, None)


@stops
def test_a_check_in_a_module_that_is_being_imported_has_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [
        "from gan_lessons.exercises import check",
        "def without_end(kernel):",
        "    while True: kernel = abs(kernel)",
        "result = check('06.1', without_end, limit=0.1)",
    ]
    (tmp_path / "checks_itself.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    try:
        module: Any = importlib.import_module("checks_itself")
        assert "no result within 0.1 s" in module.result.plain
    finally:
        sys.modules.pop("checks_itself", None)


@stops
def test_a_measure_that_never_ends_is_stopped() -> None:
    def without_end(size: int) -> Any:
        while True:
            yield 1, 1, 0

    assert "no result within 0.2 s" in check("02.4", without_end, limit=0.2).plain


def test_other_threads_check_without_a_limit() -> None:
    results: list[Result] = []
    answer = catalogue()["06.1"].solve
    thread = threading.Thread(target=lambda: results.append(check("06.1", answer)))
    thread.start()
    thread.join()
    assert results[0].passed is True


@pytest.mark.parametrize("limit", [0, -1.0, float("nan")])
def test_a_limit_is_positive(limit: float) -> None:
    with pytest.raises(ValueError, match="limit must be a finite number above 0 and at most"):
        check("06.1", None, limit=limit)


# Side effects


def right_slerp(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
    solve: Callable[..., torch.Tensor] = catalogue()["06.3"].solve
    return solve(a, b, t)


def test_an_answer_that_writes_into_an_argument_is_told_which_and_where() -> None:
    def answer(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
        result = right_slerp(a, b, t)
        b.zero_()
        return result

    result = check("06.3", answer)
    assert result.passed is False
    assert "`slerp` changes its argument `b`" in result.plain
    assert "\ninput     a = [2, 0], b = [0, 2], t = 0.5\n" in result.plain


def test_an_argument_that_begins_to_require_gradients_is_changed() -> None:
    def answer(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
        return right_slerp(a.requires_grad_(), b, t)

    assert "changes its argument `a`" in check("06.3", answer).plain


def test_what_is_written_into_an_argument_reaches_no_other_case() -> None:
    def answer(a: torch.Tensor, b: torch.Tensor, t: float) -> torch.Tensor:
        result = right_slerp(a, b, t)
        a.zero_()
        b.zero_()
        return 2 * result

    assert "got       [2.828, 2.828]" in check("06.3", answer).plain


CHANGES = {
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "gradients": lambda: torch.set_grad_enabled(False),
    "number of threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "seed": lambda: torch.manual_seed(0),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_setting_of_torch_that_an_answer_changes_is_told_and_restored(setting: str) -> None:
    get, _ = SETTINGS[setting]
    torch.manual_seed(0)  # the very seed that an answer may set
    before, state = get(), torch.get_rng_state()

    def answer(kernel: int) -> int | None:
        CHANGES[setting]()
        return None if kernel % 2 else kernel // 2 - 1

    result = check("06.1", answer)
    assert get() == before
    assert torch.equal(torch.get_rng_state(), state)
    assert result.passed is False
    assert f"leaves torch's {setting} changed" in result.plain


def test_a_setting_is_restored_after_an_error() -> None:
    with pytest.raises(KeyError), settings_kept() as now_changed:  # noqa: PT012
        torch.set_default_dtype(torch.float64)
        assert now_changed() == ["default dtype"]
        raise KeyError
    assert torch.get_default_dtype() == torch.float32
