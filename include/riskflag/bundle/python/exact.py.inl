R"py(
"""core/exact.hpp again, in numpy: the same steps, each rounded once, so the same bits. No exp or log of numpy's."""
import numpy as np

from .exact_tables import EXP_ROWS, FIRST_LOG_ROW, LOG_ROWS

_EXP = np.array([[float.fromhex(x) for x in row] for row in EXP_ROWS])
_LOG = np.array([[float.fromhex(x) for x in row] for row in LOG_ROWS])
_INF = 0x7FF0000000000000
_NEAREST = float.fromhex("0x1.8p52")  # adding it leaves the nearest integer in the low bits
_MANTISSA = np.int64(0xFFFFFFFFFFFFF)


def _bits(x):
    return np.ascontiguousarray(x, dtype=np.float64).view(np.int64)


def _from_bits(bits):
    return np.ascontiguousarray(bits, dtype=np.int64).view(np.float64)


_NEAREST_BITS = int(_bits(np.array([_NEAREST]))[0])


def _two_sum(a, b):
    s = a + b
    from_b = s - a
    return s, (a - (s - from_b)) + (b - from_b)


def _quick_two_sum(a, b):
    s = a + b
    return s, b - (s - a)


def _scaled(y, e):
    """y * 2^e for y in [0.5, 4), to nearest even below 2^-1022."""
    bits = _bits(y)
    exponent = (bits >> 52) + e
    out = bits + (e << 52)
    out = np.where(exponent >= 2047, _INF, out)
    small = exponent <= 0
    if small.any():
        mantissa = (bits & _MANTISSA) | np.int64(0x10000000000000)
        shift = np.clip(1 - exponent, 1, 62)
        half = np.int64(1) << (shift - 1)
        kept = mantissa >> shift
        lost = mantissa & (2 * half - 1)
        tiny = kept + ((lost > half) | ((lost == half) & ((kept & 1) != 0)))
        out = np.where(small, np.where(exponent < -53, 0, tiny), out)
    return _from_bits(out)


def exp(x):
    x = np.asarray(x, dtype=np.float64)
    far = ~(np.abs(x) <= 746.0)
    near = np.where(far, 0.0, x)
    shifted = near * float.fromhex("0x1.71547652b82fep+5") + _NEAREST
    k = shifted - _NEAREST
    n = _bits(shifted) - _NEAREST_BITS
    r = ((near - k * float.fromhex("0x1.62e42fefa0000p-6")) - k * float.fromhex("0x1.cf79abc9e3b3ap-45")) + 0.0
    p = np.full_like(r, 1.0 / 5040)
    for c in (1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5):
        p = p * r + c
    row = _EXP[n & 31]
    rest = row[..., 1] + (r + (r * r) * p)
    out = _scaled(row[..., 0] + row[..., 0] * rest, n >> 5)
    return np.where(far, np.where(np.isnan(x), np.nan, np.where(x > 0, np.inf, 0.0)), out)


def _log_near(x, low):
    """The logarithm of x + low, for finite x > 0 and |low| of at most half an ulp."""
    bits = _bits(x)
    denormal = bits < 0x10000000000000
    exponent = np.where(denormal, -54, 0)
    bits = np.where(denormal, _bits(x * 2.0**54), bits)
    k = (bits - np.int64(0x3FE6A09E00000000)) >> 52
    z_bits = bits - (k << 52)
    z = _from_bits(z_bits)
    shifted = z + _NEAREST * 2.0**-7
    row = _LOG[(_bits(shifted) - int(_bits(np.array([_NEAREST * 2.0**-7]))[0])) - FIRST_LOG_ROW]
    reciprocal, log_high, log_low = row[..., 0], row[..., 1], row[..., 2]
    z_high = _from_bits((z_bits + 0x100000) & ~np.int64(0x1FFFFF))
    r, r_low = _two_sum(z_high * reciprocal - 1.0, (z - z_high) * reciprocal)
    has_low = low != 0.0
    if np.any(has_low):
        scale = _from_bits((1023 - k) << 52)
        high2, low2 = _quick_two_sum(r, r_low + (low * scale) * reciprocal)
        r, r_low = np.where(has_low, high2, r), np.where(has_low, low2, r_low)
    k = (k + exponent).astype(np.float64)
    base = k * float.fromhex("0x1.62e42fefa3800p-1") + log_high
    s, s_low = _quick_two_sum(base, r)
    cubic = np.full_like(r, -1.0 / 10)
    for c in (1.0 / 9, -1.0 / 8, 1.0 / 7, -1.0 / 6, 1.0 / 5, -1.0 / 4, 1.0 / 3):
        cubic = cubic * r + c
    square = r * r
    curve = -0.5 * square + (square * r) * cubic
    rest = (s_low + r_low) + (log_low + k * float.fromhex("0x1.ef35793c76730p-45"))
    return s + (rest + curve)


def log(x):
    x = np.asarray(x, dtype=np.float64)
    good = (x > 0) & (x < np.inf)
    out = _log_near(np.where(good, x, 1.0), np.zeros_like(x))
    return np.where(good, out, np.where(x == 0, -np.inf, np.where(x == np.inf, np.inf, np.nan)))


def log1p(x):
    x = np.asarray(x, dtype=np.float64)
    good = (x > -1.0) & (np.abs(x) < 2.0**60)
    high, low = _two_sum(np.ones_like(x), np.where(good, x, 0.0))
    out = _log_near(high, low)
    out = np.where(good, out, np.where(x == -1.0, -np.inf, np.where(x >= 2.0**60, log(x), np.nan)))
    return np.where((np.abs(x) < 2.0**-54) | (x == np.inf), x, out)


def sigmoid(margin):
    margin = np.asarray(margin, dtype=np.float64)
    t = exp(-np.abs(margin))
    positive = ~np.signbit(margin)
    low = np.where(t < 2.0**-54, t, t / (1.0 + t))
    return np.where(np.isnan(margin), np.nan, np.where(positive, 1.0 / (1.0 + t), low))


def softmax(margins):
    """Rows x classes; the sum is taken from the first class to the last."""
    top = margins[:, 0]
    for k in range(1, margins.shape[1]):
        top = np.where(margins[:, k] > top, margins[:, k], top)
    shares = np.stack([exp(margins[:, k] - top) for k in range(margins.shape[1])], axis=1)
    total = np.zeros(len(margins))
    for k in range(margins.shape[1]):
        total = total + shares[:, k]
    return shares / total[:, None]
)py"
