#include "rproxy/core/http/head_reader.h"

#include <algorithm>

namespace rproxy {
namespace {

// Most heads that come in pieces fit one block of this size.
constexpr size_t kBlockBytesMin = 512;

}  // namespace

HeadReader::Step HeadReader::Read(absl::string_view input,
                                  const HttpPolicy& policy) {
  const HeadScanner::Step scan = scanner_.Scan(input, policy);
  Step step = {.consumed = scan.consumed, .error = scan.error};
  if (scan.error != ParseError::kNone) return step;
  const absl::string_view piece =
      input.substr(scan.skipped, scan.consumed - scan.skipped);
  if (scanner_.done() && block_.empty()) {
    step.section = piece;
    return step;
  }
  Keep(piece, policy.header_bytes_max);
  if (scanner_.done()) step.section = {block_.data(), block_.size()};
  return step;
}

void HeadReader::Keep(absl::string_view piece, size_t bytes_max) {
  const size_t needed = block_.size() + piece.size();
  if (needed > block_.capacity()) {
    const size_t wanted =
        std::max({needed, 2 * block_.capacity(), kBlockBytesMin});
    block_.reserve(std::max(needed, std::min(wanted, bytes_max)));
  }
  block_.insert(block_.end(), piece.begin(), piece.end());
}

void HeadReader::Reset(SectionKind kind) {
  scanner_ = HeadScanner(kind);
  block_ = std::vector<char>();
}

}  // namespace rproxy
