"""What tests/mutation/test_mutations.py flips: (header, text, mutated text, [test sources], exact doctest case name).

`text` is an expression that stands exactly once in the header; where it does not, « and » mark it inside enough context. `mutated text`
is the expression that takes its place. Rows whose instruction set this CPU lacks are skipped, and said so.
"""

PREDICT = ["predict/predictor_test.cpp"]
TREES = ["train/reference_test.cpp"]
SCAN = ["train/scan_test.cpp"]
GRADIENTS = ["train/gradients_test.cpp"]
BIN = ["bin/binned_test.cpp"]
NUMBER = ["data/csv_number_test.cpp"]
CSV = ["data/csv_test.cpp"]
AUDIT = ["audit/leak_test.cpp"]
METRICS = ["metrics/classification_test.cpp"]
SHA256 = ["core/sha256_test.cpp"]

WIDTHS = "every number of rows around the vector widths is scored alike"
RULES = "every rule for missing values is scored alike, with columns beyond one, two and four registers"
KERNELS = "invariant: every engine and kernel gives the slow scorer's bits"
SETS = "categorical sets are scored alike: unseen levels, negative ones, fractions, missing ones"
TEXTBOOK = "training gives the trees of a textbook trainer with sums in double over raw rows"
WEIGHTED = "weights multiply gradients, rows of weight 0 are as good as absent"
SAME_CUT = "every kernel finds the scalar scan's cut and gain, to the bit, around every vector width and limit"
SAME_GRADIENTS = "every kernel's log-loss gradients are the scalar ones, to the bit, with and without weights"
SAME_CELLS = "every kernel packs the scalar one's cells, to the bit"
SAME_SUMS = "every kernel's sums and least gradient are the scalar ones, to the bit, zeros left out of the least"
FIND_BINS = "every kernel finds the bins of the slow path, around every vector width and table size"
STRTOD = "invariant: the fast number parser gives strtod's bits wherever it answers"
BY_TEN = "division by a power of ten rounds to even, and up when anything is left"
LOOKS = "the looks at a number take the numbers of their length, and give strtod's bits for them"
DIVISIONS = "invariant: division by a power of ten gives the same bits by multiplication and by long division"
NOT_SIMPLE = "what is not simple is left to the slow way"
SLOW_READER = "random texts read as the slow reader reads them, whole, in tiny blocks and as a stream"
QUOTES = "quotes hold delimiters, line ends and quotes"
LONG_SORT = "the long path of the sort gives the same as the short one"
ALL_PAIRS = "ranking metrics equal their definitions over all pairs, with ties and weights"

_SCALAR = "riskflag/predict/kernels/scalar.hpp"
_AVX2 = "riskflag/predict/kernels/avx2.inl"
_AVX512 = "riskflag/predict/kernels/avx512.inl"
_RANK = "riskflag/predict/kernels/rank.inl"
_LANES = "riskflag/train/kernels/lanes.inl"
_SCAN = "riskflag/data/detail/csv_scan.hpp"
_NUMBER = "riskflag/data/detail/csv_number.hpp"
_DIVIDE = "riskflag/data/detail/csv_divide.hpp"
_CUT = "riskflag/data/detail/csv_cut.hpp"
_BLOCKS = "riskflag/data/detail/csv_blocks.hpp"

