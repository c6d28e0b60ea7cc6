"""Write the expected files of samples anew:

    python -m tests.update_samples                 all that have none yet
    python -m tests.update_samples NAME…           those whose names contain one of the words
    python -m tests.update_samples --check         write nothing, say which would change

The expected files are the golden truth: read and judge every one that this writes (`git diff samples`); nobody else does.
"""

from __future__ import annotations

import sys

from tests import sample_cases
from tests.sample_cases import Case


def update(case: Case, check: bool) -> bool:
    """Write record.json and findings.txt of one sample; whether anything changed."""
    got = sample_cases.read(case)
    folder = case.folder / "expected"
    wanted = {folder / "record.json": sample_cases.as_json(got.records),
              folder / "findings.txt": "".join(line + "\n" for line in got.findings)}
    changed = False
    for path, text in wanted.items():
        if path.exists() and path.read_text("utf-8") == text:
            continue
        changed = True
        if not check:
            folder.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
    return changed


def main(arguments: list[str]) -> None:
    """See the docstring of the module."""
    check = "--check" in arguments
    words = [word for word in arguments if not word.startswith("-")]
    for case in sample_cases.cases():
        if words and not any(word in case.name for word in words):
            continue
        if not words and not check and (case.folder / "expected" / "record.json").exists():
            continue
        if update(case, check):
            print(("would change: " if check else "written: ") + case.name)


if __name__ == "__main__":
    main(sys.argv[1:])
