#include "rproxy/daemon/config/option_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/daemon/config/config.h"
#include "rproxy/daemon/config/diagnostic.h"
#include "rproxy/daemon/config/lexer.h"
#include "rproxy/daemon/config/syntax.h"

namespace rproxy::config {
namespace {

template <typename T>
struct Read {
  T value;
  std::string messages;  // Without places, one a line.
};

template <typename T>
SectionKind KindOf();
template <>
SectionKind KindOf<Config>() {
  return SectionKind::kGlobal;
}
template <>
SectionKind KindOf<ServerConfig>() {
  return SectionKind::kServer;
}
template <>
SectionKind KindOf<BackendConfig>() {
  return SectionKind::kBackend;
}
template <>
SectionKind KindOf<VhostConfig>() {
  return SectionKind::kVhost;
}
template <>
SectionKind KindOf<RuleConfig>() {
  return SectionKind::kRule;
}
template <>
SectionKind KindOf<HeadersConfig>() {
  return SectionKind::kHeaders;
}
template <>
SectionKind KindOf<ErrorPageConfig>() {
  return SectionKind::kErrorPage;
}
template <>
SectionKind KindOf<LoggingConfig>() {
  return SectionKind::kLogging;
}
template <>
SectionKind KindOf<LogConfig>() {
  return SectionKind::kRequestLog;
}

template <typename T>
Read<T> ReadText(std::string_view text, bool allow_port_zero = false) {
  const Environment none;
  Diagnostics diagnostics;
  Read<T> read;
  ReadOptions(Parse(text, "f", none, diagnostics),
              {KindOf<T>(), "", allow_port_zero, diagnostics}, read.value);
  for (const Diagnostic& diagnostic : diagnostics.Take()) {
    absl::StrAppend(&read.messages, read.messages.empty() ? "" : "\n",
                    diagnostic.message);
  }
  return read;
}

// The member after reading a text that must be right.
template <typename T, typename Member>
Member Good(std::string_view text, Member T::*member) {
  const Read<T> read = ReadText<T>(text);
  EXPECT_EQ(read.messages, "") << text;
  return read.value.*member;
}

// The message for a text that must be wrong, and must change nothing.
template <typename T>
std::string Bad(std::string_view text) {
  const Read<T> read = ReadText<T>(text);
  EXPECT_EQ(read.value, T()) << text;
  return read.messages;
}

std::string NotInRange(std::string_view name, std::string_view text,
                       std::string_view range) {
  return absl::StrCat("option \"", name, "\": \"", text,
                      "\" is out of range, allowed is ", range);
}

template <typename T>
void ExpectDuration(std::string_view name, absl::Duration T::*member,
                    bool zero_is_off, bool zero_is_fine = false) {
  SCOPED_TRACE(name);
  const auto text = [&](std::string_view value) {
    return absl::StrCat(name, " = ", value);
  };
  EXPECT_EQ(Good<T>(text("5"), member), absl::Seconds(5));
  EXPECT_EQ(Good<T>(text("250ms"), member), absl::Milliseconds(250));
  EXPECT_EQ(Good<T>(text("{ 1, 500000 }"), member), absl::Milliseconds(1500));
  EXPECT_EQ(Good<T>(text("{ 2 }"), member), absl::Seconds(2));
  EXPECT_EQ(Good<T>(text("{ 2m }"), member), absl::Minutes(2));
  if (zero_is_off) {
    EXPECT_EQ(Good<T>(text("0"), member), absl::InfiniteDuration());
    EXPECT_EQ(Good<T>(text("{ 0, 0 }"), member), absl::InfiniteDuration());
  } else if (zero_is_fine) {
    EXPECT_EQ(Good<T>(text("0"), member), absl::ZeroDuration());
  } else {
    EXPECT_EQ(Bad<T>(text("0")), NotInRange(name, "0", "1ms to 720h"));
  }
  const std::string_view range = zero_is_fine ? "0 to 720h" : "1ms to 720h";
  EXPECT_EQ(Bad<T>(text("-1")), NotInRange(name, "-1s", range));
  EXPECT_EQ(Bad<T>(text("721h")), NotInRange(name, "721h", range));
  const std::string option = absl::StrCat("option \"", name, "\"");
  EXPECT_EQ(Bad<T>(text("{ -1, 0 }")),
            absl::StrCat(option, " has a negative part"));
  EXPECT_EQ(Bad<T>(text("{ 1s, 0 }")),
            absl::StrCat(option, ": \"1s\" is not a whole number"));
  EXPECT_EQ(
      Bad<T>(text("{}")),
      absl::StrCat(option, " takes { seconds, microseconds } or one duration"));
  EXPECT_EQ(
      Bad<T>(text("{ 1, 2, 3 }")),
      absl::StrCat(option, " takes { seconds, microseconds } or one duration"));
  EXPECT_EQ(
      Bad<T>(absl::StrCat(name, " += 5")),
      absl::StrCat(option, " is one duration, and += works for lists only"));
}

template <typename T, typename Number>
void ExpectNumber(std::string_view name, Number T::*member, int64_t min,
                  int64_t max) {
  SCOPED_TRACE(name);
  const auto text = [&](int64_t value) {
    return absl::StrCat(name, " = ", value);
  };
  EXPECT_EQ(Good<T>(text(min), member), static_cast<Number>(min));
  EXPECT_EQ(Good<T>(text(max), member), static_cast<Number>(max));
  const std::string range = absl::StrCat(min, " to ", max);
  EXPECT_EQ(Bad<T>(text(min - 1)),
            NotInRange(name, absl::StrCat(min - 1), range));
  EXPECT_EQ(Bad<T>(text(max + 1)),
            NotInRange(name, absl::StrCat(max + 1), range));
  const std::string option = absl::StrCat("option \"", name, "\"");
  EXPECT_EQ(Bad<T>(absl::StrCat(name, " = many")),
            absl::StrCat(option, ": \"many\" is not a whole number"));
  EXPECT_EQ(Bad<T>(absl::StrCat(name, " = { 5 }")),
            absl::StrCat(option, " takes one value, not a list"));
  EXPECT_EQ(
      Bad<T>(absl::StrCat(name, " += 5")),
      absl::StrCat(option, " takes one value, and += works for lists only"));
}

template <typename T>
void ExpectBytes(std::string_view name, size_t T::*member,
                 std::string_view below, std::string_view above,
                 std::string_view range) {
  SCOPED_TRACE(name);
  const auto text = [&](std::string_view value) {
    return absl::StrCat(name, " = ", value);
  };
  EXPECT_EQ(Good<T>(text("1000"), member), 1000u);
  EXPECT_EQ(Good<T>(text("64KiB"), member), 65536u);
  EXPECT_EQ(Bad<T>(text(below)), NotInRange(name, below, range));
  EXPECT_EQ(Bad<T>(text(above)), NotInRange(name, above, range));
  EXPECT_EQ(Bad<T>(text("64k")),
            absl::StrCat("option \"", name,
                         "\": \"64k\" is not a size: write bytes, or a number "
                         "with KiB, MiB or GiB"));
}

template <typename T>
void ExpectBool(std::string_view name, bool T::*member) {
  SCOPED_TRACE(name);
  EXPECT_TRUE(Good<T>(absl::StrCat(name, " = yes"), member));
  EXPECT_FALSE(Good<T>(absl::StrCat(name, " = off"), member));
  EXPECT_EQ(Bad<T>(absl::StrCat(name, " = 1")),
            absl::StrCat("option \"", name,
                         "\": \"1\" is not a boolean: write true, on, yes, "
                         "false, off or no"));
}

template <typename T>
void ExpectUnsupported(std::string_view name, std::string_view value) {
  EXPECT_EQ(Bad<T>(absl::StrCat(name, " = ", value)),
            absl::StrCat("option \"", name,
                         "\" is not supported by this version yet"));
}

TEST(GlobalOptionsTest, EachTakesItsValues) {
  ExpectNumber("max-nofile", &Config::max_nofile, 64, 1 << 30);
}

TEST(GlobalOptionsTest, UnsupportedOnesAreRefused) {
  ExpectUnsupported<Config>("daemonize", "true");
  ExpectUnsupported<Config>("rootdir", "/");
  ExpectUnsupported<Config>("user", "nobody");
  ExpectUnsupported<Config>("group", "nobody");
}

TEST(ServerOptionsTest, EachTakesItsValues) {
  using S = ServerConfig;
  EXPECT_EQ(Good("addr = 0.0.0.0", &S::addr),
            (Address{AddressFamily::kIpv4, "0.0.0.0"}));
  EXPECT_EQ(Good("addr = unix:/run/s", &S::addr),
            (Address{AddressFamily::kUnix, "/run/s"}));
  ExpectNumber("port", &S::port, 1, 65535);
  ExpectNumber("threads", &S::threads, 1, 1024);
  ExpectNumber("backlog", &S::backlog, 1, 65535);
  ExpectNumber("max-header-count", &S::max_header_count, 1, 10000);
  ExpectDuration("read-timeout", &S::read_timeout, true);
  ExpectDuration("write-timeout", &S::write_timeout, true);
  ExpectDuration("pending-timeout", &S::pending_timeout, true);
  ExpectDuration("shutdown-timeout", &S::shutdown_timeout, false, true);
  ExpectDuration("keep-alive-timeout", &S::keep_alive_timeout, false);
  ExpectDuration("header-timeout", &S::header_timeout, false);
  ExpectBytes("high-watermark", &S::high_watermark, "-1", "2GiB", "1 to 1GiB");
  ExpectBytes("max-header-size", &S::max_header_size, "255", "1025KiB",
              "256 to 1MiB");
  ExpectBytes("max-uri-length", &S::max_uri_length, "15", "1025KiB",
              "16 to 1MiB");
  ExpectBool("disable-server-nagle", &S::disable_server_nagle);
  ExpectBool("disable-client-nagle", &S::disable_client_nagle);
  ExpectBool("disable-downstream-nagle", &S::disable_backend_nagle);
  ExpectBool("disable-backend-nagle", &S::disable_backend_nagle);
}

TEST(ServerOptionsTest, LimitsAreOffUnlessAskedFor) {
  using S = ServerConfig;
  EXPECT_EQ(S().max_body_size, SIZE_MAX);
  EXPECT_EQ(Good("max-body-size = 5MiB", &S::max_body_size), 5u << 20);
  EXPECT_EQ(Good("max-body-size = 0", &S::max_body_size), SIZE_MAX);
  EXPECT_EQ(Bad<S>("max-body-size = -1"),
            NotInRange("max-body-size", "-1", "1 to 1024GiB"));
  EXPECT_EQ(S().min_body_rate, 0u);
  EXPECT_EQ(Good("min-body-rate = 0", &S::min_body_rate), 0u);
  ExpectBytes("min-body-rate", &S::min_body_rate, "-1", "2GiB", "0 to 1GiB");
  for (const auto& [name, member] :
       {std::pair("max-requests-per-connection",
                  &S::max_requests_per_connection),
        std::pair("max-connections", &S::max_connections),
        std::pair("max-connections-per-client",
                  &S::max_connections_per_client)}) {
    EXPECT_EQ(S().*member, SIZE_MAX) << name;
    EXPECT_EQ(Good(absl::StrCat(name, " = 1"), member), 1u);
    EXPECT_EQ(Good(absl::StrCat(name, " = 1073741824"), member), 1u << 30);
    EXPECT_EQ(Good(absl::StrCat(name, " = 0"), member), SIZE_MAX);
    EXPECT_EQ(Bad<S>(absl::StrCat(name, " = -1")),
              NotInRange(name, "-1", "0 to 1073741824"));
  }
  ExpectDuration("tunnel-timeout", &S::tunnel_timeout, true);
}

TEST(ServerOptionsTest, NamesThatAreShownCanBeOff) {
  using S = ServerConfig;
  EXPECT_EQ(S().via, "");
  EXPECT_EQ(Good("via = edge-1", &S::via), "edge-1");
  EXPECT_EQ(Good("via = off", &S::via), "");
  EXPECT_EQ(Bad<S>("via = 'a b'"),
            "option \"via\": \"a b\" is not a name without spaces and "
            "separators");
  EXPECT_EQ(Bad<S>("via = ''"), "option \"via\" is empty");
  EXPECT_EQ(S().server_header, "rproxy");
  EXPECT_EQ(Good("server-header = 'Our Edge/1'", &S::server_header),
            "Our Edge/1");
  EXPECT_EQ(Good("server-header = Off", &S::server_header), "");
  for (std::string_view bad : {"\"a\\nb\"", "' a'", "\"\\xff\""}) {
    EXPECT_NE(Bad<S>(absl::StrCat("server-header = ", bad)), "") << bad;
  }
}

TEST(ErrorPageOptionsTest, EachTakesItsValues) {
  using E = ErrorPageConfig;
  ExpectNumber("status", &E::status, 400, 599);
  EXPECT_EQ(Good("file = /x", &E::file), "/x");
  EXPECT_EQ(Bad<E>("file = ''"), "option \"file\" is empty");
  EXPECT_EQ(Good("content-type = text/plain", &E::content_type), "text/plain");
  EXPECT_EQ(Bad<E>("content-type = \"a\\r\\nb\""),
            "option \"content-type\": \"a\\r\\nb\" is not the value of a "
            "header: printable ASCII characters");
}

TEST(LogOptionsTest, EachTakesItsValues) {
  using L = LogConfig;
  ExpectBool("enabled", &L::enabled);
  EXPECT_EQ(L().output, "/dev/stdout");
  EXPECT_EQ(Good("output = file:/var/log/a:b", &L::output), "/var/log/a:b");
  EXPECT_EQ(Bad<L>("output = /var/log/a"),
            "option \"output\": \"/var/log/a\" is not file: with a path "
            "behind it");
  EXPECT_EQ(Bad<L>("output = file:"),
            "option \"output\": \"file:\" is not file: with a path behind "
            "it");
  EXPECT_EQ(Bad<L>("output = syslog:daemon"),
            "option \"output\": \"syslog:daemon\": syslog is not supported by "
            "this version yet");
  EXPECT_EQ(Good("format = '{SRC}'", &L::format), "{SRC}");
  EXPECT_EQ(Bad<L>("format = ''"), "option \"format\" is empty");
  EXPECT_EQ(L().level, LogLevel::kError);
  EXPECT_EQ(Good("level = EMERG", &L::level), LogLevel::kEmerg);
  EXPECT_EQ(Good("level = debug", &L::level), LogLevel::kDebug);
  EXPECT_EQ(Bad<L>("level = warning"),
            "option \"level\": \"warning\" is not a level: write emerg, alert, "
            "crit, error, warn, notice, info or debug");
}

TEST(LoggingOptionsTest, ThereAreNone) {
  EXPECT_EQ(Bad<LoggingConfig>("enabled = true"),
            "unknown option \"enabled\"; it belongs in backend or request or "
            "error");
}

TEST(ServerOptionsTest, MaxPendingStaysBounded) {
  using S = ServerConfig;
  EXPECT_EQ(Good("max-pending = 1", &S::max_pending), 1u);
  EXPECT_EQ(Good("max-pending = 1048576", &S::max_pending), 1048576u);
  EXPECT_EQ(Bad<S>("max-pending = 1048577"),
            NotInRange("max-pending", "1048577", "0 to 1048576"));
  EXPECT_EQ(Bad<S>("max-pending = -1"),
            NotInRange("max-pending", "-1", "0 to 1048576"));
}

TEST(ServerOptionsTest, ZeroIsTheDefaultBoundWithAWarning) {
  const auto pending = ReadText<ServerConfig>("max-pending = 0");
  EXPECT_EQ(pending.value.max_pending, 1024u);
  EXPECT_EQ(pending.messages,
            "option \"max-pending\": 0 does not mean \"without limit\"; the "
            "default, 1024, is used");
  const auto watermark = ReadText<ServerConfig>("high-watermark = 0");
  EXPECT_EQ(watermark.value.high_watermark, 256u * 1024);
  EXPECT_EQ(watermark.messages,
            "option \"high-watermark\": 0 does not mean \"without limit\"; "
            "the default, 256KiB, is used");
}

TEST(ServerOptionsTest, PortZeroNeedsPermission) {
  EXPECT_EQ(Bad<ServerConfig>("port = 0"),
            NotInRange("port", "0", "1 to 65535"));
  const auto read =
      ReadText<ServerConfig>("port = 0", /*allow_port_zero=*/true);
  EXPECT_EQ(read.messages, "");
  EXPECT_EQ(read.value.port, 0);
}

TEST(BackendOptionsTest, EachTakesItsValues) {
  using B = BackendConfig;
  ExpectBool("enabled", &B::enabled);
  EXPECT_EQ(Good("addr = ::1", &B::addr),
            (Address{AddressFamily::kIpv6, "::1"}));
  ExpectNumber("port", &B::port, 1, 65535);
  ExpectNumber("connections", &B::connections, 1, 65535);
  ExpectBytes("high-watermark", &B::high_watermark, "-1", "2GiB", "1 to 1GiB");
  ExpectDuration("read-timeout", &B::read_timeout, true);
  ExpectDuration("write-timeout", &B::write_timeout, true);
  ExpectDuration("connect-timeout", &B::connect_timeout, false);
  ExpectDuration("retry", &B::retry, false);
  ExpectDuration("retry-max", &B::retry_max, false);
}

TEST(BackendOptionsTest, PortZeroIsForListenersOnly) {
  EXPECT_EQ(ReadText<BackendConfig>("port = 0", true).messages,
            NotInRange("port", "0", "1 to 65535"));
}

TEST(BackendOptionsTest, HostNamesAreRefused) {
  EXPECT_EQ(Bad<BackendConfig>("addr = localhost"),
            "option \"addr\": \"localhost\" is not an IPv4 or IPv6 address or "
            "unix: and a path; host names are not supported by this version "
            "yet");
}

TEST(VhostOptionsTest, ListsTakeOneValueOrBracesAndGrow) {
  using V = VhostConfig;
  using List = std::vector<std::string>;
  EXPECT_EQ(Good("aliases = a", &V::aliases), List({"a"}));
  EXPECT_EQ(Good("aliases = { a, 'b' }", &V::aliases), List({"a", "b"}));
  EXPECT_EQ(Good("aliases = {}", &V::aliases), List());
  EXPECT_EQ(Good("aliases += a aliases += { b, c }", &V::aliases),
            List({"a", "b", "c"}));
  EXPECT_EQ(Good("strip-headers = Server", &V::strip_headers),
            List({"Server"}));
}

TEST(RuleOptionsTest, EachTakesItsValues) {
  using R = RuleConfig;
  EXPECT_EQ(Good("uri-match = /a", &R::match),
            (UriMatch{UriMatchKind::kExact, "/a"}));
  EXPECT_EQ(Good("uri-gmatch = '/a*'", &R::match),
            (UriMatch{UriMatchKind::kGlob, "/a*"}));
  EXPECT_EQ(Bad<R>("uri-match = ''"), "option \"uri-match\" is empty");
  EXPECT_EQ(Bad<R>("uri-gmatch = {a}"),
            "option \"uri-gmatch\" takes one value, not a list");
  EXPECT_EQ(Good("lb-method = none", &R::lb_method), LbMethod::kNone);
  EXPECT_EQ(Bad<R>("lb-method = rt"),
            "option \"lb-method\": \"rt\" is not a method: write rtt, "
            "roundrobin, random, most-idle or none; did you mean \"rtt\"?");
  ExpectBool("passthrough", &R::passthrough);
  ExpectBool("allow-trace", &R::allow_trace);
  for (std::string_view name : {"downstreams", "backends"}) {
    EXPECT_EQ(Good(absl::StrCat(name, " = {a, b}"), &R::backends),
              std::vector<std::string>({"a", "b"}));
  }
}

TEST(RuleOptionsTest, ExactComesBeforeGlobInAnyOrder) {
  const UriMatch exact{UriMatchKind::kExact, "/a"};
  EXPECT_EQ(Good("uri-match = /a uri-gmatch = /b", &RuleConfig::match), exact);
  EXPECT_EQ(Good("uri-gmatch = /b uri-match = /a", &RuleConfig::match), exact);
}

TEST(RuleOptionsTest, UnsupportedOnesAreRefused) {
  ExpectUnsupported<RuleConfig>("uri-rmatch", "'^/a'");
  ExpectUnsupported<RuleConfig>("upstream-read-timeout", "5");
  ExpectUnsupported<RuleConfig>("upstream-write-timeout", "{ 5, 0 }");
  ExpectUnsupported<RuleConfig>("allow-redirect", "on");
  ExpectUnsupported<RuleConfig>("redirect-filter", "{}");
}

TEST(HeadersOptionsTest, EachTakesItsValues) {
  ExpectBool("x-forwarded-for", &HeadersConfig::x_forwarded_for);
  ExpectBool("x-request-id", &HeadersConfig::x_request_id);
}

TEST(HeadersOptionsTest, TlsHeadersAreRefusedUnlessFalse) {
  for (std::string_view name :
       {"x-ssl-subject", "x-ssl-issuer", "x-ssl-notbefore", "x-ssl-notafter",
        "x-ssl-serial", "x-ssl-sha1", "x-ssl-cipher", "x-ssl-certificate"}) {
    ExpectUnsupported<HeadersConfig>(name, "true");
    EXPECT_EQ(Bad<HeadersConfig>(absl::StrCat(name, " = false")), "");
    EXPECT_EQ(Bad<HeadersConfig>(absl::StrCat(name, " = x")),
              absl::StrCat("option \"", name,
                           "\": \"x\" is not a boolean: write true, on, yes, "
                           "false, off or no"));
  }
  EXPECT_EQ(Bad<RuleConfig>("passthrough = no allow-redirect = no"), "");
  EXPECT_EQ(Bad<Config>("daemonize = no"), "");
}

TEST(ReadOptionsTest, NamesHaveNoCase) {
  EXPECT_EQ(Good("PORT = 81", &ServerConfig::port), 81);
}

TEST(ReadOptionsTest, LastScalarWinsWithAWarning) {
  const auto read = ReadText<ServerConfig>("port = 1\nthreads = 2\nPort = 3");
  EXPECT_EQ(read.value.port, 3);
  EXPECT_EQ(read.messages, "option \"Port\" replaces the value of line 1");
}

TEST(ReadOptionsTest, AliasReplacesToo) {
  const auto read = ReadText<RuleConfig>("downstreams = a\nbackends = b");
  EXPECT_EQ(read.value.backends, std::vector<std::string>({"b"}));
  EXPECT_EQ(read.messages, "option \"backends\" replaces the value of line 1");
}

TEST(ReadOptionsTest, UnknownNamesGetAHint) {
  EXPECT_EQ(Bad<ServerConfig>("prot = 1"),
            "unknown option \"prot\"; did you mean \"port\"?");
  EXPECT_EQ(Bad<ServerConfig>("disable-backend-nagel = 1"),
            "unknown option \"disable-backend-nagel\"; did you mean "
            "\"disable-backend-nagle\"?");
  EXPECT_EQ(Bad<BackendConfig>("threads = 1"),
            "unknown option \"threads\"; it belongs in server");
  EXPECT_EQ(Bad<BackendConfig>("frobnicate = 1"),
            "unknown option \"frobnicate\"");
  EXPECT_EQ(Bad<ServerConfig>("vhost = x"),
            "\"vhost\" is a section: write its options in { } and no \"=\"");
}

TEST(ReadOptionsTest, EveryMistakeIsFound) {
  EXPECT_EQ(Bad<ServerConfig>("port = x threads = 0 bogus = 1"),
            "option \"port\": \"x\" is not a whole number\n"
            "option \"threads\": \"0\" is out of range, allowed is 1 to 1024\n"
            "unknown option \"bogus\"");
}

TEST(FindOptionTest, FindsTheLastInAnyCase) {
  const Environment none;
  Diagnostics diagnostics;
  const Section root = Parse("a = 1 A = 2 b = 3", "f", none, diagnostics);
  EXPECT_EQ(FindOption(root, "a")->values[0].text, "2");
  EXPECT_EQ(FindOption(root, "c"), nullptr);
}

}  // namespace
}  // namespace rproxy::config
