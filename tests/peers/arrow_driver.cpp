// A shared library for test_arrow_producers.py: record batches of other libraries in our hands, through Arrow's C data
// interface and its stream interface.

#include <cstdint>
#include <cstdio>
#include <exception>
#include <span>
#include <string>

#include <riskflag/data/arrow.hpp>
#include <riskflag/predict.hpp>
#include <riskflag/predict/arrow.hpp>

using namespace riskflag;

extern "C" {

// As the specification writes it (arrow.apache.org/docs/format/CStreamInterface.html).
struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

namespace {
int refused(const std::string& message, char* out, std::size_t size) {
  std::snprintf(out, size, "%s", message.c_str());
  return -1;
}
}  // namespace

/// The next batch of a stream, 1; or 0 at its end. The caller releases it with release_batch().
int next_batch(ArrowArrayStream* stream, ArrowSchema* schema, ArrowArray* batch) {
  if (stream->get_schema(stream, schema) != 0) return -1;
  if (stream->get_next(stream, batch) != 0) return -1;
  return batch->release != nullptr ? 1 : 0;
}

void release_batch(ArrowSchema* schema, ArrowArray* batch) {
  if (schema->release != nullptr) schema->release(schema);
  if (batch->release != nullptr) batch->release(batch);
}

/// arrow_margins(): how many rows, or -1 and a sentence.
std::int64_t margins_of(const char* model, const ArrowSchema* schema, const ArrowArray* batch, double* out,
                        std::size_t places, char* message, std::size_t size) {
  const auto predictor = try_load(model);
  if (!predictor) return refused(predictor.failure().text(), message, size);
  const auto rows = arrow_margins(*predictor, *schema, *batch, std::span(out, places));
  if (!rows) return refused(rows.failure().text(), message, size);
  return static_cast<std::int64_t>(*rows);
}

/// The batch as a frame, and the frame as a batch again; 0, or -1 and a sentence.
int through_frame(const ArrowSchema* schema, const ArrowArray* batch, ArrowSchema* schema_out, ArrowArray* batch_out,
                  char* message, std::size_t size) {
  try {
    export_arrow(import_arrow(*schema, *batch), *schema_out, *batch_out);
    return 0;
  } catch (const std::exception& error) {
    return refused(error.what(), message, size);
  }
}

}  // extern "C"
