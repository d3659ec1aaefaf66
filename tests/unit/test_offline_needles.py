"""OfflineLM finds one sentence in a long document, and says so when it is not there."""

from __future__ import annotations

import re

import pytest
from offline_play import page_of, pages, play

CASES = [
    (
        "What is the magic number?",
        ["The magic number is 7481926.", "The magic number of last year was 1111111."],
        "7481926",
    ),
    ("What is the magic number?", ["Remember this: the magic number for today's exercise is 58-21-77."], "58-21-77"),
    ("what is the secret code", ["The secret code is XK-42-ZULU.", "The secret code is not ABC-11-DEF."], "XK-42-ZULU"),
    ("What is the password?", ["The password is 'swordfish'.", "The old password was hunter2."], "swordfish"),
    (
        "What is the passphrase for the vault?",
        [
            'The passphrase for the vault is "correct horse battery staple".',
            'The passphrase for the garage is "open sesame".',
        ],
        "correct horse battery staple",
    ),
    ("What is the key term?", ["The key term is photosynthesis."], "photosynthesis"),
    ("What is the key term of this document?", ["KEY TERM: ostinato"], "ostinato"),
    (
        "What is the capital of Freedonia?",
        ["The capital of Freedonia is Sylvania City, a port on the Gulf.", "The capital of Ruritania is Strelsau."],
        "Sylvania City",
    ),
    (
        "Which city is the capital of Freedonia?",
        ["Glennport, the capital of Freedonia, has 30,000 inhabitants."],
        "Glennport",
    ),
    ("How many windows does the tower have?", ["The tower has 324 windows and 2 doors."], "324"),
    ("How many windows does the tower have?", ["There are 47 windows in the tower."], "47"),
    ("Who wrote the report?", ["The report was written by Jane Miller in 1998."], "Jane Miller"),
    (
        "Who wrote the report on erosion?",
        ["Dr. Jane Miller wrote the report on erosion.", "Tom Ash wrote the report on rain."],
        "Jane Miller",
    ),
    ("When was the bridge opened?", ["The bridge was opened on 14 May 1932 by the mayor."], "14 May 1932"),
    (
        "When was the Harrow Bridge opened?",
        ["Work on the Harrow Bridge began in 1901.", "The Harrow Bridge opened to traffic in June 1905."],
        "June 1905",
    ),
    ("Where was Ada born?", ["Ada was born in London in 1815."], "London"),
    (
        "Where was Ada Byron born?",
        ["Ada Byron, whose father was a poet, was born in a house near Piccadilly."],
        "Piccadilly",
    ),
    ("Who is the CEO of Acme?", ["Acme's CEO is Tom Baker.", "Bolt's CEO is Sue Kim."], "Tom Baker"),
    ("Who is the CEO of Acme Corporation?", ["Tom Baker, CEO of Acme Corporation, spoke first."], "Tom Baker"),
    (
        "What is the melting point of gallium?",
        ["The melting point of gallium is 29.76 °C.", "The melting point of iron is 1538 °C."],
        "29.76",
    ),
    ("How old is Mary Stone?", ["Mary Stone is 47 years old.", "Peter Stone is 51 years old."], "47"),
    ("How tall is Mount Arden?", ["Mount Arden rises to a height of 3,412 metres."], "3,412"),
    ("What colour is the captain's coat?", ["The captain's coat is dark green."], "dark green"),
    ("What is the name of the captain's ship?", ["The captain's ship is named Morning Star."], "Morning Star"),
    ("What year was the company founded?", ["The company was founded in 1974 by two sisters."], "1974"),
    (
        "What is the access code for room 12?",
        ["The access code for room 12 is 9043.", "The access code for room 14 is 1177."],
        "9043",
    ),
    ("Find the secret word hidden in this document.", ["The secret word is marmalade."], "marmalade"),
    ("What is the serial number of the pump?", ["Serial number of the pump: PX-88213-B"], "PX-88213-B"),
    (
        "What was the budget of the Orion project in 2021?",
        [
            "In 2021 the Orion project had a budget of $4.2 million.",
            "In 2020 the Orion project had a budget of $3.9 million.",
        ],
        "$4.2 million",
    ),
    ("Who discovered the comet?", ["The comet was discovered by Lena Fischer on a cold night."], "Lena Fischer"),
    ("Where is the treasure buried?", ["The treasure is buried under the oak at Raven Hill."], "Raven Hill"),
    (
        "What is Bob's favourite fruit?",
        ["Bob's favourite fruit is the quince.", "Ann's favourite fruit is the pear."],
        "quince",
    ),
    ("What is the wifi password?", ["WiFi password: tulip-Garden-77"], "tulip-Garden-77"),
    (
        "What is the special magic number for Berlin?",
        [
            "One of the special magic numbers for Berlin is: 8231555.",
            "One of the special magic numbers for Paris is: 1231555.",
        ],
        "8231555",
    ),
    (
        "What is the best thing to do in San Francisco?",
        ["The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a sunny day."],
        "eat a sandwich",
    ),
    (
        "When did Marie Keller die?",
        ["Marie Keller died on March 3, 1921.", "Marie Keller was born on May 7, 1850."],
        "March 3, 1921",
    ),
    ("What is the phone number of the office?", ["The phone number of the office is +44 20 7946 0958."], "7946 0958"),
    ("What is the total budget?", ["The total budget is $5,400,000.", "The travel budget is $20,000."], "$5,400,000"),
    (
        "What is the highest mountain in Elbonia?",
        ["The highest mountain in Elbonia is Mount Grub.", "The highest mountain in Florin is Cliff Peak."],
        "Mount Grub",
    ),
    (
        "What is the email address of the editor?",
        ["The email address of the editor is mira.olsen@example.org."],
        "mira.olsen@example.org",
    ),
    (
        "Which company built the dam?",
        ["The dam was built by Corwin Industries between 1950 and 1955."],
        "Corwin Industries",
    ),
    ("Was ist die geheime Zahl?", ["Die geheime Zahl ist 90210."], "90210"),
    ("Какой секретный код?", ["Секретный код: 5519."], "5519"),
    (
        "Who won the chess tournament?",
        ["Ivo Marek won the chess tournament in nine rounds.", "Ivo Marek lost to Sam Hill in the tennis final."],
        "Ivo Marek",
    ),
    ("How much does the blue lamp cost?", ["The blue lamp costs €49.90.", "The red lamp costs €39.90."], "€49.90"),
    ("How many people live in Tarn?", ["Tarn has 12,408 inhabitants."], "12,408"),
    ("What does the acronym RLM stand for?", ["RLM stands for Recursive Language Model."], "Recursive Language Model"),
    (
        "What is the deadline for the tender?",
        ["The deadline for the tender is 30 September 2025."],
        "30 September 2025",
    ),
    (
        "What time does the train to Oslo leave?",
        ["The train to Oslo leaves at 7:45.", "The train to Bergen leaves at 8:15."],
        "7:45",
    ),
    ("How long is the river Ash?", ["The river Ash is 214 km long."], "214"),
    ("Which planet does the colony orbit?", ["The colony orbits the planet Kestrel."], "Kestrel"),
    ("What is the launch code?", ["General Ross typed in the launch code, 00417-ALPHA, and waited."], "00417-ALPHA"),
    ("What was the final score of the match?", ["The match ended with a final score of 3-1 for the visitors."], "3-1"),
    (
        "Who invented the stirling pump?",
        ["It is generally agreed that the Stirling pump was invented by the Scottish engineer Robert Kay."],
        "Robert Kay",
    ),
    (
        "Who is the author of the book The Long Hill?",
        ["The Long Hill is a book by Maria Lopez, published in 1951."],
        "Maria Lopez",
    ),
    ("In which city was the treaty signed?", ["The treaty was signed in Utrecht on 3 May 1713."], "Utrecht"),
    ("When was the treaty signed?", ["The treaty was signed in Utrecht on 3 May 1713."], "3 May 1713"),
    ("What is the name of the protagonist?", ["The protagonist, Elena Marsh, lives alone."], "Elena Marsh"),
    ("What is the atomic number of unobtainium?", ["Unobtainium has the atomic number 119."], "119"),
    ("What is the hidden passphrase?", ["Note to self: passphrase = blue-otter-93"], "blue-otter-93"),
    ("How much did the project cost?", ["The project cost a total of $2.3 million."], "$2.3 million"),
    (
        "How many employees does the company have?",
        ["The company employs 1,250 people.", "As of 2020, the company has 1,250 employees worldwide."],
        "1,250",
    ),
    ("What is the CEO's salary?", ["The CEO's salary was raised to $310,000 last spring."], "$310,000"),
    ("What is the population of Tarn?", ["Tarn, a market town, has a population of 12,408."], "12,408"),
    ("What is the speed limit on Mill Road?", ["On Mill Road the speed limit is 30 km/h."], "30"),
    ("Where does Mr. Hobbs live?", ["Mr. Hobbs lives in a small flat in Bristol."], "Bristol"),
    ("Where is the headquarters of Nordlicht AG?", ["Nordlicht AG has its headquarters in Hamburg."], "Hamburg"),
    ("When does the conference start?", ["The conference starts on Monday, 12 June 2023 at 9:30."], "12 June 2023"),
    ("What is the warranty period?", ["The warranty period is 24 months from the date of purchase."], "24 months"),
    ("Which animal stole the bread?", ["The bread was stolen by a fox."], "fox"),
    ("What is the favourite colour of Lady Vane?", ["Lady Vane's favourite colour is violet."], "violet"),
    ("What is the ISBN?", ["ISBN: 978-3-16-148410-0"], "978-3-16-148410-0"),
    ("What's the IP address of the server?", ["The IP address of the server is 10.0.14.7."], "10.0.14.7"),
    ("What is the invoice number?", ["Invoice number: INV-2023-0042"], "INV-2023-0042"),
    ("What is the magic word?", ['The magic word is "Xyzzy".'], "Xyzzy"),
    ("What is the needle?", ["The needle is a purple elephant."], "purple elephant"),
    ("What is the answer to the riddle?", ["The answer to the riddle is time."], "time"),
    ("Tell me the security key please.", ["Security key: Q7-99-LIMA"], "Q7-99-LIMA"),
    (
        "who was the first mayor of Brent",
        ["The first mayor of Brent was Olive Hart.", "The second mayor of Brent was Tom Reed."],
        "Olive Hart",
    ),
    ("Who succeeded Olive Hart as mayor?", ["Tom Reed succeeded Olive Hart as mayor in 1912."], "Tom Reed"),
    ("Who did Olive Hart marry?", ["Olive Hart married Samuel Crane in 1899."], "Samuel Crane"),
    ("What percentage of voters supported the plan?", ["The plan was supported by 62% of voters."], "62%"),
    ("What is the boiling point of compound X-12?", ["Compound X-12 has a boiling point of 187 °C."], "187"),
    ("How many pages does the atlas have?", ["The atlas runs to 412 pages."], "412"),
    ("How far is Harlow from Brent?", ["Harlow is 23 miles from Brent."], "23 miles"),
    ("What is the minimum age for members?", ["The minimum age for members is 18 years."], "18"),
    ("What is the largest lake in Norvia?", ["The largest lake in Norvia is Lake Selm."], "Selm"),
    ("What is the average rainfall in Norvia?", ["The average rainfall in Norvia is 840 mm."], "840"),
    ("What is the magic number? Answer with the number only.", ["The magic number is 7481926."], "7481926"),
    (
        "I need you to find the magic number that is hidden somewhere in this very long document. "
        "Only return the number, nothing else. What is the magic number?",
        ["The magic number is 7481926."],
        "7481926",
    ),
    ("Find the magic number", ["A magic number is hidden here: 7481926."], "7481926"),
    ("What is the secret number?", ["Remember, the secret number you are looking for is 4417."], "4417"),
    ("What is the vault combination?", ["To open the vault, use the combination 12-34-56."], "12-34-56"),
    (
        "What is the key finding of the study?",
        ["The key finding of the study is that sleep improves memory."],
        "sleep improves memory",
    ),
]


