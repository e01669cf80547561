"""What is published: the wheel's files and metadata, and the workflow that a tag starts."""

import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import yaml
from hatchling.builders.wheel import WheelBuilder
from packaging.specifiers import SpecifierSet

import gan_lessons

ROOT = Path(__file__).resolve().parents[1]
RELEASE = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
INFO = f"gan_lessons-{gan_lessons.__version__}.dist-info"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return zipfile.ZipFile(path)


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "gan_lessons"]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this folder is no git checkout")
    own = {name for name in run.stdout.splitlines() if (ROOT / name).is_file()}
    about = {f"{INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt")}
    assert set(wheel.namelist()) == own | about | {f"{INFO}/licenses/LICENSE"}
    assert {Path(name).suffix for name in own} == {".py", ".csv", ".css"}
    assert sum(file.file_size for file in wheel.filelist) < 5_000_000


def test_it_works_without_the_checkout(wheel, tmp_path):
    wheel.extractall(tmp_path)
    code = """
from gan_lessons import evidence, exercises
from gan_lessons.widgets import kit
assert evidence.load("03.training").rows
assert exercises.check("06.1", exercises.catalogue()["06.1"].solve).passed
assert ".gl-explorer" in kit.CSS
print(kit.__file__)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert Path(run.stdout.strip()).is_relative_to(tmp_path)


def test_the_metadata_says_who_what_and_which_pythons(wheel):
    about = Parser().parsestr(wheel.read(f"{INFO}/METADATA").decode("utf-8"))
    assert about["Name"] == "gan-lessons"
    assert about["Version"] == gan_lessons.__version__
    assert about["License-Expression"] == "MIT"
    assert about["Description-Content-Type"] == "text/markdown"
    classifiers = about.get_all("Classifier", [])
    named = re.findall(r":: (3\.\d+)$", "\n".join(classifiers), re.MULTILINE)
    assert named == RELEASE["jobs"]["try"]["strategy"]["matrix"]["python"]
    assert all(SpecifierSet(about["Requires-Python"]).contains(each) for each in named)
    assert not any("License ::" in each for each in classifiers)  # the expression says it


def test_only_a_version_s_tag_publishes_and_without_a_password():
    assert RELEASE[True] == {"push": {"tags": ["v*"]}}  # YAML takes `on` for True
    assert RELEASE["permissions"] == {"contents": "read"}
    jobs = RELEASE["jobs"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert jobs["publish"]["environment"] == "pypi"
    assert [jobs[name]["needs"] for name in ("try", "publish", "page")] == [
        "build",
        "try",
        "publish",
    ]
    assert "password" not in str(RELEASE)
    assert "secrets." not in str(RELEASE)


def steps(job: str) -> dict[str, str]:
    return {
        each.get("name", ""): each["run"] for each in RELEASE["jobs"][job]["steps"] if "run" in each
    }


@pytest.mark.skipif(sys.platform == "win32", reason="the workflow runs on Linux")
@pytest.mark.parametrize(("tag", "status"), [("", 0), ("1", 1)])
def test_the_tag_must_be_the_version(tag, status):
    step = steps("build")["the tag is the version, and CHANGELOG.md begins with it"]
    name = f"v{gan_lessons.__version__}{tag}"
    run = subprocess.run(
        ["bash", "-ec", step], cwd=ROOT, env={"GITHUB_REF_NAME": name, "PATH": "/usr/bin:/bin"}
    )
    assert run.returncode == status


@pytest.mark.skipif(sys.platform == "win32", reason="the workflow runs on Linux")
def test_the_release_page_is_the_newest_section_of_the_changes(tmp_path):
    step = steps("build")["text of the release page"]
    (tmp_path / "dist").mkdir()
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changes\n\nAll.\n\n## 2.0 (now)\n\nNew.\n\n## 1.0\n\nOld.\n"
    )
    subprocess.run(["bash", "-ec", step], cwd=tmp_path, check=True)
    assert (tmp_path / "dist/notes.md").read_text().strip() == "New."
