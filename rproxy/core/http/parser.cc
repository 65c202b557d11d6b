#include "rproxy/core/http/parser.h"

#include <http_parser.h>

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "rproxy/core/base/logging.h"
#include "rproxy/core/http/body_framing.h"
#include "rproxy/core/http/characters.h"
#include "rproxy/core/http/request_target.h"
#include "rproxy/core/http/start_line.h"

namespace rproxy {
namespace {

// --- One complete head, by http-parser. ---

// http-parser knows a fixed set of methods and refuses all others. The method
// is ours to read, so it is shown this one instead; CONNECT stays, because it
// changes how the target reads.
constexpr absl::string_view kStandInMethod = "GET";
constexpr absl::string_view kConnect = "CONNECT";

// What http-parser finds. A head is handed over field by whole field, so each
// part comes in one piece.
struct Collector {
  const char* block;  // What the map's block is a copy of.
  HeaderMap* headers;
  absl::string_view start_line_text;  // The target, or the reason.
  absl::string_view name;
};

Collector& CollectorOf(http_parser* parser) {
  return *static_cast<Collector*>(parser->data);
}

int OnStartLineText(http_parser* parser, const char* at, size_t size) {
  CollectorOf(parser).start_line_text = {at, size};
  return 0;
}

int OnFieldName(http_parser* parser, const char* at, size_t size) {
  CollectorOf(parser).name = {at, size};
  return 0;
}

void AddField(Collector& collector, absl::string_view name,
              absl::string_view value) {
  value = TrimOws(value);
  // Nothing of an empty value need be inside the block.
  const char* const value_at = value.empty() ? collector.block : value.data();
  collector.headers->AddFromBlock(
      static_cast<size_t>(name.data() - collector.block), name.size(),
      static_cast<size_t>(value_at - collector.block), value.size());
}

int OnFieldValue(http_parser* parser, const char* at, size_t size) {
  Collector& collector = CollectorOf(parser);
  AddField(collector, collector.name, {at, size});
  return 0;
}

// "No body follows": framing is decided by body_framing alone.
int OnHeadersComplete(http_parser*) { return 1; }

http_parser_settings MakeSettings() {
  // Its bound is one for the whole process; ours were applied before.
  http_parser_set_max_header_size(std::numeric_limits<uint32_t>::max());
  http_parser_settings settings;
  http_parser_settings_init(&settings);
  settings.on_url = OnStartLineText;
  settings.on_status = OnStartLineText;
  settings.on_header_field = OnFieldName;
  settings.on_header_value = OnFieldValue;
  settings.on_headers_complete = OnHeadersComplete;
  return settings;
}

class HeadParse {
 public:
  HeadParse(http_parser_type type, absl::string_view block, HeaderMap& headers)
      : collector_{.block = block.data(),
                   .headers = &headers,
                   .start_line_text = {},
                   .name = {}} {
    http_parser_init(&parser_, type);
    parser_.data = &collector_;
  }
  HeadParse(const HeadParse&) = delete;
  HeadParse& operator=(const HeadParse&) = delete;

  void Feed(absl::string_view text) {
    static const http_parser_settings settings = MakeSettings();
    if (HTTP_PARSER_ERRNO(&parser_) != HPE_OK) return;
    http_parser_execute(&parser_, &settings, text.data(), text.size());
  }

  // Feeds fields, all but Content-Length: http-parser refuses repeated and
  // listed ones, and has no switch for it.
  void FeedWithoutContentLength(absl::string_view fields) {
    while (!fields.empty()) {
      const absl::string_view line = fields.substr(0, fields.find('\n') + 1);
      const size_t colon = line.find(':');
      const absl::string_view name = line.substr(0, colon);
      if (colon != absl::string_view::npos &&
          FieldIdOf(name) == FieldId::kContentLength) {
        AddField(collector_, name,
                 line.substr(colon + 1, line.size() - colon - 3));
      } else {
        Feed(line);
      }
      fields.remove_prefix(line.size());
    }
  }

  // `fields` and `start_line_text` are what our own reading of the head found.
  ParseError Finish(size_t fields, absl::string_view start_line_text) const {
    switch (HTTP_PARSER_ERRNO(&parser_)) {
      case HPE_OK:
        break;
      case HPE_INVALID_CONTENT_LENGTH:
        return ParseError::kBadContentLength;
      case HPE_UNEXPECTED_CONTENT_LENGTH:
        // A second one; or, seen when all fields were read, one beside a
        // Transfer-Encoding, which FrameRequest and FrameResponse refuse.
        if (collector_.headers->size() != fields) {
          return ParseError::kBadContentLength;
        }
        return ParseError::kContentLengthAndTransferEncoding;
      default:
        return ParseError::kBadStartLine;
    }
    if (collector_.start_line_text != start_line_text) {
      return ParseError::kBadStartLine;
    }
    return collector_.headers->size() == fields ? ParseError::kNone
                                                : ParseError::kBadFieldName;
  }