@pytest.mark.parametrize(("query", "needles", "value"), CASES)
@pytest.mark.parametrize("width", [0, 60, 90])
def test_the_value_is_found_among_decoys(query: str, needles: list[str], value: str, width: int) -> None:
    for seed in range(2):
        run = play(query, pages(needles, seed, width=width))
        assert value.lower() in run.head.lower(), run.answer
        assert len(run.head) < 110
        assert not run.errors


@pytest.mark.parametrize(("query", "needles", "value"), CASES)
def test_nothing_is_invented_when_the_sentence_is_missing(query: str, needles: list[str], value: str) -> None:
    rest = [needle for needle in needles if value.lower() not in needle.lower()]
    answer = play(query, pages(rest, 7)).answer
    assert answer.startswith(("No answer found in the document", "Perhaps ", "Perhaps: ")), answer


def test_the_place_and_the_sentence_come_with_the_answer() -> None:
    text = pages(["The magic number is 7481926."], 3)
    answer = play("What is the magic number?", text).answer
    assert answer == f'7481926 (p. {page_of(text, "7481926")}): "The magic number is 7481926."'


def test_a_document_without_pages_is_told_by_its_line() -> None:
    text = "\n".join(["Nothing here."] * 40 + ["The magic number is 7481926."] + ["Nothing there."] * 40)
    assert "7481926 (line 41)" in play("What is the magic number?", text).answer


