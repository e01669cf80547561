"""A lesson for Colab needs no other file, installs the package, and changes no other package."""

import ast
import base64
import itertools
import json
import lzma
import re
import subprocess
import sys
import venv
import zipfile
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import gan_lessons

ROOT = Path(__file__).resolve().parent.parent
NAMES = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))
MOST_BYTES = 2_500_000
REPO = "an-owner/a.name"
REF = "0123abc"

sys.path.insert(0, str(ROOT / "tools"))
try:
    import colab_env
    import make_colab
    import run_colab
    from colab_links import Web, stand_alone
finally:
    sys.path.remove(str(ROOT / "tools"))


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    """A folder with all lessons, which contain the package."""
    folder = tmp_path_factory.mktemp("carried")
    make_colab.write(folder, Web())
    return folder


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """A folder with all lessons, which install the package from a repository."""
    folder = tmp_path_factory.mktemp("fetched")
    make_colab.write(folder, Web(REPO, REF))
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return make_colab.build_wheel(tmp_path_factory.mktemp("wheel"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def set_up_of(path: Path) -> nbformat.NotebookNode:
    (cell,) = [cell for cell in read(path).cells if cell.id == make_colab.SET_UP]
    return cell


# The files


def test_every_lesson_is_there(carried, fetched):
    assert NAMES
    assert sorted(path.name for path in carried.iterdir()) == NAMES
    assert sorted(path.name for path in fetched.iterdir()) == sorted([*NAMES, "README.md"])


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_is_whole(carried, name):
    stored, lone = read(ROOT / "notebooks" / name), read(carried / name)
    nbformat.validate(lone)
    about, set_up = lone.cells[1:3]
    assert (about.cell_type, set_up.id) == ("markdown", make_colab.SET_UP)
    assert set_up.metadata.cellView == "form"
    assert set_up.metadata.jupyter.source_hidden
    rest = [lone.cells[0], *lone.cells[3:]]
    assert [cell.id for cell in rest] == [cell.id for cell in stored.cells]
    for before, after in zip(stored.cells, rest, strict=True):
        if before.cell_type == "code":
            assert after.source == before.source
            for was, now in zip(before.outputs, after.outputs, strict=True):
                data = dict(was.get("data", {}))
                data.pop(make_colab.WIDGET_VIEW, None)
                assert {**was, "data": data} == {**now, "data": dict(now.get("data", {}))}
    assert (carried / name).stat().st_size <= MOST_BYTES


def prose(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def links_of(text: str) -> list[str]:
    return re.findall(r"\]\(([^()\s]+)\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_beside_a_lesson_is_needed(carried, fetched, name):
    pictures = re.findall(r"<img|!\[", prose(read(ROOT / "notebooks" / name)))
    for folder in (carried, fetched):
        text = prose(read(folder / name))
        links = links_of(text)
        assert [link for link in links if not re.match(r"https?://|data:image/|#", link)] == []
        assert sum(link.startswith("data:") for link in links) == len(pictures)


def test_with_a_repository_a_lesson_leads_to_the_next(fetched):
    for name, after in itertools.pairwise(NAMES[:5]):
        assert f"/blob/colab/{after})" in prose(read(fetched / name))


def test_lessons_that_are_gone_are_removed(tmp_path):
    (tmp_path / "99_gone.ipynb").write_text("{}", encoding="utf-8")
    (tmp_path / "README.md").write_text("of another repository", encoding="utf-8")
    make_colab.write(tmp_path, Web())
    assert sorted(path.name for path in tmp_path.iterdir()) == NAMES


def test_a_lesson_whose_link_leads_nowhere_is_named(tmp_path):
    broken = new_notebook(cells=[new_markdown_cell("[On](09_not_there.ipynb)")])
    nbformat.write(broken, tmp_path / "01_broken.ipynb")
    with pytest.raises(ValueError, match=r"01_broken.ipynb.*09_not_there.ipynb"):
        make_colab.write(tmp_path / "out", Web(), notebooks=tmp_path)


def test_a_picture_stays_where_its_widget_goes():
    data = {make_colab.WIDGET_VIEW: {}, "image/png": "aGk=", "text/plain": "the words"}
    cell = new_code_cell("x", outputs=[new_output("display_data", data)])
    notebook = new_notebook(cells=[cell])
    make_colab.make_lone(notebook, ROOT / "notebooks" / "01_x.ipynb", "pass", Web())
    assert notebook.cells[0].id == "colab-about"  # the notebook has no title
    assert set(cell.outputs[0].data) == {"image/png", "text/plain"}


# The wheel


def test_the_wheel_has_every_module(wheel):
    with zipfile.ZipFile(wheel) as archive:
        inside = {n: archive.read(n) for n in archive.namelist() if ".dist-info/" not in n}
    here = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in (ROOT / "gan_lessons").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert len(here) > 50
    assert inside == here


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_carries_that_wheel(carried, wheel, name):
    tree = ast.parse(set_up_of(carried / name).source)
    (text,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "WHEEL"
    ]
    assert lzma.decompress(base64.b85decode("".join(text.split()))) == wheel.read_bytes()


def test_what_colab_has_is_enough(wheel):
    colab = make_colab.colab_versions()
    needed = make_colab.needed(make_colab.metadata(wheel).requires)
    assert {"torch", "ipywidgets"} <= {r.name for r in needed}
    for requirement in needed:
        if requirement.name in colab:
            assert requirement.specifier.contains(colab[requirement.name]), requirement


def test_what_colab_lacks_is_known(wheel):
    found = make_colab.lacking(make_colab.metadata(wheel).requires)
    assert set(found) == {"torchmetrics", "lightning-utilities"}
    assert set(found) | {"gan-lessons"} == run_colab.OURS


# The set-up cell, run in a bare environment whose pip only notes what it is told

PIP = """
import json, sys, zipfile
from pathlib import Path
home = Path(__file__).parent.parent
with (home / "calls").open("a") as calls:
    print(json.dumps(sys.argv[1:]), file=calls)
if (home / "fails").exists():
    sys.exit("ERROR: no network")
for what in sys.argv[1:]:
    if what.endswith(".whl"):
        zipfile.ZipFile(what).extractall(home)
    elif " @ git+" in what:
        (home / "gan_lessons").mkdir()
        (home / "gan_lessons/__init__.py").write_text('__version__ = "VERSION"')
    elif not what.startswith("-") and what != "install":
        (home / (what.split(">")[0].replace("-", "_") + ".py")).touch()
""".replace("VERSION", gan_lessons.__version__)


@pytest.fixture
def bare(tmp_path):
    """An environment without packages: .run(cell) for its output, .calls of pip, .packages."""
    folder = tmp_path / "bare"
    venv.create(folder, with_pip=False, symlinks=sys.platform != "win32")
    python = folder / colab_env.PYTHON.relative_to(colab_env.VENV)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    where = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True)
    packages = Path(where.stdout.strip())
    (packages / "pip").mkdir()
    (packages / "pip" / "__main__.py").write_text(PIP, encoding="utf-8")

    def run(cell):
        return subprocess.run(
            [python, "-I", "-"], input=cell.source, capture_output=True, text=True
        )

    def calls():
        file = packages / "calls"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return [json.loads(line) for line in lines]

    return SimpleNamespace(run=run, calls=calls, packages=packages)


def test_the_set_up_installs_the_package_and_what_colab_lacks(bare, carried):
    done = bare.run(set_up_of(carried / NAMES[0]))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"gan_lessons {gan_lessons.__version__} is ready.\n"
    assert (bare.packages / "gan_lessons" / "deconv.py").is_file()
    ((command, *arguments),) = bare.calls()
    assert command == "install"
    assert "--no-deps" in arguments
    what = [argument for argument in arguments if not argument.startswith("-")]
    names = sorted(re.split(r"[>=<]", Path(each).name)[0] for each in what)
    wheel = f"gan_lessons-{gan_lessons.__version__}-py3-none-any.whl"
    assert names == [wheel, "lightning-utilities", "torchmetrics"]
    assert not list(Path(next(each for each in what if each.endswith(".whl"))).parents[0].glob("*"))


def test_a_second_run_of_the_set_up_does_nothing(bare, carried):
    first, second = (bare.run(set_up_of(carried / NAMES[0])) for _ in range(2))
    assert first.stdout == second.stdout
    assert len(bare.calls()) == 1


def test_what_is_there_is_not_installed_again(bare, carried):
    (bare.packages / "torchmetrics.py").touch()
    assert bare.run(set_up_of(carried / NAMES[0])).returncode == 0
    (call,) = bare.calls()
    assert not any("torchmetrics" in argument for argument in call)


def test_another_version_is_left_alone(bare, carried):
    for name in ("torchmetrics", "lightning_utilities"):
        (bare.packages / f"{name}.py").touch()
    (bare.packages / "gan_lessons.py").write_text('__version__ = "0.0.0"', encoding="utf-8")
    done = bare.run(set_up_of(carried / NAMES[0]))
    assert bare.calls() == []
    assert "gan_lessons 0.0.0 is ready.\nIt was here before" in done.stdout
    assert f"made for {gan_lessons.__version__}" in done.stdout


def test_a_failed_set_up_says_why(bare, carried):
    (bare.packages / "fails").touch()
    done = bare.run(set_up_of(carried / NAMES[0]))
    assert done.returncode == 1
    assert "ready" not in done.stdout
    assert "RuntimeError: The set-up failed; run it again with a network. ERROR: no" in done.stderr


def test_the_set_up_leaves_one_name_and_the_wheel(carried):
    tree = ast.parse(set_up_of(carried / NAMES[0]).source)
    kinds = [type(node) for node in tree.body]
    assert kinds == [ast.FunctionDef, ast.Assign, ast.Expr]


def test_with_a_repository_the_set_up_installs_from_there(bare, fetched):
    cell = set_up_of(fetched / NAMES[0])
    assert "WHEEL" not in cell.source
    assert bare.run(cell).stdout == f"gan_lessons {gan_lessons.__version__} is ready.\n"
    (call,) = bare.calls()
    assert f"gan-lessons @ git+https://github.com/{REPO}@{REF}" in call
    assert "--no-deps" in call


@pytest.mark.parametrize("name", NAMES)
def test_with_a_repository_each_lesson_has_its_badge(fetched, name):
    address = f"https://colab.research.google.com/github/{REPO}/blob/colab/{name}"
    assert address in read(fetched / name).cells[0].source
    (row,) = [
        line
        for line in (fetched / "README.md").read_text(encoding="utf-8").splitlines()
        if address in line
    ]
    assert row.startswith(f"| {name[:2]} · ")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """The tool in a checkout of one commit, with a lesson in it."""
    monkeypatch.setattr(make_colab, "ROOT", tmp_path)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_x.ipynb").write_text("{}", encoding="utf-8")
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    return tmp_path


def test_the_commit_that_is_checked_out_is_taken(checkout, capsys):
    assert re.fullmatch(r"[0-9a-f]{40}", make_colab.commit())
    assert capsys.readouterr().err == ""


def test_what_the_commit_lacks_is_said(checkout, capsys):
    (checkout / "notebooks" / "02_y.ipynb").write_text("{}", encoding="utf-8")
    assert len(make_colab.commit()) == 40
    assert "lacks changes here" in capsys.readouterr().err


def test_outside_of_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(make_colab, "ROOT", tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert make_colab.commit() == ""


# Links


@pytest.mark.parametrize(
    ("text", "alone", "with_repo"),
    [
        ("[a](https://x.org/y) [b](#part)", None, None),
        ("[← 00](00_start_here.ipynb)!", "← 00!", "[← 00](COLAB/00_start_here.ipynb)!"),
        ("[p](06_dcgan.ipynb#part)", "p", "[p](COLAB/06_dcgan.ipynb)"),
        ("[R](../README.md#install)", "R", "[R](GITHUB/blob/REF/README.md#install)"),
        ("[d](../docs)", "d", "[d](GITHUB/tree/REF/docs)"),
        ('<a href="../README.md">R <b>1</b></a>', "R <b>1</b>", None),
        ("$f[i](x)$ and `w[0](1, 2)`", None, None),
        (
            "one [two\nlines](../LICENSE)",
            "one two\nlines",
            "one [two\nlines](GITHUB/blob/REF/LICENSE)",
        ),
    ],
)
def test_links_lead_to_the_web_or_are_dropped(text, alone, with_repo):
    folder = ROOT / "notebooks"
    assert stand_alone(text, folder, ROOT, Web()) == (alone or text)
    if with_repo or not alone:
        colab = f"https://colab.research.google.com/github/{REPO}/blob/colab"
        web = (with_repo or text).replace("COLAB", colab)
        web = web.replace("GITHUB", f"https://github.com/{REPO}").replace("REF", REF)
        assert stand_alone(text, folder, ROOT, Web(REPO, REF)) == web


def test_a_link_in_html_leads_to_the_web():
    text = '<a class="x" href="../README.md">R</a>'
    web = stand_alone(text, ROOT / "notebooks", ROOT, Web(REPO, REF))
    assert web == f'<a class="x" href="https://github.com/{REPO}/blob/{REF}/README.md">R</a>'


@pytest.mark.parametrize(
    "text", ["![w](../docs/trained.png)", '<img width=1 src="../docs/trained.png">']
)
def test_a_picture_goes_into_the_prose(text):
    found = stand_alone(text, ROOT / "notebooks", ROOT, Web())
    (data,) = re.findall(r"data:image/png;base64,([\w+/=]+)", found)
    assert base64.b64decode(data) == (ROOT / "docs" / "trained.png").read_bytes()
    assert found.replace(f"data:image/png;base64,{data}", "../docs/trained.png") == text


def test_a_picture_that_is_a_link_is_both():
    text = "[![w](../docs/trained.png)](../README.md)"
    found = stand_alone(text, ROOT / "notebooks", ROOT, Web())
    assert re.fullmatch(r"!\[w\]\(data:image/png;base64,[\w+/=]+\)", found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[a](07_nothing.ipynb)", "leads nowhere"),
        ("![a](../docs/nothing.png)", "leads nowhere"),
        ("[a](../../outside.md)", "leads nowhere"),
        ("![a](../README.md)", "must be one of"),
    ],
)
def test_a_link_that_cannot_be_made_is_an_error(text, words):
    with pytest.raises(ValueError, match=words):
        stand_alone(text, ROOT / "notebooks", ROOT, Web(REPO))


@pytest.mark.parametrize("repo", ["a/b", "an-owner/a.name_2"])
def test_a_repository_is_taken(repo):
    assert Web(repo).package() == f"gan-lessons @ git+https://github.com/{repo}"


WRONG = ["a", "a/", "/b", "a/b/c", "https://github.com/a/b", "a/b.git", "a/..", "-a/b", "a b/c"]


@pytest.mark.parametrize("repo", [*WRONG, "a/b;c", "a/b\n", "ä/b"])
def test_a_wrong_repository_is_refused(repo):
    with pytest.raises(ValueError, match="REPO must be owner/name"):
        Web(repo)


# The run on Colab's versions; the real one is make test-colab


@pytest.fixture
def here(monkeypatch, tmp_path):
    """Lessons run in this environment, which stands in for Colab's; returns one of given cells."""
    monkeypatch.setattr(colab_env, "PYTHON", Path(sys.executable))
    monkeypatch.setattr(colab_env, "prepare", lambda: {"numpy": version("numpy")})
    monkeypatch.setattr(colab_env, "packages", lambda: {"numpy": version("numpy")})

    def lesson(*sources):
        cells = [new_code_cell(source) for source in sources]
        cells[0].id = make_colab.SET_UP
        nbformat.write(new_notebook(cells=cells), tmp_path / "01_x.ipynb")
        return tmp_path / "01_x.ipynb"

    return lesson


def test_a_run_tells_its_seconds(here, capsys):
    assert run_colab.passes(here("import os", "assert os.listdir() == []"))
    assert re.search(r"01_x.ipynb +\d+ s, of which set-up \d s\n", capsys.readouterr().out)


def test_a_broken_lesson_fails(here, capsys):
    assert not run_colab.passes(here("1", "import a_module_that_is_missing"))
    assert "a_module_that_is_missing" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({"numpy": "0.1", "torch": "2"}, "numpy.*1 became 0.1"),
        ({"torch": "2"}, "numpy.*1 is gone"),
        ({"numpy": "1", "torch": "2", "scipy": "3"}, "scipy.*3 was added"),
    ],
)
def test_a_lesson_that_touches_what_colab_has_fails(capsys, monkeypatch, after, words):
    before = {"numpy": "1", "torch": "2"}
    monkeypatch.setattr(colab_env, "prepare", lambda: before)
    monkeypatch.setattr(colab_env, "packages", lambda: after)
    monkeypatch.setattr(run_colab, "run", lambda _: None)
    assert not run_colab.passes(Path("01_x.ipynb"))
    assert re.search(words, capsys.readouterr().err)
    assert run_colab.touched(before, {**before, "gan-lessons": "1", "torchmetrics": "1"}) == {}


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        (["3.11.2", "3.13.1", "3.14.0", "3.12.9"], "3.13.1"),
        (["3.10.2", "3.12.1", "3.12.4", "3.14.0"], "3.12.4"),
        (["3.10.2", "3.14.0"], None),
    ],
)
def test_the_python_of_colab_is_taken_or_the_newest_below(
    monkeypatch, tmp_path, versions, expected
):
    listed = [
        {
            "implementation": "cpython",
            "variant": "default",
            "version_parts": dict(
                zip(("major", "minor", "patch"), map(int, v.split(".")), strict=True)
            ),
            "path": f"/{v}",
        }
        for v in versions
    ]
    answer = SimpleNamespace(stdout=json.dumps(listed))
    monkeypatch.setattr(colab_env.subprocess, "run", lambda *_, **__: answer)
    monkeypatch.setattr(colab_env.setup_env, "find_uv", lambda: "uv")
    monkeypatch.setattr(colab_env.setup_env, "interpreter", lambda python: [python.name, ""])
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    if expected:
        assert colab_env.find_python() == Path(f"/{expected}")
    else:
        with pytest.raises(colab_env.setup_env.SetupError, match=r"uv python install 3.13"):
            colab_env.find_python()


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """An existing environment: .done lists what is done to it, .now is what it has."""
    state = SimpleNamespace(done=[], now={"torch": "2"})
    python = tmp_path / "python"
    python.touch()
    monkeypatch.setattr(colab_env, "find_python", lambda: python)
    monkeypatch.setattr(colab_env, "PYTHON", python)
    monkeypatch.setattr(colab_env, "STAMP", tmp_path / "setup.json")
    monkeypatch.setattr(colab_env.setup_env, "interpreter", lambda _: ["3.13.1 (main)", "/usr"])
    monkeypatch.setattr(colab_env, "packages", lambda: dict(state.now))
    monkeypatch.setattr(colab_env, "make", lambda *_: state.done.append("made"))
    monkeypatch.setattr(colab_env, "remove", lambda names: state.done.append(names))
    stamp = {**colab_env.wanted(python), "packages": {"torch": "2"}}
    colab_env.STAMP.write_text(json.dumps(stamp), encoding="utf-8")
    return state


