"""What a scan says is broken, since when, and whether a small model can take the call."""

from datetime import date
from pathlib import Path

import pytest

from slmigrate.records import CallSite
from slmigrate.scan import find_calls, signatures
from slmigrate.scan.show import is_broken

TODAY = date(2026, 11, 23)
CLIENT = "from openai import OpenAI\nclient = OpenAI()\n"
AZURE = "from openai import AzureOpenAI\nclient = AzureOpenAI()\n"
CHAT = 'client.chat.completions.create(model="{0}", messages=[{1}]{2})\n'


def scan(folder: Path, source: str, today: date = TODAY) -> tuple[CallSite, ...]:
    (folder / "code.py").write_text(source)
    return find_calls(folder, today=today).call_sites


def only(folder: Path, source: str, today: date = TODAY) -> CallSite:
    (site,) = scan(folder, source, today)
    return site


def codes(folder: Path, source: str, today: date = TODAY) -> list[tuple[str, str]]:
    return [(item.code, item.since) for item in only(folder, source, today).broken]


@pytest.mark.parametrize(
    ("task", "since"),
    [
        ("summarization", "transformers 5.0.0"),
        ("text2text-generation", "transformers 5.0.0"),
        ("translation", "transformers 5.0.0"),
        ("translation_en_to_de", "transformers 5.0.0"),
        ("question-answering", "transformers 5.3.0"),
        ("vqa", "transformers 5.3.0"),
        ("image-to-image", "transformers 5.3.0"),
        ("text-generation", None),
        ("text-classification", None),
        ("zero-shot-classification", None),
        ("feature-extraction", None),
        ("fill-mask", None),
    ],
)
def test_removed_pipelines_are_said_with_their_version(tmp_path: Path, task: str, since: str | None) -> None:
    source = f'from transformers import pipeline\npipeline("{task}", model="a/b")\n'
    assert codes(tmp_path, source) == ([("transformers5-pipeline-removed", since)] if since else [])


def test_the_class_that_stayed_is_not_called_broken(tmp_path: Path) -> None:
    source = "from transformers import AutoModelForSeq2SeqLM\nAutoModelForSeq2SeqLM.from_pretrained('t5-small')\n"
    assert codes(tmp_path, source) == []


PIPE = "from transformers import pipeline\n"
AUTO = "from transformers import AutoModelForSequenceClassification as A, AutoModelForCausalLM as C\n"


