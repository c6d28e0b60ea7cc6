"""Who trades what in the generated files: parties, products and texts, all invented, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

WORDS = ("Schraube", "Bolt", "Crème", "Filter", "Käse", "Paint, white", "T-Shirt", "Boîte", "Cable 3x1.5", "Müsli", "Lamp 60W", "Nuts & seeds",
         "Jeans 32/34", "Glove", "Soap", "Pflaster", "Papier A4", "Coffee", "Thé vert", "Garden hose", "Salsa <hot>", "Men's socks", "Pump",
         "Ölfilter", "Hinge", "Battery AA", "Notebook", "Chair", "Trowel", "Tape 50m")
TRAITS = ("blue", "500 g", "rot", "M", "XL", "6-pack", "20 mm", "organic", "steel", "1,5 l", "extra fort", "12 St.", "100%", "refill", "left")
ODD = ("what's new?", "A+B", "1:10", "50 * 70", "size ~ 40", "5' long", "red/blue", "20% off", "l'été", "Größe 7")
TEXTS = ("Please deliver before 10:00 a.m.", "Anlieferung nur über Tor 3", "Call +49 30 1234567 on arrival", "Don't double-stack pallets",
         "Is a partial delivery possible? Then tell us.", "Livraison à quai, merci", "Handle with care", "Bitte Lieferschein beilegen")
STREETS = ("Hauptstr. 12", "5th Avenue 350", "Rue de l'Église 4", "Industrieweg 7a", "Main St. 100", "Via Roma 21", "Am Bahnhof 1")
CITIES = (("Berlin", "10115", "DE", ""), ("Lyon", "69002", "FR", ""), ("Graz", "8010", "AT", ""), ("Utrecht", "3511", "NL", ""),
          ("Milano", "20121", "IT", ""), ("Zürich", "8001", "CH", ""))
TOWNS = (("CHICAGO", "60601", "US", "IL"), ("DALLAS", "75201", "US", "TX"), ("CLEVELAND", "44114", "US", "OH"), ("DENVER", "80202", "US", "CO"))
FIRMS = ("Kaufhaus Nord", "Marché & Fils", "Bolt+Nut Ltd.", "O'Neill Stores", "Großhandel Süd", "City Retail", "Superette No. 5", "Baumarkt Ost")


@dataclass(frozen=True, slots=True)
class Product:
    """One article; `price` in cents, `rate` of tax in percent."""

    gtin: str
    buyer_item: str
    seller_item: str
    name: str
    price: int
    unit: str
    rate: int


@dataclass(frozen=True, slots=True)
class Party:
    """One firm with its number."""

    gln: str
    name: str
    street: str
    city: str
    postcode: str
    country: str
    region: str
    vat: str


@dataclass(frozen=True, slots=True)
class Market:
    """What one file draws from."""

    products: list[Product]
    buyers: list[Party]
    sites: list[Party]
    seller: Party


def check_digit(digits: str) -> str:
    """The digits with their GS1 check digit (weights 3 and 1 from the right)."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def vat_digits(number: int) -> str:
    """Nine digits of a German VAT number with the check digit of ISO 7064 MOD 11,10; the first is never 0."""
    digits = str(10_000_000 + number % 90_000_000)
    product = 10
    for digit in digits:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return digits + str((11 - product) % 10)


def market(seed: int, american: bool = False, products: int = 500) -> Market:
    """The same market for the same seed."""
    rng = Random(seed)
    goods = []
    for number in range(products):
        name = f"{rng.choice(WORDS)} {rng.choice(TRAITS)}"
        if rng.random() < 0.15:
            name += " " + rng.choice(ODD)
        goods.append(Product(check_digit(f"40{rng.randrange(10**10):010d}"), f"{100000 + number * 7}", f"{rng.choice('ABKTX')}{rng.randrange(1000, 99999)}-{number % 10}",
                             name[:35].strip(), rng.randrange(49, 25000), rng.choice(("PCE", "PCE", "PCE", "CT", "KGM")), rng.choice((19, 19, 19, 7))))
    places = TOWNS if american else CITIES

    def party(number: int) -> Party:
        city, postcode, country, region = rng.choice(places)
        name = f"{FIRMS[number % len(FIRMS)]} {1 + number // len(FIRMS)}"
        return Party(check_digit(f"40{rng.randrange(10**10):010d}"), name, rng.choice(STREETS), city, postcode, country, region,
                     f"DE{vat_digits(rng.randrange(10**9))}")

    return Market(goods, [party(number) for number in range(8)], [party(8 + number) for number in range(60)], party(99))


def iso_day(number: int) -> str:
    """A day of 2024 as YYYYMMDD, the same for the same number."""
    number %= 336
    return f"2024{1 + number // 28:02d}{1 + number % 28:02d}"


def decimal(cents: int) -> str:
    """Cents as a number without needless zeros: 1250 is 12.5."""
    whole, part = divmod(cents, 100)
    return f"{whole}.{part:02d}".rstrip("0").rstrip(".") if part else str(whole)
