"""What is nobody's: employers, products, prices, contests."""

from __future__ import annotations

import datetime as dt

from charging.generate import names
from charging.generate.world import World, month_end

#: What each is called in Dutch, English, French and German.
PRODUCTS = (
    (
        *(
            1,
            "home-charger",
            ("Thuislaadpunt", "Home charge point", "Borne à domicile", "Ladepunkt zu Hause"),
        ),
        *("home_charger", 149_000),
    ),
    (2, "charge-card", ("Laadkaart", "Charge card", "Carte de recharge", "Ladekarte"), "charge_card", 0),
    (
        *(
            3,
            "hems",
            ("Energiebeheer thuis", "Home energy management", "Gestion de l’énergie", "Energiemanagement"),
        ),
        *("hems", 24_900),
    ),
)
#: CREG's ceilings per region and quarter of 2025, in ten-thousandths of a euro per kWh.
CREG_2025 = {
    "flanders": (2822, 3194, 3456, 3070),
    "brussels": (3294, 3585, 3787, 3356),
    "wallonia": (3256, 3617, 3843, 3457),
}


def catalogue(world: World) -> None:
    """Reference rows. Their ids are small numbers: they are the same in every run."""
    start = world.ago(12 * 365)
    for number, name in enumerate(names.EMPLOYERS, 1):
        domain = names.plain(name) + ".example"
        row = {"id": number, "name": name, "kbo": f"0999.{number:03d}.{number:03d}", "email_domain": domain}
        world.add("employer", start, since=dt.date(2013, 1, 1), **row)
        world.employers.append(row)
    for id_, key, called, service, price in PRODUCTS:
        world.add(
            "product",
            start,
            id=id_,
            key=key,
            **labels(called),
            service=service,
            price_cents=price,
        )
    world.add("installer", start, id=1, name="Laadwerk Installaties", kbo="0999.900.901")
    row_id = 0
    for region, quarters in CREG_2025.items():
        for quarter, rate in enumerate(quarters):
            row_id += 1
            first = dt.date(2025, 3 * quarter + 1, 1)
            world.add(
                "tariff",
                start,
                id=row_id,
                region=region,
                valid_from=first,
                valid_until=month_end(first.replace(month=first.month + 2)),
                euro_e4_per_kwh=rate,
                published_in="CREG, circ. 2024/C/77",
            )
    year = world.as_of.year
    for table, key, called in (
        (
            "contest",
            "lente",
            ("Lentewedstrijd", "Spring contest", "Concours de printemps", "Frühlingsgewinnspiel"),
        ),
        ("survey", "tevredenheid", ("Tevredenheid", "Satisfaction", "Satisfaction", "Zufriedenheit")),
    ):
        world.add(
            table,
            start,
            id=1,
            key=key,
            **labels(called),
            opens_on=dt.date(year - 6, 1, 1),
            closes_on=dt.date(year, 12, 31),
        )


def labels(called: tuple[str, str, str, str]) -> dict[str, str]:
    """in: in Dutch, English, French and German. out: by column."""
    return dict(zip(("label_nl", "label_en", "label_fr", "label_de"), called, strict=True))


def employer_invoices(world: World) -> None:
    """The headers of the invoices to employers, with the totals of their lines."""
    for (employer, issued), (row, total) in sorted(world.invoices.items()):
        world.add(
            "employer_invoice",
            world.now,
            id=row,
            employer_id=employer,
            number=f"E{issued:%Y%m}-{employer:03d}",
            issued_on=issued,
            total_cents=total,
        )