 private:
  http_parser parser_;
  Collector collector_;
};

// --- What a head says, by our rules. ---

// RFC 9112 section 3.2: one Host field, or none in HTTP/1.0.
ParseError CheckHost(const RequestHead& head) {
  const std::optional<absl::string_view> host =
      head.headers.Find(FieldId::kHost);
  if (!host.has_value()) {
    return head.version == HttpVersion::kHttp10 ? ParseError::kNone
                                                : ParseError::kBadHost;
  }
  if (head.headers.Count(FieldId::kHost) > 1 ||
      !ParseAuthority(*host).has_value()) {
    return ParseError::kBadHost;
  }
  return ParseError::kNone;
}

// `text` is a complete head of which a HeadScanner approved.
ParseError ParseRequestHead(absl::string_view text, size_t fields,
                            RequestHead& head, BodyFraming& framing) {
  const size_t line_size = text.find('\r');
  RequestLine line;
  ParseError error = ParseRequestLine(text.substr(0, line_size), line);
  if (error != ParseError::kNone) return error;
  head.method = line.method;
  head.target = line.target;
  head.version = line.version;
  const absl::string_view block = text.substr(line_size + 2);
  head.headers.StartBlock(block, fields);
  HeadParse parse(HTTP_REQUEST, block, head.headers);
  if (line.method != kConnect) {
    parse.Feed(kStandInMethod);
    text.remove_prefix(line.method.size());
  }
  parse.Feed(text);
  error = parse.Finish(fields, line.target);
  if (error != ParseError::kNone) return error;
  error = FrameRequest(head, framing);
  if (error != ParseError::kNone) return error;
  return CheckHost(head);
}

ParseError ParseResponseHead(absl::string_view text, size_t fields,
                             absl::string_view request_method,
                             const HttpPolicy& policy, ResponseHead& head,
                             BodyFraming& framing) {
  const size_t line_size = text.find('\r');
  StatusLine line;
  const ParseError error = ParseStatusLine(text.substr(0, line_size), line);
  if (error != ParseError::kNone) return error;
  head.status = line.status;
  head.reason = line.reason;
  head.version = line.version;
  const absl::string_view block = text.substr(line_size + 2);
  head.headers.StartBlock(block, fields);
  HeadParse parse(HTTP_RESPONSE, block, head.headers);
  if (policy.allow_repeated_equal_content_length) {
    parse.Feed(text.substr(0, line_size + 2));
    parse.FeedWithoutContentLength(block);
  } else {
    parse.Feed(text);
  }
  const ParseError parse_error = parse.Finish(fields, line.reason);
  if (parse_error != ParseError::kNone) return parse_error;
  return FrameResponse(head, request_method, policy, framing);
}

// --- Bodies. ---

// Tells `visitor` of what is left of a message, as far as `input` goes.
// Returns an error, or kNone; `state` becomes kDone at the message's end.
template <typename Visitor>
ParseError DeliverBody(BodyReader& body, Visitor& visitor, const bool& paused,
                       absl::string_view input, size_t& taken,
                       ParserState& state) {
  while (!paused) {
    if (body.done()) {
      if (const HeaderMap* trailers = body.TakeTrailers()) {
        visitor.OnTrailers(*trailers);
        continue;
      }
      body.Reset();
      state = ParserState::kDone;
      visitor.OnMessageEnd();
      break;
    }
    if (taken == input.size()) break;
    const ChunkedDecoder::Step step = body.Read(input.substr(taken));
    taken += step.consumed;
    if (step.error != ParseError::kNone) return step.error;
    if (!step.data.empty()) visitor.OnBody(step.data);
  }
  return ParseError::kNone;
}

}  // namespace

// --- RequestParser ---

RequestParser::RequestParser(const HttpPolicy& policy, Visitor& visitor)
    : policy_(policy), visitor_(visitor) {}

size_t RequestParser::Parse(absl::string_view input) {
  paused_ = false;
  size_t taken = 0;
  if (state_ == ParserState::kHead) ParseHead(input, taken);
  if (state_ == ParserState::kBody) {
    const ParseError error =
        DeliverBody(body_, visitor_, paused_, input, taken, state_);
    if (error != ParseError::kNone) Fail(error);
  }
  return taken;
}

void RequestParser::ParseHead(absl::string_view input, size_t& taken) {
  const HeadReader::Step read = head_.Read(input, policy_);
  taken = read.consumed;
  if (read.error != ParseError::kNone) return Fail(read.error);
  if (!head_.done()) return;
  RequestHead head;
  BodyFraming framing;
  const ParseError error =
      ParseRequestHead(read.section, head_.fields(), head, framing);
  if (error != ParseError::kNone) return Fail(error);
  head_.Reset(SectionKind::kRequest);
  body_.Start(framing, policy_);
  state_ = ParserState::kBody;
  visitor_.OnHead(std::move(head), framing);
}

void RequestParser::Fail(ParseError error) {
  error_ = error;
  state_ = ParserState::kFailed;
  head_.Reset(SectionKind::kRequest);
  body_.Reset();
}

void RequestParser::Next() {
  DCHECK(state_ == ParserState::kDone);
  state_ = ParserState::kHead;
}

bool RequestParser::between_messages() const {
  return state_ == ParserState::kHead && !head_.started();
}

size_t RequestParser::memory() const { return head_.memory() + body_.memory(); }

// --- ResponseParser ---

ResponseParser::ResponseParser(const HttpPolicy& policy, Visitor& visitor)
    : policy_(policy), visitor_(visitor) {}

void ResponseParser::ExpectResponseTo(absl::string_view request_method) {
  DCHECK(between_messages());
  if (request_method == "HEAD") {
    request_method_ = RequestMethod::kHead;
  } else if (request_method == kConnect) {
    request_method_ = RequestMethod::kConnect;
  } else {
    request_method_ = RequestMethod::kOther;
  }
}

size_t ResponseParser::Parse(absl::string_view input) {
  paused_ = false;
  size_t taken = 0;
  // Once for each interim response, and for the final one.
  while (state_ == ParserState::kHead && taken < input.size() && !paused_) {
    ParseHead(input, taken);
  }
  if (state_ == ParserState::kBody) {
    const ParseError error =
        DeliverBody(body_, visitor_, paused_, input, taken, state_);
    if (error != ParseError::kNone) Fail(error);
  }
  return taken;
}

void ResponseParser::ParseHead(absl::string_view input, size_t& taken) {
  const HeadReader::Step read = head_.Read(input.substr(taken), policy_);
  taken += read.consumed;
  if (read.error != ParseError::kNone) return Fail(read.error);
  if (!head_.done()) return;
  absl::string_view method;
  switch (request_method_) {
    case RequestMethod::kHead:
      method = "HEAD";
      break;
    case RequestMethod::kConnect:
      method = kConnect;
      break;
    case RequestMethod::kOther:
      break;
  }
  ResponseHead head;
  BodyFraming framing;
  const ParseError error = ParseResponseHead(read.section, head_.fields(),
                                             method, policy_, head, framing);
  if (error != ParseError::kNone) return Fail(error);
  head_.Reset(SectionKind::kResponse);
  if (head.status < 200 && head.status != 101) {
    if (++interim_responses_ > policy_.interim_responses_max) {
      return Fail(ParseError::kTooManyInterim);
    }
  } else {
    body_.Start(framing, policy_);
    state_ = ParserState::kBody;
  }
  visitor_.OnHead(std::move(head), framing);
}

void ResponseParser::ParseEnd() {
  switch (state_) {
    case ParserState::kDone:
    case ParserState::kFailed:
      return;
    case ParserState::kBody:
      if (!body_.ends_at_close()) break;
      body_.Reset();
      state_ = ParserState::kDone;
      visitor_.OnMessageEnd();
      return;
    case ParserState::kHead:
      break;
  }
  Fail(ParseError::kUnexpectedEnd);
}

void ResponseParser::Fail(ParseError error) {
  error_ = error;
  state_ = ParserState::kFailed;
  head_.Reset(SectionKind::kResponse);
  body_.Reset();
}

void ResponseParser::Next() {
  DCHECK(state_ == ParserState::kDone);
  state_ = ParserState::kHead;
  request_method_ = RequestMethod::kOther;
  interim_responses_ = 0;
}

bool ResponseParser::between_messages() const {
  return state_ == ParserState::kHead && interim_responses_ == 0 &&
         !head_.started();
}

size_t ResponseParser::memory() const {
  return head_.memory() + body_.memory();
}

}  // namespace rproxy
