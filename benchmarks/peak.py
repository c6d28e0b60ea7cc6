"""Run one command and print, as JSON, its seconds (the wall's and the processor's), peak memory, exit code and last words. See `measure.process`.

It imports nothing but the standard library's smallest, so that its own memory is far below any command's.
"""

import os
import resource
import sys
import tempfile
import time


def main(out: str, command: list[str]) -> None:
    """`out` takes the command's standard output."""
    with open(out, "wb") as stdout, tempfile.TemporaryFile() as stderr:
        start = time.perf_counter()
        child = os.posix_spawnp(command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_DUP2, stdout.fileno(), 1), (os.POSIX_SPAWN_DUP2, stderr.fileno(), 2)])
        _, status, _ = os.wait4(child, 0)
        seconds = time.perf_counter() - start
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        stderr.seek(max(0, stderr.seek(0, os.SEEK_END) - 300))
        words = stderr.read().decode("utf-8", "replace").strip().splitlines()
    megabytes = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    import json

    print(json.dumps({"seconds": seconds, "processor": used.ru_utime + used.ru_stime, "megabytes": megabytes, "code": os.waitstatus_to_exitcode(status),
                      "complaint": words[-1] if words else ""}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
