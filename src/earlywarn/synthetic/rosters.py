"""Say in OneRoster's words who is in which class with whom, and which marks were sent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from earlywarn.synthetic.arrays import Days, Integers
from earlywarn.synthetic.bulletins import MARK_TEXTS, SUBJECT_CODES, Bulletins, taught_subjects
from earlywarn.synthetic.calendar import school_year_name
from earlywarn.synthetic.lives import SchoolYear
from earlywarn.synthetic.names import NamePool
from earlywarn.synthetic.oneroster import RosterFiles
from earlywarn.synthetic.places import Assignments, Groups, Spells
from earlywarn.synthetic.raw_files import dates, joined, repeated, texts
from earlywarn.synthetic.schools import Schools
from earlywarn.synthetic.yearbook import GRADE_CODES, Yearbook, group_codes, staff_codes

_GRADES = ("KG", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11")
_TITLES = ("Langue d'enseignement", "Mathématique", "Anglais, langue seconde", "Science et technologie",
           "Univers social")  # fmt: skip
_ALL_SUBJECTS = len(SUBJECT_CODES)
_N_TERMS = 3
_LAST_MARK = 200
_CLASS_TAILS = (*(f"-{code}" for code in SUBJECT_CODES), "")
_DAY = "%Y-%m-%d"


def write_roster_schools(files: RosterFiles, schools: Schools, year: int) -> None:
    """Write the CSS as districts and their schools, the school year, and the one category of marks."""
    n_css, n = schools.n_css, len(schools.css)
    parents = [None] * n_css + [schools.css_codes[css] for css in schools.css]
    values = {
        "name": pa.array([*schools.css_names, *schools.names]),
        "type": pa.array(["district"] * n_css + ["school"] * n),
        "parentSourcedId": pa.array(parents, pa.string()),
    }
    files.append("orgs", pa.array([*schools.css_codes, *schools.codes]), values)
    values = {
        "title": pa.array([school_year_name(year)]),
        "type": pa.array(["schoolYear"]),
        "startDate": pa.array([f"{year}-07-01"]),
        "endDate": pa.array([f"{year + 1}-07-01"]),
        "schoolYear": pa.array([str(year + 1)]),
    }
    files.append("academicSessions", pa.array([f"sy-{year}"]), values)
    files.append("categories", pa.array(["bulletin"]), {"title": pa.array(["Bulletin"])})


def write_roster(
    files: RosterFiles,
    book: Yearbook,
    story: SchoolYear,
    spells: Spells,
    groups: Groups,
    assigned: Assignments,
    sent: Bulletins,
    days: Days,
    pool: NamePool,
) -> None:
    """Write one CSS's people, classes and marks of the last school year, as far as known."""
    known = np.flatnonzero(spells.starts_on <= book.until)
    if not len(known):
        return
    _terms(files, book, sent)
    _classes(files, book, groups)
    _students(files, book, story, spells, known, pool)
    _staff(files, book, assigned, pool)
    _teaching(files, book, groups, assigned, days)
    names = group_codes(groups, book.schools, book.year)
    _enrollments(files, book, spells, known, names)
    _marks(files, book, spells, groups, sent, names)


def _terms(files: RosterFiles, book: Yearbook, sent: Bulletins) -> None:
    """Write three grading periods per school, as its bulletins count them; an end date is exclusive."""
    school = np.repeat(np.flatnonzero(book.schools.css == book.css), _N_TERMS)
    term = np.arange(len(school)) % _N_TERMS
    ends = sent.term_ends[school, term] + 1
    opening = np.datetime64(f"{book.year}-07-01")
    starts = np.where(term == 0, opening, sent.term_ends[school, np.maximum(term - 1, 0)] + 1)
    n = len(school)
    values = {
        "title": texts([f"Étape {number}" for number in (1, 2, 3)], term),
        "type": repeated("gradingPeriod", n),
        "startDate": dates(starts, _DAY),
        "endDate": dates(ends, _DAY),
        "parentSourcedId": repeated(f"sy-{book.year}", n),
        "schoolYear": repeated(str(book.year + 1), n),
    }
    files.append("academicSessions", _term_ids(book, school, term), values)


def _term_ids(book: Yearbook, school: Integers, term: Integers) -> pa.Array[Any]:
    ends = texts([f"-e{number}" for number in (1, 2, 3)], term)
    return joined(repeated(f"sy-{book.year}-", len(school)), texts(book.schools.codes, school), ends)


