// One request on its way to a backend, and the response on its way back.
//
//   waiting for a stream -> sending (body follows as it comes) -> answered
//
// A Forward belongs to its exchange and holds at most one stream or one place
// in the queue. Both bodies flow under watermarks: whichever side cannot take
// more pauses the other. When the client goes, the Forward is destroyed, and
// the stream or the place with it.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_PROXY_FORWARD_H_
#define RPROXY_CORE_PROXY_FORWARD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rproxy/core/backend/connection_pool.h"
#include "rproxy/core/buffer/buffer.h"
#include "rproxy/core/server/handler.h"

namespace rproxy {

// Where a rule sends requests. Outlives every Forward that uses it.
struct ForwardRule {
  std::string name;
  ConnectionPool::SetId set = 0;
  bool x_forwarded_for = false;
  // The exchange's id goes to the backend in X-Request-Id, in place of whatever
  // the client sent: nobody vouches for that.
  bool x_request_id = false;
  std::vector<std::string> strip_response_headers;
  // Any protocol may be upgraded to, not only websocket. An upgrade to HTTP/2
  // would carry requests past every rule, so this is for backends that are
  // meant to be talked to freely.
  bool any_upgrade = false;
  // TRACE shows a client what the proxy added to its request.
  bool allow_trace = false;
  std::string via;  // See RequestEdits.
  // Request body bytes that are kept until the response begins, so that the
  // request can be sent once more.
  size_t replay_bytes_max = 64 * 1024;
  // What a client that finds no room is told to wait, in seconds.
  int retry_after_seconds = 1;
};

class Forward final : public Responder,
                      private PoolWaiter,
                      private BackendStreamEvents {
 public:
  // All references outlive the Forward, except that the exchange may end
  // before (see handler.h).
  Forward(Exchange& exchange, ConnectionPool& pool, const ForwardRule& rule);
  ~Forward() override;

  // Asks for a stream. May answer the exchange at once (503, 502).
  void Start();

  // Responder.
  void OnBody(Slice bytes) override;
  void OnRequestEnd(const HeaderMap& trailers) override;
  void OnBatchEnd() override;
  void OnOutputDrained() override;

 private:
  // PoolWaiter.
  void OnStream(BackendStream stream) override;
  void OnRefused(PoolRefusal refusal) override;

  // BackendStreamEvents.
  void OnInterimResponse(ResponseHead head) override;
  void OnResponseHead(ResponseHead head, const BodyFraming& framing) override;
  void OnResponseBody(Slice bytes) override;
  void OnResponseEnd(const HeaderMap& trailers) override;
  void OnResponseBatchEnd() override;
  void OnBackendDrained() override;
  void OnFailure(BackendFailure failure) override;

  void Acquire();
  // False if the backend has hung up on the idle connection: ask again.
  bool Begin(BackendStream stream);
  // A connection that was idle may have been closed by the backend meanwhile;
  // is that all that went wrong, and may the request be sent once more?
  bool MayRetry() const;
  void ForgetReplay();
  bool MayUpgrade() const;
  void ReplyError(int status, Cause cause);

  Exchange* exchange_;  // Null once answered or given up.
  ConnectionPool& pool_;
  const ForwardRule& rule_;
  const BodyFraming request_framing_;
  PoolTicket ticket_;
  BackendStream stream_;
  std::string upgrade_;  // The protocols asked for; empty: none.
  bool has_body_ = false;
  bool body_paused_ = false;
  Buffer replay_;           // What was sent of the body, while replayable_.
  bool replayable_ = true;  // replay_ holds all of it.
  bool request_ended_ = false;
  HeaderMap trailers_;  // The request's, while replayable_.
  int repeats_ = 0;
  bool response_paused_ = false;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_PROXY_FORWARD_H_
