import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from citeward.contracts.tool import ToolSpec
from citeward.models.needle.calls import evidence, repair, settled, spread


def spec(name: str, description: str, required: tuple[str, ...] = (), **properties) -> ToolSpec:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return ToolSpec(name=name, description=description, parameters=schema)


FACTORIAL = spec("factorial", "Factorial of a number.", ("number",), number={"type": "integer"})
CLOCK = spec("current_time", "The current time in a city.", city={"type": "string", "default": "UTC"})
STATS = spec(
    "team_stats",
    "Winning percentage of a team in a season.",
    ("team", "season"),
    team={"type": "string"},
    season={"type": "integer"},
)
SUM = spec(
    "calculate", "Work out a sum.", ("sum",), sum={"type": "string", "pattern": r"\d\s*\+", "description": "1 + 2"}
)


def test_a_list_that_the_model_took_up_in_part_is_completed():
    question = "Find the factorial of 5, 10 and 15."
    calls = settled(question, [("factorial", {"number": 5}), ("factorial", {"number": 15})], [FACTORIAL], 0.9)
    assert sorted(arguments["number"] for _, arguments in calls) == [5, 10, 15]


def test_two_lists_are_combined_unless_the_question_pairs_them():
    first = {"team": "Lakers", "season": 2018}
    both = spread("stats of Lakers and Bulls in 2018 and 2020", [first], STATS.parameters)
    assert [(call["team"], call["season"]) for call in both] == [("Lakers", 2020), ("Bulls", 2018), ("Bulls", 2020)]
    pair = [first, {"team": "Bulls", "season": 2020}]
    assert spread("stats of Lakers and Bulls in 2018 and 2020 respectively", pair, STATS.parameters) == []


def test_a_list_that_one_call_takes_whole_is_not_spread():
    route = {"properties": {"start": {"type": "string"}, "end": {"type": "string"}}}
    call = {"start": "New York", "end": "Boston"}
    assert spread("the way between New York and Boston", [call], route) == []


def test_unknown_tools_and_arguments_are_dropped():
    question = "the factorial of the number 5"
    calls = [("telephone", {"number": 5}), ("factorial", {"number": 5, "loud": True})]
    assert settled(question, calls, [FACTORIAL], 0.9) == [("factorial", {"number": 5})]


def test_the_same_call_twice_is_made_once():
    assert len(settled("factorial of 5", [("factorial", {"number": 5})] * 2, [FACTORIAL], 0.9)) == 1


def test_what_the_schema_forbids_is_not_called():
    assert repair("team stats", {"team": "Lakers"}, STATS.parameters) is None
    assert repair("work out 12", {"sum": "12"}, SUM.parameters) is None


def test_a_required_argument_with_a_default_gets_it():
    schema = {"properties": {"unit": {"type": "string", "default": "m"}}, "required": ["unit"]}
    assert repair("how far", {}, schema) == {"unit": "m"}


def test_options_that_the_question_names_are_taken():
    schema = {
        "properties": {
            "avoid": {"type": "array", "items": {"type": "string", "enum": ["tolls", "ferries", "highways"]}},
            "mode": {"type": "string", "enum": ["bus", "train"]},
            "include_details": {"type": "boolean"},
        }
    }
    question = "by bus, avoiding highways and toll roads, with details"
    assert repair(question, {"avoid": ["highways"]}, schema) == {
        "avoid": ["highways", "tolls"],
        "mode": "bus",
        "include_details": True,
    }
    assert "include_details" not in repair("by bus, don't show details", {}, schema)


def test_a_repeated_list_is_taken_once_and_a_lossy_one_read_again():
    schema = {"properties": {"tags": {"type": "array"}, "data": {"type": "array"}}}
    found = repair("mean of [3, 4, 5, 6, 4]", {"tags": ["a", "a", "b"], "data": [3, 4, 5, 6]}, schema)
    assert found == {"tags": ["a", "b"], "data": [3, 4, 5, 6, 4]}


def test_a_place_is_split_from_the_country_that_another_argument_holds():
    schema = {"properties": {"city": {"type": "string"}, "country": {"type": "string"}}}
    found = repair("time in London, UK", {"city": "London, UK", "country": "UK"}, schema)
    assert found == {"city": "London", "country": "UK"}


def test_the_example_of_a_description_is_not_the_user_s_wish():
    assert repair("what is meant by prime?", {"sum": "1 + 2"}, SUM.parameters) is None


@given(
    st.text(max_size=80),
    st.dictionaries(
        st.sampled_from(["number", "city", "sum", "other"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.floats()), st.text("9.")
        ),
    ),
)
def test_whatever_a_model_writes_is_survived_and_what_passes_is_valid(question, arguments):
    specs = [FACTORIAL, CLOCK, STATS, SUM]
    for name, passed in settled(question, [(spec.name, arguments) for spec in specs], specs, 0.9):
        schema = next(spec.parameters for spec in specs if spec.name == name)
        assert Draft202012Validator(schema).is_valid(passed)


def test_evidence_is_a_telling_argument_or_words_in_common():
    assert evidence("What is 3 + 4?", {"sum": "3 + 4"}, SUM) == 1
    assert evidence("What is the current time?", {}, CLOCK) == 1
    assert evidence("What were modern times like?", {}, CLOCK) == 0.5
    assert evidence("Who mapped the river in Syria?", {"city": "Syria"}, CLOCK) == 0


@pytest.mark.parametrize(
    ("question", "confidence", "called"),
    [
        ("What is the current time in Rome?", 0.1, True),
        ("What time is it in Rome?", 0.3, False),
        ("What time is it in Rome?", 0.6, True),
        ("Is it late in Rome?", 0.6, False),
        ("Is it late in Rome?", 0.9, True),
    ],
)
def test_the_less_the_question_shows_the_surer_the_model_must_be(question, confidence, called):
    assert bool(settled(question, [("current_time", {"city": "Rome"})], [CLOCK], confidence)) is called
