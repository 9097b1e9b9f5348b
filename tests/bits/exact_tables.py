"""The tables of core/detail/exact_tables.hpp, from 80 decimal digits; run: checks the header, with --print: prints it.

Also the way to write exact::exp, exact::log again elsewhere: the tables are plain hex floats here too.
"""
import sys
from decimal import Decimal, getcontext
from fractions import Fraction
from pathlib import Path

getcontext().prec = 80
LN2 = Decimal(2).ln()
HEADER = Path(__file__).resolve().parents[2] / "include/riskflag/core/detail/exact_tables.hpp"
DEFINITIONS = HEADER.parent / "exact.hpp"


def nearest(value):
    """The double nearest to a Decimal (Fraction to float is correctly rounded)."""
    return float(Fraction(value))


def decimal(fraction):
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


def multiple(value, power):
    """`value` as the nearest multiple of 2^-power."""
    return Fraction(round(Fraction(value) * 2**power), 2**power)


def text(x):
    """A double as C++ and float.fromhex read it."""
    return x.hex().replace("0x1.0000000000000p", "0x1p")


def split(value, power):
    """A multiple of 2^-power and the rest, as two doubles."""
    high = multiple(value, power)
    return float(high), nearest(value - decimal(high)) if Fraction(value) != high else 0.0


def exp_rows():
    for j in range(32):
        power = (LN2 * j / 32).exp()
        high = nearest(power)
        yield high, nearest((power - Decimal(high)) / Decimal(high)) if j else 0.0


def log_rows():
    for i in range(91, 182):
        reciprocal = multiple(decimal(Fraction(128, i)), 19 if i <= 128 else 20)  # 20 bits
        yield (float(reciprocal), *split(-decimal(reciprocal).ln(), 42))


def rows():
    """Every row of both tables, as it stands in the header."""
    for row in (*exp_rows(), *log_rows()):
        yield "{" + ", ".join(text(x) for x in row) + "}"


def constants():
    """Numbers in exact.hpp's definitions that come from ln 2."""
    yield text(nearest(32 / LN2))
    for value, power in ((LN2 / 32, 41), (LN2, 42)):
        yield from (text(x) for x in split(value, power))


def main():
    if "--print" in sys.argv[1:]:
        print("\n".join([*constants(), *rows()]))
        return 0
    def compact(path):
        return path.read_text(encoding="utf-8").replace("\n", "").replace(" ", "")
    tables, definitions = compact(HEADER), compact(DEFINITIONS)
    expected = [row.replace(" ", "") for row in rows()]
    problems = [row for row in expected if row not in tables] + [c for c in constants() if c not in definitions]
    if tables.count("{0x") != len(expected):
        problems.append(f"{tables.count('{0x')} rows stand in the header, {len(expected)} are computed")
    for problem in problems:
        print("not in the headers:", problem)
    print(f"{len(expected) + 5 - len(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
