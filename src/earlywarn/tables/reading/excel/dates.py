"""Turn the number of days that Excel stores into the moment it stands for, in either of its two calendars."""

from __future__ import annotations

from datetime import datetime, timedelta

_MILLISECONDS = 86_400_000
_AFTER_LAST = 2_958_466
_DAY_THAT_NEVER_WAS = 60
_FROM_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 (a sheet's days have no time zone)
_FROM_1900 = datetime(1899, 12, 31)  # noqa: DTZ001


def moment_of(serial: float, *, from_1904: bool = False) -> datetime | None:
    """Return the moment, to the millisecond, or None where the number stands for no day.

    Excel's calendar of 1900 has a 29 February that never was: it is refused, the days before are right.

    >>> moment_of(45_931)
    datetime.datetime(2025, 10, 1, 0, 0)
    >>> moment_of(44_469, from_1904=True)
    datetime.datetime(2025, 10, 1, 0, 0)
    >>> moment_of(60), moment_of(59), moment_of(0.5)
    (None, datetime.datetime(1900, 2, 28, 0, 0), None)
    """
    if not 0 <= serial < _AFTER_LAST:
        return None
    days, milliseconds = divmod(round(serial * _MILLISECONDS), _MILLISECONDS)
    if from_1904:
        start = _FROM_1904
    elif days in (0, _DAY_THAT_NEVER_WAS):
        return None
    else:
        start = _FROM_1900
        days -= days > _DAY_THAT_NEVER_WAS
    try:
        return start + timedelta(days=days, milliseconds=milliseconds)
    except OverflowError:
        return None