MUTATIONS = [
    # predict: rank look-up, single row, batch, sums of leaves; in each instruction set
    (_SCALAR, "block += «keys[i] < key»", "keys[i] <= key", PREDICT, KERNELS),
    (_SCALAR, "in_block[i] < key", "in_block[i] <= key", PREDICT, WIDTHS),
    (_SCALAR, "reinterpret_cast<Bytes>(«x > rank»)", "x >= rank", PREDICT, WIDTHS),
    (_SCALAR, "reinterpret_cast<Bytes>(«e == a»)", "e != a", PREDICT, WIDTHS),
    (_AVX2, "_mm256_cmpgt_epi64(x, _mm256_load_si256(at))",
     "_mm256_xor_si256(_mm256_cmpgt_epi64(_mm256_load_si256(at), x), _mm256_set1_epi8(-1))", PREDICT, WIDTHS),
    (_AVX2, "_mm256_cmpeq_epi8(_mm256_min_epu8(x, rank), x)", "_mm256_cmpeq_epi8(_mm256_min_epu8(x, rank), rank)", PREDICT, WIDTHS),
    (_AVX2, "select(columns.at(load(step)), load(step + 64), load(step + 128), load(step + 192), e)",
     "select(load(step + 64), columns.at(load(step)), load(step + 128), load(step + 192), e)", PREDICT, WIDTHS),
    (_AVX2, "select(load(x), rank, a, b, e0)", "select(rank, load(x), a, b, e0)", PREDICT, WIDTHS),
    (_AVX2, "forest.columns <= 64", "forest.columns >= 64", PREDICT, RULES),
    (_AVX512, "_mm512_cmplt_epi64_mask(low, x)", "_mm512_cmple_epi64_mask(low, x)",
     PREDICT, WIDTHS),
    (_AVX512, "_mm512_cmpgt_epi64_mask(_mm512_and_si512(bits, magnitude), infinity)",
     "_mm512_cmpge_epi64_mask(_mm512_and_si512(bits, magnitude), infinity)", PREDICT, RULES),
    (_AVX512, "_mm512_cmple_epi64_mask(_mm512_set1_epi64(order_key(-kZeroBand)), key)",
     "_mm512_cmplt_epi64_mask(_mm512_set1_epi64(order_key(-kZeroBand)), key)", PREDICT, RULES),
    (_AVX512, "_mm512_cmpgt_epu8_mask(x, _mm512_load_si512(step + 64))", "_mm512_cmpge_epu8_mask(x, _mm512_load_si512(step + 64))",
     PREDICT, WIDTHS),
    (_AVX512, "_mm512_cmpgt_epu8_mask(_mm512_load_si512(x), rank)", "_mm512_cmpge_epu8_mask(_mm512_load_si512(x), rank)", PREDICT, WIDTHS),
    (_AVX512, "count <= 64", "count <= 65", PREDICT, KERNELS),
    (_RANK, "key >= order_key(-kZeroBand)", "key > order_key(-kZeroBand)", PREDICT, RULES),
    (_RANK, "order_key(x) <= order_key(-1.0)", "order_key(x) < order_key(-1.0)", PREDICT, SETS),
    ("riskflag/predict/walk_forest.hpp", "return «key <= node.key»;", "key < node.key", PREDICT, WIDTHS),
    # train
    ("riskflag/train/kernels/histogram.hpp", "for (; «i < n»; ++i) add_row", "i + 1 < n", TREES, TEXTBOOK),
    ("riskflag/train/histogram.hpp", "«i < last»; ++i) a[i] -= b[i]", "i + 1 < last", TREES, TEXTBOOK),
    ("riskflag/train/kernels/partition.hpp", "const std::uint32_t row = rows[i];\n    const std::size_t goes = «go_left[column[row]]»;",
     "go_left[column[row]] == 0", TREES, TEXTBOOK),
    ("riskflag/train/kernels/scan.hpp", "gain > best.gain", "gain < best.gain", TREES, TEXTBOOK),
    ("riskflag/train/kernels/quantize.hpp", "qh == 0 && «block.h[i] > 0.0»", "block.h[i] >= 0.0", GRADIENTS, SAME_CELLS),
    ("riskflag/train/kernels/logistic.hpp", "block.weights != nullptr", "block.weights == nullptr", TREES, WEIGHTED),
    (_LANES, "hr >= min_h", "RISKFLAG_LANES == 4 ? hr > min_h : hr >= min_h", SCAN, SAME_CUT),
    (_LANES, "best_cut = «gain > best»", "RISKFLAG_LANES == 8 ? gain >= best : gain > best", SCAN, SAME_CUT),
    (_LANES, "reinterpret_cast<Longs>(score_bits) < 0",
     "RISKFLAG_LANES == 4 ? reinterpret_cast<Longs>(score_bits) >= 0 : reinterpret_cast<Longs>(score_bits) < 0", GRADIENTS, SAME_GRADIENTS),
    (_LANES, "magnitude[lane] <= std::bit_cast<std::uint64_t>(700.0)",
     "RISKFLAG_LANES != 8 || magnitude[lane] >= std::bit_cast<std::uint64_t>(700.0)", GRADIENTS, SAME_GRADIENTS),
    (_LANES, "h_in > 0.0", "RISKFLAG_LANES == 4 ? h_in >= 0.0 : h_in > 0.0", GRADIENTS, SAME_CELLS),
    (_LANES, "«h_bits == 0» ? one", "RISKFLAG_LANES == 8 ? h_bits != 0 : h_bits == 0", GRADIENTS, SAME_CELLS),
    (_LANES, "«m > 0.0» ? m", "RISKFLAG_LANES == 4 ? m >= 0.0 : m > 0.0", GRADIENTS, SAME_SUMS),
    (_LANES, "nonzero < least[v]", "RISKFLAG_LANES == 8 ? nonzero > least[v] : nonzero < least[v]", GRADIENTS, SAME_SUMS),
    # bin
    ("riskflag/bin/kernels/find_bins.hpp", "cuts[p0 + step - 1] < x0", "cuts[p0 + step - 1] <= x0", BIN, FIND_BINS),
    ("riskflag/bin/kernels/find_bins.hpp", "cuts[p + step - 1] < x[i]", "cuts[p + step - 1] <= x[i]", BIN, FIND_BINS),
    ("riskflag/bin/kernels/find_bins.hpp", "_mm512_cmp_pd_mask(ca, xa, _CMP_LT_OQ)", "_mm512_cmp_pd_mask(ca, xa, _CMP_LE_OQ)", BIN, FIND_BINS),
    # CSV: numbers, delimiters, row starts
    (_DIVIDE, "lost > half", "lost >= half", NUMBER, BY_TEN),
    (_NUMBER, "mantissa <= kExactInteger && exponent >= -22", "mantissa >= kExactInteger && exponent >= -22", NUMBER, STRTOD),
    (_NUMBER, "digits > 19", "digits > 20", NUMBER, NOT_SIMPLE),
    (_SCAN, "_mm_cmpeq_epi8(bytes, _mm_set1_epi8(a))", "_mm_cmpgt_epi8(bytes, _mm_set1_epi8(a))", CSV, QUOTES),
    (_SCAN, "_mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(9)), bytes)", "_mm_cmpgt_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(9)), bytes)",
     NUMBER, LOOKS),
    (_NUMBER, "size < places + 2", "size <= places + 2", NUMBER, LOOKS),
    (_NUMBER, "others16(end - 16) != others >> (size - 16)", "others16(end - 16) == others >> (size - 16)", NUMBER, LOOKS),
    (_DIVIDE, "(bits & 2047) - 1020 <= 4", "(bits & 2047) - 1020 > 4096", NUMBER, DIVISIONS),
    (_CUT, "stops_[want] != row_end", "stops_[want] > row_end", CSV, SLOW_READER),
    (_SCAN, "_mm_cmpeq_epi8(bytes, want)", "_mm_cmpgt_epi8(bytes, want)", CSV, SLOW_READER),
    (_BLOCKS, "size - at < 64", "size - at > 64", CSV, SLOW_READER),
    (_BLOCKS, "before == '\\n' || before == '\"'", "before != '\\n' || before == '\"'", CSV, SLOW_READER),
    # the leak guard's rows, the metrics' sort, SHA-256 by the processor
    ("riskflag/audit/detail/row_hash.hpp", "bits == 0x8000000000000000ULL", "bits != 0x8000000000000000ULL", AUDIT,
     "-0 equals 0 and every NaN is missing when rows are compared"),
    ("riskflag/metrics/detail/radix_sort.hpp", "key(a) < key(b)", "key(a) > key(b)", METRICS, ALL_PAIRS),
    ("riskflag/metrics/detail/radix_sort.hpp", "starts[(key(items[0]) >> shift) & (kBuckets - 1)] == items.size()",
     "starts[(key(items[0]) >> shift) & (kBuckets - 1)] != items.size()", METRICS, LONG_SORT),
    ("riskflag/metrics/detail/ranked.hpp", "key_of(from[c][at[c]]) == key", "key_of(from[c][at[c]]) >= key", METRICS, ALL_PAIRS),
    ("riskflag/core/detail/sha256_x86.hpp", "group < 4", "group <= 4", SHA256,
     "the processor's SHA instructions give the portable code's state"),
]