def _classes(files: RosterFiles, book: Yearbook, groups: Groups) -> None:
    """Write a homeroom per group, and one scheduled class per subject that it is marked in."""
    css = book.schools.css_codes[book.css]
    n = len(groups.school)
    taught, taught_subject = np.nonzero(taught_subjects(groups.grade))
    group = np.r_[np.arange(n), taught]
    subject = np.r_[np.full(n, _ALL_SUBJECTS), taught_subject]
    course_at = groups.grade[group] * (_ALL_SUBJECTS + 1) + subject
    courses = [f"{css}-{grade}-{code}" for grade in GRADE_CODES for code in (*SUBJECT_CODES, "TOUT")]
    titles = [f"{title}, {grade}" for grade in GRADE_CODES for title in (*_TITLES, "Groupe-repère")]
    used = np.unique(course_at)
    values = {
        "schoolYearSourcedId": repeated(f"sy-{book.year}", len(used)),
        "title": texts(titles, used),
        "courseCode": texts(courses, used),
        "grades": texts(_GRADES, used // (_ALL_SUBJECTS + 1)),
        "orgSourcedId": repeated(css, len(used)),
        **_subjects(used % (_ALL_SUBJECTS + 1)),
    }
    files.append("courses", texts(courses, used), values)
    names = group_codes(groups, book.schools, book.year)
    values = {
        "title": texts(names, group),
        "grades": texts(_GRADES, groups.grade[group]),
        "courseSourcedId": texts(courses, course_at),
        "classCode": texts(names, group),
        "classType": texts(("scheduled", "homeroom"), (subject == _ALL_SUBJECTS).astype(np.int64)),
        "schoolSourcedId": texts(book.schools.codes, groups.school[group]),
        "termSourcedIds": repeated(f"sy-{book.year}", len(group)),
        **_subjects(subject),
    }
    files.append("classes", _class_ids(names, group, subject), values)


def _subjects(subject: Integers) -> dict[str, pa.Array[Any]]:
    """Return the words and the codes of subjects; a homeroom has none."""
    return {
        "subjects": texts((*_TITLES, None), subject),
        "subjectCodes": texts((*SUBJECT_CODES, None), subject),
    }


def _class_ids(names: list[str], group: Integers, subject: Integers) -> pa.Array[Any]:
    return joined(texts(names, group), texts(_CLASS_TAILS, subject))


def _user_ids(book: Yearbook, student: Integers) -> pa.Array[Any]:
    """Return ids that tell nothing: the CSS and a running number."""
    css = book.schools.css_codes[book.css]
    return pa.array(np.char.add(f"{css}-", book.numbers[student].astype("U9")))


def _students(
    files: RosterFiles, book: Yearbook, story: SchoolYear, spells: Spells, known: Integers, pool: NamePool
) -> None:
    student, first = np.unique(spells.student[known], return_index=True)
    found = book.identities.at(story.roll.number[student])
    ids, n = _user_ids(book, student), len(student)
    school = texts(book.schools.codes, spells.school[known][first])
    values = {
        "enabledUser": repeated("true", n),
        "username": ids,
        "givenName": pool.given.take(found.given),
        "familyName": pool.family.take(found.family),
        "identifier": pa.array(found.codes),
        "grades": texts(_GRADES, story.roll.grade[student]),
        "primaryOrgSourcedId": school,
    }
    files.append("users", ids, values)
    values = {"birthDate": dates(found.births, _DAY)}
    values["sex"] = texts(("female", "male", "other"), story.roll.sex[student])
    files.append("demographics", ids, values)
    _roles(files, ids, "student", school)


def _staff(files: RosterFiles, book: Yearbook, assigned: Assignments, pool: NamePool) -> None:
    """Write the teachers, the principal of each school and the central staff."""
    teachers, first = np.unique(staff_codes(book.schools, assigned), return_index=True)
    there = np.flatnonzero(book.schools.css == book.css)
    css, schools = book.schools.css_codes[book.css], [book.schools.codes[school] for school in there]
    codes = [*teachers.tolist(), *(f"D{school}" for school in schools), f"C{css}"]
    numbers = np.array([int(code[1:]) for code in codes])
    ids = pa.array(codes)
    workplaces = pa.array([*(book.schools.codes[s] for s in assigned.school[first]), *schools, css])
    values = {
        "enabledUser": repeated("true", len(codes)),
        "username": ids,
        "givenName": pool.given.take(pa.array(numbers * 17 % len(pool.given))),
        "familyName": pool.family.take(pa.array(numbers * 31 % len(pool.family))),
        "primaryOrgSourcedId": workplaces,
    }
    files.append("users", ids, values)
    kinds = np.r_[np.zeros(len(teachers), np.int64), np.ones(len(there), np.int64), 2]
    for kind, role in enumerate(("teacher", "principal", "districtAdministrator")):
        at = np.flatnonzero(kinds == kind)
        _roles(files, ids.take(pa.array(at)), role, workplaces.take(pa.array(at)))


def _teaching(files: RosterFiles, book: Yearbook, groups: Groups, assigned: Assignments, days: Days) -> None:
    """Write which teacher has which class; who has the homeroom of a secondary group is in it as well."""
    if days[0] > book.until:
        return
    also = np.flatnonzero((assigned.subject >= 0) & (assigned.is_homeroom == 1))
    at = np.r_[np.arange(len(assigned.group)), also]
    subject = np.r_[np.where(assigned.subject < 0, _ALL_SUBJECTS, assigned.subject), also * 0 + _ALL_SUBJECTS]
    classes = _class_ids(group_codes(groups, book.schools, book.year), assigned.group[at], subject)
    teacher = pa.array(staff_codes(book.schools, assigned)).take(pa.array(at))
    ended = days[-1] + 1 if days[-1] <= book.until else np.datetime64("NaT", "D")
    values = {
        "classSourcedId": classes,
        "schoolSourcedId": texts(book.schools.codes, assigned.school[at]),
        "userSourcedId": teacher,
        "role": repeated("teacher", len(at)),
        "primary": repeated("true", len(at)),
        "beginDate": dates(np.broadcast_to(days[0], len(at)), _DAY),
        "endDate": dates(np.broadcast_to(ended, len(at)), _DAY),
    }
    files.append("enrollments", joined(teacher, repeated("-", len(at)), classes), values)


def _roles(files: RosterFiles, users: pa.Array[Any], role: str, school: pa.Array[Any]) -> None:
    values = {
        "userSourcedId": users,
        "roleType": repeated("primary", len(users)),
        "role": repeated(role, len(users)),
        "orgSourcedId": school,
    }
    ids = joined(users, repeated(f"-{role}", len(users)))
    files.append("roles", ids, values)


def _enrollments(
    files: RosterFiles, book: Yearbook, spells: Spells, known: Integers, names: list[str]
) -> None:
    """Write who is in which class; an end date is exclusive and stands only once known."""
    taught, taught_subject = np.nonzero(taught_subjects(spells.grade[known]))
    spell = np.r_[known, known[taught]]
    subject = np.r_[np.full(len(known), _ALL_SUBJECTS), taught_subject]
    students = _user_ids(book, spells.student[spell])
    classes = _class_ids(names, spells.group[spell], subject)
    left: Days = spells.left_on[spell]
    ended = np.where(left <= book.until, left + 1, np.datetime64("NaT", "D"))
    values = {
        "classSourcedId": classes,
        "schoolSourcedId": texts(book.schools.codes, spells.school[spell]),
        "userSourcedId": students,
        "role": repeated("student", len(spell)),
        "beginDate": dates(spells.starts_on[spell], _DAY),
        "endDate": dates(ended, _DAY),
    }
    files.append("enrollments", joined(students, repeated("-", len(students)), classes), values)


def _marks(
    files: RosterFiles, book: Yearbook, spells: Spells, groups: Groups, sent: Bulletins, names: list[str]
) -> None:
    """Write one line item per class, subject and bulletin, and each student's result on it."""
    told = np.flatnonzero((sent.reported_on <= book.until) & (sent.term < _N_TERMS))
    student, subject, term = sent.student[told], sent.subject[told], sent.term[told]
    # The first spells stand in the order of the roll: a bulletin comes from the group of September.
    group = spells.group[student]
    item = (group * _ALL_SUBJECTS + subject) * _N_TERMS + term
    items, first, where = np.unique(item, return_index=True, return_inverse=True)
    classes = _class_ids(names, group, subject)
    ends = texts(
        [f"-{code}-{tail}" for code in SUBJECT_CODES for tail in ("e1", "e2", "e3")],
        items % (_ALL_SUBJECTS * _N_TERMS),
    )
    ids = joined(texts(names, items // (_ALL_SUBJECTS * _N_TERMS)), ends)
    last_day = dates(sent.happened_on[told][first], _DAY)
    school, n = groups.school[items // (_ALL_SUBJECTS * _N_TERMS)], len(items)
    titles = [f"{title}, étape {number}" for title in _TITLES for number in (1, 2, 3)]
    values = {
        "title": texts(titles, items % (_ALL_SUBJECTS * _N_TERMS)),
        "assignDate": last_day,
        "dueDate": last_day,
        "classSourcedId": classes.take(first),
        "categorySourcedId": repeated("bulletin", n),
        "academicSessionSourcedId": _term_ids(book, school, items % _N_TERMS),
        "resultValueMin": repeated("0", n),
        "resultValueMax": repeated("100", n),
        "schoolSourcedId": texts(book.schools.codes, school),
    }
    files.append("lineItems", ids, values)
    students, line_items = _user_ids(book, student), ids.take(where)
    mark = sent.mark[told]
    scores = [text.replace(",", ".") if text[0].isdigit() else None for text in MARK_TEXTS]
    values = {
        "lineItemSourcedId": line_items,
        "studentSourcedId": students,
        "scoreStatus": texts(("not submitted", "fully graded"), (mark <= _LAST_MARK).astype(np.int64)),
        "score": pa.array(scores, pa.string()).take(mark),
        "scoreDate": dates(sent.reported_on[told], _DAY),
        "classSourcedId": classes,
    }
    files.append("results", joined(students, repeated("-", len(students)), line_items), values)
