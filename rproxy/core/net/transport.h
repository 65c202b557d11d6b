// A bidirectional stream of bytes: a TCP socket, TLS over one, or a fake.
//
// A transport never blocks and never buffers application bytes beyond what its
// protocol forces it to. Readiness is edge-triggered: after OnReady, the owner
// reads until kWouldBlock or `drained`, and writes until kWouldBlock or
// `drained`.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_NET_TRANSPORT_H_
#define RPROXY_CORE_NET_TRANSPORT_H_

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "rproxy/core/event/fd_watcher.h"
#include "rproxy/core/net/peer_identity.h"

namespace rproxy {

struct IoResult {
  enum class Status : unsigned char {
    kOk,          // `bytes` moved, at least 1.
    kWouldBlock,  // Nothing moved; OnReady will tell when to try again.
    kEnd,         // Reads: the peer has sent everything.
    kError,       // The transport is broken; `error` is an errno value.
  };

  Status status = Status::kOk;
  // Reads: nothing more was waiting; writes: nothing more fits. Another call of
  // the kind can be left out until OnReady.
  bool drained = false;
  int error = 0;
  size_t bytes = 0;
};

class Transport {
 public:
  class Observer {
   public:
    // `events` became possible. May destroy the transport.
    virtual void OnReady(FdEvents events) = 0;

   protected:
    ~Observer() = default;
  };

  // Closes the stream. Bytes that were written are still delivered, if the
  // transport was not aborted.
  virtual ~Transport() = default;

  // Begins to watch; call once. `observer` outlives the transport.
  virtual absl::Status Start(Observer& observer) = 0;

  virtual IoResult Read(absl::Span<char> into) = 0;
  // Gathers from `pieces`, none of which is empty.
  virtual IoResult Write(absl::Span<const iovec> pieces) = 0;

  // No further bytes will be written; the peer sees the end of the stream.
  virtual void CloseWrite() = 0;

  // The destructor will reset the connection, so that the peer cannot take a
  // truncated stream for a whole one.
  virtual void Abort() = 0;

  // Why the stream is broken, as an errno value, if that is known without
  // reading or writing; else 0. Asked for where nobody reads (a connection that
  // is paused), after `closed` together with readiness both ways, which is how
  // a reset shows. What it returned may not be told again.
  virtual int TakeError() { return 0; }

  // Our port of the connection, 0 if there is none. May cost a system call.
  virtual uint16_t local_port() const { return 0; }

  // Null if the peer has not shown who it is.
  virtual const PeerIdentity* peer_identity() const { return nullptr; }
};

}  // namespace rproxy

#endif  // RPROXY_CORE_NET_TRANSPORT_H_
