#include "rproxy/core/http/head_scanner.h"

#include <string>

#include "gtest/gtest.h"

namespace rproxy {
namespace {

using namespace std::string_literals;

struct Result {
  bool done;
  ParseError error;
  size_t consumed;
  size_t skipped;
  size_t fields;

  bool operator==(const Result&) const = default;
};

// Checks that pieces of any one size give the same, and returns it.
Result ScanAll(const std::string& input, SectionKind kind,
               const HttpPolicy& policy = {}) {
  Result whole = {};
  for (size_t size = input.size() + 1; size-- > 1;) {
    HeadScanner scanner(kind);
    Result result = {};
    while (result.consumed < input.size() && !scanner.done() &&
           result.error == ParseError::kNone) {
      const HeadScanner::Step step = scanner.Scan(
          absl::string_view(input).substr(result.consumed, size), policy);
      result.consumed += step.consumed;
      result.skipped += step.skipped;
      result.error = step.error;
    }
    result.done = scanner.done();
    result.fields = scanner.fields();
    if (size == input.size()) whole = result;
    EXPECT_EQ(result, whole) << "pieces of " << size << ": " << input;
  }
  return whole;
}

TEST(HeadScannerTest, FindsTheEnd) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n";
  const Result result = ScanAll(head + "rest", SectionKind::kRequest);
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.consumed, head.size());
  EXPECT_EQ(result.fields, 2U);
  EXPECT_EQ(result.error, ParseError::kNone);
}

TEST(HeadScannerTest, WaitsForTheEnd) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t size = 1; size < head.size(); ++size) {
    const Result result = ScanAll(head.substr(0, size), SectionKind::kRequest);
    EXPECT_FALSE(result.done) << size;
    EXPECT_EQ(result.error, ParseError::kNone) << size;
    EXPECT_EQ(result.consumed, size);
  }
}

TEST(HeadScannerTest, TrailersBeginWithAField) {
  EXPECT_TRUE(ScanAll("\r\n", SectionKind::kTrailers).done);
  EXPECT_EQ(ScanAll("A: b\r\n\r\n", SectionKind::kTrailers).fields, 1U);
}

TEST(HeadScannerTest, SkipsEmptyLinesInFrontOfRequestsOnly) {
  const Result result = ScanAll("\r\n\r\nG\r\n\r\n", SectionKind::kRequest,
                                {.empty_lines_max = 2});
  EXPECT_TRUE(result.done);
  EXPECT_EQ(result.skipped, 4U);
  EXPECT_EQ(
      ScanAll("\r\n\r\n\r\n", SectionKind::kRequest, {.empty_lines_max = 2})
          .error,
      ParseError::kBadStartLine);
  EXPECT_EQ(
      ScanAll("\r\nHTTP/1.1 200 OK\r\n\r\n", SectionKind::kResponse).error,
      ParseError::kBadStartLine);
}

TEST(HeadScannerTest, EmptyLinesAreNoStart) {
  HeadScanner scanner(SectionKind::kRequest);
  scanner.Scan("\r\n\r", {});
  EXPECT_FALSE(scanner.started());
  scanner.Scan("\nG", {});
  EXPECT_TRUE(scanner.started());
}

TEST(HeadScannerTest, EveryLineEndsWithCrLf) {
  for (const char* head :
       {"\n", "\rG", "G\n", "G\rX", "G\r\r\n", "G\r\nA: b\n", "G\r\nA: b\rX",
        "G\r\nA: b\r\r\n", "G\r\n\n", "G\r\n\rX", "G\r\nA\n", "G\r\nA\rX",
        "G\r\nA:\n", "G\r\nA: b\r\n\n", "G\r\nA: b\r\n\r\r\n"}) {
    EXPECT_EQ(ScanAll(head, SectionKind::kRequest).error,
              ParseError::kBadLineEnd)
        << head;
  }
}

TEST(HeadScannerTest, ControlCharactersAreRefusedWhereTheyStand) {
  for (int i = 0; i < 0x20; ++i) {
    if (i == '\t' || i == '\r' || i == '\n') continue;
    const std::string c(1, static_cast<char>(i));
    EXPECT_EQ(ScanAll("G" + c, SectionKind::kRequest).error,
              ParseError::kBadStartLine);
    EXPECT_EQ(ScanAll("G\r\nA" + c, SectionKind::kRequest).error,
              ParseError::kBadFieldName);
    EXPECT_EQ(ScanAll("G\r\nA: b" + c, SectionKind::kRequest).error,
              ParseError::kBadFieldValue);
  }
  EXPECT_EQ(ScanAll("G\r\nA: \x7f", SectionKind::kRequest).error,
            ParseError::kBadFieldValue);
  EXPECT_EQ(ScanAll("\0"s, SectionKind::kRequest).error,
            ParseError::kBadStartLine);
}

