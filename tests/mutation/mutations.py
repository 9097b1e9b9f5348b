"""What tests/mutation/test_mutations.py flips: (header, text, mutated text, [test sources], exact doctest case name).

`text` is an expression that stands exactly once in the header; where it does not, « and » mark it inside enough context. `mutated text`
is the expression that takes its place. Rows whose instruction set this CPU lacks are skipped, and said so.
"""

PREDICT = ["predict/predictor_test.cpp"]
TREES = ["train/reference_test.cpp"]
SCAN = ["train/scan_test.cpp"]
GRADIENTS = ["train/gradients_test.cpp"]
CLASSES = ["train/multiclass_test.cpp"]
BIN = ["bin/binned_test.cpp"]
NUMBER = ["data/csv_number_test.cpp"]
CSV = ["data/csv_test.cpp"]
AUDIT = ["audit/leak_test.cpp"]
METRICS = ["metrics/classification_test.cpp"]
SHA256 = ["core/sha256_test.cpp"]
SHAP = ["explain/shap_test.cpp"]

WIDTHS = "every number of rows around the vector widths is scored alike"
RULES = "every rule for missing values is scored alike, with columns beyond one, two and four registers"
LANES = "every number of trees around the lanes is scored alike"
KERNELS = "invariant: every engine and kernel gives the slow scorer's bits"
SETS = "categorical sets are scored alike: unseen levels, negative ones, fractions, missing ones"
SYMMETRIC = "symmetric trees are found, scored level by level, and alike"
UPPER_HALVES = "values whose upper halves are a threshold's are ranked by their lower halves"
SAME_REFERENCES = "invariant: many references give the mean of one by one, the same bits from every kernel, looked at once or each time"
SAME_SHAP = "invariant: contributions have the same bits from every kernel, for one row and many"
LIMITED = "limits on outputs and other orders of growth give the textbook's trees"
TEXTBOOK = "training gives the trees of a textbook trainer with sums in double over raw rows"
SAME_CUT = "every kernel finds the scalar scan's cut and gain, to the bit, around every vector width and limit"
SAME_PARTITION = "every kernel sends rows where the scalar one does, in its order, around every vector width"
SAME_SOFTMAX = "every kernel's softmax is the scalar one, to the bit, with and without weights, at any margin"
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
ANSWERS = "categories that would take many columns are answered level by level for single rows, alike"
ALL_PAIRS = "ranking metrics equal their definitions over all pairs, with ties and weights"

_SCALAR = "riskflag/predict/kernels/scalar.hpp"
_BYTES = "riskflag/predict/kernels/bytes.inl"
_SSSE3 = "riskflag/predict/kernels/ssse3.inl"
_AVX2 = "riskflag/predict/kernels/avx2.inl"
_AVX512 = "riskflag/predict/kernels/avx512.inl"
_RANK = "riskflag/predict/kernels/rank.inl"
_RANK_AVX512 = "riskflag/predict/kernels/rank_avx512.inl"
_PLANES = "riskflag/predict/kernels/planes.inl"
_PLANES_BYTES = "riskflag/predict/kernels/planes_bytes.inl"
_PLANES_PICK = "riskflag/predict/kernels/planes_pick.inl"
_RANK_AVX2 = "riskflag/predict/kernels/rank_avx2.inl"
_PLANES_AVX512 = "riskflag/predict/kernels/planes_avx512.inl"
_NEON = "riskflag/predict/kernels/neon.hpp"
_REFERENCES = "riskflag/explain/kernels/references.inl"
_SHAP = "riskflag/explain/kernels/lanes.inl"
_LANES = "riskflag/train/kernels/lanes.inl"
_LIMITED = "riskflag/train/kernels/scan_limited.hpp"
_SCAN_AVX2 = "riskflag/train/kernels/scan_avx2.hpp"
_SCAN_AVX512 = "riskflag/train/kernels/scan_avx512.hpp"
_SCAN = "riskflag/data/detail/csv_scan.hpp"
_NUMBER = "riskflag/data/detail/csv_number.hpp"
_DIVIDE = "riskflag/data/detail/csv_divide.hpp"
_CUT = "riskflag/data/detail/csv_cut.hpp"
_BLOCKS = "riskflag/data/detail/csv_blocks.hpp"
_LEVELS = "riskflag/data/detail/csv_levels.hpp"

