"""`make bench`: every benchmark, or those named: `make bench BENCH_ARGS="run_throughput extraction"`."""

import subprocess
import sys
from pathlib import Path

NO_BENCHMARKS = {"__main__", "plain_script", "served_site"}


def main() -> None:
    """Run each benchmark in a process of its own and pass on what it prints."""
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in NO_BENCHMARKS)
    chosen = sys.argv[1:] or known
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        sys.exit(f"there is no benchmark {unknown[0]}; there are: {', '.join(known)}")
    failed = []
    for name in chosen:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode != 0:
            failed.append(name)
    if failed:
        sys.exit(f"did not come to their end: {', '.join(failed)}")


if __name__ == "__main__":
    main()