TEST(HeadScannerTest, ValuesAreCheckedAtEveryOffset) {
  for (int i = 0; i < 256; ++i) {
    if (i == '\r') continue;
    for (size_t offset = 0; offset < 20; ++offset) {
      std::string value(20, 'v');
      value[offset] = static_cast<char>(i);
      HeadScanner scanner(SectionKind::kTrailers);
      const HeadScanner::Step step =
          scanner.Scan("A:" + value + "\r\n\r\n", {});
      const bool allowed = i == '\t' || (i >= 0x20 && i != 0x7f);
      EXPECT_EQ(scanner.done(), allowed) << i << " at " << offset;
      if (!allowed) {
        EXPECT_EQ(step.consumed, offset + 2);
      }
    }
  }
}

TEST(HeadScannerTest, FieldsHaveATokenAndAColonBehindIt) {
  for (const char* line : {"A : b\r\n", "A\t: b\r\n", ": b\r\n", "A\r\n",
                           "A b: c\r\n", "(A): b\r\n", "A\xc3\xa4: b\r\n",
                           "\"A\": b\r\n", "A@: b\r\n", "A=b\r\n"}) {
    EXPECT_EQ(ScanAll(std::string("G\r\n") + line, SectionKind::kRequest).error,
              ParseError::kBadFieldName)
        << line;
  }
}

TEST(HeadScannerTest, FoldedLinesAreRefused) {
  for (const char* line : {" x\r\n", "\tx\r\n", " A: b\r\n", " \r\n"}) {
    EXPECT_EQ(
        ScanAll(std::string("G\r\nA: b\r\n") + line, SectionKind::kRequest)
            .error,
        ParseError::kObsoleteFolding);
    // RFC 9112 section 2.2: white space before the first field.
    EXPECT_EQ(ScanAll(std::string("G\r\n") + line, SectionKind::kRequest).error,
              ParseError::kObsoleteFolding);
  }
}

TEST(HeadScannerTest, StartLineIsBoundedExactly) {
  const HttpPolicy policy = {.start_line_bytes_max = 4};
  EXPECT_EQ(ScanAll("ABCD\r\n\r\n", SectionKind::kRequest, policy).error,
            ParseError::kNone);
  EXPECT_EQ(ScanAll("ABCDE", SectionKind::kRequest, policy).error,
            ParseError::kStartLineTooLong);
  EXPECT_EQ(ScanAll("ABCD", SectionKind::kRequest, policy).error,
            ParseError::kNone);
}

TEST(HeadScannerTest, HeadIsBoundedExactly) {
  const std::string head = "G\r\nA: b\r\n\r\n";
  HttpPolicy policy = {.header_bytes_max = head.size()};
  EXPECT_TRUE(ScanAll(head + "x", SectionKind::kRequest, policy).done);
  policy.header_bytes_max = head.size() - 1;
  const Result result = ScanAll(head, SectionKind::kRequest, policy);
  EXPECT_EQ(result.error, ParseError::kHeadTooLarge);
  EXPECT_EQ(result.consumed, head.size() - 1);
}

TEST(HeadScannerTest, StartLineThatFillsTheHeadIsTooLong) {
  EXPECT_EQ(
      ScanAll("ABCDE", SectionKind::kRequest, {.header_bytes_max = 4}).error,
      ParseError::kStartLineTooLong);
}

TEST(HeadScannerTest, FieldsAreCountedAsTheyBegin) {
  const HttpPolicy policy = {.header_count_max = 2};
  EXPECT_TRUE(
      ScanAll("G\r\nA:\r\nB:\r\n\r\n", SectionKind::kRequest, policy).done);
  EXPECT_EQ(ScanAll("G\r\nA:\r\nB:\r\nC", SectionKind::kRequest, policy).error,
            ParseError::kTooManyFields);
}

TEST(HeadScannerTest, NameThatAHeaderMapCannotHoldIsTooLarge) {
  const HttpPolicy policy = {.header_bytes_max = 1 << 20};
  for (const size_t size : {65535, 65536}) {
    HeadScanner scanner(SectionKind::kTrailers);
    const std::string line = std::string(size, 'a') + ":\r\n\r\n";
    EXPECT_EQ(scanner.Scan(line, policy).error,
              size == 65535 ? ParseError::kNone : ParseError::kHeadTooLarge);
  }
}

}  // namespace
}  // namespace rproxy
