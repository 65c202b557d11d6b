// Runs a parser over bytes in pieces and keeps what it told, for tests.
//
// Threading: plain functions over plain values.

#ifndef RPROXY_CORE_HTTP_MESSAGE_RECORDER_H_
#define RPROXY_CORE_HTTP_MESSAGE_RECORDER_H_

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rproxy/core/http/parser.h"

namespace rproxy::test {

inline std::string Describe(const HeaderMap& fields) {
  std::string text;
  fields.ForEach([&](const HeaderMap::Field& field) {
    absl::StrAppend(&text, field.name, "=", field.value, ";");
  });
  return text;
}

inline std::string Describe(const RequestHead& head) {
  return absl::StrCat(head.method, " ", head.target, " ",
                      ToString(head.version), " ", Describe(head.headers));
}

inline std::string Describe(const ResponseHead& head) {
  return absl::StrCat(ToString(head.version), " ", head.status, " ",
                      head.reason, " ", Describe(head.headers));
}

template <typename Head>
struct RecordedMessage {
  Head head;
  BodyFraming framing;
  std::string body;
  std::optional<HeaderMap> trailers;
  bool ended = false;
};

template <typename Head>
struct Recording {
  // Interim responses are messages of their own here, without an end.
  std::vector<RecordedMessage<Head>> messages;
  ParserState state = ParserState::kHead;
  ParseError error = ParseError::kNone;
  size_t consumed = 0;
  size_t memory_max = 0;
  // A rule of ParserVisitor or Parse that was broken, or "".
  std::string broken_rule;
};

template <typename Head>
std::string Describe(const RecordedMessage<Head>& message) {
  std::string text =
      absl::StrCat(Describe(message.head), " framing ",
                   static_cast<int>(message.framing.kind), "/",
                   message.framing.length, " body [", message.body, "]");
  if (message.trailers.has_value()) {
    absl::StrAppend(&text, " trailers ", Describe(*message.trailers));
  }
  absl::StrAppend(&text, message.ended ? " end\n" : "\n");
  return text;
}

// All that two runs over the same bytes must agree on.
template <typename Head>
std::string Describe(const Recording<Head>& recording) {
  std::string text;
  for (const RecordedMessage<Head>& message : recording.messages) {
    text += Describe(message);
  }
  return absl::StrCat(text, "state ", static_cast<int>(recording.state),
                      " error ", ToString(recording.error), " consumed ",
                      recording.consumed);
}

struct RecordOptions {
  HttpPolicy policy;
  // Responses only: the method of each request.
  std::string request_method = "GET";
  // Pauses in every callback.
  bool pause = false;
  // Responses only: the connection ends after the input.
  bool end = false;
  // Stops after so many messages, leaving the rest of the input.
  size_t messages_max = 1000;
};

template <typename Parser>
struct HeadOf;
template <>
struct HeadOf<RequestParser> {
  using Type = RequestHead;
};
template <>
struct HeadOf<ResponseParser> {
  using Type = ResponseHead;
};

template <typename Parser>
class MessageRecorder final : public Parser::Visitor {
 public:
  using Head = typename HeadOf<Parser>::Type;

  explicit MessageRecorder(const RecordOptions& options)
      : options_(options), parser_(options_.policy, *this) {}

  // Parses `input`; `piece_size` is asked for the size of each piece, given
  // what is left of it, and returns at least 1.
  Recording<Head> Run(absl::string_view input,
                      absl::FunctionRef<size_t(size_t)> piece_size) {
    StartMessage();
    while (!stopped_ && recording_.consumed < input.size()) {
      const absl::string_view rest = input.substr(recording_.consumed);
      Feed(rest.substr(0, piece_size(rest.size())));
    }
    if constexpr (std::is_same_v<Parser, ResponseParser>) {
      if (options_.end && !stopped_) parser_.ParseEnd();
    }
    recording_.state = parser_.state();
    recording_.error = parser_.error();
    CheckFinalState();
    return std::move(recording_);
  }

  void OnHead(Head head, const BodyFraming& framing) override {
    OnCallback();
    if (in_message_) Break("a head inside a message");
    bool interim = false;
    if constexpr (std::is_same_v<Parser, ResponseParser>) {
      interim = head.status < 200 && head.status != 101;
    }
    in_message_ = !interim;
    recording_.messages.push_back(
        {.head = std::move(head), .framing = framing});
  }