def test_several_documents_are_told_by_their_number() -> None:
    docs = [pages([], 1), pages(["The magic number is 7481926."], 2), "short"]
    assert re.match(r"7481926 \(document 2, p. \d+\)", play("What is the magic number?", docs).answer)


@pytest.mark.parametrize(
    "cut",
    ["The mag-\nic num-\nber is 7481926.", "The magic\nnumber\nis\n7481926.", "The magic\u00ad number is 7481926."],
)
def test_words_cut_by_line_breaks_are_read_as_one(cut: str) -> None:
    assert play("What is the magic number?", pages([cut], 5)).head == "7481926"


def test_a_sentence_may_go_on_over_the_page() -> None:
    assert play("What is the magic number?", pages(["The magic number\fis 7481926."], 5)).head == "7481926"


def test_thousands_of_pages_hide_nothing() -> None:
    text = pages(["The magic number is 7481926.", "The magic number of last year was 1111111."], 9, sentences=40_000)
    assert play("What is the magic number?", text).head == "7481926"


def test_a_question_whose_words_stand_nowhere_ends_early() -> None:
    run = play("What is the melting point of unobtainium?", "All quiet by the lake.\n" * 500)
    assert run.answer.startswith("No answer found in the document for: What is the melting point of unobtainium?")
    assert run.sub_calls == 0


