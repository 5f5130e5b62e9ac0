"""`AutoTokenizer` and `AutoModelFor….from_pretrained` become slmigrate's: before and after, and what stays."""

from pathlib import Path

import pytest
from migrating import rewritten

BART = '"facebook/bart-large-cnn"'
SUMMARY = 'get_model_name("summarization", "smollm2-135m")'
TEXT = 'get_model_name("text_generation", "smollm2-135m")'
HEAD = "from transformers import AutoModelForSeq2SeqLM, AutoTokenizer\n"
OURS = (
    "from slmigrate import AutoModelForSeq2SeqLM\nfrom slmigrate import AutoTokenizer\n"
    "from sml_config import get_model_name\n"
)
CAUSAL = "from transformers import AutoModelForCausalLM, AutoTokenizer\n"
OUR_CAUSAL = OURS.replace("Seq2SeqLM", "CausalLM")
LOAD = f"tok = AutoTokenizer.from_pretrained({BART})\nmodel = AutoModelForSeq2SeqLM.from_pretrained({BART})\n"
LOADED = LOAD.replace(BART, SUMMARY)
GPT = '"gpt2"'
LOAD_CAUSAL = f"tok = AutoTokenizer.from_pretrained({GPT})\nmodel = AutoModelForCausalLM.from_pretrained({GPT})\n"
LOADED_CAUSAL = LOAD_CAUSAL.replace(GPT, TEXT)


def seq(use: str, name: str) -> object:
    """A pair whose use of both stays as it is."""
    return pytest.param(f"{HEAD}{LOAD}{use}", f"{OURS}{LOADED}{use}", id=name)


def causal(use: str, name: str) -> object:
    return pytest.param(f"{CAUSAL}{LOAD_CAUSAL}{use}", f"{OUR_CAUSAL}{LOADED_CAUSAL}{use}", id=name)


