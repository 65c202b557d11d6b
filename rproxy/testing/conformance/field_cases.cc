// Header fields: names, values, line ends, folding.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/request_case.h"

namespace rproxy::test {
namespace {

using std::string_literals::operator""s;

constexpr char kName[] = "RFC 9110 section 5.1: token";
constexpr char kValue[] = "RFC 9110 section 5.5";
constexpr char kLineEnd[] = "RFC 9112 section 2.2";

RequestCase Kept(std::string name, const char* source,
                 absl::string_view field) {
  return {std::move(name), source, Get(field), Accepted(Get(field))};
}
RequestCase Bad(std::string name, const char* source, absl::string_view field) {
  return {std::move(name), source, Get(field), Refused(400)};
}

}  // namespace

std::vector<RequestCase> FieldCases() {
  return {
      // Names.
      Kept("AllTokenCharacters", kName, "!#$%&'*+-.^_`|~0aZ: b\r\n"),
      Kept("OneCharacterName", kName, "A: b\r\n"),
      Kept("CaseIsKept", kName, "x-MiXeD: b\r\n"),
      Kept("UnderscoreIsKept", kName, "X_Forwarded_Proto: https\r\n"),
      Kept("RepeatsAreKeptInOrder", "RFC 9110 section 5.3",
           "A: 1\r\nB: 2\r\nA: 3\r\n"),
      Bad("EmptyName", kName, ": b\r\n"),
      Bad("SpaceAsName", kName, " : b\r\n"),
      Bad("SpaceInName", kName, "A B: c\r\n"),
      Bad("TabInName", kName, "A\tB: c\r\n"),
      Bad("NulInName", kName, "A\0B: c\r\n"s),
      Bad("ControlInName", kName, "A\x01: c\r\n"),
      Bad("DeleteInName", kName, "A\x7f: c\r\n"),
      Bad("HighByteInName", kName, "A\xe9: c\r\n"),
      Bad("ParenthesisInName", kName, "A(b): c\r\n"),
      Bad("CommaInName", kName, "A,B: c\r\n"),
      Bad("SlashInName", kName, "A/B: c\r\n"),
      Bad("SemicolonInName", kName, "A;B: c\r\n"),
      Bad("EqualsInName", kName, "A=B: c\r\n"),
      Bad("QuoteInName", kName, "\"A\": c\r\n"),
      Bad("BracketInName", kName, "[A]: c\r\n"),
      Bad("AtInName", kName, "@A: c\r\n"),
      Bad("BackslashInName", kName, "A\\B: c\r\n"),
      Bad("SpaceBeforeColon", "RFC 9112 section 5.1", "A : b\r\n"),
      Bad("TabBeforeColon", "RFC 9112 section 5.1", "A\t: b\r\n"),
      Bad("NoColon", "RFC 9112 section 5", "A\r\n"),
      Bad("NoColonButValue", "RFC 9112 section 5", "A b\r\n"),
      Bad("ARequestLineAsField", "RFC 9112 section 5",
          "GET /smuggled HTTP/1.1\r\n"),

      // Values.
      Kept("EmptyValue", kValue, "A: \r\n"),
      Kept("InnerWhiteSpaceIsKept", kValue, "A: b  \t c\r\n"),
      Kept("ObsoleteTextIsKept", kValue, "A: \xe9\x80\xff\r\n"),
      Kept("QuotedString", kValue, "A: \"b\\\"c\"\r\n"),
      Kept("ColonInValue", kValue, "A: b: c\r\n"),
      Kept("CommentLikeValue", kValue, "A: (b)\r\n"),
      {"WhiteSpaceAroundIsTrimmed", "RFC 9110 section 5.5",
       Get("A:\t b \t\r\n"), Accepted(Get("A: b\r\n"))},
      {"NoSpaceGetsOne", "RFC 9112 section 5.1", Get("A:b\r\n"),
       Accepted(Get("A: b\r\n"))},
      Bad("NulInValue", kValue, "A: b\0c\r\n"s),
      Bad("NulAlone", kValue, "A: \0\r\n"s),
      Bad("BellInValue", kValue, "A: \a\r\n"),
      Bad("BackspaceInValue", kValue, "A: b\bc\r\n"),
      Bad("VerticalTabInValue", kValue, "A: b\vc\r\n"),
      Bad("FormFeedInValue", kValue, "A: b\fc\r\n"),
      Bad("EscapeInValue", kValue, "A: \x1b[31m\r\n"),
      Bad("DeleteInValue", kValue, "A: \x7f\r\n"),
      Bad("UnitSeparatorInValue", kValue, "A: \x1f\r\n"),

      // Folding.
      Bad("FoldedWithSpace", "RFC 9112 section 5.2", "A: b\r\n c\r\n"),
      Bad("FoldedWithTab", "RFC 9112 section 5.2", "A: b\r\n\tc\r\n"),
      Bad("FoldedToNothing", "RFC 9112 section 5.2", "A: b\r\n \r\n"),
      Bad("FoldedField", "RFC 9112 section 5.2",
          "A: b\r\n Content-Length: 5\r\n"),
      {"FoldedFirstLine", "RFC 9112 section 2.2",
       "GET / HTTP/1.1\r\n Host: a\r\n\r\n", Refused(400)},
      {"FoldedFirstLineWithTab", "RFC 9112 section 2.2",
       "GET / HTTP/1.1\r\n\tA: b\r\nHost: a\r\n\r\n", Refused(400)},

      // Line ends.
      Bad("BareLineFeedEndsField", kLineEnd, "A: b\nC: d\r\n"),
      Bad("BareCarriageReturnInValue", kLineEnd, "A: b\rC: d\r\n"),
      Bad("CarriageReturnTwice", kLineEnd, "A: b\r\r\n"),
      Bad("ReversedLineEnd", kLineEnd, "A: b\n\rC: d\r\n"),
      Bad("CarriageReturnBeforeColon", kLineEnd, "A\r: b\r\n"),
      Bad("LineFeedAloneOnALine", kLineEnd, "A: b\r\n\nC: d\r\n"),
      Bad("CarriageReturnStartsALine", kLineEnd, "A: b\r\n\rC: d\r\n"),
      {"OnlyBareLineFeeds", kLineEnd, "GET / HTTP/1.1\nHost: a\n\n",
       Refused(400)},
      {"OnlyBareCarriageReturns", kLineEnd, "GET / HTTP/1.1\rHost: a\r\r",
       Refused(400)},
      {"HeadEndsWithBareLineFeed", kLineEnd, "GET / HTTP/1.1\r\nHost: a\r\n\n",
       Refused(400)},
      {"HeadEndsWithTwoBareLineFeeds", kLineEnd,
       "GET / HTTP/1.1\r\nHost: a\n\n", Refused(400)},
      {"RequestHiddenBehindBareLineFeeds", kLineEnd,
       absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\nA: b\n\n", kSmuggled),
       Refused(400)},
      {"RequestHiddenBehindBareCarriageReturns", kLineEnd,
       absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\r", kSmuggled),
       Refused(400)},

      // Endings.
      {"EndsInName", "RFC 9112 section 8", "GET / HTTP/1.1\r\nHost: a\r\nA",
       Unfinished()},
      {"EndsInValue", "RFC 9112 section 8", "GET / HTTP/1.1\r\nHost: a\r\nA: b",
       Unfinished()},
      {"EndsBeforeEmptyLine", "RFC 9112 section 8",
       "GET / HTTP/1.1\r\nHost: a\r\n", Unfinished()},
      {"EndsInEmptyLine", "RFC 9112 section 8",
       "GET / HTTP/1.1\r\nHost: a\r\n\r", Unfinished()},
  };
}

}  // namespace rproxy::test
