"""Where the cache is, and that a reader never sees half a file."""

import os
import sys
from pathlib import Path

import pytest

from gan_lessons.data.cache import cache_folder, written_aside


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch, tmp_path):
    for name in ("GAN_LESSONS_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")


def test_gan_lessons_cache_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "gan_lessons"
    monkeypatch.setenv("GAN_LESSONS_CACHE", str(tmp_path / "own"))
    assert cache_folder() == tmp_path / "own"


def test_a_relative_xdg_folder_is_ignored(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "somewhere")
    assert cache_folder() == tmp_path / "home" / ".cache" / "gan_lessons"


@pytest.mark.parametrize(
    ("platform", "folder"),
    [("linux", ".cache"), ("darwin", "Library/Caches"), ("win32", "AppData/Local")],
)
def test_each_platform_has_its_own_folder(monkeypatch, tmp_path, platform, folder):
    monkeypatch.setattr(sys, "platform", platform)
    assert cache_folder() == tmp_path / "home" / folder / "gan_lessons"


def test_asking_for_the_folder_does_not_create_it(tmp_path):
    cache_folder()
    assert not (tmp_path / "home").exists()


def test_a_file_written_aside_appears_complete(tmp_path):
    path = tmp_path / "a" / "b.txt"
    with written_aside(path) as aside:
        aside.write_text("half")
        assert not path.exists()
        assert aside.parent == path.parent, "only within a folder is a rename one step"
        aside.write_text("whole")
    assert path.read_text() == "whole"
    assert os.listdir(path.parent) == ["b.txt"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "b.txt"
    path.write_text("before")

    def fail(aside: Path):
        aside.write_text("half")
        raise error

    with pytest.raises(error), written_aside(path) as aside:
        fail(aside)
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["b.txt"]
