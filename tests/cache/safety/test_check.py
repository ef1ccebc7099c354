"""Pairs that vectors take for the same, and pairs that are."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.cache.safety import conflict

DIFFERENT = """
How do I enable logging? | How do I disable logging?
How do I turn the cache on? | How do I turn the cache off?
How do I log in to the console? | How do I log out of the console?
How do I install the agent? | How do I uninstall the agent?
How do I upload a document? | How do I download a document?
How do I encrypt the store? | How do I decrypt the store?
How do I lock a thread? | How do I unlock a thread?
Is the feature supported? | Is the feature unsupported?
Is it safe to delete the index? | Is it unsafe to delete the index?
What is the maximum passage size? | What is the minimum passage size?
How do I increase the timeout? | How do I decrease the timeout?
What happens before indexing? | What happens after indexing?
Which models are allowed for guests? | Which models are forbidden for guests?
How do I start the server? | How do I restart the server?
Does it work with Redis? | Does it not work with Redis?
Does the agent keep threads? | Doesn't the agent keep threads?
Can I use it without a GPU? | Can I use it with a GPU?
Which users can delete documents? | Which users cannot delete documents?
Is the plugin still supported? | Is the plugin no longer supported?
How do I set the timeout to 30 seconds? | How do I set the timeout to 60 seconds?
How do I upgrade from version 1.2 to 1.3? | How do I upgrade from version 1.2 to 1.4?
What changed in release 2? | What changed in release 12?
What changed in version 2.1? | What changed in version 2.10?
What does section 4.2 say? | What does section 4.20 say?
Does it stand -5 degrees? | Does it stand 5 degrees?
Are refunds possible within 14 days of the purchase? | Are refunds possible after 14 days of the purchase?
Which countries have ratified the treaty? | Which countries have yet to ratify the treaty?
What does the 10 GB plan cost? | What does the 10 TB plan cost?
Can I upload five files? | Can I upload six files?
How far is it in miles? | How far is it in kilometres?
Is a delay of 5 minutes allowed? | Is a delay of 5 hours allowed?
What were the sales in 2023? | What were the sales in 2024?
What were the sales in March? | What were the sales in April?
Is the office open on Monday? | Is the office open on Tuesday?
What did we decide last week? | What did we decide this week?
What is due on 03/04/2025? | What is due on 04/03/2025?
Who was the first chair of the board? | Who was the second chair of the board?
How do I run it on Windows? | How do I run it on Linux?
how do i run it on windows | how do i run it on macos
What is the capital of France? | What is the capital of Italy?
What is the capital of Ruritania? | What is the capital of Freedonia?
Who wrote the report for Acme? | Who wrote the report for Globex?
How do I install it with pip? | How do I install it with conda?
What is the price of apples? | What is the price of bananas?
How do I reset my password? | How do I reset my username?
What does `max_tokens` do? | What does `min_tokens` do?
What does load_model() return? | What does load_index() return?
What does --force do? | What does --quiet do?
Where is config.toml read? | Where is policy.yaml read?
How do I convert JSON to YAML? | How do I convert YAML to JSON?
How do I migrate from Postgres to SQLite? | How do I migrate from SQLite to Postgres?
Is Python faster than Java? | Is Java faster than Python?
Does the client call the server? | Does the server call the client?
Is the parent of the node kept? | Is the node of the parent kept?
Who is the owner of the index? | Where is the owner of the index?
When does the job run? | Why does the job run?
How many users are there? | Who are the users?
How long does indexing take? | How often does indexing run?
How do I delete a thread? | Can I delete a thread?
What is a tenant? | How do I make a tenant?
Who is the president? | Who was the president?
Can I use a proxy? | Must I use a proxy?
What is the fastest embedder? | What is a fast embedder?
Do I need at least two workers? | Do I need at most two workers?
Does it need more than 4 workers? | Does it need less than 4 workers?
Is only text indexed? | Is text indexed?
What is my quota? | What is your quota?
How do I delete a thread? | How do I delete a thread of another user?
How do I delete a document? | How do I delete all documents?
""".strip().splitlines()

SAME = """
How do I reset my password? | How can I reset my password?
How do I reset my password? | What is the way to reset my password?
What is the capital of France? | What's the capital of France?
What is the capital of France? | Tell me the capital of France
how do i install it on linux | How do I install it on Linux?
How do I delete a thread? | How can I remove a thread?
How do I add a tool? | Please tell me how to add a tool
Which port does the server listen on? | On which port does the server listen?
How do I set the timeout to 30 seconds? | How can I set the timeout to 30 s?
How many users are there? | What is the number of users?
What does load_model() return? | What does `load_model` return?
What is the maximum size of an upload? | What's the max size of an upload?
Why is the job slow? | What is the reason the job is slow?
Can I upload two files? | Can I upload 2 files?
Is it possible to use a proxy? | Is it possible to employ a proxy?
When was the tower built? | In what year was the tower built?
Does it work offline? | Does it work offline??
Where are the logs stored? | Where are the logs kept?
What do I need to buy a licence? | What do I need to purchase a licence?
""".strip().splitlines()


NAMES = ("Acme", "Globex", "Initech", "ACME-2", "Acme-3", "Ada", "Ada Lovelace", "O'Brien", "ÅSEA")


def halves(pair: str) -> tuple[str, str]:
    one, _, other = pair.partition(" | ")
    return one, other


@pytest.mark.parametrize("pair", DIFFERENT)
def test_questions_that_must_not_share_an_answer(pair: str) -> None:
    one, other = halves(pair)
    assert conflict(one, other)
    assert conflict(other, one) == conflict(one, other)


@pytest.mark.parametrize("pair", SAME)
def test_questions_that_may_share_an_answer(pair: str) -> None:
    one, other = halves(pair)
    assert conflict(one, other) == ""
    assert conflict(other, one) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wie installiere ich das?", "Wie kann ich das installieren?"),
        ("¿Cómo se activa?", "¿Cómo se puede activar?"),
        ("如何安装？", "怎么安装？"),
        ("Comment activer le cache ?", "Comment désactiver le cache ?"),
    ],
)
def test_a_language_without_rules_is_left_to_the_exact_tier(one: str, other: str) -> None:
    assert conflict(one, other) == "language"


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_order_of_the_two_never_matters_and_nothing_breaks(one: str, other: str) -> None:
    assert bool(conflict(one, other)) == bool(conflict(other, one))


@given(st.sampled_from([side for pair in DIFFERENT + SAME for side in halves(pair)]))
def test_a_question_never_conflicts_with_itself(question: str) -> None:
    assert conflict(question, question) == ""
    assert conflict(question, question.upper().replace("?", " ?")) in ("", "identifiers", "names")


@given(st.dates(), st.dates(), st.sampled_from(["%Y-%m-%d", "%d/%m/%Y", "%d %B %Y", "%B %d, %Y"]))
def test_other_dates_are_another_question(one: date, other: date, form: str) -> None:
    first, second = (f"Which invoices of the harbour are due on {day.strftime(form)}?" for day in (one, other))
    assert bool(conflict(first, second)) == (one != other), (first, second)


@given(st.sampled_from(NAMES), st.sampled_from(NAMES))
def test_names_that_differ_are_another_question(one: str, other: str) -> None:
    first, second = (f"Which of the fees for berths does {name} pay to the harbour of Lund?" for name in (one, other))
    assert bool(conflict(first, second)) == (one != other)


@given(st.integers(2, 9999), st.integers(2, 9999), st.sampled_from(["{} users", "version {}", "{} GB", "room {}"]))
def test_other_numbers_are_another_question(one: int, other: int, form: str) -> None:
    first, second = (f"What is the limit for {form.format(number)}?" for number in (one, other))
    assert bool(conflict(first, second)) == (one != other)


@given(st.sampled_from([side for pair in SAME for side in halves(pair)]), st.sampled_from(["not", "never"]))
def test_a_negation_that_is_put_in_is_another_question(question: str, word: str) -> None:
    words = question.split()
    assert conflict(question, " ".join([*words[:2], word, *words[2:]])) != ""
