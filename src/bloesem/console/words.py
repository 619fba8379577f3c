"""Every word of the console, Dutch first, then English. A test holds the keys that pages use to this list."""

from __future__ import annotations

from collections.abc import Mapping

WORDS: Mapping[str, tuple[str, str]] = {
    # ---- the frame
    "title": ("Bloesem", "Bloesem"),
    "tagline": ("Het privacybeleid is het programma.", "The privacy policy is the program."),
    "skip": ("Naar de inhoud", "Skip to the content"),
    "nav": ("Hoofdmenu", "Main menu"),
    "nav.now": ("Nu", "Now"),
    "nav.date": ("De datum", "The date"),
    "nav.person": ("Eén persoon", "One person"),
    "nav.try": ("Breek het", "Break it"),
    "language": ("Taal", "Language"),
    "demo.name": ("Demonstratie", "Demonstration"),
    "demo": ("Demonstratie met verzonnen mensen", "Demonstration with invented people"),
    "demo.date": ("Het is hier {day}", "Here it is {day}"),
    "demo.ahead": ("{days} dagen vooruit", "{days} days ahead"),
    "demo.ahead1": ("1 dag vooruit", "1 day ahead"),
    "foot": (
        "Alles op deze bladzijden komt uit het beleid en uit PostgreSQL zelf. Niets is ervoor geschreven.",
        "Everything on these pages comes from the policy and from PostgreSQL itself. Nothing is staged.",
    ),
    "or": (" of ", " or "),
    "quote.law": (
        "Geen belofte van het beleid, maar de wet: AVG art. {article}",
        "No promise of the policy, but the law: GDPR art. {article}",
    ),
    "line": ("regel {line}", "line {line}"),
    "quote.of": (
        "Belofte {id}, {where} van het privacybeleid",
        "Promise {id}, {where} of the privacy policy",
    ),
    "quote.of0": ("Belofte {id} van het privacybeleid", "Promise {id} of the privacy policy"),
    "people": ("mensen", "people"),
    "rows": ("rijen", "rows"),
    "values": ("waarden", "values"),
    "total": ("Samen", "Total"),
    "none": ("Geen", "None"),
    "close": ("Sluiten", "Close"),
    # ---- now
    "now.title": ("Wat het beleid nu doet", "What the policy is doing now"),
    "now.lead": (
        (
            "{people} mensen staan in deze databank. Elk doel uit de tekst is een rol, en PostgreSQL toont die rol alleen "
            "wat ze vandaag nog mag zien."
        ),
        (
            "{people} people are in this database. Each purpose of the text is a role, and PostgreSQL shows that role only "
            "what it may still see today."
        ),
    ),
    "now.counting": ("Aan het tellen …", "Counting …"),
    "now.counting.more": (
        "De bewaarder telt wat elk doel mag lezen. Deze bladzijde ververst zichzelf.",
        "The keeper counts what each purpose may read. This page refreshes itself.",
    ),
    "now.counted": ("Stand van {moment}.", "As of {moment}."),
    "now.counted.since": (
        "Sindsdien is er {n} keer iets veranderd dat hier nog niet is geteld.",
        "Since then {n} acts changed something that is not counted here yet.",
    ),
    "now.counted.since1": (
        "Sindsdien is er één keer iets veranderd dat hier nog niet is geteld.",
        "Since then one act changed something that is not counted here yet.",
    ),
    "now.counted.day": (
        "Sindsdien is het een andere dag geworden: dit is hoe het toen was.",
        "The day has changed since: this is how it was then.",
    ),
    "now.again": ("Opnieuw tellen", "Count again"),
    "now.purpose": ("Doel", "Purpose"),
    "now.may": ("Wie mag wat lezen", "Who may read what"),
    "now.may.lead": (
        (
            "Per doel: hoeveel mensen, rijen en ingevulde waarden het vandaag kan lezen. Al het andere bestaat voor dat "
            "doel niet."
        ),
        "Per purpose: how many people, rows and filled values it can read today. To that purpose nothing else exists.",
    ),
    "now.for": ("Hoe lang", "How long"),
    "now.off": ("Staat uit: {why}", "Is off: {why}"),
    "now.due": ("Wat wanneer vervalt", "What falls due when"),
    "now.due.lead": (
        (
            "De komende achttien maanden, als er niets meer gebeurt. Elke staaf telt rijen die een doel dan niet meer mag "
            "lezen; de kleur is het doel."
        ),
        (
            "The coming eighteen months, if nothing else happens. Each bar counts rows that a purpose may then no longer "
            "read; the colour is the purpose."
        ),
    ),
    "now.due.none": (
        "De komende achttien maanden vervalt er niets.",
        "Nothing falls due in the coming eighteen months.",
    ),
    "now.due.table": ("Dezelfde cijfers als tabel", "The same figures as a table"),
    "now.due.month": ("Maand", "Month"),
    "now.due.bar": (
        "{month}: {rows} rijen vervallen. Open de dag.",
        "{month}: {rows} rows fall due. Open the day.",
    ),
    "now.overdue": ("Te laat", "Overdue"),
    "now.overdue.none": ("Niets. Alles is op tijd weg.", "Nothing. All is gone on time."),
    "now.overdue.some": (
        "{n} mensen wachten op de klok sinds {day}. Lezen kan al niet meer: elke rij weet tot wanneer ze geldt.",
        "{n} people wait for the clock since {day}. Reading is already refused: every row knows until when it is good.",
    ),
    "now.policy": ("Beleid in werking", "Policy in force"),
    "now.policy.of": ("De tekst van {day}", "The text of {day}"),
    "now.policy.since": ("in werking gezet op {moment}", "activated on {moment}"),
    "now.sweep": ("De klok liep tot", "The clock ran to"),
    "now.sweep.never": ("nog nooit", "not yet"),
    "now.sweep.then": ("en rondde af met de dag zelf", "and finished that very day"),
    "now.acts": ("Laatste daden", "Last acts"),
    "now.acts.lead": (
        "Elke daad schrijft één regel, in haar eigen transactie, zonder persoonsgegevens.",
        "Each act writes one line, in its own transaction, without personal data.",
    ),
    "now.acts.none": ("Nog geen.", "None yet."),
    "act.when": ("Wanneer", "When"),
    "act.what": ("Wat", "What"),
    "act.counts": ("Hoeveel", "How much"),
    "act.masks": ("Maskers herrekend na een feit", "Masks recomputed after a fact"),
    "act.sweep": ("De klok veegde", "The clock swept"),
    "act.read": ("Een medewerker las", "A member of staff read"),
    "act.activation": ("Beleid in werking gezet", "Policy activated"),
    "act.rehearsal": ("Geoefend en teruggedraaid", "Rehearsed and rolled back"),
    "act.clock": ("De datum verzet", "The date moved"),
    "act.fact": ("Een feit opgeschreven", "A fact recorded"),
    "act.load": ("Gegevens geladen", "Data loaded"),
    "act.demonstration": ("Verzonnen mensen geladen", "Invented people loaded"),
    "act.denial": ("Geweigerd", "Refused"),
    "act.access": ("Een persoon kreeg inzage", "A person was shown their data"),
    "act.export": ("Een persoon nam gegevens mee", "A person took their data along"),
    "act.erase": ("Wissing op verzoek", "Erasure on request"),
    "act.rectify": ("Een waarde verbeterd", "A value corrected"),
    "act.restriction": ("Beperking gevraagd of opgeheven", "Restriction asked for or lifted"),
    "act.objection": ("Bezwaar van een persoon", "A person's objection"),
    "act.withdrawal": ("Toestemming ingetrokken", "Consent withdrawn"),
    "act.other": ("Daad “{kind}”", "Act “{kind}”"),
    "denied.wall": ("rechtstreeks op een tabel", "straight at a table"),
    "denied.role": ("een andere rol", "another role"),
    "denied.escaped": ("een andere rol", "another role"),
    "denied.role-not-served": ("een andere rol", "another role"),
    "denied.function": ("een functie van niemand", "a function that is nobody's"),
    "denied.language": ("een blok code", "a block of code"),
    "denied.server": ("iets van de server", "something of the server"),
    "denied.keepers": ("een tabel van Bloesem zelf", "a table of Bloesem's own"),
    "denied.row": ("een rij buiten haar doel", "a row outside its purpose"),
    "denied.not-behind-a-view": ("rechtstreeks op een tabel", "straight at a table"),
    "denied.not-allowed-at-all": ("iets dat van niemand is", "something that is nobody's"),
    "denied.unnamed": ("iets zonder naam op de kaart", "something without a name on the map"),
    "count.often": ("{n} keer", "{n} times"),
    "count.days": ("{n} dagen verder", "{n} days on"),
    "count.days1": ("1 dag verder", "1 day on"),
    "count.partitions": ("{n} delen weg", "{n} partitions gone"),
    "count.partitions1": ("1 deel weg", "1 partition gone"),
    "count.people1": ("1 mens", "1 person"),
    "count.deleted1": ("1 rij weg", "1 row gone"),
    "count.changed1": ("1 rij veranderd", "1 row changed"),
    "count.erased1": ("1 waarde gewist", "1 value erased"),
    "count.times": ("in {n} stappen", "in {n} steps"),
    "count.people": ("{n} mensen", "{n} people"),
    "count.deleted": ("{n} rijen weg", "{n} rows gone"),
    "count.changed": ("{n} rijen veranderd", "{n} rows changed"),
    "count.erased": ("{n} waarden gewist", "{n} values erased"),
    # ---- clocks
    "clock.after": ("{span} na “{event}”", "{span} after “{event}”"),
    "clock.until": ("tot “{event}”", "until “{event}”"),
    "clock.record": ("{span} na de datum van het stuk", "{span} from the record's own date"),
    "clock.record-year": (
        "{span} na het einde van het jaar van het stuk",
        "{span} from the end of the record's year",
    ),
    "clock.from": ("{clock} (stukken vanaf {day})", "{clock} (records from {day})"),
    "clock.to": ("{clock} (stukken tot en met {day})", "{clock} (records up to {day})"),
    "clock.consent": ("{span} na de toestemming", "{span} after consent"),
    "clock.hold": ("zolang een geschil of vordering loopt", "as long as a dispute or claim runs"),
    "clock.none": ("leest wat andere doelen bewaren", "reads what other purposes keep"),
    # ---- reasons
    "why.runs": ("Loopt: {clock}.", "Runs: {clock}."),
    "why.ended": (
        "{clock}: begonnen op {since}, laatste dag {until}.",
        "{clock}: started on {since}, last day {until}.",
    ),
    "why.ended-record": ("{clock}: laatste dag {until}.", "{clock}: last day {until}."),
    "why.off": ("Dit doel staat uit.", "This purpose is off."),
    "why.held": ("Vastgehouden voor een geschil of vordering.", "Held for a dispute or claim."),
    "why.no-hold": (
        "Geen geschil of vordering meer die het vasthoudt.",
        "No dispute or claim holds it any more.",
    ),
    "why.objection": ("De persoon maakte bezwaar.", "The person objected."),
    "why.not-started": (
        "De gebeurtenis of toestemming waarmee dit doel begint, is er niet (meer).",
        "The event or consent with which this purpose starts is not there (any more).",
    ),
    "why.restricted": (
        "De persoon vroeg beperking: bewaren mag, lezen niet.",
        "The person asked for restriction: storing is allowed, reading is not.",
    ),
    "why.objection-assessed": (
        "Het bezwaar wordt beoordeeld: zolang mag niemand lezen.",
        "The objection is being assessed: meanwhile nobody reads.",
    ),
    "why.new-purpose": (
        "Opgeslagen voor dit doel bestond; zonder nieuwe grond niet hergebruikt.",
        "Stored before this purpose existed; not reused without a new ground.",
    ),
    "why.narrowed": (
        "Wat deze rij is of waar ze vandaan komt, sluit dit doel uit.",
        "What this row is, or where it came from, rules this purpose out.",
    ),
    "why.before-contract": (
        "Er is nog geen contract, en de persoon gaf dit niet om er een te krijgen.",
        "There is no contract yet, and the person did not give this to get one.",
    ),
    "why.not-lent": (
        "Alleen een blokkering of de wet bewaart het nog: dan leest dit doel, dat niets zelf bewaart, niet mee.",
        "Only a hold or the law still keeps it: this purpose, which keeps nothing itself, does not read along.",
    ),
    "why.before-return": (
        "Van vóór een terugkeer na het verstrijken: daarvoor opnieuw gevraagd.",
        "From before a return after expiry: asked anew.",
    ),
    "why.erasure": ("De persoon vroeg om te wissen.", "The person asked for erasure."),
    "why.no-date": ("Het stuk heeft geen datum, dus geen klok.", "The record has no date, and so no clock."),
    "why.ceiling": (
        "De wet laat niet langer toe: laatste dag {until}.",
        "The law allows no longer: last day {until}.",
    ),
    "why.column-not-needed": ("{part} heeft dit gegeven niet nodig.", "{part} does not need this."),
    "why.table-not-needed": ("{part} heeft deze tabel niet nodig.", "{part} does not need this table."),
    "why.nobody": ("De rij is van niemand meer.", "The row is nobody's any more."),
    "why.nothing-keeps": ("Geen doel bewaart deze waarde nog.", "No purpose keeps this value any more."),
    # ---- the date
    "date.title": ("De datum", "The date"),
    "date.lead": (
        (
            "Kies een dag en zie wat de klok dan wist, en wie wat niet meer kan lezen. Oefen het eerst: alles gebeurt "
            "echt, en wordt teruggedraaid. Laat het daarna gebeuren."
        ),
        (
            "Pick a day and see what the clock will erase by then, and who can no longer read what. Rehearse it first: "
            "everything happens for real, and is rolled back. Then let it happen."
        ),
    ),
    "date.pick": ("Welke dag?", "Which day?"),
    "date.now": ("Het is hier nu {day}.", "Here it is now {day}."),
    "date.quick": ("Snel vooruit", "Skip ahead"),
    "date.month": ("1 maand", "1 month"),
    "date.quarter": ("3 maanden", "3 months"),
    "date.year": ("1 jaar", "1 year"),
    "date.years2": ("2 jaar", "2 years"),
    "date.years8": ("8 jaar", "8 years"),
    "date.look": ("Toon wat er zal gebeuren", "Show what will happen"),
    "date.rehearse": ("Oefen het", "Rehearse it"),
    "date.happen": ("Laat het gebeuren", "Let it happen"),
    "date.confirm": (
        "Ja, zet de datum op {day} en wis wat dan weg moet. Dit kan niet terug.",
        "Yes, move the date to {day} and erase what must go by then. There is no way back.",
    ),
    "date.confirm.missing": (
        "Vink eerst aan dat het niet terug kan.",
        "First tick that there is no way back.",
    ),
    "date.bad": ("Dat is geen dag. Schrijf hem als 2026-11-23.", "That is no day. Write it as 2026-11-23."),
    "date.back": (
        "De klok gaat niet terug. Het is hier {today}; wat gewist is, blijft gewist. Kies een latere dag.",
        "The clock does not go back. Here it is {today}; what is erased stays erased. Pick a later day.",
    ),
    "date.far": ("Verder dan {day} rekenen we niet vooruit.", "We do not look further ahead than {day}."),
    "date.preview": ("Tegen {day}", "By {day}"),
    "date.rehearsed": ("Geoefend: {day}", "Rehearsed: {day}"),
    "date.rehearsed.more": (
        "Dit is precies geteld: de klok liep echt, op alle rijen, en alles is teruggedraaid.",
        "This is counted exactly: the clock really ran, over all rows, and everything was rolled back.",
    ),
    "date.happened": ("Het is nu {day}", "It is now {day}"),
    "date.happened.more": ("De klok liep en dit is weg.", "The clock ran, and this is gone."),
    "date.gone": ("Wat weggaat", "What goes"),
    "date.dark": ("Wie wat niet meer leest", "Who can no longer read what"),
    "date.table": ("Tabel", "Table"),
    "date.rowsgone": ("Rijen weg", "Rows gone"),
    "date.valuesgone": ("Waarden gewist", "Values erased"),
    "date.lost": ("Rijen donker", "Rows dark"),
    "date.why": ("Waarom", "Why"),
    "date.nothing": ("Op die dag hoeft er niets weg.", "Nothing has to go by that day."),
    "date.sum": (
        "{rows} rijen verdwijnen, {values} waarden worden gewist, {people} mensen zijn betrokken.",
        "{rows} rows disappear, {values} values are erased, {people} people are concerned.",
    ),
    "date.follow": ("Kijk wat dat met één persoon doet", "See what that does to one person"),
    "job.running": ("Bezig …", "Working …"),
    "job.waiting": ("Wacht op de bewaarder …", "Waiting for the keeper …"),
    "job.preview": ("Vooruitkijken naar {day}", "Looking ahead to {day}"),
    "job.rehearse": ("{day} oefenen", "Rehearsing {day}"),
    "job.move": ("Op weg naar {day}", "On the way to {day}"),
    "job.person": ("De tijdlijn uitrekenen", "Computing the timeline"),
    "job.overview": ("Tellen", "Counting"),
    "job.cases": ("Voorbeelden zoeken", "Looking for examples"),
    "job.refused": ("Dit is geweigerd", "This was refused"),
    "job.gone": ("Dit antwoord is opgeruimd. Vraag het opnieuw.", "This answer was cleared away. Ask again."),
    "job.failed": (
        "Het is niet gelukt; er is niets half gedaan. Probeer het opnieuw.",
        "It did not work; nothing is half done. Try again.",
    ),
    "job.progress": ("{done} van {of}", "{done} of {of}"),
    "job.nokeeper": (
        "De bewaarder antwoordt niet. Draait `make up` nog?",
        "The keeper does not answer. Is `make up` still running?",
    ),
    # ---- a person
    "unread.title": ("Dit konden we niet lezen", "We could not read this"),
    "unread.lead": (
        "Wat je stuurde is te groot, of geen formulier van deze bladzijden. Er is niets mee gebeurd.",
        "What you sent is too large, or no form of these pages. Nothing was done with it.",
    ),
    "person.title": ("Volg één persoon", "Follow one person"),
    "person.lead": (
        (
            "Elke regel is een gegeven, van links naar rechts de tijd. Een kleur betekent: dit doel mag het dan lezen. "
            "Waar de kleur stopt, gaat het donker. Open een regel en lees waarom."
        ),
        (
            "Each line is a piece of data, time runs from left to right. A colour means: this purpose may read it then. "
            "Where the colour stops, it goes dark. Open a line to read why."
        ),
    ),
    "person.who": ("Wie volgen we?", "Whom do we follow?"),
    "person.go": ("Volg", "Follow"),
    "person.nobody": (
        "Van deze persoon is niets meer over: geen rij, geen waarde, geen feit. Zo hoort het te eindigen.",
        "Nothing is left of this person: no row, no value, no fact. That is how it should end.",
    ),
    "person.over": (
        "Van deze persoon is in de databank niets meer over: geen rij, geen waarde, geen feit. Zo hoort het te eindigen.",
        "Nothing of this person is left in the database: no row, no value, no fact. That is how it should end.",
    ),
    "person.diary": (
        (
            "Doorstreepte regels zijn gewist. Dat ze er waren, weet alleen het dagboek van deze demonstratie: welk soort "
            "gegeven, van wie, van wanneer tot wanneer, nooit wat er stond. Een echte databank houdt zo'n dagboek niet bij."
        ),
        (
            "Lines that are struck through are erased. Only the diary of this demonstration knows that they were there: "
            "what kind of data, from whom, from when to when, never what it said. A real database keeps no such diary."
        ),
    ),
    "person.late": (
        "Moest gewist zijn op {day}; niemand kan het nog lezen, en het verdwijnt zodra de klok loopt",
        "Was to be erased on {day}; nobody can read it any more, and it goes as soon as the clock runs",
    ),
    "person.nocases": (
        "Er staat nog niemand in de databank om te volgen.",
        "There is nobody in the database to follow yet.",
    ),
    "person.unknown": ("Dit voorbeeld bestaat niet.", "There is no such example."),
    "person.number": ("Nummer {n}", "Number {n}"),
    "person.today": ("vandaag", "today"),
    "person.events": ("Wat er gebeurde", "What happened"),
    "person.legend": ("Kleuren", "Colours"),
    "person.lines": ("Gegevens over de tijd", "Data over time"),
    "person.ahead": ("lichter: wat nog komt", "lighter: what is still to come"),
    "person.erasedmark": ("hier wordt het gewist", "here it is erased"),
    "person.rows": ("{n} rijen", "{n} rows"),
    "person.source": ("Bron: {source}", "Source: {source}"),
    "person.from": ("Sinds {day}", "Since {day}"),
    "person.gone": ("gewist op {day}", "erased on {day}"),
    "person.gone.never": ("geen einde bekend", "no end known"),
    "person.read": ("Leest van {start} tot en met {last}", "Reads from {start} up to and including {last}"),
    "person.reads": ("Leest sinds {start}, geen einde bekend", "Reads since {start}, no end known"),
    "person.unread": ("Geen enkel doel leest dit.", "No purpose reads this."),
    "person.asked": ("Wat PostgreSQL nu antwoordt", "What PostgreSQL answers now"),
    "person.asked.lead": (
        (
            "Net gevraagd, per doel, als de rol van dat doel: hoeveel rijen van deze persoon ziet die rol? Ernaast wat "
            "de berekening zegt. Ze moeten gelijk zijn."
        ),
        (
            "Asked just now, per purpose, as the role of that purpose: how many rows of this person does it see? Beside "
            "it what the calculus says. They must be equal."
        ),
    ),
    "person.asked.pg": ("PostgreSQL", "PostgreSQL"),
    "person.asked.plan": ("Berekend", "Computed"),
    "person.asked.verdict": ("Vergeleken", "Compared"),
    "person.asked.equal": ("gelijk", "equal"),
    "person.asked.differs": ("VERSCHILT", "DIFFERS"),
    "person.table": ("De hele tijdlijn als tabel", "The whole timeline as a table"),
    "person.picture": ("Terug naar de tijdlijn", "Back to the timeline"),
    "person.family": ("{n} gegevens", "{n} kinds of data"),
    "person.family.some": ("{n} gegevens, {gone} gewist", "{n} kinds of data, {gone} erased"),
    "person.family.gone": ("{n} gegevens, allemaal gewist", "{n} kinds of data, all erased"),
    "person.asked.all": (
        "Alle {n} rollen zien precies wat de berekening zegt",
        "All {n} roles see exactly what the calculus says",
    ),
    "person.asked.some": (
        "{n} rollen zien iets anders dan de berekening zegt",
        "{n} roles see something else than the calculus says",
    ),
    "person.value": ("Gegeven", "Data"),
    "person.since": ("Leest vanaf", "Reads from"),
    "person.dark": ("Donker vanaf", "Dark from"),
    "person.shown": ("Nu: {shown}", "Now: {shown}"),
    "kind.event": ("Gebeurtenis", "Event"),
    "kind.consent": ("Toestemming", "Consent"),
    "kind.objection": ("Bezwaar", "Objection"),
    "kind.assessing": ("Bezwaar in beoordeling", "Objection being assessed"),
    "kind.restriction": ("Beperking", "Restriction"),
    "kind.hold": ("Vastgehouden", "Hold"),
    "kind.erasure": ("Gevraagd om te wissen", "Asked for erasure"),
    "ground.accuracy": ("juistheid betwist", "accuracy contested"),
    "case.again": ("{label} (nr. {n})", "{label} (no. {n})"),
    "case.first": ("{name}", "{name}"),
    "case.customer": ("Een klant vandaag", "A customer today"),
    "case.ended": ("Iemand die geen klant meer is", "Someone who is no longer a customer"),
    "case.returned": ("Iemand die terugkwam", "Someone who came back"),
    "case.employee": ("Iemand die alleen de werkgever kent", "Someone known only through the employer"),
    "case.objection": ("Iemand die bezwaar maakte", "Someone who objected"),
    "case.consent": ("Iemand die toestemming gaf", "Someone who gave consent"),
    "case.restriction": ("Iemand die beperking vroeg", "Someone who asked for restriction"),
    "case.hold": ("Iemand met een geschil", "Someone with a dispute"),
    "case.erasure": ("Iemand die vroeg om te wissen", "Someone who asked for erasure"),
    "case.shared": ("Twee mensen op één rij", "Two people on one row"),
    # ---- break it
    "try.title": ("Probeer het te breken", "Try to break it"),
    "try.lead": (
        (
            "Neem een rol aan en vraag wat je wilt. Het antwoord komt van PostgreSQL zelf: er staat geen filter in deze "
            "bladzijde. Alles wordt daarna teruggedraaid."
        ),
        (
            "Take on a role and ask for anything. The answer is PostgreSQL's own: there is no filter in this page. "
            "Everything is rolled back afterwards."
        ),
    ),
    "try.ready": ("Klaargezet", "Prepared"),
    "try.field": ("Vraag een gegeven", "Ask for a field"),
    "try.sql": ("Schrijf zelf SQL", "Write SQL yourself"),
    "try.role": ("Als", "As"),
    "try.table": ("Tabel", "Table"),
    "try.column": ("Gegeven", "Field"),
    "try.ask": ("Vraag het", "Ask for it"),
    "try.run": ("Voer uit", "Run it"),
    "try.write": ("Schrijven proberen mag ook (wordt teruggedraaid)", "Try writing too (it is rolled back)"),
    "try.said": ("PostgreSQL zegt", "PostgreSQL says"),
    "try.refused": ("Geweigerd", "Refused"),
    "try.empty": ("0 rijen: voor deze rol bestaat er niets", "0 rows: for this role there is nothing"),
    "try.rows": ("{n} rijen", "{n} rows"),
    "try.row1": ("1 rij", "1 row"),
    "try.more": ("De eerste {n}; er zijn er meer.", "The first {n}; there are more."),
    "try.done": ("Uitgevoerd en teruggedraaid: {n} rijen geraakt", "Run and rolled back: {n} rows touched"),
    "try.done1": ("Uitgevoerd en teruggedraaid: 1 rij geraakt", "Run and rolled back: 1 row touched"),
    "try.done0": ("Uitgevoerd en teruggedraaid: geen rij geraakt", "Run and rolled back: it touched no rows"),
    "try.ended": (
        "De opdracht sloot de transactie af, met niets erin. Elke poging begint een nieuwe.",
        "The statement ended the transaction, with nothing in it. Each attempt begins a new one.",
    ),
    "try.nothing": ("Er stond geen opdracht in.", "There was no statement in it."),
    "try.slip": ("Fout", "Error"),
    "try.recorded": (
        "de weigering is opgeschreven, zonder de opdracht",
        "the refusal is written down, without the statement",
    ),
    "try.scoped": ("Wie alleen rijen van één bereik ziet", "Those who see rows of one scope only"),
    "try.wrong.role": (
        "Deze rol bestaat niet. Kies er een uit de lijst: de lijst van doelen is gesloten.",
        "There is no such role. Pick one from the list: the list of purposes is closed.",
    ),
    "try.wrong.field": (
        "Dit gegeven staat niet op de gegevenskaart. Kies er een uit de lijst.",
        "This field is not on the data map. Pick one from the list.",
    ),
    "try.wrong.sql": ("Schrijf eerst een opdracht.", "Write a statement first."),
    "try.wrong.long": (
        "Deze opdracht is te lang: er gaan er 10.000 tekens in, en die volstaan om het te proberen.",
        "This statement is too long: it may have 10,000 characters, which is enough to try.",
    ),
    "try.wrong.ready": ("Deze poging is er niet.", "There is no such attempt."),
    "try.door": ("Door de deur", "Through the door"),
    "try.door.more": (
        "in het schema van de rol zelf, zoals de toepassing vraagt",
        "in the role's own schema, as the application asks",
    ),
    "try.wall": ("Over de muur", "Over the wall"),
    "try.wall.more": ("rechtstreeks op de tabel erachter", "straight at the table behind it"),
    "try.because": ("Omdat het beleid zegt", "Because the policy says"),
    "try.because.design": ("Omdat het zo gebouwd is", "Because it is built so"),
    "try.because.slip": ("Wat dat betekent", "What that means"),
    "try.reads": ("Wie het wel leest: {parts}.", "Who does read it: {parts}."),
    "try.reads.none": ("Geen enkel doel leest dit gegeven.", "No purpose reads this field."),
    "try.ran": ("Uitgevoerd als {role}, ingelogd als {login}", "Run as {role}, logged in as {login}"),
    "try.nobody": (
        "Geen proces dat hier draait, dient deze rol.",
        "No process that runs here serves this role.",
    ),
    "try.because.column": (
        "{part} leest dit gegeven niet: {what}.",
        "{part} does not read this field: {what}.",
    ),
    "try.because.rows": (
        "{part} leest deze tabel alleen op rijen waar het doel nog loopt: {clock}.",
        "{part} reads this table only on rows for which its purpose still runs: {clock}.",
    ),
    "try.because.wall": (
        "Geen rol raakt de tabellen zelf aan; elke rol heeft haar eigen schema met alleen haar gegevens.",
        "No role touches the tables themselves; each has a schema of its own with only its data.",
    ),
    "try.because.function": (
        "Functies waarmee SQL van rol of instelling kan wisselen, zijn van niemand.",
        "Functions with which SQL could change role or setting belong to nobody.",
    ),
    "try.because.language": (
        "Een blok code (DO) is van niemand: geen rol mag een programmeertaal van de databank gebruiken.",
        "A block of code (DO) is nobody's: no role may use a programming language of the database.",
    ),
    "try.because.role": (
        "Een rol wordt geen andere: wat een proces niet dient, kan het niet aannemen.",
        "One role does not become another: what a process does not serve, it cannot take on.",
    ),
    "try.because.server": (
        "Een rol heeft niets op de server zelf: geen bestanden, programma's, instellingen of andere rollen.",
        "A role has nothing of the server itself: no files, programs, settings or other roles.",
    ),
    "try.because.keepers": (
        "De tabellen van Bloesem zelf (feiten, toestanden, daden) zijn alleen van de bewaarder.",
        "Bloesem's own tables (facts, states, acts) are the keeper's alone.",
    ),
    "try.because.row": (
        "Deze rij mag de rol niet bewaren: haar doel loopt er niet op, of ze valt buiten haar bereik.",
        "This row is not the role's to store: its purpose does not run on it, or it lies outside its scope.",
    ),
    "try.because.typo": (
        "Er is nergens iets dat zo heet; waarschijnlijk een tikfout. Het beleid heeft hier niets geweigerd.",
        "There is nothing of that name anywhere; probably a typing error. The policy refused nothing here.",
    ),
    "try.because.syntax": (
        "PostgreSQL begrijpt de opdracht niet. Het beleid heeft hier niets geweigerd.",
        "PostgreSQL does not understand the statement. The policy refused nothing here.",
    ),
    "try.because.other": (
        "PostgreSQL kan dit niet uitvoeren. Het beleid heeft hier niets geweigerd.",
        "PostgreSQL cannot run this. The policy refused nothing here.",
    ),
    "try.because.one": (
        "Eén opdracht per keer: een tweede achter een puntkomma wordt nooit uitgevoerd.",
        "One statement at a time: a second behind a semicolon is never run.",
    ),
    "try.because.readonly": (
        "Dit schrijft, en er is alleen om lezen gevraagd. Vink aan dat je ook schrijven wilt proberen.",
        "This writes, and only reading was asked for. Tick that you want to try writing too.",
    ),
    "try.because.slow": (
        "Een poging krijgt {seconds} seconden; daarna stopt PostgreSQL ze.",
        "An attempt gets {seconds} seconds; then PostgreSQL stops it.",
    ),
    "try.because.locked": (
        "Iemand anders schrijft hier net; na een halve seconde geeft de poging op.",
        "Somebody else is writing here just now; after half a second the attempt gives up.",
    ),
    "try.because.write": (
        "Een rol schrijft alleen wat haar doel opschrijft.",
        "A role writes only what its purpose records.",
    ),
    "try.because.scope": (
        "Deze rol ziet alleen rijen van het bereik dat bij het binnengaan is vastgezet; een vergeten filter toont niets.",
        "This role sees only rows of the scope that was fixed on entry; a forgotten filter shows nothing.",
    ),
    "try.escaped": (
        "De opdracht wisselde van rol; daarom tonen we niets.",
        "The statement changed the role; therefore nothing is shown.",
    ),
    "refused.local": (
        "Deze bladzijde is er alleen voor wie aan deze machine zit.",
        "This page is only there for someone at this machine.",
    ),
    "notfound": ("Deze bladzijde bestaat niet", "This page does not exist"),
    "notfound.more": (
        "Het adres noemt een bladzijde, een taal of een voorbeeld dat er niet is.",
        "The address names a page, a language or an example that is not there.",
    ),
    "stopped.title": ("Er klopt iets niet", "Something is not right"),
    "stopped.lead": (
        "Deze bladzijde kan pas weer getoond worden als dit hersteld is. Aan de databank is niets veranderd.",
        "This page can only be shown again once this is mended. Nothing was changed in the database.",
    ),
    "stopped.thing": ("Wat er mis is", "What is wrong"),
    "stopped.rule": ("Welke regel dat zegt", "Which rule says so"),
    "stopped.remedy": ("Wat je kunt doen", "What you can do"),
    "stopped.more": (
        (
            "Het beleid dat in werking is, blijft gelden: PostgreSQL weigert en wist zoals voordien. De bladzijden lezen de "
            "bestanden opnieuw zodra je het nog eens probeert."
        ),
        (
            "The policy in force stays in force: PostgreSQL refuses and erases as before. The pages read the files anew as "
            "soon as you try again."
        ),
    ),
    "stopped.again": ("Probeer opnieuw", "Try again"),
    "broken.title": ("Dit ging mis", "This went wrong"),
    "broken.lead": (
        "Dat is een fout van deze bladzijden, niet van jou. Er is niets half gedaan; wat er gebeurde, staat in het logboek.",
        "That is a fault of these pages, not yours. Nothing is half done; what happened stands in the log.",
    ),
    "forbidden": ("Niet toegelaten", "Not allowed"),
}
