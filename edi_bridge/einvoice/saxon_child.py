"""The process in which SaxonC runs: reads stylesheet and document from standard input, writes the answer, one after another.

A request is a line `{"stylesheet": path, "length": bytes}` and then the document; a reply is a line `{"length": bytes}` or
`{"fault": "stylesheet" | "document", "length": bytes}` and then the answer or what Saxon said. A stylesheet is compiled once.
Ends when its input ends. It stands alone: nothing of edi_bridge is imported, so that it starts fast.
"""

from __future__ import annotations

import json
import sys
from typing import Any, BinaryIO


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer until there are no more requests."""
    from saxonche import PySaxonApiError, PySaxonProcessor

    with PySaxonProcessor(license=False) as processor:
        compiler = processor.new_xslt30_processor()
        compiled: dict[str, Any] = {}
        while line := requests.readline():
            request = json.loads(line)
            document = requests.read(request["length"])
            fault = "stylesheet"
            try:
                name = request["stylesheet"]
                if name not in compiled:
                    compiled[name] = compiler.compile_stylesheet(stylesheet_file=name)
                fault = "document"
                node = processor.parse_xml(xml_text=document.decode("utf-8"))
                answer, fault = compiled[name].transform_to_string(xdm_node=node).encode("utf-8"), ""
            except PySaxonApiError as error:
                answer = str(error).encode("utf-8", "replace")
            head = {"length": len(answer)} | ({"fault": fault} if fault else {})
            replies.write(json.dumps(head).encode() + b"\n" + answer)
            replies.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
