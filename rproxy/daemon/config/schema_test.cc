#include "rproxy/daemon/config/schema.h"

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"

namespace rproxy::config {
namespace {

constexpr SectionKind kKinds[] = {
    SectionKind::kGlobal,    SectionKind::kServer,  SectionKind::kBackend,
    SectionKind::kVhost,     SectionKind::kRule,    SectionKind::kHeaders,
    SectionKind::kErrorPage, SectionKind::kLogging, SectionKind::kRequestLog,
    SectionKind::kErrorLog};

template <typename T>
void ExpectDocumented() {
  for (const OptionSchema<T>& option : OptionsOf<T>()) {
    EXPECT_FALSE(option.doc.empty()) << option.name;
    EXPECT_EQ(option.doc.back(), '.') << option.name;
  }
}

TEST(SchemaTest, EveryOptionHasADocumentedMeaning) {
  ExpectDocumented<Config>();
  ExpectDocumented<ServerConfig>();
  ExpectDocumented<BackendConfig>();
  ExpectDocumented<VhostConfig>();
  ExpectDocumented<RuleConfig>();
  ExpectDocumented<HeadersConfig>();
  ExpectDocumented<ErrorPageConfig>();
  ExpectDocumented<LogConfig>();
}

TEST(SchemaTest, NoNameMeansTwoThingsInOneSection) {
  for (const SectionKind kind : kKinds) {
    std::set<std::string_view> seen;
    for (const std::string_view name : OptionNames(kind)) {
      EXPECT_TRUE(seen.insert(name).second) << name;
    }
    for (const std::string_view name : SectionNames(kind)) {
      EXPECT_TRUE(seen.insert(name).second) << name;
    }
  }
}

// The names of the predecessor's tables, but for TLS.
TEST(SchemaTest, EveryOptionOfThePredecessorIsKnown) {
  const auto expect = [](SectionKind kind,
                         std::vector<std::string_view> names) {
    const std::vector<std::string_view> known = OptionNames(kind);
    for (const std::string_view name : names) {
      EXPECT_NE(std::find(known.begin(), known.end(), name), known.end())
          << name;
    }
  };
  expect(SectionKind::kGlobal,
         {"daemonize", "rootdir", "user", "group", "max-nofile"});
  expect(SectionKind::kServer,
         {"addr", "port", "threads", "read-timeout", "write-timeout",
          "pending-timeout", "high-watermark", "max-pending", "backlog",
          "disable-server-nagle", "disable-client-nagle",
          "disable-downstream-nagle"});
  expect(SectionKind::kBackend,
         {"enabled", "addr", "port", "connections", "high-watermark",
          "read-timeout", "write-timeout", "retry"});
  expect(SectionKind::kVhost, {"aliases", "strip-headers"});
  expect(SectionKind::kRule,
         {"uri-match", "uri-gmatch", "uri-rmatch", "downstreams", "lb-method",
          "upstream-read-timeout", "upstream-write-timeout", "passthrough",
          "allow-redirect", "redirect-filter"});
  for (const SectionKind log :
       {SectionKind::kRequestLog, SectionKind::kErrorLog}) {
    expect(log, {"enabled", "output", "level", "format"});
  }
  expect(SectionKind::kHeaders,
         {"x-forwarded-for", "x-ssl-subject", "x-ssl-issuer", "x-ssl-notbefore",
          "x-ssl-notafter", "x-ssl-serial", "x-ssl-sha1", "x-ssl-cipher",
          "x-ssl-certificate"});
}

TEST(SchemaTest, WordsAreFoundWhereTheyBelong) {
  EXPECT_EQ(WhereOptionBelongs("threads"), "; it belongs in server");
  EXPECT_EQ(WhereOptionBelongs("PORT"), "; it belongs in server or backend");
  EXPECT_EQ(WhereOptionBelongs("bogus"), "");
  EXPECT_EQ(WhereSectionBelongs("rule"), "; it belongs in vhost");
  EXPECT_EQ(WhereSectionBelongs("server"),
            "; it belongs in the top of the file");
}

}  // namespace
}  // namespace rproxy::config
