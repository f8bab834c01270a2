"""Invent a Québec-shaped network and write it as the raw files its schools would export."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import StorageError
from earlywarn.synthetic import rates
from earlywarn.synthetic.arrays import Days, Integers
from earlywarn.synthetic.attendance import record_absences
from earlywarn.synthetic.bulletins import send_bulletins
from earlywarn.synthetic.calendar import bulletin_days, school_days, school_year_name, school_year_of
from earlywarn.synthetic.conduct import open_plans, report_incidents
from earlywarn.synthetic.defects import plant, planted_defects, repeat_rows
from earlywarn.synthetic.lives import Lives, SchoolYear
from earlywarn.synthetic.names import CodeRegister, Identities, NamePool, invent_identities, name_pool
from earlywarn.synthetic.oneroster import RosterFiles
from earlywarn.synthetic.personnel import write_personnel, write_schools
from earlywarn.synthetic.places import enrollment_spells, teaching_assignments
from earlywarn.synthetic.raw_files import RawFiles
from earlywarn.synthetic.rosters import write_roster, write_roster_schools
from earlywarn.synthetic.schools import Schools, invent_schools
from earlywarn.synthetic.truth import CohortTally, TruthFiles, truth_files
from earlywarn.synthetic.yearbook import Yearbook
from earlywarn.workspace import storage_errors

STEP = "inventing the network"


@dataclass(frozen=True)
class SyntheticNetwork:
    """What was written, and where; rows, defects and duplicates are counted by table."""

    folder: Path
    oneroster: Path
    truth: Path
    n_students: int
    n_schools: int
    school_years: tuple[str, ...]
    until: date
    rows: Mapping[str, int]
    defects: Mapping[str, Mapping[str, int]]
    duplicates: Mapping[str, int]

    @property
    def n_defects(self) -> int:
        """Return how many lines intake must quarantine."""
        return sum(sum(kinds.values()) for kinds in self.defects.values())

    def summary(self) -> str:
        """Say in a few lines what the folder holds."""
        years = f"{self.school_years[0]} to {self.school_years[-1]}"
        head = f"{self.folder}: {self.n_students:,} students in {self.n_schools:,} schools, {years}"
        files = [f"  {name:<24}{n:>12,} rows" for name, n in sorted(self.rows.items())]
        n_repeated = sum(self.duplicates.values())
        tail = f"  {self.n_defects} defects and {n_repeated} repeated rows on purpose; cut on {self.until}"
        return "\n".join([head, *files, tail])


@dataclass(frozen=True)
class _CssStory:
    code: str
    cohort: pa.Table


@dataclass
class _Scribe:
    """Everything that stays open while the story is told."""

    schools: Schools
    files: RawFiles
    truth: TruthFiles
    roster: RosterFiles
    pool: NamePool
    until: np.datetime64
    last_year: int
    register: CodeRegister = field(default_factory=CodeRegister)
    n_students: int = 0


def synthesize(
    folder: Path,
    *,
    n_students: int,
    n_school_years: int = 6,
    until: date = date(2026, 11, 20),
    seed: int = 1,
    progress: Progress = no_progress,
) -> SyntheticNetwork:
    """Invent a network that enrolls about `n_students` a year and write its raw extracts.

    The last school year is the one that holds `until`; nothing known later is written.

    Raises:
        StorageError: The folder already holds files, or the disk is full; nothing is left half-written.
    """
    schools = invent_schools(n_students, np.random.default_rng([seed, 0]))
    last_year = school_year_of(until)
    first_year = last_year - n_school_years + 1
    names = tuple(school_year_name(year) for year in range(first_year, last_year + 1))
    with _fresh_folder(folder) as part, RawFiles(part, names) as files, truth_files(part / "truth") as truth:
        roster = RosterFiles(part / "oneroster")
        roster.folder.mkdir()
        scribe = _Scribe(schools, files, truth, roster, name_pool(), np.datetime64(until), last_year)
        write_schools(files, schools)
        write_roster_schools(roster, schools, last_year)
        cohorts: list[pa.Table] = []
        defects: Mapping[str, Mapping[str, int]] = {}
        duplicates: Mapping[str, int] = {}
        for css in range(schools.n_css):
            example = _tell_css(scribe, css, n_students // schools.n_css, first_year, seed)
            cohorts.append(example.cohort)
            if css == 0:
                found = planted_defects(example.code, names[0], schools.codes[0], schools.css_codes[0])
                duplicates = repeat_rows(files, names[0])
                defects = plant(files, names[0], found)
            progress(STEP, css + 1, schools.n_css)
        pa.parquet.write_table(pa.concat_tables(cohorts), part / "truth" / "cohorts.parquet")
        roster.pack(part / "oneroster.zip")
    return SyntheticNetwork(
        folder=folder,
        oneroster=folder / "oneroster.zip",
        truth=folder / "truth",
        n_students=scribe.n_students,
        n_schools=len(schools.css),
        school_years=names,
        until=until,
        rows=dict(files.rows),
        defects=defects,
        duplicates=duplicates,
    )


def _tell_css(scribe: _Scribe, css: int, n_students: int, first_year: int, seed: int) -> _CssStory:
    """Live through one CSS's years, writing those from `first_year` on."""
    generator = np.random.default_rng([seed, 1, css])
    lives = Lives(scribe.schools, css, n_students, generator)
    tally = CohortTally()
    identities = Identities.none()
    opening = first_year - rates.BURN_IN_YEARS
    for year in range(opening, scribe.last_year + 1):
        story = lives.live(year)
        tally.follow(story, scribe.schools)
        if year >= first_year:
            identities = identities.extended(lives.next_number)
            _write_year(scribe, css, story, identities, generator)
    codes = identities.codes[identities.codes != ""]
    return _CssStory(code=str(codes[0]), cohort=tally.outcomes(css, opening, scribe.last_year))


