"""The time, which no model knows."""

from __future__ import annotations

import difflib
import functools
import re
import zoneinfo
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from citeward.errors import InvalidInput
from citeward.tools.function import tool

_OFFSET = re.compile(r"(?:UTC|GMT)\s*([+-]\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
# Cities that people name and whose zone the database files under another city.
_ELSEWHERE: Mapping[str, str] = {
    city: zone
    for zone, cities in {
        "America/Los_Angeles": ("san francisco", "seattle", "san diego", "las vegas", "portland", "la"),
        "America/New_York": ("boston", "washington", "washington dc", "miami", "atlanta", "philadelphia", "nyc"),
        "America/Chicago": ("houston", "dallas", "austin", "new orleans", "minneapolis"),
        "America/Toronto": ("ottawa", "quebec"),
        "America/Sao_Paulo": ("rio de janeiro", "rio", "brasilia", "são paulo"),
        "Europe/Berlin": ("munich", "münchen", "hamburg", "frankfurt", "cologne", "köln", "stuttgart"),
        "Europe/Madrid": ("barcelona", "valencia", "seville"),
        "Europe/Rome": ("milan", "naples", "turin", "florence", "venice"),
        "Europe/Paris": ("lyon", "marseille", "nice", "toulouse"),
        "Europe/Zurich": ("geneva", "basel", "bern", "zürich"),
        "Europe/London": ("manchester", "edinburgh", "birmingham", "glasgow", "cardiff"),
        "Europe/Amsterdam": ("rotterdam", "the hague", "utrecht"),
        "Europe/Kyiv": ("kiev", "odesa", "lviv"),
        "Asia/Shanghai": ("beijing", "shenzhen", "guangzhou", "hangzhou"),
        "Asia/Tokyo": ("osaka", "kyoto"),
        "Asia/Kolkata": ("mumbai", "delhi", "new delhi", "bangalore", "bengaluru", "chennai", "hyderabad"),
        "Asia/Ho_Chi_Minh": ("hanoi",),
        "Asia/Riyadh": ("jeddah", "mecca"),
        "Asia/Dubai": ("abu dhabi",),
        "Asia/Jerusalem": ("tel aviv",),
        "Africa/Johannesburg": ("cape town", "pretoria", "durban"),
        "Australia/Sydney": ("canberra",),
        "Pacific/Auckland": ("wellington",),
    }.items()
    for city in cities
}


# `timezone` is the word that models expect; it hides the class of that name only in here.
@tool(personal_data="masked")
def current_time(timezone: str = "UTC") -> str:
    """The current date, weekday and time of day in a city or time zone.

    Args:
        timezone: A city such as 'Tokyo', an IANA time zone such as 'Europe/Berlin', or an offset such as 'UTC+2'.
    """
    zone = find_zone(timezone)
    return described(datetime.now(zone), str(zone))


def described(moment: datetime, place: str) -> str:
    """A moment in words that need no further working out: ``2026-01-05 09:00:00 Monday, Asia/Tokyo (UTC+09:00)``."""
    offset = moment.strftime("%z")
    return f"{moment:%Y-%m-%d %H:%M:%S %A}, {place} (UTC{offset[:3]}:{offset[3:5]})"


def find_zone(name: str) -> tzinfo:
    """The time zone of a name: IANA ('Europe/Berlin'), an offset ('UTC+2'), or a city ('New York', 'Tokyo, Japan').

    Raises:
        InvalidInput: There is no such zone; the hint names the ones that are spelled alike.
    """
    offset = _OFFSET.fullmatch(name.strip())
    if offset:
        # Not left to the database: its Etc/GMT+3 means three hours *behind* UTC.
        return _fixed(name, int(offset[1]), int(offset[2] or 0))
    key = _key(name)
    for wanted in (key, _key(name.split(",")[0])):
        found = _zones().get(wanted) or _ELSEWHERE.get(wanted)
        if found:
            return UTC if found == "UTC" else zoneinfo.ZoneInfo(found)
    alike = [_zones()[match] for match in difflib.get_close_matches(key, _zones(), n=3, cutoff=0.6)]
    known = f"Did you mean {' or '.join(dict.fromkeys(alike))}?" if alike else "Name a city or an IANA time zone."
    raise InvalidInput(f"{name!r} is no time zone or city that the clock knows", hint=known)


def _fixed(name: str, hours: int, minutes: int) -> tzinfo:
    if abs(hours) > 14 or minutes > 59:
        raise InvalidInput(f"{name!r} is no time zone", hint="Offsets go from UTC-12 to UTC+14.")
    sign = -1 if hours < 0 else 1
    return timezone(timedelta(hours=hours, minutes=sign * minutes))


def _key(name: str) -> str:
    return " ".join(re.sub(r"[_\s]+", " ", name.strip().casefold()).split())


@functools.cache
def _zones() -> Mapping[str, str]:
    """Zones by their whole name and by their last part, so that a city finds its zone; real names win over links."""
    found: dict[str, str] = {}
    names = sorted(zoneinfo.available_timezones(), key=lambda name: (name.count("/") != 1, name))
    for name in names:
        found[_key(name)] = name
    for name in names:
        if not name.startswith("Etc/"):
            found.setdefault(_key(name.rpartition("/")[2]), name)
    return found
