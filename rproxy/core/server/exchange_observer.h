// Who wants to know how each exchange ended: the seam for access logs and
// counters.
//
// Each exchange is told of exactly once, however it ends: answered, refused
// before a handler saw it, given up, or left by its client. Bytes that are sent
// but still wait in a socket count as delivered.
//
// Threading: an observer is called on the loop of the server that has it.

#ifndef RPROXY_CORE_SERVER_EXCHANGE_OBSERVER_H_
#define RPROXY_CORE_SERVER_EXCHANGE_OBSERVER_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rproxy/core/http/message.h"
#include "rproxy/core/http/parse_error.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/server/cause.h"
#include "rproxy/core/server/request_id.h"

namespace rproxy {

// What a handler knows of its exchange, and observers should too. What it
// points to outlives the exchange.
struct ExchangeNotes {
  // The first cause stays: what follows from it is not the cause.
  void SetCause(Cause because, ParseError error = ParseError::kNone) {
    if (cause != Cause::kNone) return;
    cause = because;
    parse_error = error;
  }

  Cause cause = Cause::kNone;
  ParseError parse_error = ParseError::kNone;  // For kBadRequest.
  absl::string_view rule;
  const SocketAddress* backend = nullptr;  // The last that was tried.
  uint16_t backend_local_port = 0;
  uint32_t attempts = 0;  // How often the request was sent to a backend.
  bool reused = false;    // The last time on a connection used before.
};

// All of it is valid during the call only.
struct ExchangeSummary {
  // As it arrived. Null: no whole head did.
  const RequestHead* request = nullptr;
  // As it was sent. Null: none was.
  const ResponseHead* response = nullptr;
  const SocketAddress& client;
  RequestId id;
  const ExchangeNotes& notes;
  // Of the bodies, without framing, or through the tunnel.
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  absl::Time ended;  // Time of day.
  // Since the request's head was whole, or its first byte if it never was.
  absl::Duration duration;
};

class ExchangeObserver {
 public:
  virtual void OnExchangeEnd(const ExchangeSummary& summary) = 0;

 protected:
  ~ExchangeObserver() = default;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_SERVER_EXCHANGE_OBSERVER_H_
