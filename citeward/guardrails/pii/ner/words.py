"""Words that the rules know: what opens a sentence, what ends a street's or a company's name, who people are."""

from __future__ import annotations

import functools
import re

FUNCTION = frozenset(
    """
    a about above across after again against all along already also although always am among an and another any anyone
    anything are around as at away back be because been before being below between both but by call can cannot could
    day did do does doing done down during each either else ever every everyone everything few find first for from get
    give go good had has have having he hello her here hers herself hey hi him himself his hope how however i if in
    into is it its itself just keep know last least left let like look made make many may maybe me might mine more
    most much must my myself near need never new next no nobody none nor not nothing now of off often ok okay on once
    one only onto or other our ours out over own per perhaps please put quite rather really regarding regards same say
    see send several shall she should show since so some someone something soon still such sure take tell than thank
    thanks that the their theirs them themselves then there these they thing this those though through thus till to
    today together tomorrow too toward towards two under until up upon us use very via want was way we well were what
    whatever when where whether which while who whom whose why will with within without would yes yesterday yet you
    your yours yourself dear sincerely note""".split()
)
"""Words that are no name even where they are written with a capital, as at the beginning of a sentence."""

HONORIFICS = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Madam|Madame|Herr|Frau|Lord|Lady|Rev|Fr|Capt|Sgt|Lt|Col)"

COMPANY = frozenset(
    """inc llc llp ltd limited plc corp corporation company co gmbh ag kg sa sarl srl bv nv ab oy oyj asa spa pty group
    holdings holding partners associates sons brothers bros bank bancorp trust capital ventures investments insurance
    financial finance securities advisors consulting consultants consultancy services solutions systems software
    technologies technology tech labs laboratories networks media press publishing studios entertainment university
    college school institute academy foundation association society union council committee commission ministry
    department agency authority bureau office hospital clinic church orchestra club team airlines airways motors
    energy pharmaceuticals logistics industries enterprises international global worldwide industry analytics data
    digital interactive robotics foods stores markets research""".split()
)
"""The last words of names of companies and other bodies."""

STREET = (
    "alley avenue ave boulevard blvd bypass causeway circle cir close court ct courts cove coves crescent cres "
    "crossing drive dr drives estate estates expressway extension extensions freeway fwy garden gardens glen green "
    "grove groves harbor heights highway hwy hill hills island junction key knoll lake landing lane ln lights loop "
    "mall manor meadow meadows mews mill mills mission motorway mount mountain neck oval parade park parks parkway "
    "pkwy pass passage path pike pine pines place pl plain plains plaza point port prairie promenade quay ramp ranch "
    "rapids rest ridge rise river road rd roads row shoal shoals shore shores spring springs spur square sq station "
    "stream street st streets summit artery skyway underpass overpass terrace ter throughway trace track trafficway "
    "trail tunnel turnpike union valley via viaduct view village ville vista walk walks wall way ways well wells "
    "wharf"
)
"""What ends the name of a street in English; the United States Postal Service's Publication 28, appendix C1, and a few
of other countries'."""

STREET_BEFORE = (
    "rua rúa c/ aleea calea intrarea splaiul soseaua șoseaua acceso distrito sítio via vicolo viale corso piazza "
    "piazzale largo strada calle avenida avda paseo plaza camino carretera ronda travesía rue avenue boulevard chemin "
    "place allée impasse quai cours route travessa alameda praça estrada ulica ul aleja al plac pl os ulice náměstí "
    "nám třída tř bulevardul bd cesta trg jalan"
)
"""What begins the name of a street in Romance and Slavic languages."""

STREET_INSIDE = (
    "strasse straße str gasse weg platz allee ring damm ufer steig gade gata gatan gate vej vejen vei veien vegen veg "
    "vägen väg gränd stræde bakken straat laan plein dijk kade singel hof steenweg dreef katu tie kuja polku penger "
    "vegur braut stígur gerði utca út útja tér põik tänav puiestee körút köz sor steeg allé gracht"
)
"""What ends a street's name, mostly within its last word, in Germanic, Nordic, Finnish and Hungarian."""

UNITS = "apt apartment suite ste unit flat room rm floor fl box bldg building lot"
"""Parts of a building."""

