// A scripted HTTP/1.1 backend on loopback that records every byte it receives.
//
// It runs on threads of its own, one to accept and one a connection, with
// blocking sockets, so that it shares neither code nor timing with the event
// loop under test. Without a script it answers each request with 200 and a
// body that names the request. A script is a function that runs on the
// connection's thread and does the next thing when the one before is done:
//
//   Gate go_on;
//   FakeBackend backend;
//   backend.ScriptNextRequest([&](BackendConnection& connection) {
//     connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
//     connection.WaitFor(go_on);
//     connection.Reset();
//   });
//
// Nothing sleeps: scripts and tests wait for each other with gates. Waiting
// for something that never comes ends after kWaitMax as a test failure.
//
// Threading: FakeBackend's methods from any thread; BackendConnection only in
// its script.

#ifndef RPROXY_TESTING_FAKE_BACKEND_H_
#define RPROXY_TESTING_FAKE_BACKEND_H_

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/testing/blocking_socket.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {

class BackendConnection;
class FakeBackend;

// A request as it arrived.
struct ReceivedRequest {
  size_t connection = 0;  // Which one, in order of acceptance.
  WireHead head;
  std::string method;
  std::string target;
  std::string body;  // Without chunk framing; what there is so far.
  uint64_t body_size = 0;
  std::vector<WireField> trailers;
  WireFraming framing = WireFraming::kNone;
  bool complete = false;
  bool malformed = false;  // The connection was closed because of it.
};

// What one connection has seen so far.
struct ConnectionRecord {
  std::string received;  // Every byte.
  uint64_t sent = 0;     // Bytes that the kernel took.
  // kOk until the peer ends the connection: then kEndOfStream or kReset.
  SocketResult peer_end = SocketResult::kOk;
  bool open = true;  // On our side.
};

using BackendScript = std::function<void(BackendConnection&)>;
using BackendResponder = std::function<std::string(const ReceivedRequest&)>;

// A connection, as its script drives it. Steps that return bool return false
// once the connection has ended or the backend wants it to: the script may
// return then, and further steps do nothing.
class BackendConnection {
 public:
  size_t index() const { return index_; }

  // --- Reading. What has been read is recorded as it arrives.

  // Reads the next request's head. A peer that ends the connection instead is
  // no failure. Does not give up: the connection may stay idle.
  bool ReadHead();
  // Reads the rest of the body.
  bool ReadBody();
  // Reads until `size` bytes of the body have arrived in all, and hardly more.
  bool ReadBody(uint64_t size);
  // Head and body.
  bool ReadRequest() { return ReadHead() && ReadBody(); }
  // Reads and records whatever comes until the peer ends the connection, or
  // HTTP no longer matters.
  bool ReadToEnd();
  // Reads until `size` bytes in all were received after the last request: for
  // what is no HTTP, such as a tunnel. Returns them.
  std::string ReadRaw(size_t size);

  // The request whose head was read last.
  const ReceivedRequest& request() const { return request_; }

  // --- Writing

  bool Send(absl::string_view bytes);
  // One system call a piece. The peer may still see pieces joined.
  bool SendInPieces(absl::string_view bytes, size_t piece);
  // Sends until no more fits for `patience`, or all is sent; returns how much.
  // A machine that is slow may make the result smaller, never larger: use it
  // for upper bounds on what the peer takes.
  size_t SendUntilBlocked(absl::string_view bytes,
                          absl::Duration patience = absl::Milliseconds(200));

  // --- Waiting

  // Neither reads nor writes until `gate` is open.
  bool WaitFor(const Gate& gate);

  // --- Ending

  void HalfClose();
  // The kernel makes this a reset if bytes that arrived were not read.
  void Close();
  void Reset();

  // Serves requests with the backend's scripts until the connection ends: what
  // a connection without a script of its own does.
  void ServeRequests();

  bool open() const { return socket_.open(); }

 private:
  friend class FakeBackend;

  enum class Order : uint8_t { kNone, kClose, kReset };

  BackendConnection(FakeBackend& backend, size_t index, UniqueFd fd,
                    UniqueFd wake);

  // Reads a head. `script`, if not null, gets the script that is meant for it,
  // chosen in the moment in which the head is published.
  bool ReadHeadAndTakeScript(BackendScript* script);
  // Reads up to `max` bytes into unread_.
  bool ReadMore(size_t max, absl::Duration wait_max, absl::string_view what);
  bool FeedBody();
  bool Write(absl::string_view bytes);
  // Says whether to go on; carries out the order of an interruption, reports
  // a timeout, notes how the peer ended.
  bool Judge(SocketResult result, absl::string_view what);
  void PublishEnd();
  void CountSent(size_t written);

  FakeBackend& backend_;
  const size_t index_;
  const UniqueFd wake_;
  BlockingSocket socket_;
  std::string unread_;  // Received, not yet taken by a step.
  bool peer_ended_ = false;
  ReceivedRequest request_;
  size_t request_number_ = 0;  // In FakeBackend::requests_.
  WireBodyReader body_;
};

class FakeBackend {
 public:
  struct Options {
    // AF_INET, AF_INET6, or AF_UNIX with `unix_path`.
    int family = AF_INET;
    std::string unix_path;
    // Socket buffer sizes of accepted connections; 0 leaves the system's.
    int receive_buffer_bytes = 0;
    int send_buffer_bytes = 0;
    // False for tests that move much: then bodies and bytes are only counted.
    bool keep_bytes = true;
  };

  FakeBackend();
  explicit FakeBackend(const Options& options);
  FakeBackend(const FakeBackend&) = delete;
  FakeBackend& operator=(const FakeBackend&) = delete;
  // Ends all connections and scripts.
  ~FakeBackend();

  const Endpoint& endpoint() const { return endpoint_; }
  uint16_t port() const { return endpoint_.port(); }

  // --- Scripts

  // What requests without a script get.
  void RespondWith(BackendResponder responder);
  // Each is used once, by whichever connection next reads a head. The head is
  // read when the script starts. When it returns with the connection open, the
  // rest of the body is read and the next request served.
  void ScriptNextRequest(BackendScript script);
  void ScriptEveryRequest(BackendScript script);
  // Each is used once, by the next connection accepted, from its start. The
  // connection is closed when the script returns.
  void ScriptNextConnection(BackendScript script);

  // --- Listening

  // Connecting is refused from now on; accepted connections stay.
  void StopListening();
  // Listens again on the same port, which nobody else could take meanwhile.
  void ListenAgain();

  // Ends the connections that are open now, in whatever step they are, and
  // waits until it is done.
  void CloseConnections() { EndConnections(BackendConnection::Order::kClose); }
  void ResetConnections() { EndConnections(BackendConnection::Order::kReset); }

  // --- Records, as copies

  size_t accepted() const;
  size_t open() const;
  ConnectionRecord connection(size_t index) const;
  // In the order in which their heads arrived.
  std::vector<ReceivedRequest> requests() const;
  uint64_t received_bytes() const;  // On all connections.
  uint64_t sent_bytes() const;
  uint64_t body_bytes() const;  // Of all requests, without chunk framing.

  // --- Waiting. False, and a test failure, after kWaitMax.

  bool WaitForConnections(size_t accepted) const;  // At least so many.
  bool WaitForOpen(size_t open) const;             // Exactly so many.
  bool WaitForHeads(size_t heads) const;           // At least so many.
  bool WaitForRequests(size_t complete) const;     // At least so many.
  bool WaitForReceivedBytes(uint64_t bytes) const;
  bool WaitForBodyBytes(uint64_t bytes) const;

 private:
  friend class BackendConnection;

  struct Served {
    ConnectionRecord record;
    BackendConnection::Order order = BackendConnection::Order::kNone;
    int wake_fd = -1;
    std::thread thread;
  };

  void Listen();
  void AcceptLoop();
  void Accept(UniqueFd fd);
  void Serve(BackendConnection& connection, const BackendScript& script);
  void EndConnections(BackendConnection::Order order);
  BackendScript TakeRequestScript() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  size_t CountOpen() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  size_t CountComplete() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  template <typename Condition>
  bool WaitUntil(Condition condition, absl::string_view what) const;

  const Options options_;
  Endpoint endpoint_;
  // Bound, never listening: keeps the port ours while we refuse.
  UniqueFd reservation_;
  UniqueFd listener_;
  UniqueFd stop_accepting_;
  std::thread acceptor_;

  mutable absl::Mutex mutex_;
  BackendScript request_script_ ABSL_GUARDED_BY(mutex_);
  std::deque<BackendScript> request_scripts_ ABSL_GUARDED_BY(mutex_);
  std::deque<BackendScript> connection_scripts_ ABSL_GUARDED_BY(mutex_);
  std::deque<Served> connections_ ABSL_GUARDED_BY(mutex_);
  std::vector<ReceivedRequest> requests_ ABSL_GUARDED_BY(mutex_);
  uint64_t received_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t sent_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t body_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_FAKE_BACKEND_H_
