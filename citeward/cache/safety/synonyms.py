"""Verbs and nouns that are exchanged without a change of meaning, so that only real differences are left to judge.

Each line is one meaning. Nothing here can make two questions share an answer; it can only keep a harmless other word
from counting as a difference.
"""

from __future__ import annotations

from citeward.text.words import stem

_LINES = """
get got retrieve fetch obtain receive acquire return give yield provide supply offer find access
make made create generate produce build built construct craft form
specify define designate indicate determine state name denote
employ utilize utilise apply
count number quantity amount total
show display view see list print
delete remove erase eliminate
change modify edit alter adjust amend
choose chosen chose select pick
begin start commence
repair fix solve resolve
error exception failure issue problem trouble
document documentation docs manual guide
config configuration setting setup configure set
parameter argument option flag
function method routine
repository repo
picture photo image photograph
movie film
buy bought purchase
car automobile
begin start launch
finish complete
big large
small little
maximum max
minimum min
fast quick rapid
allow enable permit let
need require want
aim goal purpose objective function
section part chapter division
also too additionally
check verify validate confirm examine
explain describe clarify outline
send sent transmit submit
store save keep kept
run ran execute
call invoke
connect link
include comprise contain encompass incorporate
support handle
transform convert turn
use usage utilization
various different several
example sample instance
info information data detail
location place spot
home house
job work
firm company
pupil student
doctor physician
cost price fee
size length
""".strip()

CANONICAL: dict[str, str] = {}
"""Stem to the stem that stands for its meaning; a word of several meanings keeps the first."""
for _line in _LINES.splitlines():
    _meaning = [stem(word) for word in _line.split()]
    for _stem in _meaning:
        CANONICAL.setdefault(_stem, CANONICAL.get(_meaning[0], _meaning[0]))