STATES = (
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR "
    "PA RI SC SD TN TX UT VT VA WA WV WI WY PR GU VI AS MP FM MH PW AA AE AP"
)
"""Postal abbreviations of the United States' states, territories and forces."""

STATE_NAMES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Hawaii|Idaho|Illinois|Indiana|"
    "Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|"
    "Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|North Carolina|North Dakota|Ohio|Oklahoma|Oregon|"
    "Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|"
    "West Virginia|Wisconsin|Wyoming"
)

PEOPLES = frozenset(
    """afghan albanian algerian american andorran angolan argentine argentinian armenian australian austrian azerbaijani
    azeri bahamian bahraini bangladeshi barbadian basque belarusian belgian belizean beninese bermudian bhutanese
    bolivian bosnian botswanan brazilian breton british bruneian bulgarian burmese burundian cambodian cameroonian
    canadian catalan chadian chechen chilean chinese colombian congolese cornish croat croatian cuban cypriot czech
    dane danish dominican dutch ecuadorean ecuadorian egyptian emirati english englishman eritrean estonian ethiopian
    european faroese fijian filipino finn finnish fleming flemish french frenchman gabonese gambian georgian german
    ghanaian greek greenlander greenlandic grenadian guatemalan guinean guyanese haitian honduran hungarian icelander
    icelandic indian indonesian iranian iraqi irish irishman israeli italian ivorian jamaican japanese jordanian
    kazakh kenyan korean kosovar kurd kurdish kuwaiti kyrgyz laotian latvian lebanese liberian libyan lithuanian
    luxembourger macedonian malagasy malawian malaysian maldivian malian maltese maori mauritanian mauritian mexican
    moldovan monegasque mongolian montenegrin moroccan mozambican namibian nepalese nepali netherlander nicaraguan
    nigerian nigerien norwegian omani pakistani palestinian panamanian paraguayan persian peruvian pole polish
    portuguese puerto-rican qatari romanian russian rwandan salvadoran samoan saudi scandinavian scot scotsman
    scottish senegalese serb serbian sicilian singaporean slovak slovakian slovene slovenian somali spaniard spanish
    sudanese surinamese swazi swede swedish swiss syrian taiwanese tajik tanzanian thai tibetan togolese tongan
    trinidadian tunisian turk turkish turkmen ugandan ukrainian uruguayan uzbek venezuelan vietnamese welsh welshman
    yemeni yemenite zambian zimbabwean christian catholic protestant orthodox lutheran methodist baptist mormon muslim
    moslem sunni shia shiite jew jewish hindu buddhist sikh jain atheist agnostic democrat republican conservative
    socialist communist marxist liberal""".split()
)
"""Nationalities, peoples, beliefs and leanings, in the singular."""

_AMBIGUOUS = frozenset("polish pole dane conservative liberal orthodox jain swede finn turk scot thai".split())


def is_people(word: str) -> bool:
    """Whether a word names a people or a belief, one or many of them; a small letter must leave no doubt."""
    low = word.casefold()
    forms = (low, low.removesuffix("s"), low.removesuffix("es"))
    return any(form in PEOPLES and not (word.islower() and form in _AMBIGUOUS) for form in forms)


