"""Words that turn a question round: the two sides of each line never share an answer.

A side lists words that mean about the same; an indented line goes on with the one before. Phrases of two words are
written with `_` and are found with up to three words between them ("turn the log off").
"""

from __future__ import annotations

import re

from citeward.text.words import stem

_SIDES = """
enable activate turn_on switch_on reactivate | disable deactivate turn_off switch_off
start begin began begun launch boot commence run | stop end halt terminate shut_down quit kill abort cease finish
add append insert attach put_in | remove delete drop erase detach take_out strip subtract
create make made build built generate establish | delete destroy demolish drop erase remove tear_down
install deploy set_up | uninstall remove undeploy tear_down
increase raise rose rise grow grew boost expand scale_up extend enlarge up | decrease reduce lower fall fell shrink
  shrank cut scale_down diminish down
allow permit let grant authorize authorise whitelist allowlist | deny forbid block ban prevent prohibit disallow
  revoke refuse blacklist blocklist reject
accept approve agree confirm | reject refuse decline disapprove disagree deny cancel
include contain | exclude omit except lack leave_out
before prior preceding previous earlier former | after following subsequent next later latter afterwards
within during | after beyond outside
first initial earliest | last final latest
open unlock reopen | close shut lock closed
on | off
in inside within inbound incoming into indoors | out outside outbound outgoing outdoors
enter come arrive arrival check_in | leave left exit go depart departure check_out
log_in login sign_in log_on signin logon | log_out logout sign_out log_off signout logoff
sign_up subscribe register enroll join opt_in | unsubscribe deregister opt_out sign_off leave left
upload push send sent export outgoing publish | download pull receive import fetch retract incoming
import | export
push | pull pop
send sent | receive get_back got
read load view | write save wrote written edit store
load mount | unload unmount
encrypt encode compress zip pack serialize serialise | decrypt decode decompress unzip unpack deserialize
  deserialise extract
upgrade update promote | downgrade rollback roll_back demote revert
connect join link attach pair | disconnect split unlink detach separate unpair
lock | unlock
show display reveal expose unhide | hide conceal mask suppress
buy bought purchase acquire | sell sold
borrow | lend lent
deposit pay_in | withdraw withdrew withdrawal pay_out
debit | credit
profit gain income revenue earn | loss lose lost expense spend spent expenditure
win won | lose lost
succeed pass success successful work | fail failure broken crash unsuccessful
true right correct valid | false wrong incorrect invalid
yes | no
always | never sometimes
often frequently common usual usually | rarely seldom rare uncommon unusual
all every everyone everything each | none nobody nothing some no_one
many several multiple plural plenty numerous | few single sole
more greater above over exceed beyond | less fewer below under beneath
most highest largest biggest greatest maximum max top upper maximal maximise maximize | least lowest smallest
  minimum min bottom fewest minimal minimise minimize lower
high higher tall taller | low lower short shorter
large larger big bigger great huge | small smaller little tiny
long longer longest | short shorter shortest brief
fast faster fastest quick quicker quickest rapid rapidly speed_up accelerate | slow slower slowest slowly slow_down
easy easier easiest simple | hard harder hardest difficult complex
good better best great | bad worse worst poor
cheap cheaper cheapest inexpensive free | expensive dear costly paid pricey
strong stronger strongest | weak weaker weakest
heavy heavier heaviest | light lighter lightest
hot hotter hottest warm warmer heat | cold colder coldest cool cooler chill
wet | dry
new newer newest latest young younger youngest modern recent | old older oldest earliest ancient legacy outdated
early earlier earliest | late later latest
near nearer nearest close closer closest | far farther farthest further distant
left leftmost | right rightmost
top upper | bottom
front forward ahead | back backward behind rear
up upward upstairs upwards upstream ascend ascending rise climb | down downward downstairs downwards downstream
  descend descending
north northern | south southern
east eastern | west western
internal inner | external outer
public shared | private personal unshared
local onsite on_premise offline | remote offsite hosted online
online | offline
visible | hidden invisible
static fixed constant immutable | dynamic variable changing mutable
required mandatory compulsory must need necessary obligatory | optional voluntary unnecessary
manual manually by_hand | automatic automatically automated
synchronous sync blocking | asynchronous async nonblocking
client frontend customer buyer | server backend seller vendor
parent | child children
master primary leader | slave replica secondary follower standby
source origin sender | target destination recipient receiver
input | output
question ask query | answer reply respond response
cause reason | effect consequence result
advantage benefit pro pros upside strength | disadvantage drawback con cons downside weakness
positive | negative
plus | minus
add sum multiply | subtract difference divide
even | odd
horizontal horizontally row | vertical vertically column
row | column
width wide wider broad | height narrow narrower
depth deep deeper | shallow surface
full | empty
fill | drain
inhale | exhale
alive live birth born | dead death die died
husband male man men boy father son brother king he him gentleman | wife female woman women girl mother daughter
  sister queen she her lady
adult parent | child kid baby infant
student pupil learner | teacher instructor
employee worker | employer boss manager
doctor | patient
plaintiff | defendant
attack offense offensive | defense defence defend defensive
war | peace
love like | hate dislike
happy | sad unhappy
laugh smile | cry frown
wake awake | sleep asleep
sit seated | stand standing
remember | forget
teach taught | learn learnt
ask | tell
give gave given | take took taken receive
lead | follow
day daytime daily | night nighttime nightly
morning am | evening pm afternoon
dawn sunrise | dusk sunset
summer | winter
past | future
yesterday | tomorrow
present attendance | absent absence
safe secure | dangerous unsafe insecure
allowed legal lawful | illegal forbidden unlawful
guilty | innocent
rich | poor
clean | dirty
rough | smooth
hard | soft
thick | thin
loud | quiet silent
bright | dark dim
white | black
theoretical | practical
abstract | concrete
general global generic universal | specific local particular
same equal identical alike similar | different distinct unlike
with including | without excluding
for pro | against anti
recommended | discouraged
support | oppose
encourage | discourage
trust | distrust
merge combine | split divide fork
expand unfold | collapse fold
extend lengthen | shorten truncate
freeze frozen | thaw unfreeze melt
inflate inflation | deflate deflation
hire hired | fire fired dismiss
pause suspend | resume continue
continue | discontinue
keep retain preserve hold | discard release forget drop
acquire | release
assign | unassign
archive | restore unarchive
backup back_up | restore
mute | unmute
pin | unpin
flag | unflag
follow | unfollow
bind | unbind
minimize minimise | maximize maximise restore
zoom_in | zoom_out
scale_up | scale_down
scale_out | scale_in
commit | rollback roll_back
stage | unstage
publish | unpublish
ingress | egress
prefix | suffix
header | footer
uppercase | lowercase
lossless | lossy
stateful | stateless
serial sequential sequentially | parallel concurrent concurrently
eager eagerly | lazy lazily
hot | cold
append | prepend
absolute | relative
symmetric | asymmetric
horizontal | vertical
deprecated | supported
compile | interpret
read_only | writable
inclusive | exclusive
"""


