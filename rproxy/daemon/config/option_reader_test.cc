#include "rproxy/daemon/config/option_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
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
  ExpectUnsupported<RuleConfig>("passthrough", "true");
  ExpectUnsupported<RuleConfig>("allow-redirect", "on");
  ExpectUnsupported<RuleConfig>("redirect-filter", "{}");
}

TEST(HeadersOptionsTest, ForwardedForIsABool) {
  ExpectBool("x-forwarded-for", &HeadersConfig::x_forwarded_for);
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
