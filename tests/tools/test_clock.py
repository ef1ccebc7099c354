import re
import zoneinfo
from datetime import UTC, datetime, timedelta, timezone

import pytest

from citeward.errors import InvalidInput
from citeward.tools.clock import _ELSEWHERE, current_time, described, find_zone


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("Tokyo", "Asia/Tokyo"),
        ("tokyo, Japan", "Asia/Tokyo"),
        ("New York", "America/New_York"),
        ("new_york", "America/New_York"),
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("San Francisco", "America/Los_Angeles"),
        ("München", "Europe/Berlin"),
        ("utc", "UTC"),
    ],
)
def test_cities_and_zones_are_found(name, zone):
    assert str(find_zone(name)) == zone


def test_an_offset_means_what_people_mean_by_it():
    assert find_zone("GMT+3") == timezone(timedelta(hours=3))
    assert find_zone("UTC-3:30") == timezone(-timedelta(hours=3, minutes=30))


def test_every_zone_of_the_database_is_found_by_its_own_name():
    for name in zoneinfo.available_timezones():
        assert str(find_zone(name)) in (name, "UTC")


def test_every_city_that_we_add_has_a_zone_of_the_database():
    assert set(_ELSEWHERE.values()) <= zoneinfo.available_timezones()


@pytest.mark.parametrize("name", ["Tokio", "Mars", "", "UTC+15", "GMT+3:75"])
def test_an_unknown_place_is_an_error_with_a_way_out(name):
    with pytest.raises(InvalidInput) as caught:
        find_zone(name)
    assert repr(name) in caught.value.message
    assert caught.value.hint


def test_a_misspelt_city_gets_a_suggestion():
    with pytest.raises(InvalidInput) as caught:
        find_zone("Tokio")
    assert "Asia/Tokyo" in caught.value.hint


def test_a_moment_is_written_with_weekday_place_and_offset():
    moment = datetime(2026, 1, 5, 9, 0, tzinfo=zoneinfo.ZoneInfo("Asia/Tokyo"))
    assert described(moment, "Asia/Tokyo") == "2026-01-05 09:00:00 Monday, Asia/Tokyo (UTC+09:00)"


def test_the_time_is_now():
    before = datetime.now(UTC).replace(microsecond=0)
    written = re.match(r"(\S+ \S+) \w+, UTC \(UTC\+00:00\)$", current_time())
    assert written
    assert before <= datetime.fromisoformat(written[1] + "+00:00") <= datetime.now(UTC)
