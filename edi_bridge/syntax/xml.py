"""XML ⇄ Interchange: one file is one interchange, each business document in it one `Document`.

Hardened: no DOCTYPE (`allow_doctype` tolerates the line, which is then blanked out and never seen by the parser; an
internal subset is refused even then), so no entities and no DTD; no network, no XInclude, limits on depth and size.
A root element that is no document itself but has documents as children (an SBDH wrapper, an IDoc file of several
IDOCs, any batch element) is cut into them, one in memory at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import Any, BinaryIO

from lxml import etree

from edi_bridge.finding import Finding, found
from edi_bridge.interchange import Address, Document, Interchange, Part, Position, Stray, element_path
from edi_bridge.syntax.limits import DEFAULT, Limits
from edi_bridge.syntax.raw_write import write_to
from edi_bridge.syntax.xml_encoding import encodings, keeps_ascii
from edi_bridge.syntax.xml_envelope import Envelope, envelope_of, idoc_control, is_wrapper, kind_of, standard_header
from edi_bridge.syntax.xml_split import CHUNK, Gap, Lost, Piece, Slice, Whole, split

__all__ = ["build", "read", "write_to"]

SMALL = 1 << 20  # a file below this is parsed at once; above, expat looks first whether it is a wrapper

_PROLOG = r"\ufeff?(?:\s++|<\?.*?\?>|<!--.*?-->)*+"
_DOCTYPE = r"<!DOCTYPE\s++[^\s\[>\"']++(?:\s++(?:SYSTEM|PUBLIC)(?:\s++(?:\"[^\"]*+\"|'[^']*+'))++)?+\s*+>"


def read(stream: BinaryIO, *, charset: str | None = None, limits: Limits = DEFAULT, ordinal: int = 1,
         offset: int = 0, allow_doctype: bool = False) -> Iterator[Interchange]:
    """The one interchange of an XML file; whatever is wrong is in its findings, never raised.

    `charset` overrides the encoding that the file declares. Bytes count from `offset`.
    """
    start = _take(stream, SMALL)
    reader = _Reader(charset, limits, ordinal, offset, allow_doctype)
    if not start:
        yield reader.refused([found("empty_file", Position(interchange=ordinal))])
    elif len(start) < SMALL:
        yield reader.whole(start)
    else:
        yield reader.large(start, stream)


def build(root: Any, *, doctype: str | None = None, ordinal: int = 1) -> Interchange:
    """An interchange of one document made from an lxml element: UTF-8 with an XML declaration.

    `doctype` is the line that cXML asks for (`<!DOCTYPE cXML SYSTEM "…">`). Sender, receiver and identity are what
    the document says.
    """
    body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=False, doctype=doctype, with_tail=False)
    raw = b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"
    envelope = envelope_of(root)
    document = Document(envelope.type, 1, envelope.reference, root, raw=raw, interchange=ordinal)
    return _interchange(envelope, ordinal, 0, "utf-8", iter([document]), [])


@lru_cache(maxsize=32)
def _parser(encoding: str | None) -> etree.XMLParser:
    """The hardened parser. Comments and instructions are left out, so that text is whole (`raw` keeps them)."""
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
                           huge_tree=False, remove_comments=True, remove_pis=True, collect_ids=False, encoding=encoding)


@lru_cache(maxsize=8)
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath(f"boolean({'/*' * (depth + 1)})")


def _more_namespaces(root: Any, most: int) -> bool:
    """Whether more namespaces than that hold for any element."""
    held = 0
    for event, _ in etree.iterwalk(root, events=("start-ns", "end-ns")):
        held += 1 if event == "start-ns" else -1
        if held > most:
            return True
    return False


def _one_line(message: str) -> str:
    """libxml2's words without line breaks; they may quote the partner's text."""
    return " ".join("".join(c if c.isprintable() else " " for c in message[:300]).split())


def _take(stream: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes; fewer only at the end, however the stream is cut."""
    pieces: list[bytes] = []
    while size > 0:
        piece = stream.read(size)
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _child_rule(root: str) -> Callable[[str], str] | None:
    """What the children of a root element are (see `xml_split.ChildRule`)."""
    if kind_of(root)[0]:
        return None
    return _inside_standard if is_wrapper(root) else _inside_other


def _inside_standard(child: str) -> str:
    return "header" if child.endswith("}StandardBusinessDocumentHeader") else "document"


def _inside_other(child: str) -> str:
    return "document" if child == "IDOC" or kind_of(child)[0] else ""


def _interchange(envelope: Envelope, ordinal: int, offset: int, encoding: str, parts: Iterator[Part],
                 findings: list[Finding]) -> Interchange:
    return Interchange("xml", ordinal, envelope.sender, envelope.receiver, envelope.reference, parts,
                       encoding=encoding, prepared=envelope.prepared, test=envelope.test, offset=offset,
                       syntax=str(envelope.type) if envelope.type.name else "", findings=findings)