def _stemmed(word: str) -> str:
    return word if "_" in word else stem(word)


OPPOSITES: tuple[tuple[frozenset[str], frozenset[str]], ...] = tuple(
    (
        frozenset(_stemmed(word) for word in left.split()),
        frozenset(_stemmed(word) for word in right.split()),
    )
    for left, right in (line.split("|") for line in re.split(r"\n(?! )", _SIDES.strip()))
)
"""Stems of both sides of each line."""
PHRASES: dict[str, frozenset[str]] = {}
"""First word's stem of each phrase, to the words that may end it."""
for _sides in OPPOSITES:
    for _word in _sides[0] | _sides[1]:
        _first, _, _second = _word.partition("_")
        if _second:
            PHRASES[stem(_first)] = PHRASES.get(stem(_first), frozenset()) | {_second}

_SWAPS = (
    ("up", "down"),
    ("in", "out"),
    ("in", "ex"),
    ("im", "ex"),
    ("pre", "post"),
    ("over", "under"),
    ("en", "de"),
    ("in", "de"),
    ("inter", "intra"),
    ("hyper", "hypo"),
    ("macro", "micro"),
    ("multi", "single"),
    ("pro", "anti"),
    ("fore", "back"),
    ("super", "sub"),
    ("a", "de"),
)
_REVERSING = ("un", "in", "im", "il", "ir", "dis", "non", "de", "mis", "re", "a", "anti", "sub", "pre", "post", "under")
SHORTEST = 4
"""Letters that must follow a prefix for it to be one: `in` + `put`, but not `de` + `al`."""


def turned_by_prefix(one: str, other: str) -> bool:
    """Whether the words differ by a prefix that turns, undoes or repeats the meaning.

    >>> [turned_by_prefix(*pair.split()) for pair in ("install uninstall", "upload download", "rest arrest")]
    [True, True, False]
    """
    one, other = one.replace("-", ""), other.replace("-", "")
    short, long = sorted((one, other), key=len)
    if len(short) >= SHORTEST and any(long == prefix + short for prefix in _REVERSING):
        return True
    if one.removesuffix("less") == other.removesuffix("ful") != other or (
        other.removesuffix("less") == one.removesuffix("ful") != one
    ):
        return True
    return any(
        (one.startswith(a) and other.startswith(b) and one[len(a) :] == other[len(b) :] and len(one) - len(a) > 2)
        or (one.startswith(b) and other.startswith(a) and one[len(b) :] == other[len(a) :] and len(one) - len(b) > 2)
        for a, b in _SWAPS
    )
