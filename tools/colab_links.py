"""Makes a lesson's prose self-contained: pictures are embedded, links lead to the web or go."""

import base64
import re
from pathlib import Path
from urllib.parse import quote

PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml"}

# `![words](target)` and `[words](target)`; the words of a link may contain a picture.
LINK = re.compile(r"(!?)\[((?:!\[[^\[\]]*\]\([^()\s]*\)|[^\[\]])*)\]\(([^()\s]+)\)")
ANCHOR = re.compile(r'<a\s[^>]*?href="([^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
SOURCE = re.compile(r'(<img\s[^>]*?src=")([^"]+)(")')

COLAB = "https://colab.research.google.com/github"
GITHUB = "https://github.com"
BRANCH = "colab"  # the branch with the lessons for Colab


class Web:
    """The addresses of the project's files in a repository on GitHub, if there is one."""

    def __init__(self, repo: str = "", ref: str = "") -> None:
        """repo: owner/name, or "" for none; ref: a commit or branch of it, or "" for HEAD."""
        if repo and not re.fullmatch(r"[A-Za-z\d][A-Za-z\d-]{0,38}/[\w.-]{1,100}", repo, re.ASCII):
            raise ValueError(f"REPO must be owner/name, as on GitHub, got {repo!r}")
        if repo.endswith(("/.", "/..", ".git")):
            raise ValueError(f"REPO must be owner/name without .git, got {repo!r}")
        self.repo = repo
        self.ref = ref

    @property
    def home(self) -> str:
        """The address of the repository."""
        return f"{GITHUB}/{self.repo}"

    def lesson(self, name: str) -> str:
        """The address that opens the lesson of this file name in Colab."""
        return f"{COLAB}/{self.repo}/blob/{BRANCH}/{quote(name)}"

    def file(self, path: str, is_folder: bool = False) -> str:
        """The address of a file or folder, by its path in the repository."""
        kind = "tree" if is_folder else "blob"
        return f"{self.home}/{kind}/{self.ref or 'HEAD'}/{quote(path)}"

    def package(self) -> str:
        """What pip installs the package from."""
        return f"gan-lessons @ git+{self.home}" + (f"@{self.ref}" if self.ref else "")


def stand_alone(text: str, folder: Path, root: Path, web: Web) -> str:
    """Prose in Markdown that needs no other file.

    folder: where its relative links start; root: the project. Raises ValueError if a link leads to
    a missing file, or if a picture has an unknown format.
    """

    def target(link: str) -> Path | None:
        """The file or folder that a relative link leads to; None for any other link."""
        name = link.partition("#")[0]
        if not name or re.match(r"[a-z]+:|/", link):
            return None
        path = (folder / name).resolve()
        if path.exists() and path.is_relative_to(root):
            return path
        # Formulas and code can look like links: only what looks like a file is one.
        if "/" in name or re.search(r"\.\w+$", name):
            raise ValueError(f"a link leads nowhere: {link}")
        return None

    def picture(link: str) -> str:
        path = target(link)
        if path is None:
            return link
        if path.suffix not in PICTURES:
            raise ValueError(f"a picture must be one of {', '.join(PICTURES)}, got {link}")
        data = base64.b64encode(path.read_bytes()).decode("ascii")
        return f"data:{PICTURES[path.suffix]};base64,{data}"

    def address(link: str) -> str | None:
        """The link's address on the web, "" if it has none, None if it can stay as it is."""
        path = target(link)
        if path is None:
            return None
        if not web.repo:
            return ""
        if path.suffix == ".ipynb":
            return web.lesson(path.name)
        target_url = web.file(path.relative_to(root).as_posix(), path.is_dir())
        return target_url + "".join(link.partition("#")[1:])

    def markdown(match: re.Match[str]) -> str:
        mark, words, link = match.groups()
        if mark:
            return f"![{words}]({picture(link)})"
        words = LINK.sub(markdown, words)
        url = address(link)
        if url is None:
            return f"[{words}]({link})"
        return f"[{words}]({url})" if url else words

    def html(match: re.Match[str]) -> str:
        url = address(match[1])
        if url is None:
            return match[0]
        return match[0].replace(f'"{match[1]}"', f'"{url}"', 1) if url else match[2]

    text = ANCHOR.sub(html, LINK.sub(markdown, text))
    return SOURCE.sub(lambda match: match[1] + picture(match[2]) + match[3], text)
