import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citeward.errors import BadResponse
from citeward.models.vllm.metrics import parse_metrics, samples

TOLD = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="a"} 3.0
vllm:num_requests_running{engine="1",model_name="a"} 2.0 1795261666147
vllm:num_requests_waiting{engine="0",model_name="a"} 7.0
vllm:kv_cache_usage_perc{engine="0",model_name="a"} 0.5
vllm:kv_cache_usage_perc{engine="1",model_name="a"} 1.0
vllm:prefix_cache_queries_total{engine="0",model_name="a"} 400.0
vllm:prefix_cache_hits_total{engine="0",model_name="a"} 100.0
vllm:request_success_total{engine="0",finished_reason="stop",model_name="a"} 4.0
vllm:request_success_total{engine="1",finished_reason="stop",model_name="a"} 1.0
vllm:time_to_first_token_seconds_sum{engine="0",model_name="a"} 1.5
vllm:time_to_first_token_seconds_count{engine="0",model_name="a"} 3.0
vllm:inter_token_latency_seconds_sum{engine="0",model_name="a"} NaN
vllm:generation_tokens_total{engine="0",model_name="a"} 1.2e+03
vllm:num_preemptions_total{engine="0",model_name="b"} 9
process_open_fds 12
half a line {
"""


def test_engines_are_summed_and_their_caches_averaged() -> None:
    metrics = parse_metrics(TOLD)
    assert (metrics.running, metrics.waiting, metrics.kv_cache_usage) == (5, 7, 0.75)
    assert metrics.prefix_hit_rate == 0.25
    assert metrics.mean_first_token == 0.5
    assert metrics.mean_between_tokens is None
    assert metrics.generated_tokens == 1200
    assert metrics.finished == {"stop": 5}
    assert metrics.preemptions == 9


def test_figures_of_another_model_are_passed_over_where_one_is_named() -> None:
    assert parse_metrics(TOLD, model="a").preemptions == 0
    with pytest.raises(BadResponse, match="'c'"):
        parse_metrics(TOLD, model="c")


def test_before_the_first_request_there_are_no_rates() -> None:
    metrics = parse_metrics("vllm:num_requests_running 0\n")
    assert (metrics.prefix_hit_rate, metrics.mean_first_token, metrics.kv_cache_usage) == (None, None, 0.0)


def test_labels_may_hold_braces_quotes_and_line_ends() -> None:
    (sample,) = samples(r'x{a="}\"\\\n{",b="c"} 1')
    assert sample.labels == {"a": '}"\\\n{', "b": "c"}


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadResponse):
        parse_metrics(text)


@given(st.lists(st.sampled_from(TOLD.splitlines()), min_size=1), st.integers(0, 60))
def test_a_text_that_is_cut_anywhere_is_read_or_refused(lines: list[str], cut: int) -> None:
    text = "\n".join(lines)
    with contextlib.suppress(BadResponse):
        assert 0 <= parse_metrics(text[: len(text) - cut]).kv_cache_usage <= 1
