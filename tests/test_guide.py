"""`models guide`: the guide's selection tables from the data, beside its own answers."""

import subprocess
import sys

import pytest

from slmigrate.choose.guide import tables
from slmigrate.models.catalogue import load
from slmigrate.records import GuideReport, GuideRow, ModelCard


def rows(*cards: ModelCard) -> dict[tuple[str, str], GuideRow]:
    found = tables(cards or tuple(load().values()), runnable=lambda card: None if card.engine else "no engine")
    return {(row.texts, row.question): row for row in found.rows}


def test_every_question_is_answered_by_a_model_that_exists_with_a_rule_and_a_figure() -> None:
    for row in rows().values():
        assert row.ours is not None
        assert load()[row.ours].status == "available"
        assert load()[row.ours].trained_head is not False
        assert row.rule
        assert row.figures


def test_the_guides_best_quality_does_not_exist_and_its_fastest_is_the_largest() -> None:
    found = rows()
    best, fastest = found["news", "best quality"], found["news", "fastest"]
    assert best.guide == "facebook/bart-large-cnn-distilled"
    assert "no such checkpoint was found" in (best.why or "")
    assert fastest.guide == "google/pegasus-xsum"
    assert "the largest summariser" in (fastest.why or "")


def test_chats_get_a_model_of_chats_and_news_one_of_news() -> None:
    found = rows()
    assert "chat" in load()[found["chats", "best overall"].ours or ""].domain
    assert "news" in load()[found["news", "best overall"].ours or ""].domain


def test_base_encoders_are_never_an_answer_and_the_reason_is_said() -> None:
    found = rows()
    row = found["labels of your own, without training", "best overall"]
    assert row.guide == "distilbert/distilbert-base-uncased"
    assert "its head is random" in (row.why or "")


def test_the_answers_follow_the_data() -> None:
    cards = {card.key: card for card in load().values()}
    best = rows()["chats", "best quality"].ours
    assert best is not None
    without = [card for card in cards.values() if "29.81" not in str(card.quality)]
    other = rows(*without)["chats", "best quality"].ours
    assert other == "meeting-summary"  # the next figure on the same data: 28.50


def test_figures_of_different_sources_that_hardly_differ_go_to_the_smaller_model() -> None:
    row = rows()["news", "best overall"]
    assert row.ours == "distilbart"
    assert any("within 0.5 of the best" in figure for figure in row.figures)
    assert row.why is None  # here the guide is right


@pytest.mark.parametrize("format_", ["table", "json"])
def test_it_prints_for_people_and_for_machines(format_: str) -> None:
    command = [sys.executable, "-m", "slmigrate", "models", "guide", "--format", format_]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    if format_ == "json":
        assert len(GuideReport.model_validate_json(shown).rows) == 12
    else:
        assert "the guide says google/pegasus-xsum: the largest summariser" in shown