class _Reader:
    """One pass over one file."""

    def __init__(self, charset: str | None, limits: Limits, ordinal: int, offset: int, allow_doctype: bool):
        self.charset = charset
        self.limits = limits
        self.ordinal = ordinal
        self.offset = offset
        self.allow_doctype = allow_doctype
        self.codec = "utf-8"  # as Python names it
        self.encoding = "utf-8"  # as libxml2 knows it
        self.too_large = False

    # -- one document

    def refused(self, findings: list[Finding]) -> Interchange:
        """An interchange of which nothing could be read."""
        return Interchange("xml", self.ordinal, Address(), Address(), "", iter(()), encoding=self.codec,
                           offset=self.offset, findings=findings)

    def whole(self, raw: bytes, splittable: bool = True) -> Interchange:
        """The interchange of a file that is here in one piece."""
        root, problem = self.load(raw)
        if problem:
            return self.refused([problem])
        if self.is_many(root):
            pieces = self.split(iter([self.blanked(raw)]))
            piece = next(pieces, None)
            if splittable and piece is not None and not isinstance(piece, Whole):
                return self.many(chain([piece], pieces), raw)
            return self.refused([found("character_set_unsupported", Position(interchange=self.ordinal), self.encoding,
                                       "a file of several documents cannot be cut up in this encoding; UTF-8 can")])
        if len(raw) > self.limits.message:
            return self.refused([self.oversize()])
        envelope = envelope_of(root)
        document = Document(envelope.type, 1, envelope.reference, root, raw=raw, offset=self.offset,
                            interchange=self.ordinal)
        return _interchange(envelope, self.ordinal, self.offset, self.codec, iter([document]), [])

    def oversize(self) -> Finding:
        """The one document of the file is larger than we take."""
        return found("message_too_large", Position(interchange=self.ordinal, message=1),
                     note=f"the document is larger than {self.limits.message} bytes")

    def is_many(self, root: Any) -> bool:
        """Whether the children are the documents. An IDoc file of one IDOC is that one document."""
        rule = _child_rule(root.tag)
        if rule is None or (idoc_control(root) is not None and len(root) == 1):
            return False
        return any(rule(child.tag) == "document" for child in root.iterchildren("*"))

    def load(self, raw: bytes) -> tuple[Any, Finding | None]:
        """(root element, None) or (None, what is wrong)."""
        self.codec, self.encoding = encodings(raw, self.charset)
        problem, clean = self.without_doctype(raw)
        if problem:
            return None, problem
        return self.parse(clean, self.charset, True)

    def parse(self, raw: bytes, encoding: str | None, check_depth: bool) -> tuple[Any, Finding | None]:
        try:
            root = etree.fromstring(raw, _parser(encoding))
        except etree.XMLSyntaxError as error:
            return None, self.syntax_finding(error)
        except LookupError:
            return None, found("character_set_unsupported", Position(interchange=self.ordinal), encoding or "")
        except ValueError as error:  # lxml's own checks of names and characters
            return None, found("xml_not_well_formed", Position(interchange=self.ordinal), note=_one_line(str(error)))
        return root, self.excess(root, raw, check_depth)

    def excess(self, root: Any, raw: bytes, check_depth: bool, around: int = 0) -> Finding | None:
        """What libxml2 lets pass and we do not: depth, long texts, very many namespaces (who asks each element for them asks for all
        of them each time), and a DOCTYPE that got by the look at the bytes."""
        if root.getroottree().docinfo.internalDTD is not None:
            return found("xml_doctype", Position(interchange=self.ordinal))
        if check_depth and _deeper_than(self.limits.xml_depth + around)(root):
            return found("xml_too_deep", Position(interchange=self.ordinal),
                         note=f"nested deeper than {self.limits.xml_depth} elements")
        if (not keeps_ascii(self.codec) or raw.count(b"xmlns") > self.limits.xml_namespaces) and _more_namespaces(root, self.limits.xml_namespaces):
            return found("xml_too_deep", Position(interchange=self.ordinal),
                         note=f"more than {self.limits.xml_namespaces} namespaces hold for one element")
        if len(raw) > self.limits.xml_text:
            for element in root.iter("*"):
                if any(len(text) > self.limits.xml_text for text in (element.text or "", *element.attrib.values())):
                    return found("xml_too_deep", Position(interchange=self.ordinal, line=element.sourceline,
                                                          path=element_path(element)),
                                 note=f"a text is longer than {self.limits.xml_text} characters")
        return None

    def syntax_finding(self, error: Any, line: int = 1) -> Finding:
        """libxml2's complaint as a finding; its limits (code 114) are ours too."""
        at, column = error.position
        message = re.sub(r",? line \d+, column \d+.*|,? (use|try) XML_PARSE_HUGE.*", "", _one_line(error.msg or ""))
        kind = "xml_too_deep" if error.code == 114 else "xml_not_well_formed"
        place = Position(interchange=self.ordinal, line=at + line - 1 if at else None)
        note = f"{message}, line {at + line - 1}, column {column + 1}" if at else message
        return found(kind, place, note=note)

    # -- the DOCTYPE

    def without_doctype(self, raw: bytes) -> tuple[Finding | None, bytes]:
        """(None, the bytes with a tolerated DOCTYPE blanked out) or (the refusal, b'')."""
        if keeps_ascii(self.codec):
            prolog = _bytes_pattern(_PROLOG).match(raw)
            at = prolog.end() if prolog else 0
            if not raw.startswith(b"<!DOCTYPE", at):
                return None, raw
            line = raw.count(b"\n", 0, at) + 1
            tolerated = _bytes_pattern(_DOCTYPE).match(raw, at) if self.allow_doctype else None
            if not tolerated:
                return self.doctype_finding(line, at, raw[at:at + 200].decode("latin-1")), b""
            end = tolerated.end()
            return None, raw[:at] + re.sub(rb"[^\r\n]", b" ", raw[at:end]) + raw[end:]
        return self.without_doctype_in_text(raw)

    def without_doctype_in_text(self, raw: bytes) -> tuple[Finding | None, bytes]:
        """The same for encodings whose markup is not ASCII bytes (UTF-16, EBCDIC …)."""
        try:
            text = raw.decode(self.codec, "replace")
        except (LookupError, UnicodeError, ValueError):
            return found("character_set_unsupported", Position(interchange=self.ordinal), self.codec), b""
        prolog = re.match(_PROLOG, text, re.DOTALL)
        at = prolog.end() if prolog else 0
        if not text.startswith("<!DOCTYPE", at):
            return None, raw
        tolerated = re.compile(_DOCTYPE).match(text, at) if self.allow_doctype else None
        if not tolerated:
            return self.doctype_finding(text.count("\n", 0, at) + 1, None, text[at:at + 200]), b""
        blank = re.sub(r"[^\r\n]", " ", tolerated[0])
        return None, (text[:at] + blank + text[tolerated.end():]).encode(self.codec, "replace")

    def doctype_finding(self, line: int, at: int | None, value: str) -> Finding:
        note = "an internal subset or an odd form of DOCTYPE is always refused" if self.allow_doctype else ""
        place = Position(interchange=self.ordinal, line=line, offset=None if at is None else self.offset + at)
        return found("xml_doctype", place, value.split(">")[0][:80], note)

    def blanked(self, raw: bytes) -> bytes:
        return self.without_doctype(raw)[1] or raw

    # -- many documents

    def large(self, start: bytes, stream: BinaryIO) -> Interchange:
        """The interchange of a file that may be larger than memory allows."""
        self.codec, self.encoding = encodings(start, self.charset)
        problem, clean = self.without_doctype(start)
        if problem:
            return self.refused([problem])
        chunks = chain((clean[at:at + CHUNK] for at in range(0, len(clean), CHUNK)), self.counted(stream, len(start)))
        pieces = self.split(chunks)
        first = next(pieces, None)
        if not isinstance(first, Whole):
            return self.many(chain([] if first is None else [first], pieces), start)
        held = bytearray(first.raw)
        for chunk in chunks:
            held += chunk
            if len(held) > self.limits.message:
                return self.refused([self.oversize()])
        held[:len(start)] = start  # its DOCTYPE was blanked out above
        return self.whole(bytes(held), splittable=False)

    def counted(self, stream: BinaryIO, taken: int) -> Iterator[bytes]:
        while chunk := _take(stream, CHUNK):
            taken += len(chunk)
            if taken > self.limits.interchange:
                self.too_large = True
                break
            yield chunk

    def split(self, chunks: Iterator[bytes]) -> Iterator[Piece]:
        literal = keeps_ascii(self.codec)
        return split(chunks, _child_rule, self.codec, self.limits, self.charset, literal)

    def many(self, pieces: Iterator[Piece], start: bytes) -> Interchange:
        """The interchange of a wrapper, read up to the first document so that sender and receiver are known.
        `start` are the file's first bytes as they stood, before a DOCTYPE was blanked out."""
        header = bytearray()
        findings: list[Finding] = []
        outer: Envelope | None = None
        first: Slice | None = None
        for piece in pieces:
            if isinstance(piece, Slice) and not piece.header:
                first = piece
                break
            outer = self.before_documents(piece, header, findings) or outer
        header[:min(len(start), len(header))] = start[:len(header)]
        following = list(islice(pieces, 2)) if first else []
        alone = not any(isinstance(piece, Slice) for piece in following)
        rest = chain([first] if first else [], following, pieces)
        return self.assemble(rest, bytes(header), findings, outer, first, alone)

    def before_documents(self, piece: Piece, header: bytearray, findings: list[Finding]) -> Envelope | None:
        match piece:
            case Gap() if len(header) < self.limits.message:
                header += piece.raw
            case Slice():
                header += piece.raw
                root, problem = self.slice_root(piece)
                if problem:
                    findings.append(problem)
                return None if root is None else standard_header(root)
            case Lost():
                findings.append(self.placed(piece.finding, None))
        return None

    def assemble(self, pieces: Iterator[Piece], header: bytes, findings: list[Finding], outer: Envelope | None,
                 first: Slice | None, alone: bool) -> Interchange:
        # Parsed twice, for its sender and receiver now and as the first part later: no document is held.
        root = self.slice_root(first)[0] if first else None
        envelope = outer or (envelope_of(root) if root is not None else None)
        if envelope is None:
            return self.refused(findings)
        interchange = _interchange(envelope, self.ordinal, self.offset, self.codec, iter(()), findings)
        if outer is None and not alone:
            interchange.control = ""  # the documents have their own references, the file has none
        interchange.header = header.decode(self.codec, "surrogateescape")
        interchange.parts = self.documents(pieces, interchange, outer)
        return interchange

    def documents(self, pieces: Iterator[Piece], interchange: Interchange, outer: Envelope | None) -> Iterator[Part]:
        """The documents and what stands between them; the last gap becomes the trailer."""
        ordinal, gap, gap_at = 0, b"", 0
        parties = (interchange.sender, interchange.receiver, interchange.test)
        for piece in pieces:
            match piece:
                case Gap():
                    if gap:
                        yield Stray(gap.decode(self.codec, "surrogateescape"), self.offset + gap_at)
                    gap, gap_at = piece.raw, piece.offset
                case Slice():
                    if gap:
                        yield Stray(gap.decode(self.codec, "surrogateescape"), self.offset + gap_at)
                        gap = b""
                    ordinal += 1
                    root, problem = self.slice_root(piece)
                    if problem:
                        interchange.findings.append(self.placed(problem, ordinal))
                        yield Stray(piece.raw.decode(self.codec, "surrogateescape"), self.offset + piece.offset)
                        continue
                    document, envelope = self.document(piece, root, ordinal)
                    if outer is None and (envelope.sender, envelope.receiver, envelope.test) != parties:
                        interchange.findings.append(found("mixed_parties", document.locate(),
                                                          f"{envelope.sender} → {envelope.receiver}"))
                    yield document
                case Lost():
                    ordinal += piece.finding.kind in ("message_too_large", "xml_too_deep")
                    interchange.findings.append(self.placed(piece.finding, ordinal or None))
        interchange.trailer = gap.decode(self.codec, "surrogateescape")

    def document(self, piece: Slice, root: Any, ordinal: int) -> tuple[Document, Envelope]:
        envelope = envelope_of(root)
        return Document(envelope.type, ordinal, envelope.reference, root, raw=piece.raw,
                        offset=self.offset + piece.offset, line=piece.line, interchange=self.ordinal), envelope

    def slice_root(self, piece: Slice) -> tuple[Any, Finding | None]:
        """The root element of one child of a wrapper, with the wrapper's namespaces; an IDOC keeps its root."""
        name = re.match(r"<([^\s/>]+)", piece.around)
        around = piece.around.removesuffix("/>").removesuffix(">") + ">"
        close = f"</{name[1]}>" if name else ""
        raw = around.encode(self.codec, "surrogateescape") + piece.raw + close.encode(self.codec, "surrogateescape")
        try:
            wrapper = etree.fromstring(raw, _parser(self.encoding))
        except etree.XMLSyntaxError as error:
            return None, self.syntax_finding(error, piece.line)
        if problem := self.excess(wrapper, raw, True, 1):
            return None, problem
        if piece.tag == "IDOC":
            return wrapper, None
        root = wrapper[0]
        root.tail = None
        wrapper.remove(root)
        return root, None

    def placed(self, finding: Finding, message: int | None) -> Finding:
        """A finding of the splitter with its interchange and message, bytes counted from the file's offset."""
        at = finding.position
        if self.too_large and finding.kind == "xml_not_well_formed":
            return found("interchange_too_large", Position(interchange=self.ordinal, line=at.line),
                         note=f"more than {self.limits.interchange} bytes; what follows was not read")
        return found(finding.kind, Position(interchange=self.ordinal, message=message, line=at.line, path=at.path,
                                            offset=None if at.offset is None else at.offset + self.offset),
                     finding.value, finding.note)


@lru_cache(maxsize=4)
def _bytes_pattern(text: str) -> re.Pattern[bytes]:
    return re.compile(text.replace("\\ufeff", "(?:\xef\xbb\xbf)").encode("latin-1"), re.DOTALL)
