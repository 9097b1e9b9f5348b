#pragma once

// The x86 kernels: each instruction set's file is compiled in its own namespace and target region, so that a program
// built with plain -O2 has them all and runs the one that the CPU allows. Intrinsics are declared outside of the
// regions; inside there is nothing that another translation unit, compiled with other flags, could share.

#if defined(__x86_64__)

#include <cstddef>
#include <cstdint>

#include <immintrin.h>

#include <riskflag/core/float32.hpp>
#include <riskflag/core/missing.hpp>
#include <riskflag/core/order_key.hpp>
#include <riskflag/model/tree.hpp>
#include <riskflag/predict/kernels/kernel.hpp>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("ssse3"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("ssse3")
#endif

namespace riskflag::inline v0_1::scan_ssse3 {
#include <riskflag/predict/kernels/ssse3.inl>
}  // namespace riskflag::inline v0_1::scan_ssse3

#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,bmi,bmi2,popcnt"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,popcnt")
#endif

namespace riskflag::inline v0_1::scan_avx2 {
#include <riskflag/predict/kernels/avx2.inl>
//
#include <riskflag/predict/kernels/planes_avx2.inl>
}  // namespace riskflag::inline v0_1::scan_avx2

#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(                                                                                 \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,bmi,bmi2,popcnt"))), \
    apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vnni,avx2,bmi,bmi2,popcnt")
#endif

namespace riskflag::inline v0_1::scan_avx512 {
#include <riskflag/predict/kernels/avx512.inl>
//
#include <riskflag/predict/kernels/planes_avx512.inl>
}  // namespace riskflag::inline v0_1::scan_avx512

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace riskflag::inline v0_1 {

namespace scan_ssse3 {
inline constexpr ScanKernel kKernel = {"ssse3", CpuLevel::ssse3, rank_row, row_leaves,    rank_block, tree_leaves,
                                       nullptr, kPlaneRows,      48,       plane_scratch, sum_planes};
}
namespace scan_avx2 {
inline constexpr ScanKernel kKernel = {"avx2",  CpuLevel::avx2, rank_row, row_leaves,    rank_block, tree_leaves,
                                       nullptr, kPlaneRows,     112,      plane_scratch, sum_planes};
}
namespace scan_avx512 {
inline constexpr ScanKernel kKernel = {"avx512",   CpuLevel::avx512, rank_row, row_leaves,    rank_block, tree_leaves,
                                       add_leaves, kPlaneRows,       170,      plane_scratch, sum_planes};
}

}  // namespace riskflag::inline v0_1

#endif