CHANGED = [
    seq("", "nothing is done with them yet"),
    seq(
        'x = tok(t, return_tensors="pt", truncation=True, max_length=1024)\n'
        "y = model.generate(**x, max_new_tokens=60)\nprint(tok.decode(y[0], skip_special_tokens=True))\n",
        "unpacked into generate",
    ),
    seq(
        'ids = tok.encode("summarize: " + t, return_tensors="pt")\n'
        "y = model.generate(ids, max_length=142, min_length=56, num_beams=4, early_stopping=True)\n"
        "s = tok.batch_decode(y, skip_special_tokens=True)[0]\n",
        "encode, beams, batch_decode",
    ),
    seq(
        'x = tok([a, b], padding=True, return_tensors="pt")\ny = model.generate(x["input_ids"], max_length=60)\n',
        "several texts",
    ),
    seq(
        'x = tok(t, return_tensors="pt").to("cpu")\n'
        "y = model.generate(input_ids=x.input_ids, attention_mask=x.attention_mask)\n",
        "by names",
    ),
    seq("model.eval()\nmodel.to('cpu')\n", "moved and put to work"),
    seq("def f(t):\n    return tok.decode(model.generate(**tok(t, return_tensors='pt'))[0])\n", "used in a function"),
    seq(
        "def f(t, m, k):\n    return k.decode(m.generate(**k(t, return_tensors='pt'))[0])\nf(t, model, tok)\n",
        "handed to a function that only generates",
    ),
    seq(
        "def f(t, *, m, k):\n    return k.decode(m.generate(**k(t, return_tensors='pt'))[0])\nf(t, k=tok, m=model)\n",
        "handed on by name",
    ),
    seq("y = model.generate(**tok(t, return_tensors='pt'), pad_token_id=tok.pad_token_id)\n", "with a padding token"),
    seq("tok.pad_token = tok.eos_token\n", "a padding token is set"),
    seq("print(len(tok.encode(t)))\n", "tokens are counted"),
    causal(
        'x = tok("Q: " + q, return_tensors="pt")\n'
        "y = model.generate(**x, max_new_tokens=20, do_sample=True, top_p=0.9)\n"
        'print(tok.decode(y[0][x["input_ids"].shape[-1]:], skip_special_tokens=True))\n',
        "a causal model, its prompt cut off",
    ),
    causal(
        "p = tok.apply_chat_template(m, tokenize=False, add_generation_prompt=True)\n"
        "y = model.generate(**tok(p, return_tensors='pt'), temperature=0.2, do_sample=True)\n",
        "a chat template",
    ),
    causal(
        "x = tok.apply_chat_template(m, add_generation_prompt=True, return_tensors='pt')\n"
        "y = model.generate(x.to(model.device), max_new_tokens=9)\n",
        "a chat template in pieces",
    ),
    pytest.param(
        "from transformers import AutoTokenizer, AutoModelForSeq2SeqLM, set_seed\nset_seed(1)\n" + LOAD,
        "from transformers import set_seed\nfrom slmigrate import AutoTokenizer\n"
        "from slmigrate import AutoModelForSeq2SeqLM\nfrom sml_config import get_model_name\nset_seed(1)\n" + LOADED,
        id="another name of the import stays",
    ),
    pytest.param(
        f"{HEAD}NAME = {BART}\ntok = AutoTokenizer.from_pretrained(NAME)\n"
        "model = AutoModelForSeq2SeqLM.from_pretrained(NAME)\n",
        f"{OURS}NAME = {BART}\ntok = AutoTokenizer.from_pretrained({SUMMARY})\n"
        f"model = AutoModelForSeq2SeqLM.from_pretrained({SUMMARY})\n",
        id="the name is a constant",
    ),
    pytest.param(
        f"{HEAD}tok = AutoTokenizer.from_pretrained({BART}, use_fast=True)\n"
        f'model = AutoModelForSeq2SeqLM.from_pretrained(\n    {BART},  # the big one\n    device_map="auto",\n)\n',
        f"{OURS}tok = AutoTokenizer.from_pretrained({SUMMARY}, use_fast=True)\n"
        f'model = AutoModelForSeq2SeqLM.from_pretrained(\n    {SUMMARY},  # the big one\n    device_map="auto",\n)\n',
        id="arguments, comments and layout stay",
    ),
    pytest.param(
        f"{HEAD}model = AutoModelForSeq2SeqLM.from_pretrained({BART}).to('cpu').eval()\n"
        f"tok = AutoTokenizer.from_pretrained({BART})\ny = model.generate(**tok(t, return_tensors='pt'))\n",
        f"{OURS}model = AutoModelForSeq2SeqLM.from_pretrained({SUMMARY}).to('cpu').eval()\n"
        f"tok = AutoTokenizer.from_pretrained({SUMMARY})\ny = model.generate(**tok(t, return_tensors='pt'))\n",
        id="a chain behind the model",
    ),
    pytest.param(
        f"import transformers\ntok = transformers.AutoTokenizer.from_pretrained({BART})\n"
        f"model = transformers.AutoModelForSeq2SeqLM.from_pretrained({BART})\n",
        f"{OURS}tok = AutoTokenizer.from_pretrained({SUMMARY})\n"
        f"model = AutoModelForSeq2SeqLM.from_pretrained({SUMMARY})\n",
        id="dotted names",
    ),
    pytest.param(
        "from transformers import AutoModelForSeq2SeqLM as M\nfrom transformers import AutoTokenizer as T\n"
        f"tok = T.from_pretrained({BART})\nmodel = M.from_pretrained({BART})\n",
        "from slmigrate import AutoModelForSeq2SeqLM as M\nfrom sml_config import get_model_name\n"
        "from slmigrate import AutoTokenizer as T\n"
        f"tok = T.from_pretrained({SUMMARY})\nmodel = M.from_pretrained({SUMMARY})\n",
        id="other names",
    ),
    pytest.param(
        f"{HEAD}class S:\n    def __init__(self):\n        self.tok = AutoTokenizer.from_pretrained({BART})\n"
        f"        self.model = AutoModelForSeq2SeqLM.from_pretrained({BART})\n    def f(self, t):\n"
        "        return self.tok.decode(self.model.generate(**self.tok(t, return_tensors='pt'))[0])\n",
        f"{OURS}class S:\n    def __init__(self):\n        self.tok = AutoTokenizer.from_pretrained({SUMMARY})\n"
        f"        self.model = AutoModelForSeq2SeqLM.from_pretrained({SUMMARY})\n    def f(self, t):\n"
        "        return self.tok.decode(self.model.generate(**self.tok(t, return_tensors='pt'))[0])\n",
        id="attributes of an object",
    ),
    pytest.param(
        f"def f(t):\n    {HEAD}    tok = AutoTokenizer.from_pretrained({BART})\n"
        f"    model = AutoModelForSeq2SeqLM.from_pretrained({BART})\n    return tok, t\n",
        None,
        id="given back by the function: stays",
    ),
    pytest.param(
        f"{HEAD}import torch\n{LOAD}with torch.no_grad():\n    y = model.generate(**tok(t, return_tensors='pt'))\n",
        f"{OURS}import torch\n{LOADED}with torch.no_grad():\n    y = model.generate(**tok(t, return_tensors='pt'))\n",
        id="torch stays where it is used",
    ),
    pytest.param(
        "from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, AutoModelForSequenceClassification\n"
        f"{LOAD}ct = AutoTokenizer.from_pretrained('c')\nc = AutoModelForSequenceClassification.from_pretrained('c')\n",
        "from transformers import AutoTokenizer, AutoModelForSequenceClassification\n"
        "from slmigrate import AutoModelForSeq2SeqLM\nfrom slmigrate import AutoTokenizer as SlmAutoTokenizer\n"
        f"from sml_config import get_model_name\n{LOADED.replace('= AutoTok', '= SlmAutoTok')}"
        "ct = AutoTokenizer.from_pretrained('c')\nc = AutoModelForSequenceClassification.from_pretrained('c')\n",
        id="another model keeps its tokenizer",
    ),
    pytest.param(
        (HEAD + LOAD).replace("\n", "\r\n"),
        (OURS + LOADED).replace("\n", "\r\n"),
        id="Windows line ends",
    ),
    pytest.param(
        f"#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n'''Résumé.'''\n{HEAD}{LOAD}",
        f"#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n'''Résumé.'''\n{OURS}{LOADED}",
        id="a head and a docstring",
    ),
]
PAIRS = [pair for pair in CHANGED if pair.values[1] is not None]  # type: ignore[attr-defined]

