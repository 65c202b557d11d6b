#include "rproxy/core/http/head_reader.h"

#include <string>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

constexpr absl::string_view kHead = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(HeadReaderTest, WholeHeadIsNotCopied) {
  const std::string input = "\r\n" + std::string(kHead) + "rest";
  HeadReader reader(SectionKind::kRequest);
  const HeadReader::Step step = reader.Read(input, {});
  EXPECT_TRUE(reader.done());
  EXPECT_EQ(step.consumed, kHead.size() + 2);
  EXPECT_EQ(step.section, kHead);
  EXPECT_EQ(step.section.data(), input.data() + 2);
  EXPECT_EQ(reader.memory(), 0U);
}

TEST(HeadReaderTest, PiecesAreGathered) {
  for (size_t first = 1; first < kHead.size(); ++first) {
    HeadReader reader(SectionKind::kRequest);
    std::string piece(kHead.substr(0, first));
    EXPECT_EQ(reader.Read(piece, {}).consumed, first);
    EXPECT_FALSE(reader.done());
    piece.assign(piece.size(), '#');
    EXPECT_EQ(reader.Read(kHead.substr(first), {}).section, kHead);
    EXPECT_GT(reader.memory(), 0U);
  }
}

TEST(HeadReaderTest, MemoryStaysBelowTheLimit) {
  const HttpPolicy policy = {.header_bytes_max = 3000};
  HeadReader reader(SectionKind::kRequest);
  reader.Read("GET / HTTP/1.1\r\nA: ", policy);
  for (int i = 0; i < 4000; ++i) {
    const HeadReader::Step step = reader.Read("x", policy);
    EXPECT_LE(reader.memory(), policy.header_bytes_max);
    if (step.error != ParseError::kNone) {
      EXPECT_EQ(step.error, ParseError::kHeadTooLarge);
      return;
    }
  }
  FAIL() << "no limit";
}

TEST(HeadReaderTest, HoldsNothingBeforeAndAfter) {
  HeadReader reader(SectionKind::kRequest);
  reader.Read("\r\n\r\n\r", {});
  EXPECT_EQ(reader.memory(), 0U);
  EXPECT_FALSE(reader.started());
  reader.Read("\nGET", {});
  EXPECT_GT(reader.memory(), 0U);
  reader.Reset(SectionKind::kRequest);
  EXPECT_EQ(reader.memory(), 0U);
  EXPECT_EQ(reader.Read(kHead, {}).section, kHead);
}

}  // namespace
}  // namespace rproxy
