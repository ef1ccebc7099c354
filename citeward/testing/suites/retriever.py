"""What every Store, and so every Retriever, must hold to.

Run each check against an empty store of yours:

    @pytest.mark.parametrize("check", STORE_CHECKS, ids=lambda check: check.__name__)
    async def test_my_store_is_a_store(check, tmp_path):
        embedder = HashEmbedder()
        await check(await MyStore.make(tmp_path, embedder), embedder)

Each raises AssertionError saying what was wrong.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from citeward.contracts.retrieval import Embedder, Store
from citeward.testing.suites import retriever_ranking as ranking
from citeward.testing.suites import retriever_searching as searching
from citeward.testing.suites import retriever_storing as storing
from citeward.testing.suites.retriever_samples import fill, found, sample

__all__ = ["STORE_CHECKS", "StoreCheck", "fill", "found", "sample"]

StoreCheck: TypeAlias = Callable[[Store, Embedder], Awaitable[None]]

STORE_CHECKS: tuple[StoreCheck, ...] = (
    storing.passages_come_back_as_stored,
    storing.upsert_replaces_the_whole_document,
    storing.the_same_upsert_twice_is_one,
    storing.delete_removes_documents,
    storing.a_document_without_passages_is_kept,
    storing.tenants_are_apart,
    storing.odd_ids_are_kept_apart,
    storing.bad_documents_are_refused_whole,
    storing.token_vectors_are_kept_with_their_passage,
    storing.tenants_are_listed,
    storing.searches_while_writing_see_whole_documents,
    storing.what_is_acknowledged_is_found,
    storing.optimize_changes_nothing_found,
    storing.the_generation_changes_with_the_documents,
    searching.groups_are_kept_out_of_both_legs,
    searching.filters_hold_in_both_legs,
    searching.filters_come_before_ranking,
    searching.bad_filters_are_refused,
    searching.any_query_may_be_asked,
    searching.words_of_any_script_are_found,
    searching.a_missing_vector_is_said,
    searching.limits_are_checked,
    ranking.scores_are_fused_as_agreed,
    ranking.fusion_is_what_the_legs_say,
    ranking.one_hit_or_a_flat_leg_gets_the_full_weight,
    ranking.ties_are_broken_the_same_way_every_time,
    ranking.rare_words_and_short_passages_weigh_more,
)
"""Every check; each wants a store of its own, still empty."""
