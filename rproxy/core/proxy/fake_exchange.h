// An exchange without a session: what a responder sends is kept, and the test
// decides how the client behaves.
//
//   FakeExchange exchange("GET", "/");
//   Forward forward(exchange, pool, rule);
//   forward.Start();
//   ...
//   EXPECT_EQ(exchange.response().status, 200);
//
// The test calls the responder's callbacks itself, and destroys it.
//
// Threading: belongs to the test's thread.

#ifndef RPROXY_CORE_PROXY_FAKE_EXCHANGE_H_
#define RPROXY_CORE_PROXY_FAKE_EXCHANGE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/server/handler.h"

namespace rproxy {

class FakeExchange final : public Exchange {
 public:
  FakeExchange(absl::string_view method, absl::string_view target,
               BodyFraming framing = {})
      : framing_(framing) {
    request_.method = std::string(method);
    request_.target = std::string(target);
    request_.headers.Add("Host", "client.example");
    if (framing.kind == BodyFraming::Kind::kContentLength) {
      request_.headers.Add("Content-Length", absl::StrCat(framing.length));
    } else if (framing.kind == BodyFraming::Kind::kChunked) {
      request_.headers.Add("Transfer-Encoding", "chunked");
    }
  }

  // --- What the client does

  void set_output_full(bool full) { output_full_ = full; }

  // --- What the responder did

  const ResponseHead& response() const { return response_; }
  const BodyFraming& response_framing() const { return response_framing_; }
  const std::string& response_body() const { return body_; }
  const HeaderMap& trailers() const { return trailers_; }
  const std::vector<ResponseHead>& interim() const { return interim_; }
  bool finished() const { return finished_; }
  bool aborted() const { return aborted_; }
  bool over() const { return finished_ || aborted_; }
  bool request_paused() const { return request_paused_; }
  // Bytes that the last Flush covered.
  size_t flushed() const { return flushed_; }

  // Exchange:
  RequestHead& request() override { return request_; }
  const BodyFraming& request_framing() const override { return framing_; }
  bool request_complete() const override { return false; }
  const SocketAddress& client_address() const override { return address_; }
  const SocketAddress& local_address() const override { return address_; }
  const PeerIdentity* peer_identity() const override { return nullptr; }
  EventLoop& loop() override {
    LOG(FATAL) << "a fake exchange has no loop";
    __builtin_unreachable();
  }
  RequestId id() const override { return {1, 2}; }
  ExchangeNotes& notes() override { return notes_; }
  void SendInterim(const ResponseHead& head) override {
    EXPECT_FALSE(response_started_);
    interim_.push_back(head);
  }
  void SendHead(ResponseHead head, const BodyFraming& framing) override {
    EXPECT_FALSE(response_started_ || over());
    response_started_ = true;
    response_ = std::move(head);
    response_framing_ = framing;
  }
  void SendBody(Slice bytes) override {
    EXPECT_TRUE(response_started_ && !over());
    body_.append(bytes.data(), bytes.size());
  }
  void Finish(const HeaderMap& trailers) override {
    EXPECT_TRUE(response_started_ && !over());
    trailers_ = trailers;
    finished_ = true;
    Flush();
  }
  void Reply(int status, absl::string_view content_type, absl::string_view body,
             const HeaderMap& extra) override {
    ResponseHead head;
    head.status = status;
    head.reason = std::string(ReasonPhrase(status));
    head.headers = extra;
    head.headers.Set("Content-Type", content_type);
    SendHead(std::move(head), {BodyFraming::Kind::kContentLength, body.size()});
    SendBody(Slice::Copy(body));
    Finish(HeaderMap());
  }
  void ReplyError(int status, Cause cause, const HeaderMap& extra) override {
    notes_.SetCause(cause);
    Reply(status, "text/plain; charset=utf-8",
          absl::StrCat(status, " ", ReasonPhrase(status), "\n"), extra);
  }
  void Flush() override { flushed_ = body_.size(); }
  void Abort() override {
    EXPECT_FALSE(over());
    aborted_ = true;
  }
  void CloseAfterResponse() override {}
  void PauseRequestBody() override { request_paused_ = true; }
  void ResumeRequestBody() override { request_paused_ = false; }
  bool output_full() const override { return output_full_; }
  bool response_started() const override { return response_started_; }

 private:
  RequestHead request_;
  ExchangeNotes notes_;
  const BodyFraming framing_;
  const SocketAddress address_ = *SocketAddress::Parse("192.0.2.7", 4711);
  ResponseHead response_;
  BodyFraming response_framing_;
  std::string body_;
  HeaderMap trailers_;
  std::vector<ResponseHead> interim_;
  size_t flushed_ = 0;
  bool output_full_ = false;
  bool request_paused_ = false;
  bool response_started_ = false;
  bool finished_ = false;
  bool aborted_ = false;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_PROXY_FAKE_EXCHANGE_H_
