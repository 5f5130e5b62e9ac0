"""Which models can take a call, in which order, and what every other one breaks."""

from typing import Any

import pytest

from slmigrate.choose import domain_of, rank
from slmigrate.models import estimate
from slmigrate.models.catalogue import load
from slmigrate.models.estimate import MAX_CONTEXT
from slmigrate.models.machine import this_machine
from slmigrate.models.resolve import runnable
from slmigrate.records import (
    Budget,
    CallSite,
    Choice,
    Figure,
    Lane,
    Licence,
    Measured,
    ModelCard,
    QualityFigure,
    WeightsSource,
)


def site(task: str | None = "summarization", **fields: Any) -> CallSite:
    defaults: dict[str, Any] = {
        "path": "a.py",
        "line": 1,
        "end_line": 1,
        "api": "transformers.pipeline",
        "provider": "transformers",
        "task": task,
        "model": "facebook/bart-large-cnn",
        "model_source": "literal",
        "migratable": "yes",
        "reason": "Text in, text out.",
    }
    return CallSite(**(defaults | fields))


def figure(value: float, kind: Any = "computed") -> Figure:
    return Figure(value=value, source="test", kind=kind)


def card(key: str, *, parameters: float = 100e6, q4: float = 60e6, **fields: Any) -> ModelCard:
    """A chat model whose weights can be pulled, as far as nothing else is said."""
    defaults: dict[str, Any] = {
        "key": key,
        "id": f"org/{key}",
        "status": "available",
        "task": "text-generation",
        "domain": ("instructions",),
        "engine": "llamacpp",
        "parameters": figure(parameters),
        "disk_bytes": {"q4": figure(q4), "int8": figure(parameters)},
        "context_tokens": figure(2048),
        "licence": Licence(id="Apache-2.0", permissive=True),
        "weights": (WeightsSource(kind="hub", name=f"org/{key}", members=("model.gguf",)),),
        "checked": "2026-11-22",
    }
    return ModelCard(**(defaults | fields))


def measured(key: str, *, disk: int, peak: int) -> Measured:
    return Measured(
        spec=key,
        key=key,
        revision="1",
        engine="llamacpp",
        created="2026-11-23T10:00:00Z",
        machine=this_machine(),
        disk_bytes=disk,
        load_seconds=0.5,
        peak_rss_bytes=peak,
        answers=(),
        read_tokens_per_second=1000.0,
        write_tokens_per_second=100.0,
    )


def choose(
    *cards: ModelCard,
    at: CallSite | None = None,
    present: tuple[str, ...] = (),
    lane: Lane = "batch",
    language: str | None = None,
    around: str = "",
    measured: Measured | None = None,
    **budget: Any,
) -> Choice:
    return rank(
        at or site(),
        cards,
        Budget(**budget),
        is_present=lambda each: each.key in present,
        runnable=runnable,
        measured=lambda _: measured,
        lane=lane,
        language=language,
        around=around,
    )


def order(choice: Choice) -> list[str]:
    return [candidate.spec for candidate in choice.ranked]


def broken(choice: Choice) -> dict[str, tuple[str, str]]:
    return {item.spec: (item.budget, item.reason) for item in choice.rejected}


FLOORS = {
    "summarization": ["extractive"],
    "text-generation": ["compute"],
    "text-classification": ["compute"],
}
"""By task: what needs no model."""