USE = "x = tok(t, return_tensors='pt')\n"
KEPT = [
    pytest.param(f"{HEAD}{LOAD}model(**tok(t, return_tensors='pt')).logits\n", "logits", id="logits"),
    pytest.param(f"{HEAD}{LOAD}model.save_pretrained('x')\n", "save_pretrained", id="saved"),
    pytest.param(f"{HEAD}{LOAD}model.train()\n", "'train'", id="trained"),
    pytest.param(f"{HEAD}{LOAD}opt(model.parameters())\n", "parameters", id="its parameters"),
    pytest.param(f"{HEAD}{LOAD}Trainer(model=model)\n", "handed on", id="handed to a trainer"),
    pytest.param(f"{HEAD}{LOAD}print(model.config)\n", "config", id="its configuration"),
    pytest.param(f"{HEAD}{LOAD}tok.save_pretrained('x')\n", "save_pretrained", id="a tokenizer that is saved"),
    pytest.param(f"{HEAD}{LOAD}tok.convert_ids_to_tokens(i)\n", "convert_ids", id="token ids are read"),
    pytest.param(f"{HEAD}{LOAD}tok.add_tokens(['x'])\n", "add_tokens", id="tokens are added"),
    pytest.param(f"{HEAD}{LOAD}tok(t, text_target=s)\n", "text_target", id="labels for training"),
    pytest.param(f"{HEAD}{LOAD}tok(a, b)\n", "without names", id="pairs of texts"),
    pytest.param(f"{HEAD}{LOAD}tok(t, **more)\n", "unpacked", id="settings from a variable"),
    pytest.param(f"{HEAD}{LOAD}run(tok)\n", "handed on", id="a tokenizer that is handed on"),
    pytest.param(f"{HEAD}{LOAD}ds.map(lambda r: tok(r['t'], stride=9))\n", "stride", id="overlapping parts"),
    pytest.param(f"{HEAD}{LOAD}{USE}model.generate(**x, bad_words_ids=b)\n", "bad_words_ids", id="forbidden words"),
    pytest.param(f"{HEAD}{LOAD}{USE}model.generate(**x, logits_processor=p)\n", "logits_processor", id="a processor"),
    pytest.param(f"{HEAD}{LOAD}{USE}model.generate(**x, streamer=s)\n", "streamer", id="a streamer"),
    pytest.param(
        f"{HEAD}{LOAD}{USE}model.generate(**x, return_dict_in_generate=True)\n", "return_dict", id="scores are wanted"
    ),
    pytest.param(
        f"{HEAD}model = AutoModelForSeq2SeqLM.from_pretrained({BART})\n", "no AutoTokenizer", id="no tokenizer"
    ),
    pytest.param(
        f"{HEAD}tok = AutoTokenizer.from_pretrained({BART})\n"
        f"model = AutoModelForSeq2SeqLM.from_pretrained({BART}, revision='x')\n",
        "revision",
        id="a revision",
    ),
    pytest.param(
        f"{HEAD}tok = AutoTokenizer.from_pretrained({BART})\n"
        f"model = AutoModelForSeq2SeqLM.from_pretrained({BART}, quantization_config=q)\n",
        "quantization_config",
        id="a configuration of its own",
    ),
    pytest.param(
        f"{HEAD}tok = AutoTokenizer.from_pretrained({BART})\n"
        f"model = AutoModelForSeq2SeqLM.from_pretrained({BART}, **more)\n",
        "unpacked",
        id="arguments from a variable",
    ),
    pytest.param(
        f"{HEAD}from transformers import AutoModel\n{LOAD}e = AutoModel.from_pretrained({BART})\n",
        "loads the same model",
        id="the same weights are used otherwise",
    ),
    pytest.param(
        f"{HEAD}tok, model = AutoTokenizer.from_pretrained({BART}), AutoModelForSeq2SeqLM.from_pretrained({BART})\n",
        "plain variable",
        id="made in one line",
    ),
    pytest.param(
        f"{HEAD}def f(name):\n    tok = AutoTokenizer.from_pretrained(name)\n"
        "    model = AutoModelForSeq2SeqLM.from_pretrained(name)\nf('facebook/bart-large-cnn')\n",
        "comes from",
        id="the name is handed in",
    ),
    pytest.param(f"def get_model_name(): ...\n{HEAD}{LOAD}", "another get_model_name", id="a name in use"),
    pytest.param(
        LOAD_CAUSAL.replace(GPT, '"Helsinki-NLP/opus-mt-de-en"').join([CAUSAL, ""]).replace("CausalLM", "Seq2SeqLM"),
        "translation",
        id="a translation",
    ),
    pytest.param(
        f"{HEAD}{LOAD}def f(m):\n    return m.config\nf(model)\n", "config", id="handed to a function that reads more"
    ),
]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_becomes(tmp_path: Path, before: str, after: str) -> None:
    code, draft = rewritten(tmp_path, before)
    assert code.decode() == after, draft.plan.untouched
    compile(code, "app.py", "exec")
    again, _ = rewritten(tmp_path, code)
    assert again == code, "applied twice is applied once"


@pytest.mark.parametrize(("before", "reason"), KEPT)
def test_stays_with_a_reason(tmp_path: Path, before: str, reason: str) -> None:
    code, draft = rewritten(tmp_path, before)
    assert code.decode() == before
    assert reason in draft.plan.untouched[0].reason


def test_there_are_as_many_pairs_as_the_project_promises() -> None:
    assert len(PAIRS) >= 25
    assert len(KEPT) >= 25


def test_a_model_that_is_given_back_stays(tmp_path: Path) -> None:
    before = next(pair.values[0] for pair in CHANGED if pair.values[1] is None)  # type: ignore[attr-defined]
    code, draft = rewritten(tmp_path, before)
    assert code.decode() == before
    assert "handed on" in draft.plan.untouched[0].reason


def test_notes_say_what_is_different(tmp_path: Path) -> None:
    source = f"{HEAD}import torch\n{LOAD}tok(t, truncation=True, max_length=512)\n"
    notes = rewritten(tmp_path, source)[1].plan.changes[0].edits[0].notes
    assert any("no token ids" in note for note in notes)
    assert any("torch is still imported" in note for note in notes)
    assert any("truncation cuts at" in note for note in notes)
