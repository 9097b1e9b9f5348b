#pragma once

// Tables from and to other programs in one process, without a dependency: the Arrow C data interface
// (arrow.apache.org/docs/format/CDataInterface.html), whose structs are part of its ABI and are repeated here as the
// specification asks.

#include <cstdint>
#include <string>

#include <riskflag/data/frame.hpp>

extern "C" {

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

#endif  // ARROW_C_DATA_INTERFACE

}  // extern "C"

namespace riskflag::inline v0_1 {

/// The record batch (a struct of columns) as a frame; copies, and leaves both structs to their owner, who releases
/// them.
///
/// Integers of 8 to 64 bits, float, double and bool become numbers (a 64-bit integer beyond 2^53 is refused, as it
/// would lose digits: send it as text); utf8, large_utf8 and utf8_view become a category under read_csv's limits (1,000
/// levels, half the rows, 16 in short tables), else text; dictionaries of texts become categories, whatever their size;
/// date32 a date; null a number, all missing. NaN counts as missing. Throws unsupported for any other format,
/// invalid_data for a structure that is not a batch, an index outside its dictionary, duplicate names.
[[nodiscard]] Frame import_arrow(const ArrowSchema& schema, const ArrowArray& array);

/// The frame as a record batch: doubles, dictionaries of int32 to large_utf8, large_utf8, date32, all nullable with
/// validity bits. The caller owns both structs and calls their release; the data are copies, so the frame may go first.
void export_arrow(const Frame& frame, ArrowSchema& schema, ArrowArray& array);

}  // namespace riskflag::inline v0_1

#include <riskflag/data/detail/arrow_export.hpp>
#include <riskflag/data/detail/arrow_import.hpp>