# --- which tasks a model takes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "fields", "fits"),
    [
        pytest.param("summarization", {}, True, id="a chat model is asked to summarise"),
        pytest.param("text-generation", {}, True, id="a chat model answers a chat"),
        pytest.param("summarization", {"task": "summarization", "domain": ("news",)}, True, id="a summariser"),
        pytest.param("text-generation", {"task": "summarization"}, False, id="a summariser does not chat"),
        pytest.param("summarization", {"task": "text2text-generation"}, True, id="an instructed encoder-decoder"),
        pytest.param("text-generation", {"task": "text2text-generation"}, False, id="which does not chat either"),
        pytest.param("text-generation", {"domain": ()}, False, id="a model that only completes text"),
        pytest.param("summarization", {"domain": ("chat",)}, False, id="small talk without instructions"),
        pytest.param("summarization", {"task": "fill-mask", "trained_head": False}, False, id="a base encoder"),
        pytest.param("text-classification", {"task": "text-classification"}, True, id="a classifier"),
        pytest.param("text-classification", {}, False, id="a chat model is no classifier"),
        pytest.param(
            "text-classification", {"task": "text-classification", "trained_head": False}, False, id="no head"
        ),
        pytest.param("feature-extraction", {"task": "sentence-similarity"}, True, id="embeddings"),
        pytest.param("translation", {}, False, id="translation"),
        pytest.param(None, {}, False, id="a task that is not known"),
    ],
)
def test_which_tasks_a_model_takes(task: str | None, fields: dict[str, Any], fits: bool) -> None:
    found = choose(card("m", **fields), at=site(task))
    assert ("m" in order(found)) == fits
    if not fits:
        assert broken(found)["m"][0] == "task"


def test_every_card_is_ranked_or_rejected_exactly_once() -> None:
    cards = list(load().values())
    for task in ("summarization", "text-generation", "text-classification", "translation", None):
        found = choose(*cards, at=site(task), ram_bytes=10**9)
        named = order(found) + list(broken(found))
        assert sorted(named) == sorted([each.key for each in cards] + FLOORS.get(task or "", []))


def test_a_call_that_no_small_model_can_take_gets_none_and_says_why() -> None:
    found = choose(card("m"), at=site("image-to-text", migratable="no", reason="Not text in, text out."))
    assert found.ranked == ()
    assert broken(found) == {"m": ("task", "Not text in, text out.")}


# --- hard limits ----------------------------------------------------------------------------------------------------


def test_a_limit_that_is_broken_says_by_how_much() -> None:
    found = choose(card("m", q4=700e6), disk_bytes=500_000_000)
    assert broken(found)["m"] == ("disk", "needs 700 MB (computed) on disk, the budget is 500 MB, 200 MB too much")


def test_a_model_exactly_on_the_limit_fits_and_one_byte_above_does_not() -> None:
    assert "m" in order(choose(card("m", q4=500_000_000), disk_bytes=500_000_000))
    assert "m" not in order(choose(card("m", q4=500_000_001), disk_bytes=500_000_000))


def test_every_limit_that_is_broken_is_named() -> None:
    found = choose(card("m", q4=2e9, licence=None), disk_bytes=1, ram_bytes=1, latency_seconds=0.1, licences=("MIT",))
    budget, reason = broken(found)["m"]
    assert budget == "licence"
    assert all(word in reason for word in ("licence", "on disk", "of memory", "an answer"))


def test_memory_is_estimated_by_a_formula_that_is_said() -> None:
    needs = choose(load()["smollm2-135m"]).ranked[0].ram_bytes
    assert needs is not None
    assert needs.kind == "estimated"
    assert "weights 98 MB" in needs.source
    assert "cache for 8,192 tokens 189 MB" in needs.source
    assert abs(needs.value / 384e6 - 1) < 0.2  # measured 2026-11-23


def test_memory_of_a_model_without_known_dimensions_is_an_upper_estimate() -> None:
    needs = choose(card("m", parameters=134_515_008, q4=98_362_432, context_tokens=figure(8192))).ranked[0].ram_bytes
    assert needs is not None
    assert 384e6 < needs.value < 2 * 384e6


def test_what_was_measured_here_counts_before_what_is_estimated() -> None:
    found = choose(card("m", q4=700e6), measured=measured("m", disk=90_000_000, peak=123_000_000)).ranked[0]
    assert found.disk_bytes is not None
    assert found.ram_bytes is not None
    assert found.latency_seconds is not None
    kinds = {found.disk_bytes.kind, found.ram_bytes.kind, found.latency_seconds.kind}
    assert kinds == {"measured"}
    assert (found.disk_bytes.value, found.ram_bytes.value) == (90_000_000, 123_000_000)
    assert found.latency_seconds.value == 1.79  # 512 / 1000 + 128 / 100
    tight = choose(card("m"), measured=measured("m", disk=90_000_000, peak=123_000_000), ram_bytes=122_000_000)
    assert broken(tight)["m"][1] == "needs 123 MB (measured) of memory, the budget is 122 MB, 1 MB too much"


