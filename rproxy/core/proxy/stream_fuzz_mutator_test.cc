#include "rproxy/core/proxy/stream_fuzz_mutator.h"

#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace rproxy::test {
namespace {

constexpr absl::string_view kPieces[] = {"A: b\r\n", "\n"};

TEST(MutateLinesTest, SameSeedSameResult) {
  std::string first = "GET / HTTP/1.1\r\n\r\n";
  std::string second = first;
  MutateLines(first, kPieces, 7);
  MutateLines(second, kPieces, 7);
  EXPECT_EQ(first, second);
}

TEST(MutateLinesTest, MakesSomethingOfNothing) {
  std::string text;
  MutateLines(text, kPieces, 1);
  EXPECT_FALSE(text.empty());
}

TEST(MutateLinesTest, MostSeedsChangeTheInput) {
  const std::string before = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  int changed = 0;
  for (uint32_t seed = 0; seed < 100; ++seed) {
    std::string text = before;
    MutateLines(text, kPieces, seed);
    changed += text != before;
  }
  EXPECT_GT(changed, 80);
}

TEST(MutateForFuzzerTest, StaysWithinItsBuffer) {
  for (uint32_t seed = 1; seed < 100; ++seed) {
    uint8_t buffer[8] = {'G', 'E', 'T', '\r', '\n', '1', '2', '3'};
    EXPECT_LE(MutateForFuzzer(buffer, 8, sizeof(buffer), seed, kPieces),
              sizeof(buffer));
  }
}

}  // namespace
}  // namespace rproxy::test
