// The first byte divides the rest into a pattern and a text. Property: the
// answer is that of a matcher that tries everything.

#include "rproxy/core/routing/glob.h"

#include <stdlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

// Whether pattern[0, p) matches text[0, t), for all p and t: quadratic, and
// plainly right.
bool NaiveMatches(std::string_view pattern, std::string_view text) {
  std::vector<bool> matches(text.size() + 1, false);
  matches[0] = true;
  for (const char c : pattern) {
    if (c == '*') {
      for (size_t t = 1; t <= text.size(); ++t) {
        matches[t] = matches[t] || matches[t - 1];
      }
    } else {
      for (size_t t = text.size(); t > 0; --t) {
        matches[t] = matches[t - 1] && text[t - 1] == c;
      }
      matches[0] = false;
    }
  }
  return matches[text.size()];
}

void Check(std::string_view pattern, std::string_view text) {
  if (rproxy::Glob(pattern).Matches(text) != NaiveMatches(pattern, text)) {
    abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1,
                              std::min(size - 1, size_t{2048}));
  const size_t middle = std::min<size_t>(data[0], rest.size());
  Check(rest.substr(0, middle), rest.substr(middle));

  // Few different bytes find more matches, and more near misses.
  std::string dense(rest);
  for (char& c : dense) c = "ab*"[static_cast<uint8_t>(c) % 3];
  std::string text = dense.substr(middle);
  std::replace(text.begin(), text.end(), '*', 'a');
  Check(std::string_view(dense).substr(0, middle), text);
  return 0;
}
