"""Deterministic files of realistic variety, of any size, in constant memory.

    python -m benchmarks.generate orders_d96a --mb 10 --out orders.edi
    python -m benchmarks.generate orders_d96a --messages 1 --lines 200000 --out big.edi
    python -m benchmarks.generate ubl_order --mb 10 --out orders.xml
    python -m benchmarks.generate x12_850 --mb 10 --faulty --out faulty.edi        one fault in every message (faults.py)

Seeded, no clock: the same arguments give the same bytes. Several partners' habits alternate: with and without texts,
addresses, schedules, allowances; free text carries delimiters and accents. Totals, counts and check digits are right.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from html import escape as xml_text
from itertools import count
from random import Random

from benchmarks.faults import EDIFACT, X12, Fault, planted
from benchmarks.goods import TEXTS, Market, Party, Product, decimal, iso_day, market

Blocks = Iterator[list[str]]  # the segments between a message's header and trailer, a few at a time
Writer = Callable[[Random, Market, int, int], Blocks]
RELEASE = str.maketrans({char: "?" + char for char in "?+:'"})
PLAIN = str.maketrans({"*": "x", "~": "-", ">": " ", "ä": "a", "ö": "o", "ü": "u", "ß": "s", "é": "e", "É": "E", "è": "e", "à": "a", "î": "i",
                       "Ö": "O", "Ü": "U", "<": " "})
PIECE = 2000  # segments in one piece of a large message


def _released(text: str) -> str:
    return text.translate(RELEASE)


def _plain(text: str) -> str:
    return text.translate(PLAIN)


def _lines(rng: Random, lines: int) -> int:
    """About `lines`, exactly so many from a thousand on."""
    return lines if lines >= 1000 else max(1, lines + rng.randrange(-lines // 4, lines // 4 + 1))


def _enveloped(writer: Writer, market_: Market, start: tuple[str, str], end: Callable[[int], str], header: Callable[[int], str],
               trailer: Callable[[int, int], str], terminator: str, line_break: str, messages: int, lines: int, seed: int,
               size: int, faults: tuple[Fault, ...] = ()) -> Iterator[bytes]:
    """Envelope, messages until there are enough of them or of bytes, envelope. With `faults` each message gets one of them."""
    rng = Random(seed)
    after = terminator + line_break
    written = 0

    def piece(segments: list[str]) -> bytes:
        nonlocal written
        text = (after.join(segments) + after).encode("latin-1")
        written += len(text)
        return text

    prefix, opening = start
    yield prefix.encode() + (line_break.encode() if prefix else b"") + piece(opening.split("\0"))
    number = 0
    for number in count(1):
        segments, total = [header(number)], 1
        blocks = writer(rng, market_, number, _lines(rng, lines))
        for block in planted(blocks, number, faults) if faults else blocks:
            segments += block
            total += len(block)
            if len(segments) >= PIECE:
                yield piece(segments)
                segments = []
        segments.append(trailer(number, total + 1))
        yield piece(segments)
        if (messages and number >= messages) or (size and written >= size) or not (messages or size):
            break
    yield piece(end(number).split("\0"))


# -- EDIFACT


def _edifact(writer: Writer, name: str, messages: int, lines: int, seed: int, size: int, line_break: str,
             faulty: bool) -> Iterator[bytes]:
    goods = market(seed)
    reference = f"{seed:06d}"
    opening = f"UNB+UNOC:3+{goods.buyers[0].gln}:14+{goods.seller.gln}:14+240115:0930+{reference}++{name}"
    return _enveloped(writer, goods, ("UNA:+.? '", opening), lambda number: f"UNZ+{number}+{reference}",
                      lambda number: f"UNH+{number}+{name}:D:96A:UN:EAN008", lambda number, total: f"UNT+{total}+{number}",
                      "'", line_break, messages, lines, seed, size, EDIFACT if faulty else ())


def orders_d96a(messages: int = 0, lines: int = 40, seed: int = 1, *, size: int = 0, line_break: str = "",
                faulty: bool = False) -> Iterator[bytes]:
    """ORDERS D.96A as EANCOM uses it: one interchange in pieces, until `messages` or `size` bytes are reached."""
    return _edifact(_orders, "ORDERS", messages, lines, seed, size, line_break, faulty)


def invoic_d96a(messages: int = 0, lines: int = 40, seed: int = 1, *, size: int = 0, line_break: str = "",
                faulty: bool = False) -> Iterator[bytes]:
    """INVOIC D.96A as EANCOM uses it, some of them credit notes."""
    return _edifact(_invoic, "INVOIC", messages, lines, seed, size, line_break, faulty)


def _nad(role: str, party: Party, full: bool) -> str:
    if not full:
        return f"NAD+{role}+{party.gln}::9"
    return (f"NAD+{role}+{party.gln}::9++{_released(party.name)}+{_released(party.street)}+{_released(party.city)}++"
            f"{party.postcode}+{party.country}")


def _orders(rng: Random, goods: Market, number: int, lines: int) -> Blocks:
    habit, day = rng.randrange(4), rng.randrange(300)
    buyer, site = rng.choice(goods.buyers), rng.choice(goods.sites)
    head = [f"BGM+{'220' if habit < 3 else '224'}+{4500000000 + number}+9", f"DTM+137:{iso_day(day)}:102", f"DTM+2:{iso_day(day + 5)}:102"]
    if habit in (1, 3):
        head += [f"FTX+DEL+++{_released(rng.choice(TEXTS))}", f"FTX+PUR+1++{_released(rng.choice(TEXTS))}:{_released(rng.choice(TEXTS))}"]
    head.append(f"RFF+CT:{7000 + rng.randrange(50)}")
    if habit == 2:
        head += [f"DTM+171:{iso_day(day - 30)}:102", f"RFF+PD:PROMO{rng.randrange(10)}"]
    head += [_nad("BY", buyer, habit != 0), f"RFF+VA:{buyer.vat}", "CTA+OC+:Einkauf", "COM+einkauf@example.com:EM",
             _nad("SU", goods.seller, habit == 3), _nad("DP", site, True), "CUX+2:EUR:9"]
    if habit == 1:
        head += ["PAT+1++5:3:D:30", "TOD+3++DDP"]
    yield head
    total = 0
    for line in range(1, lines + 1):
        block, amount = _order_line(rng, rng.choice(goods.products), line, habit, day)
        total += amount
        yield block
    yield ["UNS+S", f"MOA+79:{decimal(total)}", f"CNT+2:{lines}"]


def _order_line(rng: Random, product: Product, line: int, habit: int, day: int) -> tuple[list[str], int]:
    """The segments of one line and its amount in cents."""
    quantity = rng.randrange(1, 200)
    block = [f"LIN+{line}++{product.gtin}:EN", f"PIA+1+{product.seller_item}:SA+{product.buyer_item}:IN",
             f"IMD+F++:::{_released(product.name)}", f"QTY+21:{quantity}" + (f":{product.unit}" if habit else "")]
    if habit == 2:
        block.append(f"DTM+2:{iso_day(day + rng.randrange(3, 20))}:102")
    if habit != 0:
        block.append(f"MOA+203:{decimal(quantity * product.price)}")
    if rng.random() < 0.08:
        block.append(f"FTX+LIN+++{_released(rng.choice(TEXTS))}")
    block.append(f"PRI+AAA:{decimal(product.price)}" + (f":::1:{product.unit}" if habit == 3 else ""))
    return block, quantity * product.price


def _invoic(rng: Random, goods: Market, number: int, lines: int) -> Blocks:
    credit, habit, day = rng.random() < 0.1, rng.randrange(3), rng.randrange(300)
    buyer, site = rng.choice(goods.buyers), rng.choice(goods.sites)
    head = [f"BGM+{'381' if credit else '380'}+{9000000 + number}+9", f"DTM+137:{iso_day(day)}:102", f"DTM+35:{iso_day(day - 2)}:102"]
    if habit == 1:
        head.append(f"FTX+ZZZ+++{_released(rng.choice(TEXTS))}")
    head += [f"RFF+ON:{4500000000 + number}", f"DTM+171:{iso_day(day - 9)}:102", f"RFF+DQ:LS{number:07d}", f"DTM+171:{iso_day(day - 2)}:102"]
    if credit:
        head.append(f"RFF+IV:{9000000 + max(1, number - 5)}")
    head += [_nad("BY", buyer, True), f"RFF+VA:{buyer.vat}", _nad("SU", goods.seller, True), f"RFF+VA:{goods.seller.vat}",
             _nad("IV", buyer, habit == 2), _nad("DP", site, habit != 0), "CUX+2:EUR:4", "PAT+3", f"DTM+13:{iso_day(day + 30)}:102"]
    if habit == 2:
        head += ["PAT+22++5:3:D:10", "PCD+12:2"]
    yield head
    bases: dict[int, int] = {}
    for line in range(1, lines + 1):
        block, rate, amount = _invoice_line(rng, rng.choice(goods.products), line, habit)
        bases[rate] = bases.get(rate, 0) + amount
        yield block
    taxes = {rate: (base * rate + 50) // 100 for rate, base in sorted(bases.items())}
    net, tax = sum(bases.values()), sum(taxes.values())
    tail = ["UNS+S", f"CNT+2:{lines}", f"MOA+79:{decimal(net)}", f"MOA+125:{decimal(net)}", f"MOA+124:{decimal(tax)}", f"MOA+77:{decimal(net + tax)}"]
    for rate, amount in taxes.items():
        tail += [f"TAX+7+VAT+++:::{rate}+S", f"MOA+125:{decimal(bases[rate])}", f"MOA+124:{decimal(amount)}"]
    yield tail


def _invoice_line(rng: Random, product: Product, line: int, habit: int) -> tuple[list[str], int, int]:
    """The segments of one line, its tax rate and its net amount in cents."""
    quantity = rng.randrange(1, 200)
    discount = quantity * product.price // 20 if habit == 2 and rng.random() < 0.2 else 0
    amount = quantity * product.price - discount
    block = [f"LIN+{line}++{product.gtin}:EN", f"PIA+1+{product.seller_item}:SA+{product.buyer_item}:IN",
             f"IMD+F++:::{_released(product.name)}", f"QTY+47:{quantity}:{product.unit}", f"MOA+203:{decimal(amount)}",
             f"PRI+AAB:{decimal(product.price)}", f"TAX+7+VAT+++:::{product.rate}+S"]
    if habit == 1:
        block.insert(6, f"RFF+ON:{4500000000 + line}")
    if discount:
        block += ["ALC+A++++TD", f"MOA+204:{decimal(discount)}"]
    return block, product.rate, amount


# -- X12


def _x12(writer: Writer, name: str, group: str, messages: int, lines: int, seed: int, size: int, line_break: str,
         faulty: bool) -> Iterator[bytes]:
    control = f"{seed:09d}"
    opening = (f"ISA*00*          *00*          *08*9251230000     *01*123456789      *240115*0930*U*00401*{control}*0*P*>\0"
               f"GS*{group}*9251230000*123456789*20240115*0930*{seed}*X*004010")
    return _enveloped(writer, market(seed, american=True), ("", opening), lambda number: f"GE*{number}*{seed}\0IEA*1*{control}",
                      lambda number: f"ST*{name}*{number:04d}", lambda number, total: f"SE*{total}*{number:04d}",
                      "~", line_break, messages, lines, seed, size, X12 if faulty else ())


def x12_850(messages: int = 0, lines: int = 40, seed: int = 1, *, size: int = 0, line_break: str = "",
            faulty: bool = False) -> Iterator[bytes]:
    """850 of 004010: one interchange in pieces, until `messages` or `size` bytes are reached."""
    return _x12(_850, "850", "PO", messages, lines, seed, size, line_break, faulty)


def x12_810(messages: int = 0, lines: int = 40, seed: int = 1, *, size: int = 0, line_break: str = "",
            faulty: bool = False) -> Iterator[bytes]:
    """810 of 004010, some of them credits."""
    return _x12(_810, "810", "IN", messages, lines, seed, size, line_break, faulty)


def _n1(role: str, party: Party, full: bool) -> list[str]:
    segments = [f"N1*{role}*{_plain(party.name)}*UL*{party.gln}"]
    if full:
        segments += [f"N3*{_plain(party.street)}", f"N4*{party.city}*{party.region}*{party.postcode}*{party.country}"]
    return segments


def _850(rng: Random, goods: Market, number: int, lines: int) -> Blocks:
    habit, day = rng.randrange(4), rng.randrange(300)
    buyer, site = rng.choice(goods.buyers), rng.choice(goods.sites)
    head = [f"BEG*00*{'SA' if habit else 'NE'}*{4500000 + number}**{iso_day(day)}", "CUR*BY*USD", f"REF*DP*{rng.randrange(1, 99):03d}",
            f"REF*IA*{rng.randrange(10000, 99999)}"]
    if habit == 1:
        head += ["PER*BD*PAT BUYER*TE*2165550100*EM*buyer@example.com", "FOB*PP"]
    if habit == 3:
        head.append(f"SAC*A*C310***{rng.randrange(500, 5000)}")
    head += ["ITD*01*3*2**10**30", f"DTM*010*{iso_day(day + 4)}", f"DTM*002*{iso_day(day + 9)}"]
    if habit in (1, 2):
        head += ["TD5*O*2*FDEG*M", "N9*L1*SPECIAL INSTRUCTIONS", f"MSG*{_plain(rng.choice(TEXTS))}"]
    head += [*_n1("BY", buyer, habit != 0), *_n1("ST", site, True), *_n1("SU", goods.seller, habit == 2)]
    yield head
    total = 0
    for line in range(1, lines + 1):
        product, quantity = rng.choice(goods.products), rng.randrange(1, 200)
        block = [f"PO1*{line}*{quantity}*EA*{decimal(product.price)}*{'PE' if habit == 1 else ''}*IN*{product.buyer_item}*VN*{product.seller_item}*EN*{product.gtin}",
                 f"PID*F*08***{_plain(product.name).strip()}"]
        if habit in (0, 2):
            block.append(f"PO4*{rng.choice((6, 12, 24))}*1*EA")
        if rng.random() < 0.1:
            block.append(f"REF*ZZ*{_plain(rng.choice(TEXTS))[:30].strip()}")
        if habit == 2:
            half = quantity // 2
            block += [f"SCH*{half or 1}*EA***002*{iso_day(day + 6)}"] + ([f"SCH*{quantity - half}*EA***002*{iso_day(day + 13)}"] if half else [])
        total += quantity * product.price
        yield block
    yield [f"CTT*{lines}", f"AMT*TT*{decimal(total)}"]


def _810(rng: Random, goods: Market, number: int, lines: int) -> Blocks:
    credit, habit, day = rng.random() < 0.1, rng.randrange(3), rng.randrange(300)
    buyer, site = rng.choice(goods.buyers), rng.choice(goods.sites)
    head = [f"BIG*{iso_day(day)}*{9000000 + number}*{iso_day(day - 9)}*{4500000 + number}***{'CR' if credit else 'DI'}", "CUR*SE*USD",
            f"REF*DP*{rng.randrange(1, 99):03d}", f"REF*BM*BOL{number:07d}", *_n1("RE", goods.seller, True), *_n1("BT", buyer, habit != 0),
            *_n1("ST", site, habit != 1), f"ITD*08*3*2**10*{iso_day(day + 30)}*30", f"DTM*011*{iso_day(day - 2)}"]
    if habit == 2:
        head.append("FOB*PP")
    yield head
    total = 0
    for line in range(1, lines + 1):
        product, quantity = rng.choice(goods.products), rng.randrange(1, 200)
        total += quantity * product.price
        block = [f"IT1*{line}*{quantity}*EA*{decimal(product.price)}**IN*{product.buyer_item}*VN*{product.seller_item}*EN*{product.gtin}",
                 f"PID*F*08***{_plain(product.name).strip()}"]
        if habit == 1:
            block.append(f"PO4*{rng.choice((6, 12, 24))}*1*EA")
        if rng.random() < 0.05:
            off = quantity * product.price // 20
            if off:
                block.append(f"SAC*A*C310***{off}")
                total -= off
        yield block
    tax = total * 6 // 100 if habit == 0 else 0
    tail = [f"TDS*{total + tax}"] + ([f"TXI*ST*{decimal(tax)}*6"] if tax else [])
    if habit:
        tail.append(f"CAD*M***FDEG*FEDEX GROUND**BM*BOL{number:07d}")
    yield [*tail, f"ISS*{rng.randrange(1, 90)}*CT", f"CTT*{lines}"]


# -- UBL

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_ROOT = (f'<Order xmlns="{_UBL}Order-2" xmlns:cac="{_UBL}CommonAggregateComponents-2" xmlns:cbc="{_UBL}CommonBasicComponents-2">')


def ubl_order(messages: int = 0, lines: int = 40, seed: int = 1, *, size: int = 0, faulty: bool = False) -> Iterator[bytes]:
    """UBL 2.1 orders, one document each, until `messages` or `size` bytes are reached; faulty: with one quantity that is none."""
    rng, goods, written = Random(seed), market(seed), 0
    for number in count(1):
        text = "".join(_ubl(rng, goods, number, _lines(rng, lines)))
        document = (text.replace("</cbc:Quantity>", "x</cbc:Quantity>", 1) if faulty else text).encode()
        written += len(document)
        yield document
        if (messages and number >= messages) or (size and written >= size) or not (messages or size):
            return


def ubl_file(messages: int = 0, lines: int = 40, seed: int = 1, *, size: int = 0, line_break: str = "\n",
             faulty: bool = False) -> Iterator[bytes]:
    """One file of UBL orders inside a wrapper element; one order alone stands without it."""
    declaration = b'<?xml version="1.0" encoding="UTF-8"?>\n'
    if messages == 1 and not size:
        yield declaration + next(ubl_order(1, lines, seed, faulty=faulty))
        return
    yield declaration + b"<Orders>" + line_break.encode()
    for document in ubl_order(messages, lines, seed, size=size, faulty=faulty):
        yield document + line_break.encode()
    yield b"</Orders>\n"


def _ubl_party(role: str, party: Party, full: bool) -> str:
    address = (f"<cac:PostalAddress><cbc:StreetName>{xml_text(party.street)}</cbc:StreetName><cbc:CityName>{xml_text(party.city)}</cbc:CityName>"
               f"<cbc:PostalZone>{party.postcode}</cbc:PostalZone><cac:Country><cbc:IdentificationCode>{party.country}"
               "</cbc:IdentificationCode></cac:Country></cac:PostalAddress>") if full else ""
    return (f'<cac:{role}><cac:Party><cac:PartyIdentification><cbc:ID schemeID="0088">{party.gln}</cbc:ID></cac:PartyIdentification>'
            f"<cac:PartyName><cbc:Name>{xml_text(party.name)}</cbc:Name></cac:PartyName>{address}</cac:Party></cac:{role}>")


def _ubl(rng: Random, goods: Market, number: int, lines: int) -> Iterator[str]:
    habit, day = rng.randrange(3), rng.randrange(300)
    buyer, site = goods.buyers[0], rng.choice(goods.sites)  # one file, one buyer, as in the other envelopes
    issued, wanted = (f"{text[:4]}-{text[4:6]}-{text[6:]}" for text in (iso_day(day), iso_day(day + 6)))
    note = f"<cbc:Note>{xml_text(rng.choice(TEXTS))}</cbc:Note>" if habit == 1 else ""
    yield (f"{_ROOT}<cbc:UBLVersionID>2.1</cbc:UBLVersionID><cbc:ID>{4500000000 + number}</cbc:ID><cbc:IssueDate>{issued}</cbc:IssueDate>"
           f"<cbc:OrderTypeCode>220</cbc:OrderTypeCode>{note}<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>")
    yield _ubl_party("BuyerCustomerParty", buyer, habit != 0) + _ubl_party("SellerSupplierParty", goods.seller, habit == 2)
    yield (f'<cac:Delivery><cac:DeliveryLocation><cbc:ID schemeID="0088">{site.gln}</cbc:ID></cac:DeliveryLocation><cac:RequestedDeliveryPeriod>'
           f"<cbc:EndDate>{wanted}</cbc:EndDate></cac:RequestedDeliveryPeriod></cac:Delivery>")
    chosen = [(rng.choice(goods.products), rng.randrange(1, 200)) for _ in range(lines)]
    total = decimal(sum(product.price * quantity for product, quantity in chosen))
    yield (f'<cac:AnticipatedMonetaryTotal><cbc:LineExtensionAmount currencyID="EUR">{total}</cbc:LineExtensionAmount>'
           f'<cbc:PayableAmount currencyID="EUR">{total}</cbc:PayableAmount></cac:AnticipatedMonetaryTotal>')
    for line, (product, quantity) in enumerate(chosen, 1):
        unit = {"PCE": "C62", "CT": "CT", "KGM": "KGM"}[product.unit]
        text = f"<cbc:Note>{xml_text(rng.choice(TEXTS))}</cbc:Note>" if rng.random() < 0.08 else ""
        yield (f'<cac:OrderLine>{text}<cac:LineItem><cbc:ID>{line}</cbc:ID><cbc:Quantity unitCode="{unit}">{quantity}</cbc:Quantity>'
               f'<cbc:LineExtensionAmount currencyID="EUR">{decimal(product.price * quantity)}</cbc:LineExtensionAmount>'
               f'<cac:Price><cbc:PriceAmount currencyID="EUR">{decimal(product.price)}</cbc:PriceAmount></cac:Price>'
               f"<cac:Item><cbc:Name>{xml_text(product.name)}</cbc:Name><cac:BuyersItemIdentification><cbc:ID>{product.buyer_item}</cbc:ID>"
               f"</cac:BuyersItemIdentification><cac:SellersItemIdentification><cbc:ID>{product.seller_item}</cbc:ID></cac:SellersItemIdentification>"
               f'<cac:StandardItemIdentification><cbc:ID schemeID="0160">{product.gtin}</cbc:ID></cac:StandardItemIdentification></cac:Item>'
               "</cac:LineItem></cac:OrderLine>")
    yield "</Order>"


KINDS: dict[str, Callable[..., Iterator[bytes]]] = {
    "orders_d96a": orders_d96a, "invoic_d96a": invoic_d96a, "x12_850": x12_850, "x12_810": x12_810, "ubl_order": ubl_file,
}


def main(arguments: list[str] | None = None) -> int:
    """The command line: writes one file, or standard output with `--out -`."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description="Write a deterministic file of EDI messages.")
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("--mb", type=float, default=0, help="size of the file in megabytes (10 means about 10,000,000 bytes)")
    parser.add_argument("--messages", type=int, default=0, help="number of messages")
    parser.add_argument("--lines", type=int, default=40, help="lines of a message, about; exactly from 1000 on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--line-break", choices=["none", "lf", "crlf"], default="none", help="after each segment")
    parser.add_argument("--faulty", action="store_true", help="one fault in every message")
    parser.add_argument("--out", default="-")
    options = parser.parse_args(arguments)
    pieces = KINDS[options.kind](options.messages, options.lines, options.seed, size=int(options.mb * 1_000_000),
                                 line_break={"none": "", "lf": "\n", "crlf": "\r\n"}[options.line_break], faulty=options.faulty)
    if options.out == "-":
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        return 0
    with open(options.out, "wb") as file:
        for piece in pieces:
            file.write(piece)
    return 0


if __name__ == "__main__":
    sys.exit(main())