def test_a_limit_on_memory_is_kept() -> None:
    fits = choose(card("m"), ram_bytes=10**9).ranked[0].ram_bytes
    assert fits is not None
    assert "m" not in order(choose(card("m"), ram_bytes=int(fits.value) - 1))
    assert "m" in order(choose(card("m"), ram_bytes=int(fits.value)))


def test_what_is_not_known_does_not_pass_a_limit() -> None:
    unknown = card("m", parameters=100e6, disk_bytes={}).model_copy(update={"parameters": None})
    assert "m" in order(choose(unknown))
    assert broken(choose(unknown, ram_bytes=10**12))["m"][0] == "ram"
    assert broken(choose(unknown, disk_bytes=10**12))["m"][0] == "disk"
    assert broken(choose(unknown, latency_seconds=1e9))["m"][0] == "latency"


def test_latency_grows_with_the_length_that_the_call_asks_for() -> None:
    short = estimate.latency(card("m"), {"max_tokens": 10})
    long = estimate.latency(card("m"), {"max_tokens": 1000})
    assert short is not None
    assert long is not None
    assert long.value > short.value
    assert "not measured on this machine" in long.source


@pytest.mark.parametrize(
    ("licences", "fits"),
    [
        (("any",), {"free", "custom", "none"}),
        (("permissive",), {"free"}),
        (("apache-2.0",), {"free"}),
        (("gemma", "MIT"), {"custom"}),
    ],
)
def test_licences_are_a_hard_limit(licences: tuple[str, ...], fits: set[str]) -> None:
    cards = [
        card("free"),
        card("custom", licence=Licence(id="gemma", permissive=False, caveat="custom terms")),
        card("none", licence=None),
    ]
    assert set(order(choose(*cards, licences=licences))) - {"extractive"} == fits


@pytest.mark.parametrize(
    ("fields", "budget", "word"),
    [
        ({"task": "summarization", "engine": "seq2seq"}, "engine", "not built yet"),
        ({"status": "not-found"}, "availability", "no such checkpoint"),
        ({"status": "hosted"}, "availability", "servers"),
        ({"status": "method"}, "availability", "way to train"),
    ],
)
def test_what_cannot_run_here_is_rejected_with_the_reason(fields: dict[str, Any], budget: str, word: str) -> None:
    found, reason = broken(choose(card("m", **fields)))["m"]
    assert found == budget
    assert word in reason


def test_a_prompt_that_cannot_fit_the_context_is_rejected() -> None:
    small = card("m", context_tokens=figure(64))
    assert "m" in order(choose(small, at=site("text-generation", prompt="Be brief.")))
    assert broken(choose(small, at=site("text-generation", prompt="word " * 200)))["m"][0] == "context"


# --- order ----------------------------------------------------------------------------------------------------------


def test_weights_that_are_here_come_first_among_equals_and_never_before_better_ones() -> None:
    cards = [card("a-pull"), card("b-here", q4=90e6), card("c-larger", parameters=200e6)]
    found = choose(*cards, present=("b-here",))
    assert order(found) == ["c-larger", "b-here", "a-pull", "extractive"]
    assert [candidate.weights_present for candidate in found.ranked] == [False, True, False, True]
    assert "its weights are not here, run: slmigrate models pull c-larger" in found.ranked[0].reasons
    assert "its weights are on this machine" in found.ranked[1].reasons


def test_the_realtime_lane_takes_the_fastest_first_and_the_batch_lane_the_best() -> None:
    def quality(value: float) -> tuple[QualityFigure, ...]:
        return (QualityFigure(metric="IFEval", dataset="d", value=value, source="one harness"),)

    good, fast = card("good", parameters=900e6, quality=quality(70.0)), card("fast", quality=quality(30.0))
    assert order(choose(good, fast))[:2] == ["good", "fast"]
    assert order(choose(good, fast, lane="realtime"))[:2] == ["fast", "good"]