def test_an_environment_as_it_was_made_is_kept(kept):
    assert colab_env.prepare() == {"torch": "2"}
    assert kept.done == [[]]


def test_what_a_lesson_installed_is_removed(kept):
    kept.now = {"torch": "2", "gan-lessons": "0.1.0"}
    assert colab_env.prepare() == {"torch": "2"}
    assert kept.done == [["gan-lessons"]]


@pytest.mark.parametrize("now", [{"torch": "3"}, {}])
def test_an_environment_that_was_touched_is_made_anew(kept, now):
    kept.now = now
    colab_env.prepare()
    assert kept.done == ["made"]


@pytest.mark.parametrize("change", ["list", "python", "folder", "stamp"])
def test_an_environment_is_made_anew_when_its_inputs_change(kept, change, monkeypatch, tmp_path):
    if change == "list":
        (tmp_path / "other.txt").write_text("torch==3\n", encoding="utf-8")
        monkeypatch.setattr(colab_env, "VERSIONS", tmp_path / "other.txt")
    elif change == "python":
        monkeypatch.setattr(colab_env.setup_env, "interpreter", lambda _: ["3.12.1 (main)", "/usr"])
    elif change == "folder":
        monkeypatch.setattr(colab_env.setup_env, "ROOT", tmp_path / "moved")
    else:
        colab_env.STAMP.write_text("{", encoding="utf-8")
    colab_env.prepare()
    assert kept.done == ["made"]
