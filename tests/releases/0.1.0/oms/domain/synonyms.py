"""Synonyms for the search. Each line is a group: a query for one phrase of it matches them all."""

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
    synonyms: dict[Phrase, Sequence[Phrase]] = {}
    for line in groups.strip().splitlines():
        phrases = [tuple(phrase.split()) for phrase in line.split(", ")]
        for phrase in phrases:
            synonyms[phrase] = tuple(each for each in phrases if each != phrase)
    return synonyms


SYNONYMS: Mapping[Phrase, Sequence[Phrase]] = _read(GROUPS)
"""The synonyms of each phrase. ``search.terms`` finds those of a plural by its singular."""
LONGEST = max(map(len, SYNONYMS))
