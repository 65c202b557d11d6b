// Both framings at once, and every disguise of Transfer-Encoding that is known:
// CL.TE, TE.CL, TE.TE, TE.0.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rproxy/testing/conformance/request_case.h"

namespace rproxy::test {
namespace {

using std::string_literals::operator""s;

constexpr char kCoding[] = "RFC 9112 section 6.1";
constexpr char kUnknown[] = "RFC 9112 section 6.1: 501 for unknown codings";
constexpr char kDisguise[] = "TE.TE";
constexpr char kNoBody[] = "TE.0: no framing, so another request follows";

// `field` is a whole field line without its end; the body is a chunked one.
std::string With(absl::string_view field) {
  return Post(absl::StrCat(field, "\r\n"), "5\r\nhello\r\n0\r\n\r\n");
}
std::string WithCoding(absl::string_view value) {
  return With(absl::StrCat("Transfer-Encoding: ", value));
}
const char kForwarded[] =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    "5\r\nhello\r\n0\r\n\r\n";

}  // namespace

std::vector<RequestCase> TransferEncodingCases() {
  return {
      // Accepted.
      {"Chunked", kCoding, WithCoding("chunked"), Accepted(kForwarded)},
      {"MixedCase", "RFC 9112 section 7: names ignore case",
       WithCoding("cHuNkEd"), Accepted(kForwarded)},
      {"UpperCaseFieldName", "RFC 9110 section 5.1",
       With("TRANSFER-ENCODING: chunked"), Accepted(kForwarded)},
      {"NoSpaceAfterColon", "RFC 9112 section 5",
       With("Transfer-Encoding:chunked"), Accepted(kForwarded)},
      {"SpaceAndTabAround", "RFC 9110 section 5.6.3",
       WithCoding(" \t chunked\t "), Accepted(kForwarded)},
      {"OnGet", "RFC 9110 section 9.3.1",
       Get("Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n",
       Accepted(Get("Transfer-Encoding: chunked\r\n") +
                "5\r\nhello\r\n0\r\n\r\n")},
      {"RequestInChunk", "a body is never a request",
       Chunked(absl::StrCat("23\r\n", kSmuggled, "\r\n0\r\n\r\n")),
       Accepted(Chunked(absl::StrCat("23\r\n", kSmuggled, "\r\n0\r\n\r\n")))},

      // Both framings.
      {"LengthFirst", "RFC 9112 section 6.1; CL.TE",
       Post("Content-Length: 15\r\nTransfer-Encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n"),
       Refused(400)},
      {"LengthLast", "RFC 9112 section 6.1; TE.CL",
       Post("Transfer-Encoding: chunked\r\nContent-Length: 15\r\n",
            "5\r\nhello\r\n0\r\n\r\n"),
       Refused(400)},
      {"LengthCoversARequest", "CL.TE",
       Post("Content-Length: 40\r\nTransfer-Encoding: chunked\r\n",
            absl::StrCat("0\r\n\r\n", kSmuggled)),
       Refused(400)},
      {"LengthEndsBeforeARequest", "TE.CL",
       Post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            absl::StrCat("23\r\n", kSmuggled, "\r\n0\r\n\r\n")),
       Refused(400)},
      {"LengthZero", "CL.TE",
       Post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       Refused(400)},
      {"LengthMalformed", "CL.TE",
       Post("Content-Length: x\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
       Refused(400)},
      {"LengthAndIdentity", "CL.TE",
       Post("Content-Length: 5\r\nTransfer-Encoding: identity\r\n", "hello"),
       Refused(400)},
      {"LengthAndUnknown", "CL.TE",
       Post("Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n", "hello"),
       Refused(400)},
      {"LengthAndEmpty", "CL.TE",
       Post("Content-Length: 5\r\nTransfer-Encoding:\r\n", "hello"),
       Refused(400)},
      {"LengthBetweenTwoCodings", "CL.TE",
       Post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"
            "Transfer-Encoding: identity\r\n",
            "0\r\n\r\n"),
       Refused(400)},
      {"LengthHiddenByConnection", "CL.TE, RFC 9110 section 7.6.1",
       Post("Connection: Content-Length\r\nContent-Length: 5\r\n"
            "Transfer-Encoding: chunked\r\n",
            "0\r\n\r\n"),
       Refused(400)},

      // Codings that are not chunked alone.
      {"Identity", kUnknown, WithCoding("identity"), Refused(501)},
      {"Gzip", kUnknown, WithCoding("gzip"), Refused(501)},
      {"GzipThenChunked", kUnknown, WithCoding("gzip, chunked"), Refused(501)},
      {"IdentityThenChunked", kUnknown, WithCoding("identity, chunked"),
       Refused(501)},
      {"TwoFieldsGzipThenChunked", kUnknown,
       With("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked"),
       Refused(501)},
      {"ChunkedThenIdentity", kDisguise, WithCoding("chunked, identity"),
       Refused(400)},
      {"ChunkedThenGzip", kDisguise, WithCoding("chunked, gzip"), Refused(400)},
      {"TwoFieldsChunkedThenIdentity", kDisguise,
       With("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
       Refused(400)},
      {"TwoFieldsChunkedThenX", kDisguise,
       With("Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
       Refused(400)},
      {"TwoFieldsIdentityThenChunked", kDisguise,
       With("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked"),
       Refused(501)},
      {"TwoFieldsInOtherCase", kDisguise,
       With("Transfer-Encoding: chunked\r\ntransfer-encoding: cow"),
       Refused(400)},
      {"ChunkedTwice", kCoding, WithCoding("chunked, chunked"), Refused(400)},
      {"ChunkedTwiceInTwoFields", kCoding,
       With("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
       Refused(400)},
      {"ListWithEmptyEnd", kDisguise, WithCoding("chunked,"), Refused(400)},
      {"ListWithEmptyStart", kDisguise, WithCoding(",chunked"), Refused(400)},
      {"OnlyAComma", kDisguise, WithCoding(","), Refused(400)},
      {"Empty", kDisguise, WithCoding(""), Refused(400)},
      {"EmptyThenChunked", kDisguise,
       With("Transfer-Encoding:\r\nTransfer-Encoding: chunked"), Refused(400)},
      {"OnHttp10", "RFC 9112 section 6.1",
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
       "5\r\nhello\r\n0\r\n\r\n",
       Refused(400)},
      {"OnHttp10WithLength", "RFC 9112 section 6.1",
       "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
       "Content-Length: 5\r\n\r\nhello",
       Refused(400)},

      // Values that only some take for chunked.
      {"Prefixed", kDisguise, WithCoding("xchunked"), Refused(501)},
      {"Suffixed", kDisguise, WithCoding("chunkedx"), Refused(501)},
      {"SuffixedWithOne", kDisguise, WithCoding("chunked1"), Refused(501)},
      {"Shortened", kDisguise, WithCoding("chunke"), Refused(501)},
      {"WithoutTheLastLetters", kDisguise, WithCoding("chunk"), Refused(501)},
      {"WordBefore", kDisguise, WithCoding("x chunked"), Refused(400)},
      {"WordBehind", kDisguise, WithCoding("chunked x"), Refused(400)},
      {"Quoted", kDisguise, WithCoding("\"chunked\""), Refused(400)},
      {"SingleQuoted", kDisguise, WithCoding("'chunked'"), Refused(501)},
      {"Parameter", "RFC 9112 section 7.1: chunked has none",
       WithCoding("chunked;x=y"), Refused(400)},
      {"EmptyParameter", "RFC 9112 section 7.1", WithCoding("chunked;"),
       Refused(400)},
      {"Weight", "RFC 9112 section 7.1", WithCoding("chunked;q=1"),
       Refused(400)},
      {"SemicolonBetween", kDisguise, WithCoding("identity; chunked"),
       Refused(400)},
      {"TrailingBackslash", kDisguise, WithCoding("chunked\\"), Refused(400)},
      {"Bracketed", kDisguise, WithCoding("[chunked]"), Refused(400)},
      {"ColonBefore", kDisguise, WithCoding(": chunked"), Refused(400)},
      {"EqualsBefore", kDisguise, WithCoding("=chunked"), Refused(400)},
      {"VerticalTabBefore", kDisguise, WithCoding("\vchunked"), Refused(400)},
      {"VerticalTabBehind", kDisguise, WithCoding("chunked\v"), Refused(400)},
      {"FormFeedBefore", kDisguise, WithCoding("\fchunked"), Refused(400)},
      {"FormFeedBehind", kDisguise, WithCoding("chunked\f"), Refused(400)},
      {"NulBefore", kDisguise, WithCoding("\0chunked"s), Refused(400)},
      {"NulBehind", kDisguise, WithCoding("chunked\0"s), Refused(400)},
      {"NulAndMoreBehind", kDisguise, WithCoding("chunked\0x"s), Refused(400)},
      {"BackspaceBehind", kDisguise, WithCoding("chunked\b"), Refused(400)},
      {"EscapeBefore", kDisguise,
       WithCoding("\x1b"
                  "chunked"),
       Refused(400)},
      {"DeleteBehind", kDisguise, WithCoding("chunked\x7f"), Refused(400)},
      {"NextLineBefore", kDisguise,
       WithCoding("\x85"
                  "chunked"),
       Refused(400)},
      {"NoBreakSpaceBefore", kDisguise,
       WithCoding("\xa0"
                  "chunked"),
       Refused(400)},
      {"ByteFfBehind", kDisguise, WithCoding("chunked\xff"), Refused(400)},
      {"LongS", "letters that fold to ASCII",
       WithCoding("chun\xe2\x84\xaa"
                  "ed"),
       Refused(400)},
      {"Encoded", kDisguise, WithCoding("=?iso-8859-1?B?Y2h1bmtlZA==?="),
       Refused(400)},
      {"BareCarriageReturnBefore", "RFC 9112 section 2.2",
       WithCoding("\rchunked"), Refused(400)},
      {"BareCarriageReturnBehind", "RFC 9112 section 2.2",
       WithCoding("chunked\r"), Refused(400)},
      {"BareLineFeedBefore", "RFC 9112 section 2.2", WithCoding("\nchunked"),
       Refused(400)},
      {"Folded", "RFC 9112 section 5.2", WithCoding("\r\n chunked"),
       Refused(400)},
      {"FoldedWithTab", "RFC 9112 section 5.2", WithCoding("\r\n\tchunked"),
       Refused(400)},
      {"FoldedAfterIdentity", "RFC 9112 section 5.2",
       WithCoding("identity\r\n , chunked"), Refused(400)},
      {"FoldedBehind", "RFC 9112 section 5.2", WithCoding("chunked\r\n x"),
       Refused(400)},

      // Names that only some take for it.
      {"SpaceBeforeColon", "RFC 9112 section 5.1",
       With("Transfer-Encoding : chunked"), Refused(400)},
      {"TabBeforeColon", "RFC 9112 section 5.1",
       With("Transfer-Encoding\t: chunked"), Refused(400)},
      {"VerticalTabBeforeColon", "RFC 9112 section 5.1",
       With("Transfer-Encoding\v: chunked"), Refused(400)},
      {"NulBeforeColon", "RFC 9112 section 5.1",
       With("Transfer-Encoding\0: chunked"s), Refused(400)},
      {"NulInName", "RFC 9112 section 5.1",
       With("Transfer\0-Encoding: chunked"s), Refused(400)},
      {"SpaceBeforeName", "RFC 9112 section 2.2",
       With(" Transfer-Encoding: chunked"), Refused(400)},
      {"TabBeforeName", "RFC 9112 section 2.2",
       With("\tTransfer-Encoding: chunked"), Refused(400)},
      {"SpaceInName", "RFC 9112 section 5.1",
       With("Transfer Encoding: chunked"), Refused(400)},
      {"HighByteInName", "RFC 9112 section 5.1",
       With("Transfer\x82-Encoding: chunked"), Refused(400)},
      {"NonAsciiHyphen", "RFC 9112 section 5.1",
       With("Transfer\xe2\x80\x90"
            "Encoding: chunked"),
       Refused(400)},
      {"LineEndBeforeColon", "RFC 9112 section 5",
       With("Transfer-Encoding\r\n: chunked"), Refused(400)},
      {"BareLineFeedBeforeColon", "RFC 9112 section 2.2",
       With("Transfer-Encoding\n: chunked"), Refused(400)},
      {"NoColon", "RFC 9112 section 5", With("Transfer-Encoding chunked"),
       Refused(400)},
      {"BehindABareLineFeed", "RFC 9112 section 2.2",
       With("X: y\nTransfer-Encoding: chunked"), Refused(400)},
      {"BehindABareCarriageReturn", "RFC 9112 section 2.2",
       With("X: y\rTransfer-Encoding: chunked"), Refused(400)},
      {"BehindAReversedLineEnd", "RFC 9112 section 2.2",
       With("X: y\n\rTransfer-Encoding: chunked"), Refused(400)},
      {"InTheRequestLine", "RFC 9112 section 3",
       "POST / HTTP/1.1 Transfer-Encoding: chunked\r\nHost: a\r\n\r\n"
       "0\r\n\r\n",
       Refused(400)},
      {"UnderscoreInName", kNoBody, With("Transfer_Encoding: chunked"),
       AcceptedThen(Post("Transfer_Encoding: chunked\r\n", ""), Refused(400))},
      {"Misspelt", kNoBody, With("Tranfer-Encoding: chunked"),
       AcceptedThen(Post("Tranfer-Encoding: chunked\r\n", ""), Refused(400))},
      {"PluralName", kNoBody, With("Transfer-Encodings: chunked"),
       AcceptedThen(Post("Transfer-Encodings: chunked\r\n", ""), Refused(400))},
      {"ContentEncodingIsNoFraming", kNoBody, With("Content-Encoding: chunked"),
       AcceptedThen(Post("Content-Encoding: chunked\r\n", ""), Refused(400))},
      {"TeIsNoFraming", kNoBody, With("TE: chunked"),
       AcceptedThen(Post("", ""), Refused(400))},
      {"HiddenByConnection", "RFC 9110 section 7.6.1",
       With("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked"),
       Accepted(kForwarded)},
  };
}

}  // namespace rproxy::test
