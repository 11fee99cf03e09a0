"""Checkpoints of random settings, written by the libraries themselves, with what these compute from them.

    python write.py --out FOLDER [--library NAME]… [--kind NAME]… [--count N] [--seed S]

kinds/NAME.py has the kinds of the library NAME: functions of a random generator that give a Case. The case with seed S of
a kind is always the same. Each is written into FOLDER/KIND-SEED: the checkpoint, io.npz, case.json. Prints one JSON line
for each library: {library, cases} with the number written, or {library, missing} where it is not installed; and
{library, kind, seed, error} for a case that the library could not make.
"""

import argparse
import importlib
import json
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np

from case import generator, write

KINDS = Path(__file__).parent / "kinds"
# Draws of weights for one seed until float32 keeps enough digits.
DRAWS = 30


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--library", action="append")
    parser.add_argument("--kind", action="append")
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def libraries() -> list[str]:
    return sorted(path.stem for path in KINDS.glob("*.py"))


def say(**line) -> None:
    print(json.dumps(line), flush=True)


def settle(rng) -> None:
    """Libraries draw initial weights and permutations from generators of their own."""
    np.random.seed(rng.integers(2**31))
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(int(rng.integers(2**31)))


def write_kind(kind: str, make, seed: int, out: Path, library: str) -> bool:
    rng = generator(kind, seed)
    for _ in range(DRAWS):
        settle(rng)
        try:
            if write(make(rng), out / f"{kind}-{seed}", {"kind": kind, "seed": seed}):
                return True
        except Exception:
            say(library=library, kind=kind, seed=seed, error=traceback.format_exc(limit=-3))
            return False
    say(library=library, kind=kind, seed=seed, error=f"none of {DRAWS} draws keeps enough digits in float32")
    return False


def main() -> None:
    warnings.simplefilter("ignore")
    given = arguments()
    for library in given.library or libraries():
        try:
            module = importlib.import_module(f"kinds.{library}")
        except ImportError as error:
            say(library=library, missing=str(error))
            continue
        kinds = {kind: make for kind, make in module.kinds.items() if not given.kind or kind in given.kind}
        written = sum(
            write_kind(kind, make, seed, given.out, library)
            for kind, make in kinds.items()
            for seed in range(given.seed, given.seed + given.count)
        )
        say(library=library, kinds=list(kinds), cases=written)


main()
