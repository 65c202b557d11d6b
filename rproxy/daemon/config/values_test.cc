#include "rproxy/daemon/config/values.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace rproxy::config {
namespace {

// The value, or nothing for a text that is refused.
template <typename T>
std::optional<T> Accepted(const absl::StatusOr<T>& parsed) {
  if (!parsed.ok()) return std::nullopt;
  return *parsed;
}

TEST(ParseBoolTest, TakesThreeWordsEachInAnyCase) {
  for (std::string_view text : {"true", "on", "yes", "TRUE", "On", "yEs"}) {
    EXPECT_EQ(Accepted(ParseBool(text)), true) << text;
  }
  for (std::string_view text : {"false", "off", "no", "False", "OFF"}) {
    EXPECT_EQ(Accepted(ParseBool(text)), false) << text;
  }
}

TEST(ParseBoolTest, RefusesTheRest) {
  for (std::string_view text : {"", "1", "0", "tru", "yes ", "enabled"}) {
    EXPECT_EQ(Accepted(ParseBool(text)), std::nullopt) << text;
  }
  EXPECT_EQ(ParseBool("2").status().message(),
            "\"2\" is not a boolean: write true, on, yes, false, off or no");
}

TEST(ParseIntegerTest, ReadsThreeBases) {
  EXPECT_EQ(Accepted(ParseInteger("0")), 0);
  EXPECT_EQ(Accepted(ParseInteger("8080")), 8080);
  EXPECT_EQ(Accepted(ParseInteger("+7")), 7);
  EXPECT_EQ(Accepted(ParseInteger("-7")), -7);
  EXPECT_EQ(Accepted(ParseInteger("0x1F")), 31);
  EXPECT_EQ(Accepted(ParseInteger("0X1f")), 31);
  EXPECT_EQ(Accepted(ParseInteger("010")), 8);
  EXPECT_EQ(Accepted(ParseInteger("-0x10")), -16);
  EXPECT_EQ(Accepted(ParseInteger("9223372036854775807")), INT64_MAX);
}

TEST(ParseIntegerTest, RefusesTheRest) {
  for (std::string_view text : {"", "-", "+", "0x", "08", "1a", "1 ", " 1",
                                "--1", "1.5", "0xg", "9223372036854775808"}) {
    EXPECT_EQ(Accepted(ParseInteger(text)), std::nullopt) << text;
  }
  EXPECT_EQ(ParseInteger("x").status().message(),
            "\"x\" is not a whole number");
  EXPECT_EQ(ParseInteger("99999999999999999999").status().message(),
            "\"99999999999999999999\" is too large a number");
}

TEST(ParseBytesTest, TakesBytesAndUnits) {
  EXPECT_EQ(Accepted(ParseBytes("0")), 0);
  EXPECT_EQ(Accepted(ParseBytes("65536")), 65536);
  EXPECT_EQ(Accepted(ParseBytes("64KiB")), 65536);
  EXPECT_EQ(Accepted(ParseBytes("5mib")), 5 << 20);
  EXPECT_EQ(Accepted(ParseBytes("1GIB")), 1 << 30);
}

TEST(ParseBytesTest, RefusesTheRest) {
  for (std::string_view text :
       {"", "KiB", "64k", "64 KiB", "1.5MiB", "1TiB", "9999999999999GiB"}) {
    EXPECT_EQ(Accepted(ParseBytes(text)), std::nullopt) << text;
  }
  EXPECT_EQ(ParseBytes("64k").status().message(),
            "\"64k\" is not a size: write bytes, or a number with KiB, MiB or "
            "GiB");
}

TEST(ParseDurationTest, PlainNumbersAreSeconds) {
  EXPECT_EQ(Accepted(ParseDuration("0")), absl::ZeroDuration());
  EXPECT_EQ(Accepted(ParseDuration("5")), absl::Seconds(5));
  EXPECT_EQ(Accepted(ParseDuration("0x10")), absl::Seconds(16));
  EXPECT_EQ(Accepted(ParseDuration("-1")), absl::Seconds(-1));
}

TEST(ParseDurationTest, TakesUnits) {
  EXPECT_EQ(Accepted(ParseDuration("250ms")), absl::Milliseconds(250));
  EXPECT_EQ(Accepted(ParseDuration("5s")), absl::Seconds(5));
  EXPECT_EQ(Accepted(ParseDuration("2m")), absl::Minutes(2));
  EXPECT_EQ(Accepted(ParseDuration("1h")), absl::Hours(1));
  EXPECT_EQ(Accepted(ParseDuration("1h30m")), absl::Minutes(90));
  EXPECT_EQ(Accepted(ParseDuration("1.5S")), absl::Milliseconds(1500));
}

TEST(ParseDurationTest, RefusesTheRest) {
  for (std::string_view text :
       {"", "s", "5 s", "5x", "inf", "-inf", "1d", "9223372036854775807h"}) {
    EXPECT_EQ(Accepted(ParseDuration(text)), std::nullopt) << text;
  }
  EXPECT_EQ(ParseDuration("5x").status().message(),
            "\"5x\" is not a duration: write seconds, a number with ms, s, m "
            "or h, or { seconds, microseconds }");
}

TEST(ParseAddressTest, TakesLiteralsWithAndWithoutPrefix) {
  const Address ipv4{AddressFamily::kIpv4, "127.0.0.1"};
  const Address ipv6{AddressFamily::kIpv6, "::1"};
  EXPECT_EQ(Accepted(ParseAddress("127.0.0.1")), ipv4);
  EXPECT_EQ(Accepted(ParseAddress("ipv4:127.0.0.1")), ipv4);
  EXPECT_EQ(Accepted(ParseAddress("::1")), ipv6);
  EXPECT_EQ(Accepted(ParseAddress("ipv6:::1")), ipv6);
}

TEST(ParseAddressTest, EqualAddressesHaveOneSpelling) {
  EXPECT_EQ(ParseAddress("0:0:0:0:0:0:0:1")->host, "::1");
  EXPECT_EQ(ParseAddress("FE80::0A")->host, "fe80::a");
}

TEST(ParseAddressTest, TakesUnixPathsThatFit) {
  EXPECT_EQ(Accepted(ParseAddress("unix:/run/a.sock")),
            (Address{AddressFamily::kUnix, "/run/a.sock"}));
  EXPECT_TRUE(ParseAddress("unix:" + std::string(107, 'a')).ok());
  EXPECT_FALSE(ParseAddress("unix:" + std::string(108, 'a')).ok());
  EXPECT_EQ(ParseAddress("unix:").status().message(),
            "\"unix:\" is not unix: with a path of 1 to 107 bytes behind it");
}

TEST(ParseAddressTest, RefusesTheRest) {
  for (std::string_view text :
       {"", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4:80", "[::1]",
        "fe80::1%lo", "example.com"}) {
    EXPECT_EQ(ParseAddress(text).status().message(),
              absl::StrCat("\"", text,
                           "\" is not an IPv4 or IPv6 address or unix: and a "
                           "path; host names are not supported by this "
                           "version yet"));
  }
  EXPECT_EQ(ParseAddress("ipv4:::1").status().message(),
            "\"ipv4:::1\" is not ipv4: with an IPv4 address behind it");
  EXPECT_EQ(ParseAddress("ipv6:1.2.3.4").status().message(),
            "\"ipv6:1.2.3.4\" is not ipv6: with an IPv6 address behind it");
}

TEST(ParseLbMethodTest, TakesEveryMethodInAnyCase) {
  EXPECT_EQ(Accepted(ParseLbMethod("rtt")), LbMethod::kRtt);
  EXPECT_EQ(Accepted(ParseLbMethod("roundrobin")), LbMethod::kRoundRobin);
  EXPECT_EQ(Accepted(ParseLbMethod("Random")), LbMethod::kRandom);
  EXPECT_EQ(Accepted(ParseLbMethod("MOST-IDLE")), LbMethod::kMostIdle);
  EXPECT_EQ(Accepted(ParseLbMethod("none")), LbMethod::kNone);
}

TEST(ParseLbMethodTest, SuggestsForAMisspelledOne) {
  EXPECT_EQ(ParseLbMethod("round-robin").status().message(),
            "\"round-robin\" is not a method: write rtt, roundrobin, random, "
            "most-idle or none; did you mean \"roundrobin\"?");
}

TEST(TextTest, PrintsTheShortestForm) {
  EXPECT_EQ(BytesText(0), "0");
  EXPECT_EQ(BytesText(1000), "1000");
  EXPECT_EQ(BytesText(65536), "64KiB");
  EXPECT_EQ(BytesText(size_t{1} << 30), "1GiB");
  EXPECT_EQ(DurationText(absl::Seconds(90)), "1m30s");
  EXPECT_EQ(DurationText(absl::InfiniteDuration()), "off");
}

}  // namespace
}  // namespace rproxy::config
