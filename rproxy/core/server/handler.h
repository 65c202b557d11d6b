// What an application of the HTTP server writes: a Handler, and one Responder
// for each request that it takes on.
//
// The life of an exchange:
//
//   request head  -> Handler::Handle, which returns the Responder
//   request body  -> Responder::OnBody ... OnRequestEnd
//   response      <- Exchange::SendHead, SendBody ..., Finish  (any time)
//   end           -> ~Responder: after both messages are complete, or when the
//                    client went away; nothing is called afterwards
//
// A response head with the framing kTunnel (101) turns both bodies into plain
// bytes: what the client sends from then on, and what it sent ahead, comes as
// OnBody, the end of its side as OnRequestEnd, and Finish ends ours.
//
// A Responder that must wait keeps a reference to its Exchange, which lives as
// long as the Responder does. Destruction is the only sign that a client has
// gone: whatever the Responder waits for, its destructor withdraws.
//
// Threading: a handler is called on the loops of the servers that it was given
// to; everything else belongs to the exchange's loop.

#ifndef RPROXY_CORE_SERVER_HANDLER_H_
#define RPROXY_CORE_SERVER_HANDLER_H_

#include <cstddef>
#include <memory>

#include "absl/strings/string_view.h"
#include "rproxy/core/buffer/slice.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/http/message.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/peer_identity.h"
#include "rproxy/core/server/exchange_observer.h"

namespace rproxy {

// One request and its response. Owned by the session; see the file comment for
// how long it lives.
class Exchange {
 public:
  // The request, valid from Handle on. The handler may take parts out of it.
  virtual RequestHead& request() = 0;
  virtual const BodyFraming& request_framing() const = 0;
  // The client's last request byte has been delivered.
  virtual bool request_complete() const = 0;

  virtual const SocketAddress& client_address() const = 0;
  virtual const SocketAddress& local_address() const = 0;
  virtual const PeerIdentity* peer_identity() const = 0;
  virtual EventLoop& loop() = 0;

  virtual RequestId id() const = 0;
  // What the server's observer is told when the exchange ends.
  virtual ExchangeNotes& notes() = 0;

  // Sends an interim (1xx) response; dropped for HTTP/1.0 clients, which do
  // not know them. Before SendHead only.
  virtual void SendInterim(const ResponseHead& head) = 0;

  // Sends the head of the final response; once. The session adds the framing
  // fields that fit `framing` and the client, Connection, and Date and Server
  // when they are missing; none of the framing fields may be in `head`, except
  // that the answer to HEAD and a 304 keep the Content-Length that they have.
  // kContentLength needs exactly that many bytes of SendBody; kChunked and
  // kUntilClose mean "not known yet"; kNone means that there is no body;
  // kTunnel goes with 101 and an Upgrade field.
  virtual void SendHead(ResponseHead head, const BodyFraming& framing) = 0;
  virtual void SendBody(Slice bytes) = 0;
  // The response is complete. Trailers reach only clients that get a chunked
  // body. The Responder is destroyed in a later turn, once the request is
  // complete or given up; OnBody is not called again.
  virtual void Finish(const HeaderMap& trailers) = 0;

  // A whole response of our own: SendHead, SendBody, Finish and Flush. `extra`
  // holds further fields. The body is left out for HEAD.
  virtual void Reply(int status, absl::string_view content_type,
                     absl::string_view body, const HeaderMap& extra) = 0;

  // Replies that something went wrong: with the server's page for `status`, or
  // a line of text, and the exchange's id.
  virtual void ReplyError(int status, Cause cause, const HeaderMap& extra) = 0;

  // Hands what was sent so far to the socket. Call it once after a batch.
  virtual void Flush() = 0;

  // Gives the exchange up: the client's connection is closed in a way that
  // shows that the response is not whole. The Responder is destroyed in a later
  // turn. Note the cause first.
  virtual void Abort() = 0;

  // The connection is closed after this response.
  virtual void CloseAfterResponse() = 0;

  // While paused, OnBody and OnRequestEnd are not called and the client is
  // slowed down by its own socket. Resuming calls them in a later turn.
  virtual void PauseRequestBody() = 0;
  virtual void ResumeRequestBody() = 0;

  // More than the high watermark waits to be written: stop sending until
  // OnOutputDrained.
  virtual bool output_full() const = 0;

  virtual bool response_started() const = 0;

 protected:
  ~Exchange() = default;
};

class Responder {
 public:
  virtual ~Responder() = default;

  // A piece of the request body.
  virtual void OnBody(Slice bytes) = 0;
  // The request is complete. `trailers` is empty unless the body was chunked.
  virtual void OnRequestEnd(const HeaderMap& trailers) = 0;
  // What arrived together has been delivered: a good time to flush.
  virtual void OnBatchEnd() {}
  // The output has fallen below the low watermark after having been full.
  virtual void OnOutputDrained() {}
};

class Handler {
 public:
  virtual ~Handler() = default;

  // A request head has arrived. May answer at once, even completely; then it
  // may return null, and a body that still comes is dropped.
  virtual std::unique_ptr<Responder> Handle(Exchange& exchange) = 0;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_SERVER_HANDLER_H_
