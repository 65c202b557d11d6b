#include "rproxy/daemon/config/load.h"

#include <stdlib.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/daemon/config/config.h"
#include "rproxy/daemon/config/diagnostic.h"

namespace rproxy::config {
namespace {

// What the load of `text` says, each line without the name of the file.
std::string Said(std::string_view text) {
  std::string said;
  for (const Diagnostic& diagnostic : LoadText(text, "f", {}).diagnostics) {
    absl::StrAppend(&said, diagnostic.ToString().substr(2), "\n");
  }
  return said;
}

Config Good(std::string_view text) {
  const LoadResult loaded = LoadText(text, "f", {});
  EXPECT_EQ(Text(loaded.diagnostics), "");
  EXPECT_TRUE(loaded.config.has_value());
  return loaded.config.value_or(Config());
}

constexpr std::string_view kBackend =
    "backend a { addr = 127.0.0.1 port = 81 }\n";
constexpr std::string_view kRule = "rule r { uri-gmatch = '*' backends = a }\n";

// A right server with `more` at the end of it, which is line 4.
std::string WithServer(std::string_view more) {
  return absl::StrCat("server {\n", kBackend, "vhost x { ", "rule r { ",
                      "uri-gmatch = '*' backends = a } }\n", more, "}");
}

// A right vhost with `more` in it, at line 3.
std::string WithVhost(std::string_view more) {
  return absl::StrCat("server {\n", kBackend, "vhost x { ", more, "} }");
}

// A server with `backend` at line 2 and a rule that uses "a".
std::string WithBackend(std::string_view backend) {
  return absl::StrCat("server {\n", backend, "\nvhost x { ", kRule, "} }");
}

TEST(LoadTest, SmallestFileGetsAllDefaults) {
  const Config config = Good(WithVhost(kRule));
  EXPECT_EQ(config.max_nofile, 0u);
  ASSERT_EQ(config.servers.size(), 1u);
  ServerConfig server;
  server.backends.push_back({.name = "a", .port = 81});
  server.vhosts.push_back({.name = "x"});
  server.vhosts[0].rules.push_back(
      {.name = "r",
       .match = {.kind = UriMatchKind::kGlob, .pattern = "*"},
       .backends = {"a"}});
  EXPECT_EQ(config.servers[0], server);
  EXPECT_EQ(server.addr.host, "127.0.0.1");
  EXPECT_EQ(server.port, 8080);
  EXPECT_EQ(server.threads, 4u);
  EXPECT_EQ(server.backends[0].connections, 1u);
  EXPECT_EQ(server.backends[0].retry, absl::Milliseconds(50));
}

TEST(LoadTest, PredecessorSpellingsMeanTheSame) {
  EXPECT_EQ(Good("SERVER { DownStream a { ADDR = ipv4:127.0.0.1 PORT = 81 }"
                 "vhost x { rule r { uri-gmatch = '*' downstreams = {a,} } }"
                 "}"),
            Good(WithVhost(kRule)));
}

TEST(LoadTest, SeveralServersAndGlobalOptions) {
  const Config config = Good(
      absl::StrCat("max-nofile = 5000\n", WithVhost(kRule),
                   "server { port = 81 ", kBackend, "vhost y {", kRule, "} }"));
  EXPECT_EQ(config.max_nofile, 5000u);
  ASSERT_EQ(config.servers.size(), 2u);
  EXPECT_EQ(config.servers[1].port, 81);
}

TEST(LoadTest, RulesAndVhostsKeepTheirOrder) {
  const Config config = Good(absl::StrCat(
      "server {", kBackend, "vhost z {", kRule, "rule b { uri-match = /b ",
      "backends = a } rule a { uri-match = /a backends = a } } vhost y {",
      kRule, "} }"));
  const std::vector<VhostConfig>& vhosts = config.servers[0].vhosts;
  EXPECT_EQ(vhosts[0].name, "z");
  EXPECT_EQ(vhosts[1].name, "y");
  EXPECT_EQ(vhosts[0].rules[0].name, "r");
  EXPECT_EQ(vhosts[0].rules[1].name, "b");
  EXPECT_EQ(vhosts[0].rules[2].name, "a");
}

TEST(LoadTest, BackendsMayStandBehindTheirRules) {
  EXPECT_EQ(Good(absl::StrCat("server { vhost x {", kRule, "}", kBackend, "}")),
            Good(WithVhost(kRule)));
}

TEST(LoadTest, VariablesComeFromTheGivenEnvironment) {
  const LoadOptions options{
      .environment = [](const std::string& name) -> std::optional<std::string> {
        if (name == "PORT") return "99";
        return std::nullopt;
      }};
  const LoadResult loaded = LoadText(
      WithServer("port = ${PORT} threads = \"${N:-7}\""), "f", options);
  EXPECT_EQ(Text(loaded.diagnostics), "");
  EXPECT_EQ(loaded.config->servers[0].port, 99);
  EXPECT_EQ(loaded.config->servers[0].threads, 7u);
}

TEST(LoadTest, PortZeroIsForTests) {
  EXPECT_EQ(Said(WithServer("port = 0")),
            "4: server: option \"port\": \"0\" is out of range, allowed is 1 "
            "to 65535\n");
  const std::string two = WithServer("port = 0") + WithServer("port = 0");
  const LoadResult loaded = LoadText(two, "f", {.allow_port_zero = true});
  EXPECT_EQ(Text(loaded.diagnostics), "");
  EXPECT_EQ(loaded.config->servers[1].port, 0);
}

TEST(LoadTest, FileWithoutServerIsAnError) {
  EXPECT_EQ(Said(""), "1: there is no server { } section\n");
  EXPECT_FALSE(LoadText("", "f", {}).config.has_value());
}

TEST(LoadTest, ErrorsOfAllStagesComeTogetherInFileOrder) {
  EXPECT_EQ(Said("server {\n"
                 "  threds = 2\n"
                 "  backend a { addr = 127.0.0.1 port 81 }\n"
                 "  vhost x {\n"
                 "    rule r { uri-gmatch = * backends = b }\n"
                 "  }\n"),
            "2: server: unknown option \"threds\"; did you mean \"threads\"?\n"
            "3: \"port\" must be followed by \"=\" and a value, or by \"{\", "
            "but \"81\" follows\n"
            "5: \"*\" outside of quotes; write the whole value in quotes\n"
            "5: rule \"r\": unknown backend \"b\"\n"
            "7: missing \"}\" at the end of the file: section server began "
            "at line 1\n");
}

TEST(LoadTest, WarningsDoNotRefuseAFile) {
  const LoadResult loaded = LoadText(WithServer("max-pending = 0"), "f", {});
  EXPECT_EQ(Text(loaded.diagnostics),
            "f:4: warning: server: option \"max-pending\": 0 does not mean "
            "\"without limit\"; the default, 1024, is used\n");
  EXPECT_TRUE(loaded.config.has_value());
}

TEST(LoadTest, DamagedSectionIsNotSaidToMissThings) {
  EXPECT_EQ(Said(WithBackend("backend a { addr 127.0.0.1 }")),
            "2: \"addr\" must be followed by \"=\" and a value, or by \"{\", "
            "but \"127.0.0.1\" follows\n");
  EXPECT_EQ(Said("server {"),
            "1: missing \"}\" at the end of the file: section server began "
            "at line 1\n");
}

TEST(LoadSectionsTest, UnknownSectionsGetAHint) {
  EXPECT_EQ(Said(WithServer("vhosts y { }")),
            "4: server: unknown section \"vhosts\"; did you mean \"vhost\"?\n");
  EXPECT_EQ(Said(WithServer("rule y { }")),
            "4: server: unknown section \"rule\"; it belongs in vhost\n");
  EXPECT_EQ(Said(WithServer("zzz { }")),
            "4: server: unknown section \"zzz\"\n");
  EXPECT_EQ(Said(WithServer("port { }")),
            "4: server: \"port\" is an option: write \"=\" before its value\n");
}

TEST(LoadSectionsTest, UnsupportedSectionsAreRefused) {
  const std::string message = "\" is not supported by this version yet\n";
  EXPECT_EQ(Said(WithServer("ssl { enabled = true crl { } }")),
            "4: server: section \"ssl" + message);
  EXPECT_EQ(Said(WithServer("logging { general { } }")),
            "4: logging: section \"general" + message);
  EXPECT_EQ(Said(WithVhost(absl::StrCat("ssl { }", kRule))),
            "3: vhost \"x\": section \"ssl" + message);
  EXPECT_EQ(Said(WithVhost(absl::StrCat("logging { }", kRule))),
            "3: vhost \"x\": section \"logging" + message);
  EXPECT_EQ(
      Said(WithVhost(absl::StrCat("headers { x509-extension { } }", kRule))),
      "3: headers: section \"x509-extension" + message);
}

TEST(LoadSectionsTest, UnsupportedOptionsAreRefused) {
  EXPECT_EQ(Said(absl::StrCat("user = nobody\n", WithVhost(kRule))),
            "1: option \"user\" is not supported by this version yet\n");
}

TEST(LoadSectionsTest, TitlesStandWhereTheyShould) {
  EXPECT_EQ(Said(WithServer("vhost { }")),
            "4: server: missing title for section \"vhost\": write vhost "
            "\"name\" { }\n");
  EXPECT_EQ(Said(WithServer("vhost '' { }")),
            "4: server: the title of section \"vhost\" is empty\n");
  EXPECT_EQ(
      Said(absl::StrCat("server t { ", kBackend, "vhost x {", kRule, "} }")),
      "1: section \"server\" takes no title, but has \"t\"\n");
}

TEST(LoadSectionsTest, DuplicateTitlesAreErrorsWithoutCase) {
  EXPECT_EQ(Said(WithServer(absl::StrCat("vhost X {", kRule, "}"))),
            "4: server: found duplicate title \"X\": the vhost of line 3 has "
            "it\n");
  EXPECT_EQ(Said(WithServer("downstream A { addr = ::1 port = 1 }")),
            "4: server: found duplicate title \"A\": the downstream of line 2 "
            "has it\n");
  EXPECT_EQ(Said(WithVhost(absl::StrCat(kRule, kRule))),
            "4: vhost \"x\": found duplicate title \"r\": the rule of line 3 "
            "has it\n");
}

TEST(LoadSectionsTest, SameTitleInAnotherParentIsFine) {
  Good(WithServer(absl::StrCat("vhost y {", kRule, "}")));
  Good(WithServer(absl::StrCat("vhost a {", kRule, "}")));
}

TEST(LoadServerTest, TwoServersCannotShareAPort) {
  const std::string one = WithVhost(kRule);
  EXPECT_EQ(Said(absl::StrCat(one, "\n", one)),
            "5: server: listens on 127.0.0.1:8080, as does the server of "
            "line 1\n");
  EXPECT_EQ(Said(absl::StrCat(WithServer("addr = ::1"), "\n",
                              WithServer("addr = 0:0::1"))),
            "5: server: listens on [::1]:8080, as does the server of line "
            "1\n");
  EXPECT_EQ(Said(absl::StrCat(WithServer("addr = unix:/s"), "\n",
                              WithServer("addr = unix:/s"))),
            "5: server: listens on unix:/s, as does the server of line 1\n");
  Good(absl::StrCat(WithServer("addr = 127.0.0.1"), "\n",
                    WithServer("addr = 127.0.0.2")));
}

TEST(LoadServerTest, ServerThatServesNothingIsAWarning) {
  EXPECT_EQ(Said("server { }"),
            "1: warning: server: there is no vhost: every request gets a "
            "404\n");
  EXPECT_EQ(Said("server { vhost x { } }"),
            "1: warning: vhost \"x\": there is no rule: every request gets a "
            "404\n");
}

TEST(LoadServerTest, UnixListenerHasNoPort) {
  EXPECT_EQ(Good(WithServer("addr = unix:/s")).servers[0].port, 0);
  EXPECT_EQ(Said(WithServer("addr = unix:/s port = 80")),
            "4: warning: server: option \"port\" has no meaning with a unix: "
            "address\n");
}

TEST(LoadBackendTest, AddrAndPortAreRequired) {
  EXPECT_EQ(Said(WithBackend("backend a { port = 1 }")),
            "2: backend \"a\": has no addr\n");
  EXPECT_EQ(Said(WithBackend("downstream a { addr = ::1 }")),
            "2: downstream \"a\": has no port\n");
  EXPECT_EQ(Said(WithBackend("backend a { addr = x port = y }")),
            "2: backend \"a\": option \"addr\": \"x\" is not an IPv4 or IPv6 "
            "address or unix: and a path; host names are not supported by "
            "this version yet\n"
            "2: backend \"a\": option \"port\": \"y\" is not a whole number\n");
}

TEST(LoadBackendTest, UnixBackendHasNoPort) {
  const Config config = Good(WithBackend("backend a { addr = unix:/s }"));
  EXPECT_EQ(config.servers[0].backends[0].port, 0);
  EXPECT_EQ(Said(WithBackend("backend a { addr = unix:/s port = 1 }")),
            "2: warning: backend \"a\": option \"port\" has no meaning with a "
            "unix: address\n");
}

TEST(LoadBackendTest, RetryMaxIsNeverBelowRetry) {
  const std::string_view start = "backend a { addr = ::1 port = 1 retry = 30 ";
  const Config config = Good(WithBackend(absl::StrCat(start, "}")));
  EXPECT_EQ(config.servers[0].backends[0].retry_max, absl::Seconds(30));
  EXPECT_EQ(Said(WithBackend(absl::StrCat(start, "retry-max = 20 }"))),
            "2: backend \"a\": option \"retry-max\" is smaller than "
            "\"retry\"\n");
}

TEST(LoadBackendTest, DisabledBackendsAreGoneEverywhere) {
  const Config config = Good(
      absl::StrCat("server {", kBackend,
                   "backend b { enabled = no addr = ::1 port = 1 }"
                   "vhost x { rule r { uri-match = /a backends = {b, a} } } "
                   "}"));
  ASSERT_EQ(config.servers[0].backends.size(), 1u);
  EXPECT_EQ(config.servers[0].backends[0].name, "a");
  EXPECT_EQ(config.servers[0].vhosts[0].rules[0].backends,
            std::vector<std::string>({"a"}));
}

TEST(LoadRuleTest, RuleWithOnlyDisabledBackendsIsAnError) {
  EXPECT_EQ(Said(WithBackend("backend a { enabled = no addr = ::1 port = 1 }")),
            "3: rule \"r\": all its backends are disabled\n");
}

TEST(LoadRuleTest, RuleNeedsAMatch) {
  EXPECT_EQ(Said(WithVhost("rule r { backends = a }")),
            "3: rule \"r\": has no uri-match and no uri-gmatch; a rule for "
            "every path has uri-gmatch = \"*\"\n");
  // What is wrong with the match was said already.
  EXPECT_EQ(Said(WithVhost("rule r { uri-match = '' backends = a }")),
            "3: rule \"r\": option \"uri-match\" is empty\n");
  EXPECT_EQ(Said(WithVhost("rule r { uri-rmatch = '.' backends = a }")),
            "3: rule \"r\": option \"uri-rmatch\" is not supported by this "
            "version yet\n");
}

TEST(LoadRuleTest, MatchThatCanNeverMatchIsAnError) {
  EXPECT_EQ(Said(WithVhost("rule r { uri-match = index.html backends = a }")),
            "3: rule \"r\": option \"uri-match\": \"index.html\" matches "
            "nothing: paths begin with \"/\"\n");
}

TEST(LoadRuleTest, SecondMatchIsAWarning) {
  EXPECT_EQ(Said(WithVhost("rule r { uri-gmatch = '/b' uri-match = /a "
                           "backends = a }")),
            "3: warning: rule \"r\": option \"uri-gmatch\" has no effect "
            "beside \"uri-match\"\n");
}

TEST(LoadRuleTest, RuleNeedsBackendsThatExist) {
  EXPECT_EQ(Said(WithVhost("rule r { uri-match = /a }")),
            "3: rule \"r\": names no backend; write backends = { name }\n");
  EXPECT_EQ(Said(WithVhost("rule r { uri-match = /a backends = {} }")),
            "3: rule \"r\": names no backend; write backends = { name }\n");
  EXPECT_EQ(Said(WithVhost("rule r { uri-match = /a backends = {a, web,\n"
                           "A} }")),
            "3: rule \"r\": unknown backend \"web\"\n"
            "4: rule \"r\": unknown backend \"A\"; did you mean \"a\"?\n");
}

// A pool has each backend once; the predecessor gave it twice the chance.
TEST(LoadRuleTest, RuleNamesEachBackendOnce) {
  EXPECT_EQ(Said(WithVhost("rule r { uri-match = /a backends = {a,\na} }")),
            "4: rule \"r\": names backend \"a\" twice\n");
  EXPECT_EQ(Said(WithVhost("rule r { uri-match = /a backends = a\n"
                           "backends += a }")),
            "4: rule \"r\": names backend \"a\" twice\n");
  EXPECT_EQ(Said(WithVhost("rule r { uri-match = /a backends = a\n"
                           "backends = a }")),
            "4: warning: rule \"r\": option \"backends\" replaces the value of "
            "line 3\n");
}

TEST(LoadRuleTest, BackendsOfAnotherServerAreUnknown) {
  EXPECT_EQ(Said(absl::StrCat(WithVhost(kRule), "\nserver { port = 1 vhost x {",
                              kRule, "} }")),
            "5: rule \"r\": unknown backend \"a\"\n");
}

TEST(LoadVhostTest, StripHeadersAreNamesOfHeaders) {
  EXPECT_EQ(Said(WithVhost(
                absl::StrCat("strip-headers = { Server, 'a b' } ", kRule))),
            "3: vhost \"x\": option \"strip-headers\": \"a b\" is not the name "
            "of a header\n");
}

TEST(LoadVhostTest, AliasesAreNotEmpty) {
  EXPECT_EQ(Said(WithVhost(absl::StrCat("aliases = { '' } ", kRule))),
            "3: vhost \"x\": option \"aliases\": an alias is empty\n");
}

TEST(LoadVhostTest, EachHostBelongsToOneVhost) {
  const auto vhosts = [](std::string_view one, std::string_view other) {
    return Said(absl::StrCat("server {", kBackend, "vhost a.example {", one,
                             kRule, "}\n", "vhost ", other, " {", kRule,
                             "} }"));
  };
  EXPECT_EQ(vhosts("aliases = { '*.b.example', c.example }", "C.example:80"),
            "4: vhost \"C.example:80\": host \"C.example:80\" belongs to the "
            "vhost of line 2 already (ports do not count)\n");
  EXPECT_EQ(vhosts("", "d.example"), "");
  EXPECT_EQ(vhosts("aliases = { ':80' }", "d.example"),
            "2: vhost \"a.example\": \":80\" is not a host\n");
  // Twice in one vhost does no harm.
  EXPECT_EQ(vhosts("aliases = { a.example, A.example }", "d.example"), "");
}

TEST(LoadErrorPageTest, PagesAreReadWithTheConfiguration) {
  const LoadOptions options{
      .read_file = [](const std::string& path) -> absl::StatusOr<std::string> {
        if (path == "/p") return "<p>";
        return absl::NotFoundError("no such file");
      }};
  const LoadResult loaded =
      LoadText(WithServer("error-page { status = 503 file = /p }\n"
                          "error-page { status = 404 file = /p "
                          "content-type = text/plain }"),
               "f", options);
  EXPECT_EQ(Text(loaded.diagnostics), "");
  const std::vector<ErrorPageConfig>& pages =
      loaded.config->servers[0].error_pages;
  ASSERT_EQ(pages.size(), 2u);
  EXPECT_EQ(pages[0].status, 503);
  EXPECT_EQ(pages[0].body, "<p>");
  EXPECT_EQ(pages[0].content_type, "text/html; charset=utf-8");
  EXPECT_EQ(pages[1].content_type, "text/plain");

  EXPECT_EQ(Text(LoadText(WithServer("error-page {\nstatus = 503\nfile = /q }"),
                          "f", options)
                     .diagnostics),
            "f:6: error-page: cannot read \"/q\": no such file\n");
}

TEST(LoadErrorPageTest, PageHasAStatusOfItsOwnAndAFile) {
  EXPECT_EQ(Said(WithServer("error-page { }")),
            "4: error-page: has no status\n4: error-page: has no file\n");
  EXPECT_EQ(
      Said(WithServer("error-page { status = 200 }")),
      "4: error-page: has no file\n"
      "4: error-page: option \"status\": \"200\" is out of range, allowed "
      "is 400 to 599\n");
  EXPECT_EQ(Said(WithServer("error-page { status = 503 }\n"
                            "error-page { status = 503 }")),
            "4: error-page: has no file\n5: error-page: has no file\n"
            "5: server: there is an error-page for status 503 already\n");
}

TEST(LoadErrorPageTest, ProcessFilesAreBounded) {
  const FileReader read = ProcessFiles();
  EXPECT_TRUE(read("rproxy/daemon/config/sample.conf").ok());
  EXPECT_EQ(read("/no/such/file").status().message(),
            "No such file or directory");
  EXPECT_EQ(read("/dev/zero").status().message(), "it is larger than 256KiB");
}

TEST(LoadLoggingTest, LogsHaveTheirOwnOptions) {
  const Config config = Good(WithServer(
      "logging { request { enabled = yes format = json output = file:/a }"
      "error { enabled = yes level = warn } }"));
  const LoggingConfig& logging = config.servers[0].logging;
  EXPECT_TRUE(logging.request.enabled);
  EXPECT_EQ(logging.request.format, "json");
  EXPECT_EQ(logging.request.output, "/a");
  EXPECT_TRUE(logging.error.enabled);
  EXPECT_EQ(logging.error.level, LogLevel::kWarn);
  EXPECT_EQ(logging.error.format, "{SRC} {HOST} {URI} {HOST}");
}

TEST(LoadLoggingTest, FormatsAreChecked) {
  EXPECT_EQ(Said(WithServer("logging {\nrequest {\nformat = '{SRC} {X}' } }")),
            "6: request: option \"format\": unknown token \"{X}\" at byte 7\n");
}

TEST(LoadHeadersTest, RuleSectionComesBeforeThatOfTheVhost) {
  const Config config =
      Good(WithVhost("headers { }"
                     "rule own { uri-match = /a backends = a headers { "
                     "  x-forwarded-for = no x-ssl-certificate = no } }"
                     "rule r { uri-match = /b backends = a }"));
  const std::vector<RuleConfig>& rules = config.servers[0].vhosts[0].rules;
  EXPECT_FALSE(rules[0].headers->x_forwarded_for);
  EXPECT_TRUE(rules[1].headers->x_forwarded_for);
}

TEST(LoadHeadersTest, WithoutSectionNothingIsAdded) {
  const Config config = Good(WithVhost(kRule));
  EXPECT_FALSE(config.servers[0].vhosts[0].rules[0].headers.has_value());
}

TEST(LoadHeadersTest, SecondSectionReplacesTheFirstWithAWarning) {
  const std::string text = WithVhost(
      absl::StrCat("headers { x-forwarded-for = no }\nheaders { }", kRule));
  EXPECT_EQ(Said(text),
            "4: warning: vhost \"x\": section \"headers\" replaces that of "
            "line 3\n");
  const LoadResult loaded = LoadText(text, "f", {});
  EXPECT_TRUE(
      loaded.config->servers[0].vhosts[0].rules[0].headers->x_forwarded_for);
}

TEST(LoadTest, TenThousandVhostsLoad) {
  std::string text = absl::StrCat("server {", kBackend);
  for (int i = 0; i < 10000; ++i) {
    absl::StrAppend(&text, "vhost h", i, " {", kRule, "}\n");
  }
  EXPECT_EQ(Good(text + "}").servers[0].vhosts.size(), 10000u);
}

TEST(LoadFileTest, MissingFileIsAnErrorOfItsFirstLine) {
  const LoadResult loaded = LoadFile("/no/such/file", {});
  EXPECT_EQ(Text(loaded.diagnostics),
            "/no/such/file:1: cannot read: No such file or directory\n");
  EXPECT_FALSE(loaded.config.has_value());
}

TEST(LoadFileTest, FolderIsAnError) {
  EXPECT_EQ(Text(LoadFile("/", {}).diagnostics),
            "/:1: cannot read: Is a directory\n");
}

TEST(LoadFileTest, EndlessFileIsRefused) {
  EXPECT_EQ(Text(LoadFile("/dev/zero", {}).diagnostics),
            "/dev/zero:1: the file is larger than 8388608 bytes\n");
}

TEST(LoadFileTest, SampleLoadsWithoutAWord) {
  const LoadResult loaded = LoadFile("rproxy/daemon/config/sample.conf", {});
  EXPECT_EQ(Text(loaded.diagnostics), "");
  ASSERT_TRUE(loaded.config.has_value());
  const ServerConfig& server = loaded.config->servers[0];
  EXPECT_EQ(server.addr.host, "127.0.0.1");
  EXPECT_EQ(server.port, 8080);
  EXPECT_EQ(server.backends[0].addr.host, "127.0.0.1");
  EXPECT_EQ(server.backends[0].port, 8081);
  EXPECT_EQ(server.vhosts[0].rules[0].match.pattern, "*");
}

TEST(ProcessEnvironmentTest, FindsWhatIsSet) {
  setenv("RPROXY_LOAD_TEST", "x", 1);
  const Environment environment = ProcessEnvironment();
  EXPECT_EQ(environment("RPROXY_LOAD_TEST"), "x");
  EXPECT_EQ(environment("RPROXY_LOAD_TEST_UNSET"), std::nullopt);
}

}  // namespace
}  // namespace rproxy::config
