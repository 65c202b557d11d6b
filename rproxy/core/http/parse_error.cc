#include "rproxy/core/http/parse_error.h"

namespace rproxy {

absl::string_view ToString(ParseError error) {
  switch (error) {
    case ParseError::kNone:
      return "none";
    case ParseError::kBadStartLine:
      return "bad_start_line";
    case ParseError::kUnsupportedVersion:
      return "unsupported_version";
    case ParseError::kStartLineTooLong:
      return "start_line_too_long";
    case ParseError::kBadTarget:
      return "bad_target";
    case ParseError::kBadLineEnd:
      return "bad_line_end";
    case ParseError::kBadFieldName:
      return "bad_field_name";
    case ParseError::kBadFieldValue:
      return "bad_field_value";
    case ParseError::kObsoleteFolding:
      return "obsolete_folding";
    case ParseError::kHeadTooLarge:
      return "head_too_large";
    case ParseError::kTooManyFields:
      return "too_many_fields";
    case ParseError::kBadHost:
      return "bad_host";
    case ParseError::kBadContentLength:
      return "bad_content_length";
    case ParseError::kContentLengthAndTransferEncoding:
      return "content_length_and_transfer_encoding";
    case ParseError::kUnknownTransferCoding:
      return "unknown_transfer_coding";
    case ParseError::kBadTransferEncoding:
      return "bad_transfer_encoding";
    case ParseError::kBadChunk:
      return "bad_chunk";
    case ParseError::kChunkLineTooLong:
      return "chunk_line_too_long";
    case ParseError::kBadTrailer:
      return "bad_trailer";
    case ParseError::kBadStatus:
      return "bad_status";
    case ParseError::kUnexpectedEnd:
      return "unexpected_end";
    case ParseError::kTooManyInterim:
      return "too_many_interim";
  }
  return "none";
}

int StatusFor(ParseError error) {
  switch (error) {
    case ParseError::kStartLineTooLong:
      return 414;
    case ParseError::kHeadTooLarge:
    case ParseError::kTooManyFields:
      return 431;
    case ParseError::kUnknownTransferCoding:
      return 501;
    case ParseError::kUnsupportedVersion:
      return 505;
    case ParseError::kNone:
    case ParseError::kBadStartLine:
    case ParseError::kBadTarget:
    case ParseError::kBadLineEnd:
    case ParseError::kBadFieldName:
    case ParseError::kBadFieldValue:
    case ParseError::kObsoleteFolding:
    case ParseError::kBadHost:
    case ParseError::kBadContentLength:
    case ParseError::kContentLengthAndTransferEncoding:
    case ParseError::kBadTransferEncoding:
    case ParseError::kBadChunk:
    case ParseError::kChunkLineTooLong:
    case ParseError::kBadTrailer:
    case ParseError::kBadStatus:
    case ParseError::kUnexpectedEnd:
    case ParseError::kTooManyInterim:
      return 400;
  }
  return 400;
}

}  // namespace rproxy