def test_a_model_for_other_languages_is_rejected_and_a_mere_count_of_languages_passes() -> None:
    english, many = card("english", languages=("en",)), card("many", languages=("29+",))
    unknown, german = card("unknown"), card("german", languages=("en", "de"))
    found = choose(english, many, unknown, german, language="de")
    assert set(order(found)) == {"many", "german", "extractive"}
    assert broken(found)["english"] == ("language", "it is for en, not for de")
    assert broken(found)["unknown"] == ("language", "its languages are not stated")


def test_a_limit_on_time_says_by_how_much_it_is_broken() -> None:
    budget, reason = broken(choose(card("m", parameters=1e9, q4=600e6), latency_seconds=1.0))["m"]
    assert budget == "latency"
    assert reason.endswith("the budget is 1 s, 22.2 s too long")


def test_the_smaller_comes_first_where_nothing_else_tells_them_apart() -> None:
    assert order(choose(card("b", q4=70e6), card("a", q4=80e6), card("c", q4=60e6)))[:3] == ["c", "b", "a"]


def test_the_order_does_not_depend_on_the_order_of_the_catalogue() -> None:
    cards = list(load().values())
    assert choose(*cards) == choose(*reversed(cards))


def test_quality_counts_where_the_same_figure_exists_for_both() -> None:
    def quality(value: float, source: str = "one harness") -> tuple[QualityFigure, ...]:
        return (QualityFigure(metric="IFEval", dataset="d", value=value, source=source),)

    good, weak = card("good", q4=90e6, quality=quality(70.0)), card("weak", quality=quality(30.0))
    assert order(choose(good, weak))[:2] == ["good", "weak"]
    assert any("IFEval 70 on d" in reason for reason in choose(good, weak).ranked[0].reasons)
    # the same benchmark by another maker is another figure
    other = card("weak", parameters=200e6, quality=quality(30.0, "its maker's own table"))
    assert order(choose(good, other))[:2] == ["weak", "good"]  # the larger, as nothing else tells them apart


def test_rouge_2_is_compared_across_sources_and_rouge_l_is_not() -> None:
    def rouge(metric: str, value: Any, source: str) -> tuple[QualityFigure, ...]:
        return (QualityFigure(metric=metric, dataset="SAMSum", split="validation", value=value, source=source),)

    a = card("a", quality=rouge("R1/R2/RL", "50.0/25.0/40.0", "its card"))
    b = card("b", parameters=50e6, quality=rouge("ROUGE-2", 28.0, "its own card"))
    assert order(choose(a, b))[:2] == ["b", "a"]
    a = card("a", quality=rouge("ROUGE-L", 40.0, "its card"))
    b = card("b", parameters=50e6, quality=rouge("ROUGE-L", 48.0, "its own card"))
    assert order(choose(a, b))[:2] == ["a", "b"]


def test_quality_on_data_like_the_calls_texts_counts_before_other_data() -> None:
    def both(chat: float, news: float) -> tuple[QualityFigure, ...]:
        return (
            QualityFigure(metric="ROUGE-2", dataset="SAMSum", split="test", value=chat, source="x"),
            QualityFigure(metric="ROUGE-2", dataset="CNN/DailyMail", split="test", value=news, source="x"),
        )

    talks, reads = card("talks", quality=both(28.0, 10.0)), card("reads", quality=both(11.0, 21.0))
    assert order(choose(talks, reads, at=site(path="discord.py")))[:2] == ["talks", "reads"]
    assert order(choose(talks, reads, at=site(path="news.py")))[:2] == ["reads", "talks"]


@pytest.mark.parametrize(
    ("fields", "domain"),
    [
        ({"path": "bots/discord_digest.py"}, "chat"),
        ({"function": "summarise_conversation"}, "chat"),
        ({"prompt": "You write Slack messages."}, "chat"),
        ({"path": "news/articles.py"}, "news"),
        ({"path": "reports/main.py"}, None),
    ],
)
def test_the_domain_is_told_by_the_words_of_the_code(fields: dict[str, Any], domain: str | None) -> None:
    assert domain_of(site(**fields)) == domain


def test_words_of_programs_are_no_chats() -> None:
    around = 'class CircuitBreaker: """Shows an error message."""\nclient.chat.completions.create(messages=messages)'
    assert domain_of(site(path="contracts.py"), around) is None
    assert domain_of(site(path="circuits.py")) is None
    assert domain_of(site(path="read_messages.py")) == "chat"


