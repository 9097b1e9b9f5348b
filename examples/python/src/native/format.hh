#pragma once

#include <cstddef>

namespace binding {

/// Bytes of a cell of one of Piece's formats.
[[nodiscard]] std::size_t size_of(char format);

}  // namespace binding
