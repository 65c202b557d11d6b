// Content-Length in every form but the right one, and CL.CL, CL.0 and 0.CL.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/request_case.h"

namespace rproxy::test {
namespace {

using std::string_literals::operator""s;  // NOLINT(misc-unused-using-decls)

constexpr char kForm[] = "RFC 9110 section 8.6: 1*DIGIT";
constexpr char kRepeated[] = "RFC 9112 section 6.3 rule 5; CL.CL";
constexpr char kName[] = "RFC 9112 section 5.1";

std::string WithLength(absl::string_view value) {
  return Post(absl::StrCat("Content-Length: ", value, "\r\n"), "hello");
}

// POST with one good Content-Length: what any equal request must become.
const char kFive[] =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
const char kBodiless[] = "POST / HTTP/1.1\r\nHost: a\r\n";

}  // namespace

std::vector<RequestCase> ContentLengthCases() {
  return {
      // Accepted.
      {"Plain", kForm, WithLength("5"), Accepted(kFive)},
      {"Zero", kForm, Post("Content-Length: 0\r\n", ""),
       Accepted(Post("Content-Length: 0\r\n", ""))},
      {"NoSpaceAfterColon", "RFC 9112 section 5",
       Post("Content-Length:5\r\n", "hello"), Accepted(kFive)},
      {"TabBefore", "RFC 9110 section 5.6.3",
       Post("Content-Length:\t5\r\n", "hello"), Accepted(kFive)},
      {"TabBehind", "RFC 9110 section 5.6.3, but no sender does it",
       Post("Content-Length: 5\t\r\n", "hello"), NormalisedOrRefused(kFive)},
      {"SpaceBehind", "RFC 9110 section 5.6.3",
       Post("Content-Length: 5 \r\n", "hello"), Accepted(kFive)},
      {"UpperCaseName", "RFC 9110 section 5.1",
       Post("CONTENT-LENGTH: 5\r\n", "hello"),
       Accepted(Post("CONTENT-LENGTH: 5\r\n", "hello"))},
      {"OnGet", "RFC 9110 section 9.3.1",
       Get("Content-Length: 5\r\n") + "hello",
       Accepted(Get("Content-Length: 5\r\n") + "hello")},
      {"OnDelete", "RFC 9110 section 9.3.5",
       "DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
       Accepted("DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
                "hello")},
      {"OnHead", "RFC 9110 section 9.3.2",
       "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
       Accepted("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
                "hello")},
      {"LeadingZeros", "octal or decimal",
       Post("Content-Length: 005\r\n", "hello"), NormalisedOrRefused(kFive)},
      {"LeadingZeroThatOctalReadsAsEight", "octal or decimal",
       Post("Content-Length: 010\r\n", "0123456789"),
       NormalisedOrRefused(Post("Content-Length: 10\r\n", "0123456789"))},
      {"ManyLeadingZeros", "octal or decimal",
       Post("Content-Length: 0000000000000000000000000005\r\n", "hello"),
       NormalisedOrRefused(kFive)},
      {"OnlyZeros", "octal or decimal",
       Post("Content-Length: 0000000000000000000\r\n", ""),
       NormalisedOrRefused(Post("Content-Length: 0\r\n", ""))},

      // One malformed number.
      {"Plus", kForm, WithLength("+5"), Refused(400)},
      {"Minus", kForm, WithLength("-5"), Refused(400)},
      {"MinusZero", kForm, WithLength("-0"), Refused(400)},
      {"PlusZero", kForm, WithLength("+0"), Refused(400)},
      {"Hexadecimal", kForm, WithLength("0x5"), Refused(400)},
      {"HexadecimalZero", kForm, WithLength("0x0"), Refused(400)},
      {"HexadecimalDigit", kForm, WithLength("a"), Refused(400)},
      {"Octal", kForm, WithLength("0o5"), Refused(400)},
      {"Binary", kForm, WithLength("0b101"), Refused(400)},
      {"Underscore", kForm, WithLength("5_0"), Refused(400)},
      {"Fraction", kForm, WithLength("5.0"), Refused(400)},
      {"Exponent", kForm, WithLength("5e0"), Refused(400)},
      {"Quoted", kForm, WithLength("\"5\""), Refused(400)},
      {"SingleQuoted", kForm, WithLength("'5'"), Refused(400)},
      {"Empty", kForm, WithLength(""), Refused(400)},
      {"OnlyWhiteSpace", kForm, WithLength(" \t "), Refused(400)},
      {"Word", kForm, WithLength("five"), Refused(400)},
      {"JunkBehind", kForm, WithLength("5 x"), Refused(400)},
      {"JunkBeforeIt", kForm, WithLength("x5"), Refused(400)},
      {"Semicolon", kForm, WithLength("5;"), Refused(400)},
      {"Parameter", kForm, WithLength("5;x=y"), Refused(400)},
      {"InnerSpace", kForm, WithLength("5 5"), Refused(400)},
      {"InnerTab", kForm, WithLength("5\t5"), Refused(400)},
      {"InnerNul", kForm, WithLength("5\0000"s), Refused(400)},
      {"TrailingNul", kForm, WithLength("5\0"s), Refused(400)},
      {"VerticalTabBefore", kForm, WithLength("\v5"), Refused(400)},
      {"VerticalTabBehind", kForm, WithLength("5\v"), Refused(400)},
      {"FormFeedBefore", kForm, WithLength("\f5"), Refused(400)},
      {"NextLineBehind", kForm, WithLength("5\x85"), Refused(400)},
      {"NoBreakSpaceBefore", kForm, WithLength("\xa0\x35"), Refused(400)},
      {"FullWidthDigit", kForm, WithLength("\xef\xbc\x95"), Refused(400)},
      {"ArabicDigit", kForm, WithLength("\xd9\xa5"), Refused(400)},
      {"Superscript", kForm, WithLength("\xc2\xb2"), Refused(400)},
      {"BareCarriageReturnBehind", "RFC 9112 section 2.2", WithLength("5\r6"),
       Refused(400)},
      {"Folded", "RFC 9112 section 5.2", WithLength("5\r\n 6"), Refused(400)},
      {"FoldedEmptyFirst", "RFC 9112 section 5.2", WithLength("\r\n 5"),
       Refused(400)},
      {"TwoToThe63", "overflow", WithLength("9223372036854775808"),
       Refused(400)},
      {"TwoToThe64", "overflow", WithLength("18446744073709551616"),
       Refused(400)},
      {"TwoToThe64PlusFive", "overflow", WithLength("18446744073709551621"),
       Refused(400)},
      {"TwoToThe32PlusFive", "truncation to 32 bits", WithLength("4294967301"),
       Refused(413)},
      {"HundredDigits", "overflow", WithLength(std::string(100, '9')),
       Refused(400)},

      // Lists and repeats.
      {"ListOfEqual", kRepeated, WithLength("5, 5"), Refused(400)},
      {"ListOfEqualWithoutSpace", kRepeated, WithLength("5,5"), Refused(400)},
      {"ListOfDifferent", kRepeated, WithLength("5, 6"), Refused(400)},
      {"ListWithZero", kRepeated, WithLength("0, 5"), Refused(400)},
      {"ListWithEmptyEnd", kRepeated, WithLength("5,"), Refused(400)},
      {"ListWithEmptyStart", kRepeated, WithLength(",5"), Refused(400)},
      {"RepeatedEqual", kRepeated,
       Post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"),
       Refused(400)},
      {"RepeatedSmallerFirst", kRepeated,
       Post("Content-Length: 0\r\nContent-Length: 5\r\n", "hello"),
       Refused(400)},
      {"RepeatedLargerFirst", kRepeated,
       Post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello"),
       Refused(400)},
      {"RepeatedInOtherCase", kRepeated,
       Post("content-length: 5\r\nCONTENT-LENGTH: 6\r\n", "hello!"),
       Refused(400)},
      {"RepeatedWithFieldsBetween", kRepeated,
       Post("Content-Length: 5\r\nA: b\r\nC: d\r\nContent-Length: 6\r\n",
            "hello!"),
       Refused(400)},
      {"RepeatedOneEmpty", kRepeated,
       Post("Content-Length:\r\nContent-Length: 5\r\n", "hello"), Refused(400)},
      {"RepeatedOneMalformed", kRepeated,
       Post("Content-Length: 5\r\nContent-Length: +5\r\n", "hello"),
       Refused(400)},
      {"Smuggling", "CL.CL",
       Post("Content-Length: 0\r\nContent-Length: 35\r\n", kSmuggled),
       Refused(400)},

      // Names that only some take for it.
      {"SpaceBeforeColon", kName, Post("Content-Length : 5\r\n", "hello"),
       Refused(400)},
      {"TabBeforeColon", kName, Post("Content-Length\t: 5\r\n", "hello"),
       Refused(400)},
      {"VerticalTabBeforeColon", kName,
       Post("Content-Length\v: 5\r\n", "hello"), Refused(400)},
      {"NulBeforeColon", kName, Post("Content-Length\0: 5\r\n"s, "hello"),
       Refused(400)},
      {"SpaceBeforeName", kName, Post(" Content-Length: 5\r\n", "hello"),
       Refused(400)},
      {"TabBeforeName", kName, Post("\tContent-Length: 5\r\n", "hello"),
       Refused(400)},
      {"SpaceInName", kName, Post("Content Length: 5\r\n", "hello"),
       Refused(400)},
      {"NoColon", kName, Post("Content-Length 5\r\n", "hello"), Refused(400)},
      {"NoColonNoValue", kName, Post("Content-Length\r\n", "hello"),
       Refused(400)},
      {"NonAsciiHyphen", kName,
       Post("Content\xe2\x80\x90Length: 5\r\n", "hello"), Refused(400)},
      {"BareCarriageReturnBeforeName", kName,
       Post("A: b\rContent-Length: 5\r\n", "hello"), Refused(400)},
      {"UnderscoreInName", "CL.0: no length, so another request follows",
       Post("Content_Length: 5\r\n", "hello\r\n\r\n"),
       AcceptedThen(Post("Content_Length: 5\r\n", ""), Refused(400))},
      {"PrefixedName", "CL.0", Post("X-Content-Length: 5\r\n", "hello\r\n\r\n"),
       AcceptedThen(Post("X-Content-Length: 5\r\n", ""), Refused(400))},

      // Bodies where none was announced, and the reverse.
      {"MissingOnPost", "RFC 9112 section 6.3 rule 7; CL.0",
       Post("", "hello\r\n\r\n"),
       AcceptedThen(absl::StrCat(kBodiless, "\r\n"), Refused(400))},
      {"ZeroAndARequestBehind", "CL.0",
       Post("Content-Length: 0\r\n", kSmuggled),
       Accepted(absl::StrCat(Post("Content-Length: 0\r\n", ""), kSmuggled))},
      {"RequestInBodyOfGet", "0.CL: a GET has a body when it says so",
       absl::StrCat(Get("Content-Length: 35\r\n"), kSmuggled),
       Accepted(absl::StrCat(Get("Content-Length: 35\r\n"), kSmuggled))},
      {"RequestInBodyOfHead", "0.CL",
       absl::StrCat("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n",
                    kSmuggled),
       Accepted(absl::StrCat(
           "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n",
           kSmuggled))},
      {"RequestInBodyOfOptions", "0.CL",
       absl::StrCat(
           "OPTIONS / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n",
           kSmuggled),
       Accepted(absl::StrCat(
           "OPTIONS / HTTP/1.1\r\nHost: a\r\nContent-Length: 35\r\n\r\n",
           kSmuggled))},
      {"BodyOneShort", "RFC 9112 section 8", WithLength("6"), Unfinished()},
      {"NoBodyAtAll", "RFC 9112 section 8", Post("Content-Length: 5\r\n", ""),
       Unfinished()},
      {"BodyOneLong", "RFC 9112 section 6.3 rule 6",
       Post("Content-Length: 4\r\n",
            "hell"
            "o\r\n\r\n"),
       AcceptedThen(Post("Content-Length: 4\r\n", "hell"), Refused(400))},
      {"NewlineBehindBody",
       "RFC 9112 section 2.2: empty lines before a request",
       absl::StrCat(WithLength("5"), "\r\n", Get()),
       Accepted(absl::StrCat(kFive, Get()))},
  };
}

}  // namespace rproxy::test
