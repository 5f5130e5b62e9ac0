"""Words that turn a sentence round: negations in four languages, and pairs of opposites."""

from slmigrate.grounding.stems import stem

NEGATIONS = frozenset(
    """not never nobody none nothing nowhere neither nor without cannot nope dont doesnt didnt isnt arent
    wasnt werent cant couldnt wont wouldnt shouldnt hasnt havent hadnt ain't aint no-one noone unable lacks lack lacking
    nicht kein keine keinen keinem keiner keines nie niemals niemand niemanden nichts ohne weder
    ne pas jamais aucun aucune sans non ni
    nunca jamás nadie nada sin tampoco ningún ninguna ninguno
    niet geen nooit senza mai nessuno não nem inte ingen ikke nigdy bez не нет никогда ні""".split()
)
"""Whatever stands near them is denied. `no` is read by itself: it is also an answer."""
BOTH_WAYS = frozenset("nicht kein keine keinen keinem keiner keines nie niemals nichts pas jamais nunca nada".split())
"""Negations that stand behind what they deny, too."""
FAILING = frozenset(stem(word) for word in "fail refuse forget decline avoid stop quit deny reject cancel".split())
"""Verbs that deny the verb after them: fails to answer, refuses to come, stopped eating."""
UNSURE = frozenset(stem(word) for word in "sure know certain remember care idea clue decide doubt wonder mind".split())
"""What comes after them when they are denied is neither said nor denied: "I don't know if he comes"."""
REPORTED = frozenset(
    stem(word) for word in "how why whether if ask request encourage persuade discuss talk reason wonder unless".split()
)
"""What comes after them is neither said nor denied: asks Jonas to come, tells how to come, if he comes."""
ASKED_FOR = frozenset(stem(word) for word in "ask know wonder tell decide say see".split())
"""Verbs after which "who" opens what is asked, no clause on somebody."""
DOUBTS = FAILING | frozenset(
    stem(word)
    for word in """sorry unfortunately difficult hard impossible miss sick ill idk instead except until without too
    forget wrong problem trouble bored hate afraid fear rather broken late busy hardly barely rarely
    seldom""".split()
)
"""Words that a report may well put as a negation."""
TELLING = frozenset(
    stem(word)
    for word in """ask tell suggest invite propose complain recommend request remind explain advise offer thank inform
    warn encourage discuss talk confirm describe introduce share agree help show report mention say apologize
    congratulate order give""".split()
)
"""What people do with words. That they did not is reported only where somebody said so."""
ASKED = frozenset("how what when where who why which wie was wann wo wer warum comment quand où qui cómo qué".split())
NOT_DENIED = frozenset(
    (
        "wait",
        "help",
        "believe",
        "only",
        "just",
        "bad",
        "worry",
        "problem",
        "worries",
        "way",
        "doubt",
        "wonder",
        "mind",
        "kidding",
        "shit",
        "matter",
        "offence",
        "offense",
        "longer",
        "sooner",
    )
)
"""After a negation these are sayings: can't wait, not only, no problem."""
_PAIRS = """
    approve:reject accept:refuse accept:decline agree:disagree agree:refuse enable:disable open:close open:closed
    online:offline pass:fail succeed:fail increase:decrease rise:drop grow:shrink start:stop begin:end add:remove
    allow:forbid allow:ban permit:forbid win:lose buy:sell arrive:leave remember:forget like:dislike like:hate
    love:hate early:late cheap:expensive easy:difficult easy:hard good:bad better:worse best:worst happy:sad
    happy:unhappy happy:upset hot:cold warm:cold big:small large:small long:short old:new old:young fast:slow
    quick:slow full:empty high:low more:less possible:impossible true:false right:wrong correct:incorrect
    correct:wrong safe:dangerous safe:unsafe free:busy single:married healthy:ill healthy:sick healthy:unhealthy
    always:never everybody:nobody everyone:nobody everything:nothing clean:dirty strong:weak rich:poor near:far
    inside:outside push:pull lock:unlock install:uninstall connect:disconnect join:leave connected:disconnected
    satisfied:dissatisfied interested:uninterested available:unavailable visible:invisible public:private first:last
    upgrade:downgrade green:red working:broken fixed:broken works:broken same:different confirm:deny alive:dead
    borrow:lend encourage:discourage include:exclude appear:disappear mandatory:optional required:optional
    expand:shrink merge:revert keep:delete keep:remove finish:start optimistic:pessimistic patient:impatient
    polite:rude honest:dishonest lucky:unlucky comfortable:uncomfortable necessary:unnecessary clear:unclear
    before:after up:down annehmen:ablehnen offen:geschlossen früh:spät ouvert:fermé accepter:refuser abierto:cerrado
    aceptar:rechazar"""
OPPOSITES: dict[str, frozenset[str]] = {}
"""A stem to the stems of its opposites."""
for _pair in _PAIRS.split():
    _left, _right = map(stem, _pair.split(":"))
    OPPOSITES[_left] = OPPOSITES.get(_left, frozenset()) | {_right}
    OPPOSITES[_right] = OPPOSITES.get(_right, frozenset()) | {_left}
YES = frozenset(
    "yes yeah yep yup sure ok okay of_course certainly definitely absolutely exactly right ja oui sí si claro".split()
)
NO = frozenset("no nope nah nahh not sorry nein non never unfortunately".split())
