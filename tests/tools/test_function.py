import pytest

from citeward.errors import ToolError
from citeward.tools.function import TIMEOUT, ToolOptions, options_of, tool, tool_from_function


def test_the_decorator_only_takes_a_note():
    @tool(dangerous=True, timeout=2, name="pay_back")
    def refund(order: str) -> str:
        """Pay money back."""
        return f"paid {order}"

    assert refund("A-1") == "paid A-1"
    assert options_of(refund) == ToolOptions(name="pay_back", dangerous=True, timeout=2)
    spec = tool_from_function(refund).spec
    assert (spec.name, spec.description, spec.dangerous, spec.timeout) == ("pay_back", "Pay money back.", True, 2)


def test_the_decorator_works_without_parentheses():
    @tool
    def ping() -> str:
        """Answer."""
        return "pong"

    assert options_of(ping) == ToolOptions()
    assert tool_from_function(ping).spec.timeout == TIMEOUT


def test_an_unmarked_function_has_no_note():
    assert options_of(len) is None


@pytest.mark.parametrize("name", ["with space", "ümlaut", "a" * 65, "math.sqrt"])
def test_a_name_that_model_apis_refuse_is_refused(name):
    @tool(name=name)
    def ping() -> str:
        """Answer."""
        return "pong"

    with pytest.raises(ToolError, match="cannot be a tool's name"):
        tool_from_function(ping)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_that_makes_no_sense_is_refused(timeout):
    @tool(timeout=timeout)
    def ping() -> str:
        """Answer."""
        return "pong"

    with pytest.raises(ToolError, match="timeout"):
        tool_from_function(ping)


def test_an_object_that_can_be_called_is_a_tool_too():
    class Greeter:
        """Greet someone."""

        def __call__(self, name: str) -> str:
            return f"Hello {name}"

    assert tool_from_function(Greeter()).spec.name == "Greeter"


def test_arguments_that_carry_text_are_named_as_they_are() -> None:
    @tool(dangerous=True, content=["body"])
    def send(to: str, body: str) -> str:
        """Send."""
        return to + body

    assert tool_from_function(send).spec.content == {"body"}
    send_other = tool(content="text")(send)
    with pytest.raises(ToolError, match="no argument 'text'") as caught:
        tool_from_function(send_other)
    assert "to, body" in caught.value.hint


@pytest.mark.parametrize("given", ["masked", "raw", "lookup"])
def test_what_a_tool_is_given_of_personal_data_stands_in_its_spec(given):
    @tool(personal_data=given)
    def find(email: str) -> str:
        """Find somebody."""
        return email

    assert tool_from_function(find).spec.personal_data == given