def test_another_substance_is_not_the_one_asked_for() -> None:
    text = pages(["The melting point of iron is 1538 °C.", "The boiling point of water is 100 °C."], 4)
    assert "No answer found" in play("What is the melting point of unobtainium?", text).answer


@pytest.mark.parametrize("empty", ["", " \n ", "\f\f", [], ["", ""]])
def test_an_empty_context_gives_no_answer(empty: str | list[str]) -> None:
    run = play("What is the magic number?", empty)
    assert "No answer found" in run.answer
    assert not run.errors


def test_between_two_and_five_turns_are_needed() -> None:
    run = play("What is the magic number?", pages(["The magic number is 7481926."], 3))
    assert len(run.responses) == 4
    assert run.sub_calls >= 1


NOTES = [
    "# Arrival\n\nThe key hung where she had said: behind the third oyster shell.\n\n- 11 litres of drinking water\n",
    "## Counts\n\n| species  | birds | where      |\n|----------|------:|------------|\n"
    "| teal     |    48 | north pool |\n| lapwing  |    22 | meadow     |\n",
    "## Bats\n\n- pond bat: 212 passes\n- noctule: 31 passes\n\n"
    "The sluice keeper, Corin Saltmarsh, lets the water in.\n",
]


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("Where did the key hang?", "behind the third oyster shell (document 1"),
        ("How many teal were counted?", "48 ("),
        ("How many passes of the noctule were recorded?", "31 (document 3"),
        ("Who is the sluice keeper?", "Corin Saltmarsh (document 3"),
        ("How many litres of drinking water were there?", "11 litres (document 1"),
    ],
)
def test_short_notes_in_markdown(query: str, value: str) -> None:
    assert play(query, NOTES).answer.startswith(value)


PROSE = (
    "Present at the meeting were Ann Hobbs, Pavel Dunmore and Sue Lark. The roof of the shed leaks. Pavel Dunmore left "
    "the cooperative because he had quarrelled with the miller. In August Linus Whitlock saw the fall of the tower. "
    "Nobody knows who painted the door."
)


@pytest.mark.parametrize(
    ("query", "start"),
    [
        ("Why did Pavel Dunmore leave?", "because he had quarrelled with the miller (line 1)"),
        ("Who was present at the meeting?", "Ann Hobbs, Pavel Dunmore and Sue Lark (line 1)"),
        ("Who painted the door?", "Perhaps: “Nobody knows who painted the door.” (line 1)"),
        ("What leaks?", "the roof of the shed (line 1)"),
        (
            "Who did Linus Whitlock fall from?",
            "Perhaps: “In August Linus Whitlock saw the fall of the tower.” (line 1)",
        ),
    ],
)
def test_reasons_lists_subjects_and_whole_sentences(query: str, start: str) -> None:
    assert play(query, PROSE).answer.startswith(start)
