// A transport with an input and an output buffer: what sessions and backend
// connections are made of.
//
// Reading: bytes land in a block of the loop's pool, are queued in `input()`,
// and the owner is called. What the owner leaves in `input()` stays there; the
// block goes back to the pool when nothing of it is left anywhere. Writing:
// the owner appends to `output()` and calls Flush once it has nothing to add;
// what the socket does not take is written when it becomes writable.
//
// Callbacks run from the loop only, never inside a call on the connection, so
// no call on it can destroy its caller.
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_NET_CONNECTION_H_
#define RPROXY_CORE_NET_CONNECTION_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "rproxy/core/buffer/buffer.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/event/timer.h"
#include "rproxy/core/net/transport.h"

namespace rproxy {

class Connection final : private Transport::Observer {
 public:
  // Each callback may destroy the connection.
  class Events {
   public:
    // input() has new bytes, or reading was resumed while some were left.
    virtual void OnInput() = 0;
    // The peer will send no more. input() may still hold bytes that were left.
    // Called once; writing may go on.
    virtual void OnInputEnd() = 0;
    // Output that had to wait was written because the transport took more:
    // output() fell to `output_low` bytes or less (see SetOutputLow), or to
    // nothing. Not called for what a Flush writes at once: its caller sees
    // output().size().
    virtual void OnOutputDrained() = 0;
    // The transport is broken: nothing can be read or written any more.
    // Called once, and nothing after it. `error` is an errno value.
    virtual void OnError(int error) = 0;

   protected:
    ~Events() = default;
  };

  // `loop` and `events` outlive the connection.
  Connection(EventLoop& loop, std::unique_ptr<Transport> transport,
             Events& events);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Begins to watch and read. Call once.
  absl::Status Start();

  Buffer& input() { return input_; }
  Buffer& output() { return output_; }
  const Buffer& output() const { return output_; }

  // Writes what output() holds, as far as the transport takes it now. A
  // failure is reported by OnError in a later turn. Costs nothing when output()
  // is empty or the transport is known to be full.
  void Flush();

  // Flushes, and sends the end of the stream once output() is empty. Nothing
  // may be appended afterwards.
  void CloseWriteAfterFlush();

  // While paused nothing is read from the transport and OnInput and OnInputEnd
  // are not called. Resuming reports input that was left, and the end that was
  // held back, in a later turn.
  void PauseReading() { reading_paused_ = true; }
  void ResumeReading();
  bool reading_paused() const { return reading_paused_; }

  // OnOutputDrained is called when output() falls to this many bytes or less
  // after having been above, and again when it is empty. 0 by default.
  void SetOutputLow(size_t bytes) { output_low_ = bytes; }

  // No callback runs from now on, nor does the one that is running make
  // another. For owners that leave the destruction to a later moment.
  void Silence();

  // The destructor resets the stream instead of ending it in good order.
  void Abort() { transport_->Abort(); }

  // OnInputEnd has been called.
  bool input_ended() const { return input_ended_; }
  // Neither side has said or done anything that forbids another message:
  // nothing left in either buffer, no end, no failure.
  bool quiet() const;
  // The same, asking the transport with one read. What the read brings is put
  // into input() or remembered, and told in a later turn.
  bool CheckQuiet();
  // Bytes or an end may wait in the transport: the last read filled its block,
  // or reading stopped before all was read.
  bool may_be_readable() const { return readable_; }

  // Bytes read and written since Start.
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }

  Transport& transport() { return *transport_; }

 private:
  void OnReady(FdEvents events) override;
  void OnLater();
  // These return false if the connection was destroyed, was silenced, or has
  // failed: the caller must return.
  bool ReadAll();
  bool WriteWaiting();
  bool Tell(void (Events::*callback)());
  bool Fail(int error);

  void WriteOutput();
  void FailLater(int error);
  void ContinueLater();

  EventLoop& loop_;
  Events& events_;
  std::unique_ptr<Transport> transport_;
  Buffer input_;
  Buffer output_;
  size_t output_low_ = 0;
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
  std::unique_ptr<Timer> later_;  // Resumption and failure; made when needed.
  bool* destroyed_ = nullptr;     // Set by the destructor during callbacks.
  int error_ = 0;
  bool reading_paused_ = false;
  bool silenced_ = false;
  bool resumed_ = false;   // OnInput is due for what was left.
  bool readable_ = false;  // An edge came that has not been read off.
  bool writable_ = true;
  bool peer_closed_ = false;  // Read on to the end, however short the reads.
  bool input_ended_ = false;
  bool close_write_wanted_ = false;
  bool write_closed_ = false;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_NET_CONNECTION_H_
