#include "rproxy/core/proxy/stream_fuzz_mutator.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <utility>
#include <vector>

// Only libFuzzer has it.
extern "C" __attribute__((weak)) size_t LLVMFuzzerMutate(uint8_t* data,
                                                         size_t size,
                                                         size_t max_size);

namespace rproxy::test {
namespace {

// Lines with their ends, whatever ends them.
std::vector<std::string> SplitLines(absl::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const size_t size = end == absl::string_view::npos ? text.size() : end + 1;
    lines.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

}  // namespace

void MutateLines(std::string& input, absl::Span<const absl::string_view> pieces,
                 uint32_t seed) {
  std::minstd_rand random(seed);
  const auto below = [&random](size_t bound) {
    return bound == 0 ? 0 : static_cast<size_t>(random()) % bound;
  };
  const auto piece = [&] { return pieces[below(pieces.size())]; };
  std::vector<std::string> lines = SplitLines(input);
  for (size_t changes = 1 + below(4); changes > 0; --changes) {
    const size_t at = below(lines.size() + 1);
    if (at == lines.size() || below(3) == 0) {
      lines.insert(lines.begin() + static_cast<ptrdiff_t>(at),
                   std::string(piece()));
      continue;
    }
    std::string& line = lines[at];
    switch (below(7)) {
      case 0:
        lines.erase(lines.begin() + static_cast<ptrdiff_t>(at));
        break;
      case 1:
        lines.insert(lines.begin() + static_cast<ptrdiff_t>(at),
                     std::string(line));
        break;
      case 2:
        std::swap(line, lines[below(lines.size())]);
        break;
      case 3:
        line = std::string(piece());
        break;
      case 4:
        line.insert(below(line.size() + 1), std::string(piece()));
        break;
      case 5:  // A digit more or less decides where a message ends.
        for (char& c : line) {
          if (c >= '0' && c <= '9' && below(2) == 0) {
            c = static_cast<char>('0' + below(10));
            break;
          }
        }
        break;
      case 6:
        if (!line.empty()) {
          line[below(line.size())] = static_cast<char>(below(256));
        }
        break;
    }
  }
  input.clear();
  for (const std::string& line : lines) input += line;
}

size_t MutateForFuzzer(uint8_t* input, size_t size, size_t max_size,
                       uint32_t seed,
                       absl::Span<const absl::string_view> pieces) {
  if (seed % 4 == 0 && LLVMFuzzerMutate != nullptr) {
    return LLVMFuzzerMutate(input, size, max_size);
  }
  std::string text(reinterpret_cast<const char*>(input), size);
  MutateLines(text, pieces, seed);
  const size_t new_size = std::min(text.size(), max_size);
  std::memcpy(input, text.data(), new_size);
  return new_size;
}

}  // namespace rproxy::test