  void OnBody(absl::string_view bytes) override {
    OnCallback();
    if (!in_message_) return Break("a body outside of a message");
    if (bytes.empty()) Break("an empty body piece");
    if (bytes.data() < piece_.data() ||
        bytes.data() + bytes.size() > piece_.data() + piece_.size()) {
      Break("a body piece from outside of the input");
    }
    RecordedMessage<Head>& message = recording_.messages.back();
    if (message.trailers.has_value()) Break("a body after trailers");
    message.body.append(bytes);
  }

  void OnTrailers(const HeaderMap& trailers) override {
    OnCallback();
    if (!in_message_) return Break("trailers outside of a message");
    if (trailers.empty()) Break("trailers without a field");
    RecordedMessage<Head>& message = recording_.messages.back();
    if (message.trailers.has_value()) Break("trailers twice");
    message.trailers = trailers;
  }

  void OnMessageEnd() override {
    OnCallback();
    if (!in_message_) return Break("an end outside of a message");
    in_message_ = false;
    recording_.messages.back().ended = true;
  }

 private:
  void StartMessage() {
    if constexpr (std::is_same_v<Parser, ResponseParser>) {
      parser_.ExpectResponseTo(options_.request_method);
    }
  }

  // Gives `piece` to the parser until it wants no more of it.
  void Feed(absl::string_view piece) {
    while (!stopped_) {
      piece_ = piece;
      const bool failed = parser_.state() == ParserState::kFailed;
      callbacks_ = 0;
      const size_t taken = parser_.Parse(piece);
      if (taken > piece.size()) return Break("more taken than given");
      if (failed && (taken > 0 || callbacks_ > 0)) Break("life after failure");
      if (options_.pause && callbacks_ > 1) Break("a callback after Pause");
      recording_.consumed += taken;
      recording_.memory_max = std::max(recording_.memory_max, parser_.memory());
      piece.remove_prefix(taken);
      if (parser_.state() == ParserState::kFailed) {
        if (failed) stopped_ = true;
      } else if (parser_.state() == ParserState::kDone) {
        FinishMessage();
        if (piece.empty()) return;
      } else if (callbacks_ == 0 && taken == 0) {
        if (!piece.empty()) Break("no progress");
        return;
      }
    }
  }

  void FinishMessage() {
    if (parser_.memory() != 0) Break("memory held between messages");
    using Kind = BodyFraming::Kind;
    const Kind kind = recording_.messages.back().framing.kind;
    if (recording_.messages.size() >= options_.messages_max ||
        kind == Kind::kTunnel) {
      stopped_ = true;
      return;
    }
    parser_.Next();
    if (!parser_.between_messages()) Break("Next is not between messages");
    StartMessage();
  }

  void CheckFinalState() {
    const bool failed = recording_.state == ParserState::kFailed;
    if (failed != (recording_.error != ParseError::kNone)) {
      Break("state and error disagree");
    }
    if (failed && parser_.memory() != 0) Break("memory held after failure");
  }

  void OnCallback() {
    ++callbacks_;
    if (options_.pause) parser_.Pause();
  }

  void Break(absl::string_view rule) {
    if (recording_.broken_rule.empty()) {
      recording_.broken_rule = std::string(rule);
    }
    stopped_ = true;
  }

  const RecordOptions options_;
  Parser parser_;
  Recording<Head> recording_;
  absl::string_view piece_;
  size_t callbacks_ = 0;
  bool in_message_ = false;
  bool stopped_ = false;
};

// Parses `input` in one piece.
template <typename Parser>
Recording<typename HeadOf<Parser>::Type> RecordWhole(
    absl::string_view input, const RecordOptions& options = {}) {
  return MessageRecorder<Parser>(options).Run(input,
                                              [](size_t left) { return left; });
}

// Parses `input` in pieces of `size` bytes.
template <typename Parser>
Recording<typename HeadOf<Parser>::Type> RecordInPieces(
    absl::string_view input, size_t size, const RecordOptions& options = {}) {
  return MessageRecorder<Parser>(options).Run(input,
                                              [size](size_t) { return size; });
}

}  // namespace rproxy::test

#endif  // RPROXY_CORE_HTTP_MESSAGE_RECORDER_H_