def levels(folder: Path, source: str) -> list[tuple[str, str]]:
    return [(item.code, item.level) for item in only(folder, source).broken]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            "import transformers\ntransformers.TFAutoModelForSeq2SeqLM.from_pretrained('t5-small')\n",
            [("transformers5-class-removed", "error")],
            id="TensorFlow",
        ),
        pytest.param(
            AUTO + "A.from_pretrained('a/b', use_auth_token=None)\n",
            [("transformers5-argument-removed", "error")],
            id="refused whatever its value",
        ),
        pytest.param(
            AUTO + "A.from_pretrained('a/b', load_in_8bit=flag, device_map='auto')\n",
            [("transformers5-argument-removed", "error")],
            id="a value that cannot be read",
        ),
        pytest.param(
            AUTO + "A.from_pretrained('a/b', token='x', torch_dtype='auto')\n", [], id="arguments that stayed"
        ),
        pytest.param(
            PIPE + "pipeline('text-generation', model='a/b', model_kwargs={'load_in_4bit': True})\n",
            [("transformers5-argument-removed", "error")],
            id="inside model_kwargs",
        ),
        pytest.param(
            PIPE + "pipeline('ner', model='a/b', grouped_entities=True)\n",
            [("transformers5-argument-removed", "error")],
            id="grouped_entities",
        ),
        pytest.param(
            PIPE + "p = pipeline('ner', model='a/b')\np('x', grouped_entities=True)\n",
            [("transformers5-argument-removed", "error")],
            id="grouped_entities of a later call",
        ),
        pytest.param(
            PIPE + "pipeline('sentiment-analysis', model='a/b', return_all_scores=True)\n",
            [("transformers5-argument-ignored", "warning")],
            id="dropped silently",
        ),
        pytest.param(PIPE + "pipeline('sentiment-analysis', model='a/b', top_k=None)\n", [], id="its successor"),
        pytest.param(
            PIPE + "pipeline('fill-mask', model='a/b', framework='pt')\n",
            [("transformers5-argument-removed", "error")],
            id="framework is refused here",
        ),
        pytest.param(
            PIPE + "pipeline('sentiment-analysis', model='a/b', framework='tf')\n",
            [("transformers5-argument-ignored", "warning")],
            id="framework is dropped there",
        ),
        pytest.param("def pipeline(task, **k): ...\npipeline('ner', grouped_entities=True)\n", None, id="own function"),
    ],
)
def test_what_transformers_5_removed_is_told_apart_from_what_it_ignores(
    tmp_path: Path, source: str, expected: list[tuple[str, str]] | None
) -> None:
    if expected is None:
        assert scan(tmp_path, source) == ()
    else:
        assert levels(tmp_path, source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(PIPE + "pipeline('text-generation', model='facebook/bart-large-cnn')\n", ["error"], id="BART"),
        pytest.param(PIPE + "pipeline('text-generation', model='google/pegasus-xsum')\n", ["error"], id="Pegasus"),
        pytest.param(PIPE + "pipeline('text-generation', model='google/flan-t5-base')\n", ["warning"], id="T5 answers"),
        pytest.param(AUTO + "C.from_pretrained('google/flan-t5-base')\n", ["error"], id="T5 raises"),
        pytest.param(AUTO + "C.from_pretrained('google/mt5-small')\n", ["error"], id="its kin"),
        pytest.param(AUTO + "C.from_pretrained('google/t5gemma-2b')\n", [], id="another make"),
        pytest.param(AUTO + "C.from_pretrained('facebook/bart-base')\n", ["error"], id="a class"),
        pytest.param(AUTO + "m = C.from_pretrained('facebook/bart-base')\nloss.backward()\n", [], id="training one"),
        pytest.param(PIPE + "pipeline('text-generation', model='bartowski/Qwen2-GGUF')\n", [], id="a person's name"),
        pytest.param(PIPE + "pipeline('text-generation', model='openai-community/gpt2')\n", [], id="a decoder"),
        pytest.param(PIPE + "pipeline('text-generation', model=name)\n", [], id="not known"),
    ],
)
def test_half_of_an_encoder_decoder_is_told(tmp_path: Path, source: str, expected: list[str]) -> None:
    assert levels(tmp_path, source) == [("decoder-of-encoder-decoder", level) for level in expected]


def test_a_summary_by_t5_says_what_a_rewrite_loses(tmp_path: Path) -> None:
    site = only(tmp_path, PIPE + "pipeline('summarization', model='t5-small')\n")
    assert [item.code for item in site.broken] == ["transformers5-pipeline-removed", "transformers5-settings-dropped"]
    assert site.broken[1].level == "warning"
    assert "t5-small's prefix" in site.broken[1].why
    assert codes(tmp_path, PIPE + "pipeline('summarization', model='google/flan-t5-small')\n") == [
        ("transformers5-pipeline-removed", "transformers 5.0.0")
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (PIPE + "pipeline('text-classification', model='bert-base-uncased')\n", ["error"]),
        (PIPE + "pipeline('ner', model='google-bert/bert-base-cased')\n", ["error"]),
        (PIPE + "pipeline('zero-shot-classification', model='distilbert/distilbert-base-uncased')\n", ["error"]),
        (PIPE + "pipeline('zero-shot-classification', model='microsoft/deberta-v3-base')\n", ["error"]),
        (AUTO + "A.from_pretrained('roberta-base', num_labels=2)\n", ["warning"]),
        pytest.param(PIPE + "pipeline('fill-mask', model='bert-base-uncased')\n", [], id="what it was trained for"),
        pytest.param(
            PIPE + "pipeline('sentiment-analysis', model='distilbert-base-uncased-finetuned-sst-2-english')\n",
            [],
            id="fine-tuned",
        ),
        pytest.param(PIPE + "pipeline('text-classification', model='./bert-base-uncased')\n", [], id="a folder"),
        pytest.param(AUTO + "m = A.from_pretrained('roberta-base')\nTrainer(m).train()\n", [], id="trained here"),
        pytest.param(AUTO + "m = A.from_pretrained('roberta-base')\nm.load_state_dict(w)\n", [], id="weights loaded"),
    ],
)
def test_a_base_encoder_is_no_classifier(tmp_path: Path, source: str, expected: list[str]) -> None:
    assert levels(tmp_path, source) == [("untrained-head", level) for level in expected]