_JOBS = """accountant actor actress actuary adjuster administrator adviser advisor agent analyst animator anthropologist
    archaeologist architect archivist artist assembler assessor assistant associate astronomer attendant attorney
    auctioneer audiologist auditor author baker barista barrister bartender biochemist biologist bookkeeper bricklayer
    broker builder butcher buyer captain caretaker carpenter cartographer cashier caterer chef chemist chiropodist
    cinematographer cleaner clerk coach collector columnist commissioner composer conservator consultant controller
    cook coordinator copywriter correspondent counsellor counselor courier curator dancer dealer dentist designer
    detective developer dietitian diplomat director dispatcher doctor dramaturg draughtsman drafter dressmaker driver
    drycleaner ecologist economist editor educator electrician engineer engraver ergonomist estimator examiner
    executive exporter fabricator farmer fighter financier firefighter fisher fitter florist forester freelancer
    fumigator gardener geneticist geochemist geographer geologist geophysicist glazier goldsmith grader guard guide
    hairdresser handler herbalist historian homeopath horticulturist housekeeper hydrologist illustrator immunologist
    importer inspector installer instructor interpreter interviewer investigator jeweler jeweller joiner journalist
    judge laborer labourer landscaper lawyer lecturer lexicographer librarian lifeguard lobbyist locksmith logistician
    machinist maid mason masseur mathematician mechanic merchandiser metallurgist meteorologist microbiologist midwife
    miller millwright miner minister model musician nanny neurologist nurse nutritionist oceanographer officer
    operator optician optometrist orthoptist osteopath packager packer painter paralegal paramedic pathologist
    pharmacist pharmacologist photographer physician physicist physiotherapist pilot planner plasterer plumber
    podiatrist policeman politician porter postman potter presenter pressman printer processor producer programmer
    prosthetist proofreader psychiatrist psychologist psychotherapist publican publicist publisher purchaser
    radiographer radiologist ranger realtor receptionist recorder recruiter referee registrar repairer repairman
    reporter representative researcher restorer retailer reviewer rigger roofer sailor salesman salesperson saleswoman
    scientist scout sculptor seamstress secretary seller setter sociologist soldier solicitor sonographer specialist
    statistician stockbroker stylist superintendent supervisor surgeon surveyor tailor teacher technician technologist
    telemarketer teller tester therapist toxicologist trader trainer translator treasurer trimmer tutor typist
    underwriter upholsterer veterinarian waiter waitress warden weaver webmaster welder woodworker worker writer
    zookeeper zoologist echocardiographer phlebotomist manager president chairman chairwoman ceo cto cfo""".split()
JOB = rf"(?:{'|'.join(sorted(_JOBS, key=len, reverse=True))})"
"""What somebody does for a living, the last word of it."""

MONTHS = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
)
WEEKDAYS = r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"


