// Turns the bytes of one connection into HTTP/1 messages, strictly.
//
// Bytes go in as they arrive, in pieces of any size; a visitor is told of each
// part. Heads are checked byte by byte by rproxy's own rules and then taken
// apart by http-parser; bodies are framed by rproxy's own code
// (body_framing, chunked_decoder). After a message the parser stops, so that
// whatever follows stays with the caller until it asks for the next one.
//
//   kHead -> kBody -> kDone --Next()--> kHead
//     \        \----> kFailed (final)
//
// Threading: belongs to one thread.

#ifndef RPROXY_CORE_HTTP_PARSER_H_
#define RPROXY_CORE_HTTP_PARSER_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "rproxy/core/http/body_reader.h"
#include "rproxy/core/http/head_reader.h"
#include "rproxy/core/http/http_policy.h"
#include "rproxy/core/http/message.h"
#include "rproxy/core/http/parse_error.h"

namespace rproxy {

// Told of the parts of a message, in order: a head, body pieces, at most one
// trailer section that has fields, the end. No callback may destroy the
// parser, or call it but for Pause.
template <typename Head>
class ParserVisitor {
 public:
  virtual void OnHead(Head head, const BodyFraming& framing) = 0;
  // `bytes` point into the input of the Parse call, so that a caller who reads
  // into slices can share them instead of copying.
  virtual void OnBody(absl::string_view bytes) = 0;
  virtual void OnTrailers(const HeaderMap& trailers) = 0;
  virtual void OnMessageEnd() = 0;

 protected:
  ~ParserVisitor() = default;
};

enum class ParserState : uint8_t { kHead, kBody, kDone, kFailed };

class RequestParser {
 public:
  using Visitor = ParserVisitor<RequestHead>;

  // Both outlive the parser.
  RequestParser(const HttpPolicy& policy, Visitor& visitor);

  // Returns how many bytes of `input` were taken. Fewer than all only when the
  // message ended, the parser failed, or a callback asked to Pause.
  size_t Parse(absl::string_view input);

  // Makes the running Parse return after the current callback. To go on, call
  // Parse again, even with an empty input: callbacks may be due (the end of a
  // message whose last byte was taken) that need no further byte.
  void Pause() { paused_ = true; }

  // Gets ready for the next message. Only in kDone.
  void Next();

  ParserState state() const { return state_; }
  ParseError error() const { return error_; }
  // True if no byte of the next message has been seen yet (empty lines in
  // front of a request do not count).
  bool between_messages() const;
  // Bytes of memory held for an unfinished head or trailer section.
  size_t memory() const;

 private:
  void ParseHead(absl::string_view input, size_t& taken);
  void Fail(ParseError error);

  const HttpPolicy& policy_;
  Visitor& visitor_;
  ParserState state_ = ParserState::kHead;
  ParseError error_ = ParseError::kNone;
  bool paused_ = false;
  HeadReader head_{SectionKind::kRequest};
  BodyReader body_;
};

class ResponseParser {
 public:
  using Visitor = ParserVisitor<ResponseHead>;

  // Both outlive the parser.
  ResponseParser(const HttpPolicy& policy, Visitor& visitor);

  // Says which request the next final response answers. Call once before the
  // first byte of each response, and not again after a 1xx head: an interim
  // response (OnHead with 1xx but 101, then OnMessageEnd is *not* called) is
  // followed by further heads until the final one.
  void ExpectResponseTo(absl::string_view request_method);

  // As for requests. After a 101 or a 2xx to CONNECT (framing kTunnel) the
  // state is kDone and the rest of the input is left.
  size_t Parse(absl::string_view input);

  // The connection ended. Ends an until-close body well; anything else that is
  // unfinished, a head that has not begun included, fails with kUnexpectedEnd.
  void ParseEnd();

  void Pause() { paused_ = true; }
  // Gets ready for the next response. Only in kDone, and of no use after an
  // until-close body or a tunnel.
  void Next();

  ParserState state() const { return state_; }
  ParseError error() const { return error_; }
  // True if no byte of the next response has been seen yet; an interim one is
  // part of it.
  bool between_messages() const;
  size_t memory() const;

 private:
  // Of a request's method, what matters to the framing of its answer.
  enum class RequestMethod : uint8_t { kHead, kConnect, kOther };

  void ParseHead(absl::string_view input, size_t& taken);
  void Fail(ParseError error);

  const HttpPolicy& policy_;
  Visitor& visitor_;
  ParserState state_ = ParserState::kHead;
  ParseError error_ = ParseError::kNone;
  bool paused_ = false;
  RequestMethod request_method_ = RequestMethod::kOther;
  uint32_t interim_responses_ = 0;
  HeadReader head_{SectionKind::kResponse};
  BodyReader body_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_HTTP_PARSER_H_
