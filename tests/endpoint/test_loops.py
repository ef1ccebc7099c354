import asyncio

from citeward.endpoint import PerLoop


def test_each_loop_has_a_value_of_its_own_that_goes_with_it() -> None:
    made: list[object] = []

    def make() -> object:
        made.append(object())
        return made[-1]

    values = PerLoop(make)

    async def twice() -> tuple[object, object]:
        return values.get(), values.get()

    first, second = asyncio.run(twice()), asyncio.run(twice())
    assert first[0] is first[1] and second[0] is second[1] and first[0] is not second[0]
    assert len(values._values) == 1, "the closed loop's value is let go"


async def test_a_value_that_was_taken_away_is_made_anew() -> None:
    values = PerLoop(object)
    assert values.pop() is None
    value = values.get()
    assert values.pop() is value and values.get() is not value
