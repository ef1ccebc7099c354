from typing import Annotated

import pytest
from pydantic import Field

from citeward.errors import InvalidInput, ToolError
from citeward.tools.arguments import read_docstring
from citeward.tools.function import tool_from_function


def test_the_docstring_gives_the_description_and_a_note_for_each_argument():
    description, notes = read_docstring(
        """Send a letter.

        It goes out
        the same day.

        Args:
            to (str): Who gets it,
                by name.
            text: What it says: all of it.

        Returns:
            text: not an argument.
        """
    )
    assert description == "Send a letter.\n\nIt goes out the same day."
    assert notes == {"to": "Who gets it, by name.", "text": "What it says: all of it."}


def test_examples_for_people_are_not_part_of_the_description():
    assert read_docstring("Twice.\n\n>>> double(1)\n2\n") == ("Twice.", {})


def test_a_docstring_without_sections_is_all_description():
    assert read_docstring("One line.") == ("One line.", {})


def test_the_schema_says_types_notes_and_what_is_required_and_has_no_titles():
    def letter(to: str, copies: Annotated[int, Field(ge=1, description="How many.")] = 1, title: str | None = None):
        """Send a letter.

        Args:
            to: Who gets it.
            copies: Ignored, for the annotation says it.
        """

    assert tool_from_function(letter).spec.parameters == {
        "type": "object",
        "additionalProperties": False,
        "required": ["to"],
        "properties": {
            "to": {"type": "string", "description": "Who gets it."},
            "copies": {"type": "integer", "minimum": 1, "default": 1, "description": "How many."},
            "title": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        },
    }


def test_arguments_may_have_names_that_a_pydantic_model_would_not_take():
    def odd(json: str, copy: int, model_config: str, _hidden: int = 3) -> str:
        """Takes odd names."""
        return ""

    made = tool_from_function(odd)
    assert dict(made.parse({"json": "{}", "copy": "2", "model_config": "x"})) == {
        "json": "{}",
        "copy": 2,
        "model_config": "x",
        "_hidden": 3,
    }


def test_what_is_wrong_with_arguments_names_each_and_says_what_the_tool_takes():
    def pay(amount: float, currency: str = "EUR") -> str:
        """Pay."""
        return ""

    with pytest.raises(InvalidInput) as caught:
        tool_from_function(pay).parse({"amount": "a lot", "curency": "USD"})
    assert "argument 'amount'" in caught.value.message
    assert "got 'a lot'" in caught.value.message
    assert "there is no argument 'curency'" in caught.value.message
    assert caught.value.hint == "pay takes: amount (number, required), currency (string, optional)."
    with pytest.raises(InvalidInput, match="argument 'amount' is missing"):
        tool_from_function(pay).parse({})


def test_infinity_is_no_number():
    def pay(amount: float) -> str:
        """Pay."""
        return ""

    with pytest.raises(InvalidInput):
        tool_from_function(pay).parse({"amount": "inf"})


def _no_doc(x: int): ...


def _no_type(x):
    """Has a docstring."""


def _starred(*x: int):
    """Takes any number of them."""


def _positional(x: int, /):
    """Cannot be called by name."""


def _not_describable(x: object, y: type):
    """Takes what no schema describes."""


def _unknown_type(x: "Nowhere"):  # noqa: F821
    """Its type does not exist."""


@pytest.mark.parametrize("function", [_no_doc, _no_type, _starred, _positional, _not_describable, _unknown_type])
def test_a_function_that_no_model_could_call_is_refused_by_name(function):
    with pytest.raises(ToolError, match=function.__name__):
        tool_from_function(function)
