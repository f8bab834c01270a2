"""Turn stored values into what a teacher or a principal reads; names decide the order, never the risk."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from api.chance import chance_in_words, chance_of
from api.pages.evidence import as_sentence, shown_reason
from api.pages.views import GradeView, ReasonView, RiskView, RosterView, SectionView, StudentView
from api.shaping import (
    BY_RULES,
    data_age_days,
    is_by_rules,
    not_scored_text,
    outcome_text,
    too_little_data,
)
from api.wording import translate
from api.writing import write_age
from earlywarn.domain import Language, StudentId
from earlywarn.paper import write_day
from earlywarn.store import CurrentRun, RosterHeader, RosterPage, StudentList, StudentPage, StudentRisk

Names = Mapping[StudentId, Mapping[str, str]]


@dataclass(frozen=True)
class Showing:
    """The words of one reader on one day: language, day, and the network's own names of grades."""

    language: Language
    today: date
    grade_labels: Mapping[str, str]

    def say(self, french: str, **values: object) -> str:
        """Return a sentence in the reader's language."""
        return translate(french, self.language, **values)

    def my_students(self, found: StudentList) -> tuple[SectionView, ...]:
        """Return the students of the reader's own groups who stand on a roster, by grade."""
        sections = []
        for grade, risks in groupby(sorted(found.entries, key=_grade), key=_grade):
            students = self._students(risks, found.names)
            note = self.count(len(students))
            sections.append(SectionView(self.grade(grade), note, students))
        return tuple(sections)

    def rosters(self, pages: Sequence[RosterPage]) -> tuple[GradeView, ...]:
        """Return a school's whole rosters by grade, one for each outcome."""
        by_grade: dict[str, list[RosterView]] = {}
        for page in pages:
            outcome = as_sentence(outcome_text(page.run, self.language))
            for header in page.grades:
                listed = (risk for risk in page.entries if risk.grade == header.grade)
                students = self._students(listed, page.names)
                view = RosterView(
                    outcome=outcome,
                    note=self._note(len(students), header),
                    expected=self._expected(header),
                    not_scored=self._left_unscored(header, page.run),
                    by_rules=self._by_rules(page.run),
                    students=students,
                )
                by_grade.setdefault(header.grade, []).append(view)
        return tuple(GradeView(self.grade(grade), tuple(by_grade[grade])) for grade in sorted(by_grade))

    def student(self, page: StudentPage) -> StudentView:
        """Return one student with every outcome that was scored, or said why it was not."""
        grades = sorted({risk.grade for risk in page.risks})
        return StudentView(
            page.student_id,
            self.name(page.student_id, page.names),
            ", ".join(self.grade(grade) for grade in grades),
            tuple(self._risk(risk) for risk in page.risks),
        )

    def as_of_line(self, risks: Iterable[StudentRisk]) -> str:
        """Say of which day a page speaks, where all of it speaks of one."""
        days = {(risk.run.as_of, risk.run.data_as_of) for risk in risks}
        if len(days) != 1:
            return ""
        as_of, data_as_of = days.pop()
        return self.say(
            "Situation au {day}, d’après les données connues au {data_day} ({age}).",
            day=write_day(as_of, self.language),
            data_day=write_day(data_as_of, self.language),
            age=write_age((self.today - data_as_of).days, self.language),
        )

    def count(self, n: int) -> str:
        """Count students."""
        return self.say("{n} élève" if n == 1 else "{n} élèves", n=n)

    def grade(self, grade: str) -> str:
        """Return the network's own name of a grade."""
        return self.grade_labels.get(grade, grade)

    def name(self, student_id: StudentId, names: Mapping[str, str]) -> str:
        """Return a student's name for those entitled to it, else a short form of the opaque id."""
        said = " ".join(names[part] for part in ("given_name", "family_name") if names.get(part))
        return said or self.say("Élève {id}", id=student_id[:8])

    def listed_name(self, student_id: StudentId, names: Mapping[str, str]) -> str:
        """Return a student's name as class lists have it, the family name first: lists are in that order."""
        said = ", ".join(names[part] for part in ("family_name", "given_name") if names.get(part))
        return said or self.name(student_id, names)

    def _students(self, risks: Iterable[StudentRisk], names: Names) -> tuple[StudentView, ...]:
        by_student: dict[StudentId, list[StudentRisk]] = {}
        for risk in risks:
            by_student.setdefault(risk.student_id, []).append(risk)
        order = sorted(
            by_student, key=lambda student_id: (*_alphabetical(names.get(student_id, {})), student_id)
        )
        return tuple(
            StudentView(
                student_id,
                self.listed_name(student_id, names.get(student_id, {})),
                "",
                tuple(
                    self._risk(risk)
                    for risk in sorted(by_student[student_id], key=lambda risk: risk.run.model)
                ),
            )
            for student_id in order
        )

    def _risk(self, stored: StudentRisk) -> RiskView:
        raising = [reason for reason in stored.reasons if reason["direction"] == "raises"]
        easing = [reason for reason in stored.reasons if reason["direction"] != "raises"]
        return RiskView(
            outcome=as_sentence(outcome_text(stored.run, self.language)),
            chance=chance_of(stored, self.language),
            not_scored=self._not_scored(stored),
            by_rules=self._by_rules(stored.run) if stored.not_scored_because is None else "",
            on_roster=stored.is_listed,
            provenance=self.say(
                "Situation au {day} · données {age} · modèle {version}",
                day=write_day(stored.as_of, self.language),
                age=self._data_age(data_age_days(stored.run.data_as_of, self.today)),
                version=stored.run.version,
            ),
            actionable=self._reasons(reason for reason in raising if reason["actionable"]),
            context=self._reasons(reason for reason in raising if not reason["actionable"]),
            easing=self._reasons(easing),
        )

    def _reasons(self, stored: Iterable[Mapping[str, Any]]) -> tuple[ReasonView, ...]:
        return tuple(shown_reason(reason, self.language) for reason in stored)

    def _not_scored(self, stored: StudentRisk) -> str:
        why = not_scored_text(stored, self.language)
        return self.say("Risque non estimé : {why}.", why=why.rstrip(".")) if why else ""

    def _by_rules(self, run: CurrentRun) -> str:
        return self.say(BY_RULES) if is_by_rules(run) else ""

    def _left_unscored(self, header: RosterHeader, run: CurrentRun) -> str:
        """Count those of a grade of whom too little is known, and say what is missing."""
        n = int(header.facts.get("n_not_scored", 0))
        if not n:
            return ""
        return self.say(
            "1 élève n’a pas été pris en compte : {why}."
            if n == 1
            else "{n} élèves n’ont pas été pris en compte : {why}.",
            n=n,
            why=too_little_data(run, self.language).rstrip("."),
        )

    def _data_age(self, days: int) -> str:
        if days == 0:
            return self.say("du jour")
        return self.say("de la veille") if days == 1 else self.say("d’il y a {n} jours", n=days)

    def _note(self, n_shown: int, header: RosterHeader) -> str:
        """Count those still here of the roster, and the grade that it was drawn from."""
        said = "{n} élève sur {whole}" if n_shown == 1 else "{n} élèves sur {whole}"
        return self.say(said, n=n_shown, whole=header.n_students)

    def _expected(self, header: RosterHeader) -> str:
        share = header.facts.get("expected_share")
        if not isinstance(share, float | int):
            return ""
        return self.say(
            "Part des élèves d’une telle liste qui ont connu cette situation par le passé : {chance}.",
            chance=chance_in_words(float(share), self.language).text,
        )


def _grade(risk: StudentRisk) -> str:
    return risk.grade


def _alphabetical(names: Mapping[str, str]) -> tuple[str, str]:
    family, given = (
        "".join(c for c in unicodedata.normalize("NFD", names.get(part, "")) if not unicodedata.combining(c))
        for part in ("family_name", "given_name")
    )
    return family.casefold(), given.casefold()