@pytest.mark.parametrize(
    ("source", "warned"),
    [
        pytest.param(
            "p = pipeline('sentiment-analysis', model='ProsusAI/finbert')\np(text)\n", True, id="no call truncates"
        ),
        pytest.param("p = pipeline('sentiment-analysis')\np(text)\n", True, id="the default model"),
        pytest.param(
            "p = pipeline('sentiment-analysis', model='ProsusAI/finbert')\np(text, truncation=False)\n", True, id="off"
        ),
        pytest.param(
            "p = pipeline('sentiment-analysis', model='ProsusAI/finbert', truncation=True)\np(text)\n",
            False,
            id="the constructor truncates",
        ),
        pytest.param(
            "p = pipeline('sentiment-analysis', model='ProsusAI/finbert')\np(text, truncation=True)\n",
            False,
            id="the call truncates",
        ),
        pytest.param(
            "p = pipeline('sentiment-analysis', model='ProsusAI/finbert')\np(text, **options)\n", False, id="not known"
        ),
        pytest.param("p = pipeline('sentiment-analysis', model='ProsusAI/finbert')\n", False, id="no call seen"),
        pytest.param("p = pipeline('ner', model='dslim/bert-base-NER')\np(text)\n", False, id="cuts by itself"),
        pytest.param(
            "p = pipeline('zero-shot-classification', model='facebook/bart-large-mnli')\np(text, ['a'])\n",
            False,
            id="cuts by itself too",
        ),
        pytest.param(
            "p = pipeline('sentiment-analysis', model='some/deberta-v3-sentiment')\np(text)\n",
            False,
            id="no hard limit",
        ),
        pytest.param(
            "p = pipeline('sentiment-analysis', model='answerdotai/ModernBERT-sentiment')\np(text)\n",
            False,
            id="longer",
        ),
        pytest.param("p = pipeline('sentiment-analysis', model='some/model')\np(text)\n", False, id="family not known"),
    ],
)
def test_text_that_can_pass_the_context_is_a_warning(tmp_path: Path, source: str, warned: bool) -> None:
    assert levels(tmp_path, PIPE + source) == ([("no-truncation", "warning")] if warned else [])


def test_long_texts_of_summarizers(tmp_path: Path) -> None:
    source = PIPE + "p = pipeline('summarization', model='{0}')\np(text, max_length=130{1})\n"
    bart = only(tmp_path, source.format("facebook/bart-large-cnn", "")).broken
    assert [item.code for item in bart] == ["transformers5-pipeline-removed", "no-truncation"]
    assert "1,024" in bart[1].why
    t5 = only(tmp_path, source.format("google/flan-t5-base", "")).broken
    assert "without an error" in t5[1].why
    assert len(only(tmp_path, source.format("google/mt5-small", "")).broken) == 1
    assert len(only(tmp_path, source.format("facebook/bart-large-cnn", ", truncation=True")).broken) == 1


def test_only_errors_count_as_broken_today(tmp_path: Path) -> None:
    warned = only(tmp_path, PIPE + "p = pipeline('sentiment-analysis', model='ProsusAI/finbert')\np(text)\n")
    ended = only(tmp_path, CLIENT + CHAT.format("gpt-3.5-turbo", "", ""))
    assert not is_broken(warned)
    assert is_broken(ended)
    assert warned.broken[0].fix.startswith("Give truncation=True")
    assert "slmigrate choose" in ended.broken[0].fix


@pytest.mark.parametrize(
    ("model", "today", "expected"),
    [
        ("gpt-3.5-turbo", date(2026, 11, 23), [("model-retired", "2026-10-23")]),
        ("gpt-3.5-turbo", date(2026, 10, 24), [("model-retired", "2026-10-23")]),
        ("gpt-3.5-turbo", date(2026, 10, 23), [("model-retiring", "2026-10-23")]),
        ("gpt-3.5-turbo-0125", date(2026, 11, 23), [("model-retired", "2026-10-23")]),
        ("gpt-3.5-turbo-1106", date(2026, 10, 1), [("model-retired", "2026-09-28")]),
        ("gpt-3.5-turbo-0613", date(2026, 11, 23), [("model-retired", "2024-09-13")]),
        ("gpt-4o-mini", date(2026, 11, 23), [("model-retiring", "2027-01-14")]),
        ("gpt-4o-mini", date(2027, 1, 15), [("model-retired", "2027-01-14")]),
        ("gpt-3.5-turbo-of-our-own", date(2026, 11, 23), []),
        ("gpt-5.6-terra", date(2026, 11, 23), []),
    ],
)
def test_retired_models_by_the_day(tmp_path: Path, model: str, today: date, expected: list[tuple[str, str]]) -> None:
    assert codes(tmp_path, CLIENT + CHAT.format(model, "", ""), today) == expected


