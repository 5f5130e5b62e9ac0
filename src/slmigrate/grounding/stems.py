"""One form for the forms of a word: `bought`, `buys` and `buying` are `buy`. English; other words stay as they are."""

import re
from functools import lru_cache

_FORMS = """be:am is are was were been being; have:has had having; do:does did done doing; go:goes went gone going;
    get:got gotten; buy:bought; bring:brought; think:thought; catch:caught; teach:taught; send:sent; spend:spent;
    lend:lent; build:built; tell:told; say:said; sell:sold; hear:heard; make:made; take:took taken; give:gave given;
    come:came; become:became; see:saw seen; know:knew known; grow:grew grown; throw:threw thrown; fly:flew flown;
    write:wrote written; drive:drove driven; ride:rode ridden; speak:spoke spoken; break:broke broken;
    choose:chose chosen; freeze:froze frozen; forget:forgot forgotten; eat:ate eaten; fall:fell fallen; leave:left;
    lose:lost; mean:meant; meet:met; pay:paid; keep:kept; sleep:slept; feel:felt; find:found; hold:held; lead:led;
    stand:stood; understand:understood; win:won; sit:sat; begin:began begun; drink:drank drunk; swim:swam swum;
    ring:rang rung; sing:sang sung; run:ran; wear:wore worn; tear:tore torn; steal:stole stolen; wake:woke woken;
    shut:shutting; put:putting; let:letting; cut:cutting; fix:fixes; try:tries tried; study:studies studied;
    worry:worries worried; marry:marries married; carry:carries carried; apply:applies applied; reply:replies replied;
    refuse:refusal; decide:decision; agree:agreement; die:died dying; lie:lied lying; child:children; man:men;
    woman:women; person:people; want:wanna; good:well; bad:badly; shoot:shot; hide:hid hidden;
    stick:stuck; hang:hung; draw:drew drawn; blow:blew blown; approve:approval; reject:rejection; fail:failure;
    arrive:arrival; forbid:forbade forbidden; refuse:refusing"""
_BASE = {
    form: base
    for pair in _FORMS.split(";")
    for base, _, forms in [pair.strip().partition(":")]
    for form in forms.split()
}
_KEEP = frozenset("this his its was has does news bus plus yes always perhaps across is as us less boss class".split())
_ENDINGS = re.compile(r"(?:ations?|ments?|ingly|edly|ings?|ed|ies|es|ly|ers?|(?<!s)s|e|y)$")


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    """The stem of a word in small letters; never shorter than three letters of a longer word."""
    word = _BASE.get(word, word)
    if len(word) < 4 or word in _KEEP or not word.isascii():
        return word
    shorter = _ENDINGS.sub("", word)
    if len(shorter) < 3:
        return stem(word[:-1]) if word.endswith("s") and not word.endswith("ss") else word
    if len(shorter) > 3 and shorter[-1] == shorter[-2] and shorter[-1] not in "lse":
        return shorter[:-1]  # planned, plan
    return shorter
