#include "rproxy/core/http/http_types.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "gtest/gtest.h"

namespace rproxy {
namespace {

constexpr std::pair<absl::string_view, FieldId> kKnownFields[] = {
    {"Connection", FieldId::kConnection},
    {"Content-Length", FieldId::kContentLength},
    {"Content-Type", FieldId::kContentType},
    {"Date", FieldId::kDate},
    {"Expect", FieldId::kExpect},
    {"Host", FieldId::kHost},
    {"Keep-Alive", FieldId::kKeepAlive},
    {"Proxy-Authenticate", FieldId::kProxyAuthenticate},
    {"Proxy-Authorization", FieldId::kProxyAuthorization},
    {"Proxy-Connection", FieldId::kProxyConnection},
    {"Retry-After", FieldId::kRetryAfter},
    {"Server", FieldId::kServer},
    {"TE", FieldId::kTe},
    {"Trailer", FieldId::kTrailer},
    {"Transfer-Encoding", FieldId::kTransferEncoding},
    {"Upgrade", FieldId::kUpgrade},
    {"Via", FieldId::kVia},
    {"X-Forwarded-For", FieldId::kXForwardedFor},
};

TEST(FieldIdTest, EveryKnownFieldIsFoundInAnyCase) {
  for (const auto& [name, id] : kKnownFields) {
    EXPECT_EQ(FieldIdOf(name), id) << name;
    EXPECT_EQ(FieldIdOf(absl::AsciiStrToUpper(name)), id) << name;
    EXPECT_EQ(FieldIdOf(absl::AsciiStrToLower(name)), id) << name;
  }
}

TEST(FieldIdTest, OneOtherLetterIsAnotherField) {
  for (const auto& [name, id] : kKnownFields) {
    for (size_t i = 0; i < name.size(); ++i) {
      std::string changed(name);
      changed[i] = '~';
      EXPECT_EQ(FieldIdOf(changed), FieldId::kOther) << changed;
    }
    EXPECT_EQ(FieldIdOf(std::string(name) + "x"), FieldId::kOther);
  }
  EXPECT_EQ(FieldIdOf(""), FieldId::kOther);
}

TEST(HopByHopTest, FramingAndConnectionFieldsOnly) {
  for (const auto& [name, id] : kKnownFields) {
    const bool expected =
        id == FieldId::kConnection || id == FieldId::kKeepAlive ||
        id == FieldId::kProxyConnection || id == FieldId::kTe ||
        id == FieldId::kTrailer || id == FieldId::kTransferEncoding ||
        id == FieldId::kUpgrade;
    EXPECT_EQ(IsHopByHop(id), expected) << name;
  }
  EXPECT_FALSE(IsHopByHop(FieldId::kOther));
}

TEST(ReasonPhraseTest, RegisteredCodesHaveOneAndOthersNone) {
  EXPECT_EQ(ReasonPhrase(103), "Early Hints");
  EXPECT_EQ(ReasonPhrase(200), "OK");
  EXPECT_EQ(ReasonPhrase(413), "Content Too Large");
  EXPECT_EQ(ReasonPhrase(503), "Service Unavailable");
  EXPECT_EQ(ReasonPhrase(299), "");
  EXPECT_EQ(ReasonPhrase(0), "");
}

TEST(MethodTest, IdempotenceIsThatOfRfc9110) {
  for (const char* method :
       {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) {
    EXPECT_TRUE(IsIdempotent(method)) << method;
  }
  // Methods are case-sensitive.
  for (const char* method : {"POST", "PATCH", "CONNECT", "get", "FOO", ""}) {
    EXPECT_FALSE(IsIdempotent(method)) << method;
  }
}

TEST(VersionTest, Text) {
  EXPECT_EQ(ToString(HttpVersion::kHttp10), "HTTP/1.0");
  EXPECT_EQ(ToString(HttpVersion::kHttp11), "HTTP/1.1");
}

}  // namespace
}  // namespace rproxy
