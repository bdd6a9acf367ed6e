"""When periodic work is due (pure): a time of day in China, or a pause between two runs."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

TZ = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Every:
    """Again and again with a pause of so many seconds; every worker process does it."""

    seconds: float

    @property
    def pause(self) -> float:
        """Seconds to wait before looking again."""
        return self.seconds


@dataclass(frozen=True)
class Daily:
    """Once a day at a time of day in China, by one worker of all.

    >>> Daily.at("02:30")
    Daily(hour=2, minute=30)
    """

    hour: int
    minute: int

    @classmethod
    def at(cls, text: str) -> Daily:
        """From ``HH:MM``. Raises ValueError for anything else."""
        moment = dt.time.fromisoformat(text)
        return cls(moment.hour, moment.minute)

    @property
    def pause(self) -> float:
        """Seconds to wait before looking again."""
        return 60

    def slot(self, now: dt.datetime) -> dt.datetime:
        """The latest moment, not after ``now``, at which the work was due; aware, in UTC."""
        here = now.astimezone(TZ)
        due = here.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        if due > here:
            due -= dt.timedelta(days=1)
        return due.astimezone(dt.UTC)


Schedule = Every | Daily