@functools.cache
def countries() -> frozenset[str]:
    """Names of countries in English and in their own languages, as the package phonenumbers ships them."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    own = {name for names in LOCALE_DATA.values() for name in names.values() if name and not name.startswith("*")}
    return frozenset(name for name in own if len(name) > 3 and name[0].isupper()) | {"USA", "UK", "U.S.", "U.K.", "UAE"}


def either(words: str) -> str:
    """A pattern for one of the words, longest first."""
    return "|".join(sorted(map(re.escape, words.split()), key=len, reverse=True))


_FIRST_NAMES = frozenset(
    """aaron abigail adam adriana adrian agnes agnieszka ahmed aisha alan albert alberto alejandra alejandro aleksandra
    alessandra alessandro alex alexander alexandra alexandre alexis alfred ali alice alicia alina alison allison
    amanda amber amelia amelie amina amit amy ana anastasia anders andrea andreas andrei andrés andrew andrzej angela
    angelina anil anita anja ann anna anne annette annie anthony antoine anton antonio antti arjun arthur arturo asha
    ashley astrid audrey barbara beatrice beatriz ben benjamin bernard bernd beth betty bianca bill birgit björn bob
    bogdan boris brandon brenda brian bridget brigitte britta bruce bruno bryan camila camille carina carl carla
    carlos carmen carol carolina caroline caroline catherine cathy cecilia céline charles charlie charlotte chen chloe
    chris christian christina christine christoph christopher cindy claire clara claudia claudio colin connor craig
    cristina cynthia daisuke dan daniel daniela daniele danielle darren dave david dawn deborah deepak denis dennis
    derek diana diane diego dieter dmitri dominik dominic donald donna dorothy doug douglas duncan dylan edgar edith
    eduardo edward eileen elaine eleanor elena eleni elias elisa elisabeth elizabeth ella ellen elsa emil emilia
    emilie emily emma emmanuel enrico enrique erica erik erika ernest esther ethan eugene eva evelyn fabian fabio
    fatima federico felipe felix fernanda fernando filip fiona florence florian frances francesca francesco francis
    francisco françois frank franz fred frederick frederik friedrich fritz gabriel gabriela gabriele gareth gary gavin
    geoff geoffrey george georgia gerald gerard gerhard gina giorgio giovanni giulia giuseppe gladys glenn gloria
    gonzalo grace graham greg gregory greta guillaume günter gustav guy hamza hana hannah hans harald harold harriet
    harry hassan heather hector heidi heinrich heinz helen helena helga henri henrik henry herbert hiroshi holly
    howard hugo hussein ian ibrahim ida igor ines inga ingrid irene irina isaac isabel isabella isabelle ivan ivana
    jack jackie jacob jacqueline jakob jakub james jamie jan jana jane janet janice jasmine jason javier jean jeff
    jeffrey jennifer jens jeremy jerry jesse jessica jesus jill jim jimmy joan joanna joanne joaquín joe joel johan
    johanna johannes john johnny jon jonas jonathan jordi jorge josé josef joseph josephine joshua joyce juan juana
    judith judy julia julian juliana julie julien juliette julio jürgen justin kai kamal karen karin karina karl
    karolina katarina kate katharina katherine kathleen kathryn kathy katie katja katrin katrina katrine kay keiko
    keith kelly ken kenji kenneth kerry kevin khalid kim kirsten klaus konstantin kristen kristian kristin kristina
    kurt kyle lara larry lars laura lauren laurence laurent lea leah lee leif lena leo leon leonardo leonie leslie
    lewis liam lidia lila lily linda lisa liz logan lorenzo lori louis louise luc luca lucas lucia lucie lucy ludwig
    luigi luis luisa luiza lukas luke lydia lynn maciej madeleine magda magdalena magnus malcolm manfred manuel
    manuela marc marcel marcela marcia marco marcos marcus margaret margarita maria mariam mariana marianne marie
    marija marina mario marion marisa mark marko markus marta martha martin martina martín mary maryam mateo mathias
    mathieu mats matt matteo matthew matthias maureen maurice max maximilian maya megan mehmet melanie melissa
    mercedes michael michaela michal michel michele michelle miguel mikael mika mike mikhail milan miranda mirjam
    mohamed mohammed moira monica monika moritz muhammad mustafa nadia nancy naomi natalia natalie natasha nathan neil
    nicholas nick nicola nicolas nicole niels nigel nikita nikola nikolai nils nina noah noel nora norma norman olaf
    ole oleg olena olga oliver olivia olivier omar oscar oskar otto pablo paola paolo pascal patricia patrick paul
    paula paulo pavel pawel pedro peggy penelope per peter petra petr philip philipp philippe phil phillip pia pierre
    pieter piotr priya rachel rafael rahul raj ralph ramon raquel raul ravi raymond rebecca regina reinhard renata
    renate rené ricardo richard rick rita robert roberta roberto robin rodrigo roger roland rolf roman ron ronald rosa
    rosemary ross roxanne roy ruben rudolf rune russell ruth ryan sabine sabrina sally sam samantha samir samuel
    sandra sandy santiago sara sarah sean sebastian serena sergei sergio shannon sharon sheila shirley sigrid silvia
    simon simona simone sofia sofie sonia sonja sophia sophie stacy stanislav stefan stefania stefano steffen stella
    stéphane stephanie stephen steve steven stuart sue sunil susan susanna susanne suzanne svetlana sven sylvia
    takashi tamara tanja tanya tara tatiana ted teresa terry theodore theresa thomas tiffany tim timo timothy tina
    tobias todd tom tomas tomasz tomás toni tony tracey tracy tyler ulrich ulrike urs ursula valentina valeria valerie
    vanessa vera veronica victor victoria viktor viktoria vincent virginia vladimir walter wanda wayne wendy werner
    wilhelm will william wojciech wolfgang yasmin yolanda yuki yuri yusuf yvonne zachary zak zofia zoe""".split()
)


def is_first_name(word: str) -> bool:
    """Whether a word is among the commonest first names of Europe and the Americas, and a few of elsewhere."""
    return word.casefold() in _FIRST_NAMES


def is_only_name(word: str) -> bool:
    """The same for a word that stands alone: without those that are other words or places as well."""
    return is_first_name(word) and word.casefold() not in _ALSO_WORDS


_ALSO_WORDS = frozenset(
    """amber angel bill carmen christian dawn drew florence frank georgia glenn grace holly jack jean jesus joy kay leon
    lily logan mark martin max mercedes norma olive patience pat paris philip ray robin roman rose ross ruby sandy sue
    victoria viola virginia will""".split()
)

NO_NAMES = frozenset(
    """ssn iban atm pin id url api http https faq pdf csv json xml sql cvv bic swift vat tax email e-mail phone mobile
    fax address website web name title subject date info bot user""".split()
)
"""Labels and abbreviations that the model takes for names where they are written with a capital."""
