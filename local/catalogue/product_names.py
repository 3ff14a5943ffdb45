"""Readable product names, from the type, category and size that a grocer's till records in short forms."""

from __future__ import annotations

import re

WORDS = {
    "BEERALEMALT": "Beer, Ale & Malt",
    "BRD": "Bread",
    "BTL": "Bottle",
    "BTR": "Butter",
    "CARB": "Carbonated",
    "CHIX": "Chicken",
    "CHOC": "Chocolate",
    "CHOCOCLATE": "Chocolate",
    "CILANTO": "Cilantro",
    "CKE": "Cake",
    "CND": "Canned",
    "CONC": "Concentrate",
    "CONTAINR": "Container",
    "CRAN": "Cranberry",
    "CRBNTD": "Carbonated",
    "CRMD": "Creamed",
    "CTLRYTBLCLTHSTTHPKSST": "Cutlery, Tablecloths & Toothpicks",
    "DEPT": "Department",
    "DNRS": "Dinners",
    "DRNK": "Drink",
    "DRNKING": "Drinking",
    "DRNKNG": "Drinking",
    "ENTREES": "Entrées",
    "EXCP": "Except",
    "FD": "Food",
    "FDS": "Foods",
    "FLVR": "Flavor",
    "FLVRD": "Flavored",
    "FRD": "Fried",
    "FRE": "Fresh",
    "FRZ": "Frozen",
    "FRZN": "Frozen",
    "FS": "Full-Strength",
    "GDS": "Goods",
    "GNG": "Ginger",
    "GRND": "Ground",
    "INSTORE": "In-Store",
    "IWS": "Individually Wrapped",
    "JCE": "Juice",
    "MISC": "Assorted",
    "MISCELLANEOUS": "Assorted",
    "MLK": "Milk",
    "MLT": "Multi",
    "MNERAL": "Mineral",
    "MNRL": "Mineral",
    "PKG": "Package",
    "PLSTC": "Plastic",
    "PNCH": "Punch",
    "PORTON": "Portion",
    "PREM": "Premium",
    "PREP": "Prepared",
    "PROTIEN": "Protein",
    "PWDRS": "Powders",
    "REFIGERATED": "Refrigerated",
    "REFRIG": "Refrigerated",
    "REG": "Regular",
    "RTS": "Ready-to-Serve",
    "SAL": "Salad",
    "SAUCESSALSAPICANTEE": "Sauces, Salsa & Picante",
    "SAUS": "Sausage",
    "SFT": "Soft",
    "SGL": "Single",
    "SNGL": "Single",
    "SPECILATY": "Specialty",
    "SRV": "Serve",
    "SS": "Single-Serve",
    "SUG": "Sugar",
    "SUP": "Supplies",
    "SV": "Serve",
    "SW": "Sweet",
    "SWE": "Sweet",
    "TORT": "Tortilla",
    "VEG": "Vegetables",
    "WAT": "Water",
    "WATE": "Water",
    "WHL": "Whole",
    "WHLSM": "Wholesome",
    "WT": "Weight",
    "WTR": "Water",
}
"""The till's short forms, written out."""

QUALIFIERS = frozenset(
    [
        "ANGUS",
        "BLENDS",
        "BUTTS",
        "CONES",
        "DRY",
        "ECONOMY",
        "ENHANCED",
        "ENTREES",
        "FRESH",
        "GREENS",
        "INTERNAL",
        "KITS",
        "LEAN",
        "LOAVE",
        "MAINSTREAM",
        "MICROWAVE",
        "MISCELLANEOUS",
        "OTHER",
        "PAILS",
        "PATTIES",
        "POULTRY",
        "PREMIUM",
        "PRE-COOKED",
        "PRIMAL",
        "RED",
        "RIBS",
        "TRADITIONAL",
        "VALUE",
    ]
)
"""Types that need the category in front to make sense."""

KEEP = frozenset({"BBQ", "IQF", "OJ", "TV", "RW", "H2O", "USA"})
SMALL = frozenset({"and", "of", "in", "on", "or", "the", "with", "for", "not", "than", "a"})
UNITS = {"GA": "gal", "DZ": "dozen", "L": "L", "LTR": "L", "GAL": "gal"}

_PARENTHESES = re.compile(r"\([^)]*(\)|$)")
_WORD = re.compile(r"[A-Z][A-Z']*")
_CUT_OFF = re.compile(r"[\s/&,:-]+[A-Z]?$")


def product_name(kind: str, category: str, size: str | None) -> str:
    """``FRZN SS PREMIUM ENTREES/DNRS/N`` and ``9 OZ`` give ``Frozen Single-Serve Premium Entrées/Dinners, 9 oz``."""
    name = f"{readable(category)}, {readable(kind).lower()}" if kind in QUALIFIERS else readable(kind)
    return f"{name}, {readable_size(size)}" if size else name


def readable(words: str) -> str:
    """Title case, with short forms written out, and without text in parentheses or a last letter that was cut off."""
    bare = _CUT_OFF.sub("", " ".join(_PARENTHESES.sub(" ", words).split()))
    spaced = bare.replace(" - ", ", ").replace(":", ": ").replace("&", " & ")
    titled = _WORD.sub(lambda match: _title(match[0]), spaced)
    return " ".join(titled.split()).strip(" ,/&") or words.title()


def _title(word: str) -> str:
    if word in KEEP:
        return word
    if word in WORDS:
        return WORDS[word]
    return word.lower() if word.lower() in SMALL else word.capitalize()


def readable_size(size: str) -> str:
    return " ".join(UNITS.get(word, word.lower()) for word in size.split())