def test_the_source_around_the_call_tells_the_domain_where_its_own_words_do_not() -> None:
    assert domain_of(site(path="summary.py"), "def read_discord(channel): ...") == "chat"
    assert domain_of(site(path="news.py"), "def read_discord(channel): ...") == "news"


def test_a_chat_summariser_comes_before_one_for_news_on_chat_and_after_it_on_news() -> None:
    cards = [
        card("for-news", domain=("news", "instructions"), q4=50e6),
        card("for-chat", domain=("chat", "instructions"), q4=60e6),
        card("general", q4=40e6),
    ]
    assert order(choose(*cards, at=site(path="discord.py")))[:3] == ["for-chat", "general", "for-news"]
    assert order(choose(*cards, at=site(path="news.py")))[0] == "for-news"
    assert order(choose(*cards))[0] == "general"


def test_a_summariser_for_another_domain_comes_after_one_for_none() -> None:
    cards = [
        card("for-news", task="summarization", domain=("news",), q4=50e6),
        card("for-all", task="summarization", domain=(), q4=60e6, parameters=200e6),
    ]
    found = rank(site(path="discord.py"), cards, Budget(), is_present=lambda _: False, runnable=lambda _: None)
    assert order(found) == ["for-all", "for-news", "extractive"]
    assert "trained for news, while this call's texts look like chat" in found.ranked[1].reasons


def test_the_floor_is_always_there_for_a_summary_and_always_last() -> None:
    assert order(choose()) == ["extractive"]
    assert order(choose(card("m"), present=("m",))) == ["m", "extractive"]
    assert order(choose(card("m"), at=site("text-generation"))) == ["m", "compute"]
    assert order(choose(at=site(function="summarize_tasks"))) == ["compute", "extractive"]
    assert order(choose(card("m"), ram_bytes=128_000_000, disk_bytes=1)) == ["extractive"]
    assert broken(choose(ram_bytes=1_000_000))["extractive"][0] == "ram"


def test_every_candidate_says_that_a_comparison_decides() -> None:
    for candidate in choose(*load().values()).ranked:
        if candidate.spec == "extractive":
            continue
        assert candidate.reasons[-1].endswith("a comparison on your own cases decides")
        assert len(candidate.reasons) >= 3


def test_caveats_and_licences_with_conditions_are_among_the_reasons() -> None:
    careful = card("m", caveats=("weak",), licence=Licence(id="gemma", permissive=False, caveat="custom terms"))
    reasons = choose(careful).ranked[0].reasons
    assert "note: weak" in reasons
    assert "licence gemma: custom terms" in reasons


# --- the catalogue as it is -----------------------------------------------------------------------------------------


def test_a_summariser_of_chats_is_the_first_choice_for_chats_under_1_gb() -> None:
    at = site(path="Agent 1/summary.py")
    found = choose(*load().values(), at=at, around="import discord", ram_bytes=10**9, disk_bytes=500_000_000)
    best = load()[found.ranked[0].spec]
    assert "chat" in best.domain
    assert any("ROUGE-2 29.81 on SAMSum validation" in reason for reason in found.ranked[0].reasons)
    assert any("CC BY-NC-ND" in reason for reason in found.ranked[0].reasons)
    assert "smollm2-135m" in order(found)
    for candidate in found.ranked:
        assert candidate.disk_bytes is not None
        assert candidate.disk_bytes.value <= 500_000_000
        assert candidate.ram_bytes is not None
        assert candidate.ram_bytes.value <= 10**9


def test_the_guides_own_choice_is_ranked_and_what_does_not_exist_is_rejected() -> None:
    found = broken(choose(*load().values()))
    assert "distilbart" not in found
    assert found["distilbart-large"][0] == "availability"
    assert found["tiny-bert"][0] == "task"


def test_the_context_that_is_reckoned_with_is_the_one_that_the_engine_sets_up() -> None:
    from slmigrate.engines import llamacpp

    assert MAX_CONTEXT == llamacpp.MAX_CONTEXT
