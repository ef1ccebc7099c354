"""Things of one kind, of which a question names one and not another: Windows is not Linux.

Names are often typed in small letters, where nothing but a list tells them. Two texts that name different members of
one family never share an answer. Members joined by `=` are the same; an indented line goes on with the one before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FAMILIES = """
windows linux macos=mac=osx ubuntu debian fedora android ios=iphone=ipad freebsd
python java javascript=js typescript=ts rust golang=go ruby php kotlin swift scala perl c c++ c# matlab haskell lua
postgres=postgresql mysql sqlite mongodb=mongo redis oracle mariadb cassandra elasticsearch weaviate lancedb qdrant
  milvus
aws=amazon azure gcp docker kubernetes=k8s
json yaml=yml xml csv toml html pdf docx markdown parquet
http https ftp sftp ssh grpc websocket smtp imap
get post put patch delete
pip npm conda brew apt yarn maven cargo poetry
pytorch=torch tensorflow jax keras numpy pandas
openai anthropic google microsoft meta mistral apple facebook
chrome firefox safari edge
dev=development staging production=prod
cpu gpu tpu
red green blue yellow orange purple violet brown grey=gray pink black white
spring summer autumn winter
morning noon afternoon evening midnight
father=dad mother=mom=mum brother sister son daughter husband wife uncle aunt grandfather grandmother
man=men woman=women boy girl child=children=kid baby person=people
king queen prince princess president minister mayor senator
dog=puppy cat=kitten horse cow bird fish monkey tiger lion elephant bear sheep goat pig duck chicken rabbit mouse
  snake
guitar piano violin flute drum trumpet cello harp keyboard
football=soccer basketball baseball tennis golf cricket rugby hockey volleyball
car bus train plane=airplane=aeroplane bike=bicycle motorcycle=motorbike boat ship truck=lorry
apple banana tomato potato onion carrot garlic cucumber pepper lemon
bread rice pasta cheese egg meat pork beef shrimp
coffee tea water milk juice wine beer
breakfast lunch dinner
earth mars venus jupiter saturn mercury neptune uranus pluto moon sun
africa europe asia america australia antarctica
france germany italy spain england=britain=uk ireland scotland wales portugal poland russia china japan india korea
  canada mexico brazil argentina chile peru egypt israel iran iraq syria turkey greece sweden norway denmark finland
  netherlands=holland belgium switzerland austria ukraine pakistan afghanistan indonesia thailand vietnam philippines
  nigeria kenya
paris london berlin rome madrid moscow beijing tokyo delhi washington sydney lisbon vienna prague warsaw amsterdam
  brussels dublin athens cairo istanbul chicago boston seattle
english french german spanish italian portuguese russian chinese japanese korean arabic dutch hindi turkish
dollar=usd euro=eur pound=gbp yen=jpy rupee franc
email=e-mail phone=telephone address password=passphrase username
invoice receipt contract order
name age birthday salary
train=training validation test=testing
precision recall accuracy f1
mean=average median mode
admin=administrator guest owner member
"""


def _read() -> dict[str, tuple[tuple[int, str], ...]]:
    found: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(re.split(r"\n(?! )", _FAMILIES.strip())):
        for group in line.split():
            names = group.split("=")
            for name in names:
                found.setdefault(name, []).append((number, names[0]))
    return {name: tuple(places) for name, places in found.items()}


FAMILY: Mapping[str, tuple[tuple[int, str], ...]] = _read()
"""Each member to the families it belongs to, with the name by which it goes there."""