def test_azure_has_its_own_dates_and_its_models_are_deployments(tmp_path: Path) -> None:
    site = only(tmp_path, AZURE + CHAT.format("gpt-3.5-turbo", "", ""))
    assert [item.code for item in site.broken] == ["model-retired"]
    assert "deployment's name" in site.broken[0].why
    assert "Azure" in site.broken[0].why
    assert codes(tmp_path, AZURE + CHAT.format("gpt-35-turbo-0613", "", "")) == [("model-retired", "2025-02-13")]


def test_a_name_of_openai_on_another_server_is_not_retired(tmp_path: Path) -> None:
    source = 'from openai import OpenAI\nclient = OpenAI(base_url="http://127.0.0.1:1/v1")\n'
    assert codes(tmp_path, source + CHAT.format("gpt-3.5-turbo", "", "")) == []


def test_a_retired_model_is_seen_through_a_client_of_unknown_origin(tmp_path: Path) -> None:
    source = "def f(client):\n    return " + CHAT.format("gpt-3.5-turbo", "", "")
    site = only(tmp_path, source)
    assert [item.code for item in site.broken] == ["model-retired"]
    assert site.migratable == "review"


def test_the_module_functions_of_openai_are_broken_since_version_1(tmp_path: Path) -> None:
    source = 'import openai\nopenai.Completion.create(model="gpt-3.5-turbo-instruct", prompt="x")\n'
    assert codes(tmp_path, source) == [("openai-v0-call", "openai 1.0.0"), ("model-retired", "2026-09-28")]


@pytest.mark.parametrize(
    ("source", "migratable", "word"),
    [
        pytest.param(CLIENT + CHAT.format("a", "", ""), "yes", "comparison", id="chat"),
        pytest.param(CLIENT + CHAT.format("a", "", ", tools=TOOLS"), "review", "tools", id="tools"),
        pytest.param(CLIENT + CHAT.format("a", "", ", tools=None"), "yes", "comparison", id="no tools"),
        pytest.param(CLIENT + CHAT.format("a", "", ", stream=True"), "review", "streams", id="streams"),
        pytest.param(CLIENT + CHAT.format("a", "", ", stream=False"), "yes", "comparison", id="does not stream"),
        pytest.param(CLIENT + CHAT.format("a", "", ", n=1"), "yes", "comparison", id="one answer"),
        pytest.param(CLIENT + CHAT.format("a", "", ", n=3"), "review", "several", id="three answers"),
        pytest.param(
            CLIENT + CHAT.format("a", "", ', response_format={"type": "json_object"}'), "review", "format", id="JSON"
        ),
        pytest.param(
            CLIENT + CHAT.format("a", '{"role": "user", "content": [{"type": "image_url", "image_url": u}]}', ""),
            *("review", "images"),
            id="picture",
        ),
        pytest.param(CLIENT + 'client.embeddings.create(model="a", input="x")\n', "review", "vectors", id="embedding"),
        pytest.param(
            'from transformers import pipeline\npipeline("image-to-text", model="a")\n', "no", "not text", id="image"
        ),
        pytest.param(
            'from transformers import pipeline\npipeline("text-classification", model="a")\n',
            *("review", "labels"),
            id="classifier",
        ),
        pytest.param(
            'from transformers import pipeline\npipeline("something-new", model="a")\n', "review", "rule", id="new task"
        ),
        pytest.param(
            "from transformers import pipeline\npipeline(t, model='a')\n", "review", "task", id="task unknown"
        ),
    ],
)
def test_whether_a_small_model_can_take_it(tmp_path: Path, source: str, migratable: str, word: str) -> None:
    site = only(tmp_path, source)
    assert site.migratable == migratable
    assert word in site.reason.lower()
    assert site.reason.endswith(".")
    assert "\n" not in site.reason


def test_every_reason_to_look_is_named(tmp_path: Path) -> None:
    reason = only(tmp_path, CLIENT + CHAT.format("a", "", ", tools=T, stream=True, n=2")).reason
    assert all(word in reason for word in ("tools", "treams", "several"))


def test_every_task_of_the_table_has_one_verdict() -> None:
    table = signatures.load().table
    tasks = [task for row in table.verdict for task in row.tasks]
    assert len(tasks) == len(set(tasks))
    named = {row.task for row in table.call if row.task} | {row.task for row in table.endpoint if row.task}
    named |= {row.task for row in table.class_task}
    named |= set(table.task_aliases.values()) | set(table.default_models)
    assert named <= set(tasks)
