// Holds docs/configuration.md to the tables of this package.

#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "rproxy/core/proxy/log_format.h"
#include "rproxy/core/server/cause.h"
#include "rproxy/daemon/config/config.h"
#include "rproxy/daemon/config/load.h"
#include "rproxy/daemon/config/schema.h"

namespace rproxy::config {
namespace {

struct Heading {
  SectionKind kind;
  std::string_view text;
};

constexpr Heading kHeadings[] = {
    {SectionKind::kGlobal, "Top of the file"},
    {SectionKind::kServer, "`server`"},
    {SectionKind::kBackend, "`backend` (or `downstream`)"},
    {SectionKind::kVhost, "`vhost`"},
    {SectionKind::kRule, "`rule`"},
    {SectionKind::kHeaders, "`headers`"},
    {SectionKind::kErrorPage, "`error-page`"},
    {SectionKind::kLogging, "`logging`"},
    {SectionKind::kRequestLog, "`request` and `error`"},
    {SectionKind::kErrorLog, "`request` and `error`"},
};

const std::string& Page() {
  static const auto* const page = [] {
    std::ifstream file("docs/configuration.md");
    std::ostringstream text;
    text << file.rdbuf();
    return new std::string(text.str());
  }();
  return *page;
}

// What stands under a heading of the second level.
std::string Under(std::string_view heading) {
  const std::string start = absl::StrCat("\n## ", heading, "\n");
  const size_t begin = Page().find(start);
  if (begin == std::string::npos) return "";
  const size_t end = Page().find("\n## ", begin + 1);
  return Page().substr(begin, end - begin);
}

// The names in the first column of the first table.
std::set<std::string> Rows(std::string_view text) {
  std::set<std::string> names;
  bool in_table = false;
  for (const std::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, "| ")) {
      if (in_table) break;
      continue;
    }
    in_table = true;
    const std::vector<std::string_view> cells = absl::StrSplit(line, " | ");
    for (std::string_view name : absl::StrSplit(cells[0].substr(2), ", ")) {
      if (name.size() > 2 && name.front() == '`' && name.back() == '`') {
        names.emplace(name.substr(1, name.size() - 2));
      }
    }
  }
  return names;
}

TEST(ConfigurationPageTest, TablesNameExactlyTheOptionsThatThereAre) {
  for (const Heading& heading : kHeadings) {
    SCOPED_TRACE(heading.text);
    const std::string text = Under(heading.text);
    ASSERT_FALSE(text.empty());
    std::set<std::string> options;
    for (const std::string_view name : OptionNames(heading.kind)) {
      options.emplace(name);
    }
    EXPECT_EQ(Rows(text), options);
  }
}

TEST(ConfigurationPageTest, SectionsAreNamedWhereTheyMayStand) {
  for (const Heading& heading : kHeadings) {
    SCOPED_TRACE(heading.text);
    const std::string text = Under(heading.text);
    for (const std::string_view name : SectionNames(heading.kind)) {
      EXPECT_TRUE(absl::StrContains(text, absl::StrCat("`", name, "`")))
          << name;
    }
  }
}

TEST(ConfigurationPageTest, EveryCauseIsExplained) {
  for (int i = 1; i <= static_cast<int>(Cause::kBackendWriteTimeout); ++i) {
    const auto cause = static_cast<Cause>(i);
    const std::string word = cause == Cause::kBadRequest
                                 ? "`bad_request_...`"
                                 : absl::StrCat("`", ToString(cause), "`");
    EXPECT_TRUE(absl::StrContains(Page(), word)) << word;
  }
}

TEST(ConfigurationPageTest, EveryTokenThatIsNamedWorks) {
  int tokens = 0;
  for (const std::string& name : Rows(Page().substr(Page().find("### Tok")))) {
    EXPECT_TRUE(LogFormat::Parse(name).ok()) << name;
    ++tokens;
  }
  EXPECT_EQ(tokens, 25);
}

// The first example is a whole file.
TEST(ConfigurationPageTest, FirstExampleLoads) {
  const size_t begin = Page().find("```\n") + 4;
  const std::string text =
      Page().substr(begin, Page().find("```", begin) - begin);
  const LoadResult loaded = LoadText(text, "example", {});
  EXPECT_EQ(Text(loaded.diagnostics), "");
  EXPECT_TRUE(loaded.config.has_value());
}

}  // namespace
}  // namespace rproxy::config
