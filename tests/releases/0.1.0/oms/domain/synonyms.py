"""Words that shoppers use for one another. Each line is a group: what is asked by one of it is found by all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Phrase = tuple[str, ...]

GROUPS = """
soda, soft drink, pop
cookie, biscuit
chips, crisps
candy, sweets
fries, french fries
couch, sofa
rug, carpet
lamp, light
trash, garbage, rubbish
diaper, nappy
detergent, washing powder
yogurt, yoghurt
ketchup, catsup
cilantro, coriander
eggplant, aubergine
zucchini, courgette
shrimp, prawn
pasta, noodles
cereal, muesli
jam, jelly, preserves
hamburger, burger
hot dog, frankfurter, wiener
ice cream, gelato
pet food, dog food, cat food
toilet paper, bath tissue, bathroom tissue
kitchen roll, paper towels
"""


def _read(groups: str) -> Mapping[Phrase, Sequence[Phrase]]:
    others: dict[Phrase, Sequence[Phrase]] = {}
    for line in groups.strip().splitlines():
        phrases = [tuple(phrase.split()) for phrase in line.split(", ")]
        for phrase in phrases:
            others[phrase] = tuple(each for each in phrases if each != phrase)
    return others


OTHERS: Mapping[Phrase, Sequence[Phrase]] = _read(GROUPS)
"""What else each phrase is called. A word's plural is found by what the word is found by: see ``search.terms``."""
LONGEST = max(map(len, OTHERS))
