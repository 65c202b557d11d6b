// Chunked bodies: sizes, extensions, line ends, trailers, and what was hidden
// in each of them.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/request_case.h"

namespace rproxy::test {
namespace {

using std::string_literals::operator""s;

constexpr char kSize[] = "RFC 9112 section 7.1: 1*HEXDIG";
constexpr char kExtension[] = "RFC 9112 section 7.1.1";
constexpr char kTrailer[] = "RFC 9112 section 7.1.2";
constexpr char kLineEnd[] = "RFC 9112 section 2.2 and 7.1";

const char kLast[] = "0\r\n\r\n";

// A chunk-size line (with its end), a chunk, the last chunk.
std::string WithSize(absl::string_view line) {
  return Chunked(absl::StrCat(line, "hello\r\n", kLast));
}
std::string WithTrailers(absl::string_view fields) {
  return Chunked(absl::StrCat("5\r\nhello\r\n0\r\n", fields, "\r\n"));
}
std::string Forwarded(absl::string_view trailers = "") {
  return Chunked(absl::StrCat("5\r\nhello\r\n0\r\n", trailers, "\r\n"));
}

}  // namespace

std::vector<RequestCase> ChunkCases() {
  return {
      // Sizes.
      {"OneChunk", kSize, WithSize("5\r\n"), Accepted(Forwarded())},
      {"NoChunk", kSize, Chunked(kLast), Accepted(Chunked(kLast))},
      {"TwoChunks", kSize, Chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"),
       Accepted(Chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"))},
      {"LeadingZeros", kSize, WithSize("0005\r\n"), Accepted(Forwarded())},
      {"ManyZerosForLast", kSize, Chunked("5\r\nhello\r\n0000\r\n\r\n"),
       Accepted(Forwarded())},
      {"UpperCaseHex", kSize, Chunked("A\r\n0123456789\r\n0\r\n\r\n"),
       Accepted(Chunked("a\r\n0123456789\r\n0\r\n\r\n"))},
      {"LowerCaseHex", kSize, Chunked("a\r\n0123456789\r\n0\r\n\r\n"),
       Accepted(Chunked("a\r\n0123456789\r\n0\r\n\r\n"))},
      {"LineEndsInsideData", kSize, Chunked("9\r\n0\r\n\r\nGET \r\n0\r\n\r\n"),
       Accepted(Chunked("9\r\n0\r\n\r\nGET \r\n0\r\n\r\n"))},
      {"EmptySize", kSize, WithSize("\r\n"), RefusedLater(400)},
      {"Word", kSize, WithSize("five\r\n"), RefusedLater(400)},
      {"Plus", kSize, WithSize("+5\r\n"), RefusedLater(400)},
      {"Minus", kSize, WithSize("-5\r\n"), RefusedLater(400)},
      {"MinusZero", kSize, Chunked("-0\r\n\r\n"), RefusedLater(400)},
      {"HexPrefix", kSize, WithSize("0x5\r\n"), RefusedLater(400)},
      {"HexPrefixOfZero", kSize, Chunked("0x0\r\n\r\n"), RefusedLater(400)},
      {"Underscore", kSize, WithSize("0_5\r\n"), RefusedLater(400)},
      {"Fraction", kSize, WithSize("5.0\r\n"), RefusedLater(400)},
      {"Quoted", kSize, WithSize("\"5\"\r\n"), RefusedLater(400)},
      {"LetterBehind", kSize, WithSize("5x\r\n"), RefusedLater(400)},
      {"Comma", kSize, WithSize("5,5\r\n"), RefusedLater(400)},
      {"SpaceBefore", kSize, WithSize(" 5\r\n"), RefusedLater(400)},
      {"TabBefore", kSize, WithSize("\t5\r\n"), RefusedLater(400)},
      {"SpaceBehind", kSize, WithSize("5 \r\n"), RefusedLater(400)},
      {"TabBehind", kSize, WithSize("5\t\r\n"), RefusedLater(400)},
      {"SpaceInside", kSize, WithSize("0 5\r\n"), RefusedLater(400)},
      {"NulBehind", kSize, WithSize("5\0\r\n"s), RefusedLater(400)},
      {"VerticalTabBehind", kSize, WithSize("5\v\r\n"), RefusedLater(400)},
      {"FullWidthDigit", kSize, WithSize("\xef\xbc\x95\r\n"),
       RefusedLater(400)},
      {"SixteenDigits", "overflow", WithSize("8000000000000005\r\n"),
       RefusedLater(400)},
      {"SeventeenDigits", "overflow", WithSize("10000000000000005\r\n"),
       RefusedLater(400)},
      {"AllF", "overflow", WithSize("ffffffffffffffff\r\n"), RefusedLater(400)},
      {"TwoToThe32PlusFive", "truncation to 32 bits; over the size limit",
       Chunked(absl::StrCat("100000005\r\nhello\r\n", kLast)), Unfinished()},
      {"ManyLeadingZeros", "bounded size line",
       WithSize(absl::StrCat(std::string(300, '0'), "5\r\n")),
       RefusedLater(400)},

      // What stands behind the data.
      {"OneByteTooMany", kSize, Chunked("5\r\nhelloX\r\n0\r\n\r\n"),
       RefusedLater(400)},
      {"OneByteMissing", kSize, Chunked("6\r\nhello\r\n0\r\n\r\n"),
       RefusedLater(400)},
      {"NothingBehindData", kSize, Chunked("5\r\nhello0\r\n\r\n"),
       RefusedLater(400)},
      {"TwoBytesBehindData", "two-byte terminators that nobody looks at",
       Chunked("5\r\nhelloXX0\r\n\r\n"), RefusedLater(400)},
      {"SpillBehindData", "SPILL.TERM: a terminator that is skipped unseen",
       Chunked(absl::StrCat("5\r\nhello32\r\n0\r\n\r\n", kSmuggled, kLast)),
       RefusedLater(400)},
      {"BareLineFeedBehindData", kLineEnd, Chunked("5\r\nhello\n0\r\n\r\n"),
       RefusedLater(400)},
      {"TwoLineFeedsBehindData", "TWO.ONE: one or two bytes of terminator",
       Chunked("5\r\nhello\n\n0\r\n\r\n"), RefusedLater(400)},
      {"BareCarriageReturnBehindData", kLineEnd,
       Chunked("5\r\nhello\r0\r\n\r\n"), RefusedLater(400)},
      {"ReversedLineEndBehindData", kLineEnd,
       Chunked("5\r\nhello\n\r0\r\n\r\n"), RefusedLater(400)},
      {"TwoLineEndsBehindData", "ONE.TWO",
       Chunked("5\r\nhello\r\n\r\n0\r\n\r\n"), RefusedLater(400)},
      {"TwoCarriageReturnsBehindData", kLineEnd,
       Chunked("5\r\nhello\r\r\n0\r\n\r\n"), RefusedLater(400)},

      // The end of the size line.
      {"BareLineFeedBehindSize", kLineEnd, WithSize("5\n"), RefusedLater(400)},
      {"BareCarriageReturnBehindSize", kLineEnd, WithSize("5\r"),
       RefusedLater(400)},
      {"ReversedLineEndBehindSize", kLineEnd, WithSize("5\n\r"),
       RefusedLater(400)},
      {"CarriageReturnAndOtherByte",
       "two-byte terminators that nobody looks at", WithSize("5\rX"),
       RefusedLater(400)},
      {"TwoCarriageReturnsBehindSize", kLineEnd, WithSize("5\r\r\n"),
       RefusedLater(400)},
      {"BareLineFeedBehindLastSize", kLineEnd, Chunked("5\r\nhello\r\n0\n\r\n"),
       RefusedLater(400)},
      {"BareLineFeedAtTheEnd", kLineEnd, Chunked("5\r\nhello\r\n0\r\n\n"),
       RefusedLater(400)},
      {"OnlyBareLineFeeds", kLineEnd, Chunked("5\nhello\n0\n\n"),
       RefusedLater(400)},
      {"CarriageReturnAndByteAtTheEnd", kLineEnd,
       Chunked("5\r\nhello\r\n0\r\n\rX"), RefusedLater(400)},

      // Extensions. They end at us.
      {"Extension", kExtension, WithSize("5;name=value\r\n"),
       Accepted(Forwarded())},
      {"ExtensionWithoutValue", kExtension, WithSize("5;name\r\n"),
       Accepted(Forwarded())},
      {"QuotedExtension", kExtension, WithSize("5;name=\"a;b\\\"c\"\r\n"),
       Accepted(Forwarded())},
      {"SeveralExtensions", kExtension, WithSize("5;a=b;c;d=\"e\"\r\n"),
       Accepted(Forwarded())},
      {"ExtensionOfLastChunk", kExtension,
       Chunked("5\r\nhello\r\n0;a=b\r\n\r\n"), Accepted(Forwarded())},
      {"EmptyExtension", kExtension, WithSize("5;\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"SizeInExtension", kExtension, WithSize("5;6\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"UnclosedQuoteInExtension", kExtension, WithSize("5;a=\"b\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"SpaceBeforeSemicolon", "RFC 9112 section 7.1.1: bad white space",
       WithSize("5 ;a=b\r\n"), RefusedLater(400)},
      {"BareLineFeedInExtension", "TERM.EXT", WithSize("5;a=b\nc=d\r\n"),
       RefusedLater(400)},
      {"BareLineFeedEndsExtension", "TERM.EXT", WithSize("5;a=b\n"),
       RefusedLater(400)},
      {"BareLineFeedHidesAChunk", "TERM.EXT",
       Chunked(absl::StrCat("2;\nxx\r\n32\r\n0\r\n\r\n", kSmuggled, kLast)),
       RefusedLater(400)},
      {"BareLineFeedBehindSemicolon", "EXT.TERM", WithSize("5;\n"),
       RefusedLater(400)},
      {"BareCarriageReturnInExtension", "EXT.TERM", WithSize("5;a=b\rc=d\r\n"),
       RefusedLater(400)},
      {"BareCarriageReturnEndsExtension", "EXT.TERM", WithSize("5;a\r"),
       RefusedLater(400)},
      {"QuotedLineEndInExtension", "EXT.TERM", WithSize("5;a=\"\r\n\"\r\n"),
       RefusedLater(400)},
      {"NulInExtension", kExtension, WithSize("5;a=\0b\r\n"s),
       RefusedLater(400)},
      {"ControlInExtension", kExtension, WithSize("5;a=\x01\r\n"),
       RefusedLater(400)},
      {"ExtensionOverLimit", "RFC 9112 section 7.1.1: limit them",
       WithSize(absl::StrCat("5;", std::string(300, 'a'), "\r\n")),
       RefusedLater(400)},
      {"ExtensionHugeInOneByteChunk", "RFC 9112 section 7.1.1: limit them",
       Chunked(absl::StrCat("1;", std::string(20000, 'a'), "\r\nx\r\n", kLast)),
       RefusedLater(400)},

      // Trailers.
      {"Trailer", kTrailer, WithTrailers("Sum: 7\r\n"),
       Accepted(Forwarded("Sum: 7\r\n"))},
      {"TwoTrailers", kTrailer, WithTrailers("A: b\r\nC: d\r\n"),
       Accepted(Forwarded("A: b\r\nC: d\r\n"))},
      {"TrailerWithContentLength", "TR.MRG: trailers merged into the head",
       WithTrailers("Content-Length: 35\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerWithTransferEncoding", "TR.MRG",
       WithTrailers("Transfer-Encoding: chunked\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerWithHost", "TR.MRG", WithTrailers("Host: evil\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerWithConnection", "TR.MRG", WithTrailers("Connection: close\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerWithForwardedFor", "TR.MRG",
       WithTrailers("X-Forwarded-For: 1.2.3.4\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerWithClientCertificate", "TR.MRG",
       WithTrailers("X-SSL-Subject: CN=admin\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerWithAuthorization", "TR.MRG",
       WithTrailers("Authorization: Basic eDp5\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerWithCookie", "TR.MRG", WithTrailers("Cookie: a=b\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerWithExpect", "TR.MRG", WithTrailers("Expect: 100-continue\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerWithUpgrade", "TR.MRG", WithTrailers("Upgrade: h2c\r\n"),
       NormalisedOrRefused(Forwarded())},
      {"TrailerThatIsARequest", kTrailer,
       WithTrailers("GET /smuggled HTTP/1.1\r\nHost: a\r\n"),
       RefusedLater(400)},
      {"TrailerWithoutColon", kTrailer, WithTrailers("no colon\r\n"),
       RefusedLater(400)},
      {"TrailerWithSpaceBeforeColon", kTrailer, WithTrailers("A : b\r\n"),
       RefusedLater(400)},
      {"TrailerFolded", kTrailer, WithTrailers("A: b\r\n c\r\n"),
       RefusedLater(400)},
      {"TrailerWithoutName", kTrailer, WithTrailers(": b\r\n"),
       RefusedLater(400)},
      {"TrailerWithBareLineFeed", kTrailer, WithTrailers("A: b\nC: d\r\n"),
       RefusedLater(400)},
      {"TrailerWithBareCarriageReturn", kTrailer,
       WithTrailers("A: b\rC: d\r\n"), RefusedLater(400)},
      {"TrailerWithNul", kTrailer, WithTrailers("A: b\0\r\n"s),
       RefusedLater(400)},
      {"TrailerStartsWithSpace", kTrailer, WithTrailers(" A: b\r\n"),
       RefusedLater(400)},
      {"TrailerFlood", "RFC 9112 section 7.1.2: limit them", WithTrailers([] {
         std::string fields;
         for (int i = 0; i < 200; ++i) absl::StrAppend(&fields, "A: b\r\n");
         return fields;
       }()),
       RefusedLater(431)},
      {"TrailerHuge", "RFC 9112 section 7.1.2: limit them",
       WithTrailers(absl::StrCat("A: ", std::string(40000, 'b'), "\r\n")),
       RefusedLater(431)},

      // Endings.
      {"NoLastChunk", "RFC 9112 section 8", Chunked("5\r\nhello\r\n"),
       Unfinished()},
      {"EndsInSize", "RFC 9112 section 8", Chunked("5"), Unfinished()},
      {"EndsInData", "RFC 9112 section 8", Chunked("5\r\nhel"), Unfinished()},
      {"EndsBeforeFinalEmptyLine", "RFC 9112 section 8",
       Chunked("5\r\nhello\r\n0\r\n"), Unfinished()},
      {"EndsInTrailer", "RFC 9112 section 8",
       Chunked("5\r\nhello\r\n0\r\nA: b\r\n"), Unfinished()},
      {"RequestBehind", kSize, absl::StrCat(WithSize("5\r\n"), Get()),
       Accepted(absl::StrCat(Forwarded(), Get()))},
      {"JunkBehind", kSize, absl::StrCat(WithSize("5\r\n"), "junk\r\n\r\n"),
       AcceptedThen(Forwarded(), Refused(400))},
  };
}

}  // namespace rproxy::test
