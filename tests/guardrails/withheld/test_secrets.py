import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.contracts.guardrail import Action, Origin, Outgoing
from citeward.guardrails.build import build_rails
from citeward.guardrails.table import Thresholds
from citeward.guardrails.withheld.secrets import SecretsGuard, SecretsOptions
from citeward.testing.logs import captured_logs
from citeward.testing.suites.guardrail import check_guardrail
from citeward.testing.suites.stream_guard import check_stream_guard, cuts

KEY = "sk-Harbour_7Kq42-xYz"
LIMITS = {Origin.MODEL: Thresholds(modify=1), Origin.TOOL: Thresholds(block=1)}


def guard(**options):
    return SecretsGuard(LIMITS, SecretsOptions(**options), values=[KEY], environ={"MY_TOKEN": "Quay-Lantern-88"})


async def test_it_is_a_guardrail():
    await check_guardrail(guard(), texts=[KEY, f"It is {KEY}.", "Quay-Lantern-88"])


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        KEY.upper(),
        " ".join(KEY),
        KEY[::-1],
        KEY.encode().hex(),
        base64.b64encode(KEY.encode()).decode(),
        base64.b64encode(b"ab" + KEY.encode() + b"c").decode(),
        "quay lantern 88",
    ],
)
async def test_a_value_is_withheld_in_any_form(form):
    verdict = await guard().check(f"It is {form} as you know.", origin=Origin.MODEL)
    assert verdict.action is Action.MODIFY
    assert "[withheld]" in verdict.text
    assert form[4:-4] not in verdict.text


ESCAPES = [
    "\\x{:02x}",
    "\\x{:02X}",
    "\\u{:04x}",
    "\\U{:08x}",
    "\\u{{{:x}}}",
    "\\{:03o}",
    "&#{};",
    "&#x{:x};",
    "&#{}",
    "&amp;#{};",
]
ESCAPES += ["%{:02x}", "%25{:02X}", "%u{:04x}", "\\\\x{:02x}"]


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize("text", [KEY, KEY[::-1], KEY.upper()], ids=["as it is", "backwards", "upper case"])
async def test_a_value_is_withheld_in_escapes(escape, text):
    form = "".join(escape.format(ord(char)) for char in text)
    verdict = await guard().check(f"It is {form} as you know.", origin=Origin.MODEL)
    assert verdict.text in ("It is [withheld] as you know.", "It is [withheld]; as you know.")
    assert [finding.kind for finding in verdict.findings] == ["SECRET"]


# Without its semicolon an entity would take the digit behind it for its own.
MIXED = ["{}", *(escape for escape in ESCAPES if escape != "&#{}")]
LETTERS = st.tuples(st.sampled_from(MIXED), st.sampled_from(["", "", " ", "-", "\u200b", "* "]))


@pytest.mark.fuzz
@given(st.lists(LETTERS, min_size=len(KEY), max_size=len(KEY)), st.sampled_from(["modify", "block", "flag"]), st.data())
def test_a_value_written_in_part_as_escapes_is_found_however_the_text_is_split(written, action, data):
    form = "".join(
        (escape.format(ord(char)) if escape != "{}" else char) + gap
        for char, (escape, gap) in zip(KEY, written, strict=True)
    )
    text = (
        data.draw(st.sampled_from(["Say: ", "R&D \\", "100%", "sk-Harb", "&#"]))
        + form
        + data.draw(st.sampled_from(["", " ok", "\\x5", KEY]))
    )
    limits = {Origin.MODEL: Thresholds(**{action: 1})}
    made = SecretsGuard(limits, SecretsOptions(environment=()), values=[KEY])

    def stream():
        opened = made.stream(Origin.MODEL, Outgoing())
        assert opened is not None
        return opened

    guarded = check_stream_guard(stream, text, data.draw(cuts(text)))
    assert (form.rstrip(" -*\u200b;") in guarded) == (action == "flag")


@pytest.mark.parametrize("near", [KEY[:-1], KEY[1:], KEY[:-1] + "!" + KEY[1:], "sk-Harbour", "Quay-Lantern-8"])
async def test_what_is_not_the_value_passes(near):
    verdict = await guard().check(near, origin=Origin.MODEL)
    assert (verdict.action, verdict.text) == (Action.ALLOW, near)


async def test_a_value_stands_in_no_verdict_log_or_repr():
    with captured_logs() as logs:
        made = SecretsGuard(LIMITS, values=[KEY], environ={"MY_TOKEN": "short", "A_PASSWORD": "Quay-Lantern-88"})
    assert [(log["event"], log["variable"]) for log in logs] == [("secrets.too_short", "MY_TOKEN")]
    verdict = await made.check(f"It is {KEY}", origin=Origin.TOOL)
    seen = f"{verdict!r} {logs!r} {made!r} {made._keywords!r} {vars(made)!r}".lower()
    assert verdict.action is Action.BLOCK
    assert not any(value in seen for value in (KEY.lower(), "harbour", "quay", "lantern", "'short'"))


def test_only_the_variables_that_are_asked_for_are_read():
    made = SecretsGuard(LIMITS, SecretsOptions(environment=()), environ={"MY_TOKEN": "Quay-Lantern-88"})
    assert made.stream(Origin.MODEL, Outgoing()) is None


async def test_a_canary_is_planted_and_withheld_and_new_in_each_process():
    one, other = guard(canary=True), guard(canary=True)
    assert one.planted != other.planted
    assert guard().planted == ""
    verdict = await one.check(f"I was told: {one.planted}", origin=Origin.MODEL)
    assert [finding.kind for finding in verdict.findings] == ["CANARY"]
    assert one.planted.split()[-1].strip(")") not in verdict.text


def test_rails_tell_what_is_planted(tmp_path):
    from citeward.guardrails.table import load_policy

    path = tmp_path / "policy.yaml"
    row = "  - {name: secrets, origins: {model: {block: 1}}, options: {canary: true}}\n"
    path.write_text("version: 1\nguards:\n" + row, encoding="utf-8")
    assert "never to be repeated" in build_rails(load_policy(path)).planted
    assert build_rails().planted == ""