def _write_year(
    scribe: _Scribe, css: int, story: SchoolYear, identities: Identities, generator: np.random.Generator
) -> None:
    """Write one school year, giving an identity to those seen for the first time."""
    schools, roll = scribe.schools, story.roll
    days = school_days(story.year, generator)
    spells, groups = enrollment_spells(story, days, generator)
    seen = np.zeros(len(roll), bool)
    seen[spells.student[spells.starts_on <= scribe.until]] = True
    new = np.flatnonzero(seen & (identities.codes[roll.number] == ""))
    births = _births(story, new, generator)
    invented = invent_identities(
        scribe.pool, scribe.register, is_girl=roll.sex[new] == 0, births=births, generator=generator
    )
    identities.put(roll.number[new], invented)
    book = Yearbook(scribe.files, schools, css, story.year, roll.number, identities, scribe.until)
    assigned = teaching_assignments(groups)
    bulletins = bulletin_days(story.year, len(schools.css), generator)
    sent = send_bulletins(story, schools, days, bulletins, generator)
    book.students(roll, new, scribe.pool)
    book.enrollments(story, spells, groups)
    book.calendar(days)
    book.absences(record_absences(story, schools, days, generator))
    book.marks(sent)
    book.conduct(report_incidents(story, days, generator), open_plans(story, days, generator))
    book.teaching(assigned, groups, days)
    write_personnel(scribe.files, schools, css, story.year, assigned, scribe.pool)
    scribe.truth.add(story, schools, identities.codes[roll.number])
    scribe.n_students += len(new)
    if story.year == scribe.last_year:
        write_roster(scribe.roster, book, story, spells, groups, assigned, sent, days, scribe.pool)


def _births(story: SchoolYear, new: Integers, generator: np.random.Generator) -> Days:
    """Draw birth dates that give the age on 30 September."""
    roll = story.roll
    age = rates.AGE_AT_FIRST_GRADE + roll.grade[new] + roll.years_late[new]
    born_by = (story.year - age - 1970).astype("datetime64[Y]").astype("datetime64[D]") + 272
    days_older = generator.integers(0, 365, len(new)).astype("timedelta64[D]")
    return np.asarray(born_by - days_older, dtype="datetime64[D]")


@contextmanager
def _fresh_folder(folder: Path) -> Iterator[Path]:
    """Yield a hidden folder that takes the name `folder` only when everything in it is whole."""
    refusal = StorageError(
        "the folder already holds files", where=str(folder), todo="name another one or remove it"
    )
    if folder.exists() and any(folder.iterdir()):
        raise refusal
    part = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    with storage_errors(folder):
        try:
            part.mkdir(parents=True)
            yield part
            part.rename(folder)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                raise refusal from error
            raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
