#include "rproxy/daemon/config/diagnostic.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace rproxy::config {
namespace {

TEST(DiagnosticTest, PrintsAsFileLineMessage) {
  const Diagnostic error{.file = "a.conf", .line = 7, .message = "wrong"};
  EXPECT_EQ(error.ToString(), "a.conf:7: wrong");

  const Diagnostic warning{.severity = Severity::kWarning,
                           .file = "a.conf",
                           .line = 8,
                           .message = "odd"};
  EXPECT_EQ(warning.ToString(), "a.conf:8: warning: odd");
}

TEST(DiagnosticsTest, AreTakenInFileOrder) {
  Diagnostics diagnostics;
  diagnostics.Error({"f", 9, 1}, "third");
  diagnostics.Error({"f", 2, 5}, "second");
  diagnostics.Warning({"f", 2, 1}, "first");
  const std::vector<Diagnostic> taken = diagnostics.Take();
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_EQ(taken[0].message, "first");
  EXPECT_EQ(taken[1].message, "second");
  EXPECT_EQ(taken[2].message, "third");
}

TEST(DiagnosticsTest, OnlyErrorsAreErrors) {
  Diagnostics diagnostics;
  diagnostics.Warning({"f"}, "odd");
  EXPECT_FALSE(diagnostics.has_errors());
  diagnostics.Error({"f"}, "wrong");
  EXPECT_TRUE(diagnostics.has_errors());
}

TEST(DiagnosticsTest, TakeForgets) {
  Diagnostics diagnostics;
  diagnostics.Error({"f"}, "wrong");
  diagnostics.Take();
  EXPECT_FALSE(diagnostics.has_errors());
  EXPECT_TRUE(diagnostics.Take().empty());
}

TEST(DiagnosticsTest, KeepsABoundedNumberAndCountsTheRest) {
  Diagnostics diagnostics;
  for (size_t i = 0; i < Diagnostics::kKeptMax; ++i) {
    diagnostics.Warning({"f", 1}, "odd");
  }
  diagnostics.Error({"f", 1}, "wrong");
  diagnostics.Error({"f", 1}, "wrong");
  EXPECT_TRUE(diagnostics.has_errors());
  const std::vector<Diagnostic> taken = diagnostics.Take();
  ASSERT_EQ(taken.size(), Diagnostics::kKeptMax + 1);
  EXPECT_EQ(taken.back().message, "2 more messages are not shown");
  EXPECT_EQ(taken.back().severity, Severity::kError);
}

TEST(QuotedTest, LongAndUnprintableTextStaysOnOneShortLine) {
  EXPECT_EQ(Quoted("port"), "\"port\"");
  EXPECT_EQ(Quoted("a\nb"), "\"a\\nb\"");
  EXPECT_EQ(Quoted(std::string(200, 'x')),
            "\"" + std::string(80, 'x') + "...\"");
}

}  // namespace
}  // namespace rproxy::config
