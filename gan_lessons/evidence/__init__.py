"""What was measured over many seeds: the small tables that the lessons' claims rest on.

    games = evidence.load("03.training")
    even = games.values("energy_200", data="mnist", strategy="deconv4-equal")  # one for each seed
    low = games.holds(lambda rows: rows.values("energy_200", strategy="deconv4-equal") < 10)
    print(evidence.counted(low), evidence.verdict(low))

A table is a CSV file in this package. Its first lines, which begin with `#`, say how it was made:
script, code, versions, date, seeds, hours. `make evidence` makes the tables anew.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

import torch
from torch import Tensor

from gan_lessons.checks import one_of

Cell = str | float
SEEDS = 20  # the fewest that decide a claim
DECIDED = 0.95  # the share of the seeds in which a claim must hold


@dataclass(frozen=True)
class Table:
    """Rows of one comparison, each a run with one seed, and the facts of how they were made."""

    name: str
    facts: Mapping[str, str]
    rows: Sequence[Mapping[str, Cell]]

    def where(self, **wanted: Cell) -> "Table":
        """The rows with these values in these columns.

        Raises LookupError for an unknown column, and if no row is left.
        """
        for column in wanted:
            if column not in self.rows[0]:
                known = ", ".join(self.rows[0])
                raise LookupError(f"{self.name} has no column {column!r}: there are {known}")
        rows = [row for row in self.rows if all(row[c] == v for c, v in wanted.items())]
        if not rows:
            raise LookupError(f"{self.name} has no row with {wanted}")
        return Table(self.name, self.facts, rows)

    def values(self, column: str, **wanted: Cell) -> Tensor:
        """(seeds,) float64: a column of the rows with these values, in the order of the seeds.

        Raises LookupError if there is no such row or column, and if a seed has several rows.
        """
        rows = sorted(self.where(**wanted).rows, key=lambda row: row["seed"])
        seeds = [row["seed"] for row in rows]
        if len(set(seeds)) < len(seeds):
            raise LookupError(f"{self.name}: several rows have one seed, say more than {wanted}")
        if column not in rows[0]:
            raise LookupError(f"{self.name} has no column {column!r}")
        return torch.tensor([float(row[column]) for row in rows], dtype=torch.float64)

    def holds(self, claim: Callable[["Table"], Tensor], **wanted: Cell) -> dict[str, Tensor]:
        """For each data set, the seeds in which a claim holds.

        claim: takes the rows of one data set, and returns (seeds,) bool
        wanted: as in `where`
        """
        return {str(data): claim(self.where(data=data, **wanted)) for data in self.each("data")}

    def tell(self, words: str, claim: Callable[["Table"], Tensor], **wanted: Cell) -> str:
        """Prints in how many seeds of each data set a claim holds, and returns its `verdict`.

        words: what is claimed. claim, wanted: as in `holds`.
        """
        found = self.holds(claim, **wanted)
        print(f"{words}: {counted(found)}")
        return verdict(found)

    def each(self, column: str) -> list[Cell]:
        """The different values of a column, in the order of the rows."""
        return list(dict.fromkeys(row[column] for row in self.where(**{}).rows))


def less(
    column: str, factor: float = 1.0, by: float = 0.0, **arms: tuple[Cell, Cell]
) -> Callable[[Table], Tensor]:
    """The claim that a column is less in one arm than in another, seed by seed.

    less("distance", way=("projection", "concatenation")) is an example. factor: less than so many
    times the other; by: and by more than this. arms: a column, with its values in the two arms.
    """
    ((name, (one, other)),) = arms.items()
    return lambda rows: (
        rows.values(column, **{name: one}) < factor * rows.values(column, **{name: other}) - by
    )


def names() -> list[str]:
    """The tables that there are."""
    files = resources.files(__package__).iterdir()
    return sorted(file.name[: -len(".csv")] for file in files if file.name.endswith(".csv"))


def load(name: str) -> Table:
    """A table by its name. Raises ValueError for an unknown name."""
    one_of("table", name, names())
    file = resources.files(__package__) / f"{name}.csv"
    return read(name, file.read_text(encoding="utf-8"))


def read(name: str, text: str) -> Table:
    """A table from the text of its file."""
    lines = text.splitlines()
    facts = dict(line[2:].split(": ", 1) for line in lines if line.startswith("# "))
    body = "\n".join(line for line in lines if not line.startswith("#"))
    rows = [{c: _cell(v) for c, v in row.items()} for row in csv.DictReader(io.StringIO(body))]
    return Table(name, facts, rows)


def written(table: Table) -> str:
    """The text of a table's file. Numbers are rounded to five digits."""
    out = io.StringIO()
    for fact, value in table.facts.items():
        out.write(f"# {fact}: {value}\n")
    columns = dict.fromkeys(column for row in table.rows for column in row)
    writer = csv.DictWriter(out, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    for row in table.rows:
        writer.writerow({c: f"{v:.5g}" if isinstance(v, float) else v for c, v in row.items()})
    return out.getvalue()


def share(holds: Tensor) -> float:
    """The share of seeds in which something holds. holds: (seeds,) bool."""
    return holds.double().mean().item()


def decided(*holds: Tensor) -> bool:
    """Whether it holds in at least 19 of 20 seeds of each data set. holds: (seeds,) bool each.

    Fewer than 20 seeds decide nothing.
    """
    return all(len(each) >= SEEDS and share(each) >= DECIDED for each in holds)


def verdict(holds: Mapping[str, Tensor]) -> str:
    """`yes` if it is decided that a claim holds, `no` if it is decided that it does not.

    Else `undecided`. holds: (seeds,) bool for each data set, as from `Table.holds`.
    """
    if decided(*holds.values()):
        return "yes"
    return "no" if decided(*(~each for each in holds.values())) else "undecided"


def counted(holds: Mapping[str, Tensor]) -> str:
    """In how many seeds a claim holds: "mnist 20, glyphs 19 of 20". holds: as in `verdict`."""
    sets = ", ".join(f"{data} {int(each.sum())}" for data, each in holds.items())
    return f"{sets} of {len(next(iter(holds.values())))}"


def _cell(text: str) -> Cell:
    try:
        return float(text)
    except ValueError:
        return text
