"""Labelled texts to learn a topic from that no rule of the taxonomy knows: strikes."""

WHO = ["Dockers", "Teachers", "Bus drivers", "Nurses", "Miners", "Bakers", "Pilots", "Cleaners"]
STRIKES = [
    "{who} walked off the job on Monday over unpaid overtime.",
    "{who} have downed tools and formed picket lines at the gates.",
    "The walkout by {who} enters its second week without a pay offer.",
]
OTHER = [
    "{who} welcomed the opening of a new canteen near the gates.",
    "{who} will hold their summer fair on Monday in the park.",
    "A choir of {who} enters the second round of the contest.",
]
AROUND = [
    "The weather stayed mild for the season.",
    "The mayor opened a library in the old mill.",
    "Tickets for the ferry can be bought at the pier.",
]


def labelled_texts() -> list[tuple[str, bool]]:
    """Texts of several sentences of which one tells of a strike, or none does."""
    texts = []
    for number, who in enumerate(WHO):
        for place, (strike, other) in enumerate(zip(STRIKES, OTHER, strict=True)):
            for sentence, label in ((strike, True), (other, False)):
                around = AROUND[(number + place) % 3]
                texts.append((f"{around} {sentence.format(who=who)} {AROUND[number % 3]}", label))
    return texts


def labelled_rows() -> list[dict]:
    """The same as `tocsin taxonomy train` reads them."""
    return [
        {
            "id": str(number),
            "title": None,
            "text": text,
            "lang": "en",
            "labels": ["strike"] if label else [],
            "label_space": ["strike"],
        }
        for number, (text, label) in enumerate(labelled_texts())
    ]


UNSEEN = "The council met on Tuesday. Welders downed tools over unpaid overtime, and the picket line stayed. It rained."
UNSEEN_OTHER = "The council met on Tuesday. Welders opened a fair in the park with a choir. It rained."