MUTATIONS = [
    # predict: rank look-up, single row, batch, sums of leaves; in each instruction set
    (_SCALAR, "block += «keys[i] < key»", "keys[i] <= key", PREDICT, KERNELS),
    (_SCALAR, "in_block[i] < key", "in_block[i] <= key", PREDICT, WIDTHS),
    (_BYTES, "reinterpret_cast<Bytes>(«x > rank»)", "x >= rank", PREDICT, WIDTHS),
    (_BYTES, "reinterpret_cast<Bytes>(«e == a»)", "e != a", PREDICT, WIDTHS),
    (_SSSE3, "_mm_cmpgt_epi32(x, h0)", "_mm_cmpgt_epi32(h0, x)", PREDICT, KERNELS),
    (_SSSE3, "_mm_movemask_epi8(equal) != 0", "_mm_movemask_epi8(equal) < 0", PREDICT, UPPER_HALVES),
    (_SSSE3, "_mm_cmpeq_epi8(_mm_min_epu8(x, rank), x)", "_mm_cmpeq_epi8(_mm_min_epu8(x, rank), rank)", PREDICT, WIDTHS),
    (_SSSE3, "_mm_cmpeq_epi8(_mm_max_epu8(e, load_16(step + 128)), e)",
     "_mm_cmpeq_epi8(_mm_max_epu8(e, load_16(step + 128)), load_16(step + 128))", PREDICT, WIDTHS),
    (_SSSE3, "if («forest.columns <= 64») return walk_bundle<true, false>", "forest.columns >= 64", PREDICT, RULES),
    (_AVX2, "_mm256_cmpgt_epi64(x, _mm256_load_si256(at))",
     "_mm256_xor_si256(_mm256_cmpgt_epi64(_mm256_load_si256(at), x), _mm256_set1_epi8(-1))", PREDICT, WIDTHS),
    (_AVX2, "«_mm256_cmpeq_epi8(_mm256_min_epu8(x, rank), x)»;\n  const __m256i here", "_mm256_cmpeq_epi8(_mm256_min_epu8(x, rank), rank)",
     PREDICT, WIDTHS),
    (_AVX2, "«_mm256_cmpeq_epi8(_mm256_min_epu8(x, rank), x)»;\n  if constexpr", "_mm256_cmpeq_epi8(_mm256_min_epu8(x, rank), rank)",
     PREDICT, WIDTHS),
    (_AVX2, "_mm256_cmpeq_epi8(_mm256_max_epu8(e, load(step + 128)), e)",
     "_mm256_cmpeq_epi8(_mm256_max_epu8(e, load(step + 128)), load(step + 128))", PREDICT, KERNELS),
    (_AVX2, "_mm256_sub_epi8(e, load(step + 128))", "_mm256_sub_epi8(load(step + 128), e)", PREDICT, WIDTHS),
    (_AVX2, "bundle.steps < 128", "bundle.steps < 1024", PREDICT, KERNELS),
    (_AVX2, "select(load(x), rank, a, b, e0)", "select(rank, load(x), a, b, e0)", PREDICT, WIDTHS),
    (_AVX2, "if («forest.columns <= 64») return walk_any<4, false>", "forest.columns >= 64", PREDICT, RULES),
    (_AVX512, "_mm512_cmplt_epi64_mask(low, x)", "_mm512_cmple_epi64_mask(low, x)",
     PREDICT, WIDTHS),
    (_AVX512, "_mm512_cmpgt_epu8_mask(x, _mm512_load_si512(step + 64))", "_mm512_cmpge_epu8_mask(x, _mm512_load_si512(step + 64))",
     PREDICT, WIDTHS),
    (_AVX512, "_mm512_cmpgt_epu8_mask(_mm512_load_si512(x), rank)", "_mm512_cmpge_epu8_mask(_mm512_load_si512(x), rank)", PREDICT, WIDTHS),
    (_AVX512, "if («count <= 16») return add_from_table", "count <= 32", PREDICT, WIDTHS),
    (_RANK, "key >= order_key(-kZeroBand)", "key > order_key(-kZeroBand)", PREDICT, RULES),
    (_RANK, "key <= (forest.float32_inputs != 0 ? -1 : order_key(-1.0))", "key < (forest.float32_inputs != 0 ? -1 : order_key(-1.0))",
     PREDICT, SETS),
    ("riskflag/predict/walk_forest.hpp", "return «key <= node.key»;", "key < node.key", PREDICT, WIDTHS),
    (_RANK_AVX512, "_mm512_cmplt_epi32_mask(probe, x)", "_mm512_cmplt_epi32_mask(x, probe)", PREDICT, KERNELS),
    (_RANK_AVX512, "_mm512_mask_cmpneq_epi32_mask(differs, probe, x)", "_mm512_mask_cmple_epi32_mask(differs, probe, x)",
     PREDICT, UPPER_HALVES),
    (_RANK_AVX512, "_mm512_cmpgt_epi32_mask(size, infinity)", "_mm512_cmpge_epi32_mask(size, infinity)", PREDICT, KERNELS),
    (_PLANES, "«leaves <= 8») {", "leaves >= 8", PREDICT, WIDTHS),
    (_PLANES, "pair < column.pairs", "pair + 1 < column.pairs", PREDICT, WIDTHS),
    (_PLANES_AVX512, "t < view.tile_count", "t + 1 < view.tile_count", PREDICT, WIDTHS),
    (_PLANES_AVX512, "for (unsigned bit = 0; «bit < bits»; ++bit)", "bit + 1 < bits", PREDICT, WIDTHS),
    (_PLANES_BYTES, "bytes.trees > kPlaneCarry", "bytes.trees > 4 * kPlaneCarry", PREDICT, LANES),
    (_PLANES_PICK, "most <= 16", "most <= 32", PREDICT, WIDTHS),
    (_RANK_AVX2, "_mm256_cmpgt_epi32(x, first)", "_mm256_cmpgt_epi32(first, x)", PREDICT, KERNELS),
    (_RANK_AVX2, "keys[rank] == probes[r]", "keys[rank] < probes[r]", PREDICT, UPPER_HALVES),
    (_RANK_AVX2, "_mm256_cmpgt_epi32(size, infinity)", "_mm256_cmpgt_epi32(infinity, size)", PREDICT, KERNELS),
    (_NEON, "if («forest.columns <= 64») return walk_bundle<1, false>", "forest.columns >= 64", PREDICT, RULES),
    # categories answered level by level
    (_SCALAR, "«out != Bytes{}»", "out == Bytes{}", PREDICT, ANSWERS),
    (_SSSE3, "_mm_cmpeq_epi8(_mm_and_si128(bits, own), own)", "_mm_cmpeq_epi8(_mm_and_si128(bits, own), bits)", PREDICT, ANSWERS),
    (_AVX2, "_mm256_cmpeq_epi8(_mm256_and_si256(bits, own), own)", "_mm256_cmpeq_epi8(_mm256_and_si256(bits, own), bits)", PREDICT, ANSWERS),
    (_RANK, "for (std::uint32_t i = 0; «i < forest.answer_count»; ++i) {\n        all", "i + 1 < forest.answer_count", PREDICT, ANSWERS),
    # symmetric trees: a row, a block, planes
    (_SCALAR, "if («forest.symmetric != 0») {", "forest.symmetric == 0", PREDICT, SYMMETRIC),
    (_AVX2, "«s < bundle.steps»; ++s, step += bundle.width * kScanLevelBytes", "s + 1 < bundle.steps", PREDICT, SYMMETRIC),
    (_AVX512, "«s < bundle.steps»; ++s, step += bundle.width * kScanLevelBytes", "s + 1 < bundle.steps", PREDICT, SYMMETRIC),
    (_RANK, "level < tree.levels", "level + 1 < tree.levels", PREDICT, SYMMETRIC),
    (_PLANES, "bit < tree.nodes", "bit + 1 < tree.nodes", PREDICT, SYMMETRIC),
    # explain
    (_SHAP, "keys[node.column] <= node.key", "RISKFLAG_LANES == 4 ? keys[node.column] < node.key : keys[node.column] <= node.key",
     SHAP, SAME_SHAP),
    (_SHAP, "hots[node.above] == node.above_side",
     "RISKFLAG_LANES == 8 ? hots[node.above] != node.above_side : hots[node.above] == node.above_side", SHAP, SAME_SHAP),
    (_REFERENCES, "__builtin_popcountll(«leave & at_least[a]»", "RISKFLAG_LANES == 4 ? at_least[a] : leave & at_least[a]", SHAP, SAME_REFERENCES),
    # train
    ("riskflag/train/kernels/histogram.hpp", "for (; «i < n»; ++i) add_row", "i + 1 < n", TREES, TEXTBOOK),
    ("riskflag/train/kernels/histogram.hpp", "«i < n»; ++i) a[i] -= b[i]", "i + 1 < n", TREES, TEXTBOOK),
    ("riskflag/train/kernels/partition.hpp", "const std::uint32_t row = rows[i];\n    const std::size_t goes = «go_left[column[row]]»;",
     "go_left[column[row]] == 0", TREES, TEXTBOOK),
    ("riskflag/train/kernels/scan.hpp", "gain > best.gain", "gain < best.gain", TREES, TEXTBOOK),
    ("riskflag/train/kernels/quantize.hpp", "qh == 0 && «block.h[i] > 0.0»", "block.h[i] >= 0.0", GRADIENTS, SAME_CELLS),
    ("riskflag/train/kernels/logistic.hpp", "block.weights != nullptr", "block.weights == nullptr", GRADIENTS, SAME_GRADIENTS),
    ("riskflag/train/kernels/softmax.hpp", "«m > top» ? m : top", "m < top", CLASSES, SAME_SOFTMAX),
    (_LANES, "reinterpret_cast<Longs>(score_bits) < 0",
     "RISKFLAG_LANES == 4 ? reinterpret_cast<Longs>(score_bits) >= 0 : reinterpret_cast<Longs>(score_bits) < 0", GRADIENTS, SAME_GRADIENTS),
    (_LANES, "magnitude[lane] <= std::bit_cast<std::uint64_t>(700.0)",
     "RISKFLAG_LANES != 8 || magnitude[lane] >= std::bit_cast<std::uint64_t>(700.0)", GRADIENTS, SAME_GRADIENTS),
    (_LANES, "h_in > 0.0", "RISKFLAG_LANES == 4 ? h_in >= 0.0 : h_in > 0.0", GRADIENTS, SAME_CELLS),
    (_LANES, "«h_bits == 0» ? one", "RISKFLAG_LANES == 8 ? h_bits != 0 : h_bits == 0", GRADIENTS, SAME_CELLS),
    (_LANES, "«m > 0.0» ? m", "RISKFLAG_LANES == 4 ? m >= 0.0 : m > 0.0", GRADIENTS, SAME_SUMS),
    (_LANES, "nonzero < least[v]", "RISKFLAG_LANES == 8 ? nonzero > least[v] : nonzero < least[v]", GRADIENTS, SAME_SUMS),
    ("riskflag/train/kernels/sum.hpp", "for (std::size_t lane = 0; «lane < 8»; ++lane) {\n      const double m", "lane < 7",
     GRADIENTS, SAME_SUMS),
    (_LIMITED, "sides.gain > best.gain", "sides.gain < best.gain", TREES, LIMITED),
    (_LIMITED, "out.left > out.right", "out.left < out.right", TREES, LIMITED),
    (_SCAN_AVX2, "gains[lane] > top", "gains[lane] >= top", SCAN, SAME_CUT),
    (_SCAN_AVX2, "_mm256_cmp_pd(_mm256_min_pd(hl, hr), min_h, _CMP_GE_OQ)", "_mm256_cmp_pd(_mm256_min_pd(hl, hr), min_h, _CMP_GT_OQ)", SCAN,
     SAME_CUT),
    (_SCAN_AVX2, "b <= in.first", "b < in.first", SCAN, SAME_CUT),
    ("riskflag/train/kernels/partition_avx2.hpp", "i + 32 <= n", "i + 16 <= n", SCAN, SAME_PARTITION),
    (_SCAN_AVX512, "gains[lane] > top", "gains[lane] >= top", SCAN, SAME_CUT),
    (_SCAN_AVX512, "_mm512_mask_cmp_pd_mask(allowed, hr, min_h, _CMP_GE_OQ)", "_mm512_mask_cmp_pd_mask(allowed, hr, min_h, _CMP_GT_OQ)",
     SCAN, SAME_CUT),
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
    (_LEVELS, "«slot.key == key» || slot.code == kUnknown", "slot.key != key", CSV, SLOW_READER),
    (_LEVELS, "«is_blank(text.front())» ||", "!is_blank(text.front())", CSV, SLOW_READER),
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

# Files in a kernels/ folder without a comparison that decides anything: why each needs no row.
EXEMPT = {
    "riskflag/explain/kernels/dispatch.hpp": "names the kernel of an instruction set",
    "riskflag/explain/kernels/kernel.hpp": "declares what a kernel works on",
    "riskflag/predict/kernels/kernel.hpp": "declares what a kernel is",
    "riskflag/predict/kernels/planes_avx2.inl": "loads, places and picks bytes, without a comparison",
    "riskflag/predict/kernels/x86.hpp": "includes the x86 kernels in their target regions",
    "riskflag/train/kernels/dispatch.hpp": "names the kernel of an instruction set",
}
