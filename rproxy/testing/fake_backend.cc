#include "rproxy/testing/fake_backend.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/logging.h"

namespace rproxy::test {
namespace {

constexpr size_t kReadMax = 64 * 1024;

UniqueFd MakeEvent() {
  UniqueFd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  CHECK(event.valid());
  return event;
}

UniqueFd Bind(const Endpoint& endpoint) {
  UniqueFd fd(
      socket(endpoint.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  PCHECK(fd.valid());
  const int on = 1;
  PCHECK(setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
  PCHECK(bind(fd.get(), endpoint.get(), endpoint.size) == 0);
  return fd;
}

Endpoint RequestedEndpoint(const FakeBackend::Options& options) {
  if (options.family == AF_UNIX) return Endpoint::UnixPath(options.unix_path);
  return options.family == AF_INET6 ? Endpoint::LoopbackV6(0)
                                    : Endpoint::LoopbackV4(0);
}

void SetBufferSize(int fd, int option, int size) {
  if (size == 0) return;
  PCHECK(setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size)) == 0);
}

std::string DescribeRequest(const ReceivedRequest& request) {
  const std::string body =
      absl::StrCat(request.method, " ", request.target, "\n");
  std::string response = MakeResponse(200, body);
  // HEAD, RFC 9110 section 9.3.2: the same head, no body.
  if (request.method == "HEAD") response.resize(response.size() - body.size());
  return response;
}

}  // namespace

BackendConnection::BackendConnection(FakeBackend& backend, size_t index,
                                     UniqueFd fd, UniqueFd wake)
    : backend_(backend),
      index_(index),
      wake_(std::move(wake)),
      socket_(std::move(fd), wake_.get()) {
  request_.complete = true;  // There is none.
}

bool BackendConnection::Judge(SocketResult result, absl::string_view what) {
  switch (result) {
    case SocketResult::kOk:
      return true;
    case SocketResult::kEndOfStream:
    case SocketResult::kReset: {
      peer_ended_ = true;
      absl::MutexLock lock(&backend_.mutex_);
      backend_.connections_[index_].record.peer_end = result;
      return false;
    }
    case SocketResult::kTimeout:
      ADD_FAILURE() << "backend connection " << index_ << " gave up after "
                    << kWaitMax << ": " << what;
      Close();
      return false;
    case SocketResult::kInterrupted: {
      Order order;
      {
        absl::MutexLock lock(&backend_.mutex_);
        order = backend_.connections_[index_].order;
      }
      if (order == Order::kReset) {
        Reset();
      } else {
        Close();
      }
      return false;
    }
    case SocketResult::kClosed:
      return false;
  }
  return false;
}

bool BackendConnection::ReadMore(size_t max, absl::Duration wait_max,
                                 absl::string_view what) {
  if (peer_ended_) return false;
  const size_t before = unread_.size();
  if (!Judge(socket_.Read(max, unread_, wait_max), what)) return false;
  absl::MutexLock lock(&backend_.mutex_);
  backend_.received_bytes_ += unread_.size() - before;
  if (backend_.options_.keep_bytes) {
    backend_.connections_[index_].record.received.append(unread_, before,
                                                         std::string::npos);
  }
  return true;
}

bool BackendConnection::ReadHead() { return ReadHeadAndTakeScript(nullptr); }

bool BackendConnection::ReadHeadAndTakeScript(BackendScript* script) {
  std::optional<size_t> size;
  while (!(size = FindHeadSize(unread_)).has_value()) {
    if (!ReadMore(kReadMax, absl::InfiniteDuration(), "a head")) return false;
  }
  request_ = {};
  request_.connection = index_;
  request_.head = ParseHead(absl::string_view(unread_).substr(0, *size));
  request_.method = request_.head.StartLinePart(0);
  request_.target = request_.head.StartLinePart(1);
  unread_.erase(0, *size);
  body_ = WireBodyReader::ForRequest(request_.head);
  request_.framing = body_.framing();
  {
    absl::MutexLock lock(&backend_.mutex_);
    request_number_ = backend_.requests_.size();
    backend_.requests_.push_back(request_);
    if (script != nullptr) *script = backend_.TakeRequestScript();
  }
  return FeedBody();
}

// Moves what is unread into the body. False if its framing is malformed.
bool BackendConnection::FeedBody() {
  std::string body;
  unread_.erase(0, body_.Feed(unread_, body));
  request_.body_size += body.size();
  request_.trailers = body_.trailers();
  request_.complete = body_.done();
  request_.malformed = body_.malformed();
  if (backend_.options_.keep_bytes) request_.body += body;
  {
    absl::MutexLock lock(&backend_.mutex_);
    backend_.body_bytes_ += body.size();
    ReceivedRequest& published = backend_.requests_[request_number_];
    if (backend_.options_.keep_bytes) published.body += body;
    published.body_size = request_.body_size;
    published.trailers = request_.trailers;
    published.complete = request_.complete;
    published.malformed = request_.malformed;
  }
  if (request_.malformed) Close();
  return !request_.malformed;
}

bool BackendConnection::ReadBody() {
  while (!request_.complete) {
    if (!open() || !ReadMore(kReadMax, kWaitMax, "the rest of a body") ||
        !FeedBody()) {
      return false;
    }
  }
  return open();
}

bool BackendConnection::ReadBody(uint64_t size) {
  while (request_.body_size < size && !request_.complete) {
    const uint64_t most =
        std::min<uint64_t>(size - request_.body_size, kReadMax);
    if (!open() || !ReadMore(most, kWaitMax, "a part of a body") ||
        !FeedBody()) {
      return false;
    }
  }
  return open() && request_.body_size >= size;
}

bool BackendConnection::ReadToEnd() {
  while (ReadMore(kReadMax, kWaitMax, "the peer's end")) {
    if (!request_.complete && !FeedBody()) return false;
  }
  return peer_ended_;
}

std::string BackendConnection::ReadRaw(size_t size) {
  while (unread_.size() < size) {
    if (!ReadMore(size - unread_.size(), kWaitMax, "raw bytes")) break;
  }
  std::string bytes = unread_.substr(0, size);
  unread_.erase(0, bytes.size());
  return bytes;
}

void BackendConnection::CountSent(size_t written) {
  absl::MutexLock lock(&backend_.mutex_);
  backend_.sent_bytes_ += written;
  backend_.connections_[index_].record.sent += written;
}

bool BackendConnection::Write(absl::string_view bytes) {
  size_t written = 0;
  const SocketResult result = socket_.Write(bytes, kWaitMax, written);
  CountSent(written);
  return Judge(result, "sending");
}

bool BackendConnection::Send(absl::string_view bytes) {
  // In parts, so that the count of sent bytes follows.
  while (!bytes.empty()) {
    const absl::string_view part = bytes.substr(0, kReadMax);
    if (!Write(part)) return false;
    bytes.remove_prefix(part.size());
  }
  return open();
}

bool BackendConnection::SendInPieces(absl::string_view bytes, size_t piece) {
  while (!bytes.empty()) {
    const absl::string_view part = bytes.substr(0, piece);
    if (!Write(part)) return false;
    bytes.remove_prefix(part.size());
    std::this_thread::yield();
  }
  return open();
}

size_t BackendConnection::SendUntilBlocked(absl::string_view bytes,
                                           absl::Duration patience) {
  size_t written = 0;
  const SocketResult result = socket_.Write(bytes, patience, written);
  CountSent(written);
  if (result != SocketResult::kTimeout) Judge(result, "sending");
  return written;
}

bool BackendConnection::WaitFor(const Gate& gate) {
  if (!open()) return false;
  return Judge(socket_.WaitReadable(gate.fd(), kWaitMax), "a gate") &&
         gate.open();
}

void BackendConnection::HalfClose() { socket_.HalfClose(); }

void BackendConnection::Close() {
  socket_.Close();
  PublishEnd();
}

void BackendConnection::Reset() {
  socket_.Reset();
  PublishEnd();
}

void BackendConnection::PublishEnd() {
  absl::MutexLock lock(&backend_.mutex_);
  backend_.connections_[index_].record.open = false;
}

void BackendConnection::ServeRequests() {
  BackendScript script;
  while (open() && ReadHeadAndTakeScript(&script)) {
    script(*this);
    if (!open() || !ReadBody()) return;
  }
}

FakeBackend::FakeBackend() : FakeBackend(Options{}) {}

FakeBackend::FakeBackend(const Options& options)
    : options_(options), endpoint_(RequestedEndpoint(options)) {
  RespondWith(DescribeRequest);
  if (endpoint_.family() != AF_UNIX) {
    reservation_ = Bind(endpoint_);
    endpoint_.size = sizeof(endpoint_.storage);
    PCHECK(getsockname(reservation_.get(),
                       reinterpret_cast<sockaddr*>(&endpoint_.storage),
                       &endpoint_.size) == 0);
  }
  Listen();
}

FakeBackend::~FakeBackend() {
  StopListening();
  EndConnections(BackendConnection::Order::kClose);
  std::deque<Served>* connections;
  {
    // Nothing adds to it any more.
    absl::MutexLock lock(&mutex_);
    connections = &connections_;
  }
  for (Served& served : *connections) served.thread.join();
}

void FakeBackend::RespondWith(BackendResponder responder) {
  ScriptEveryRequest(
      [responder = std::move(responder)](BackendConnection& connection) {
        if (connection.ReadBody())
          connection.Send(responder(connection.request()));
      });
}

void FakeBackend::ScriptNextRequest(BackendScript script) {
  absl::MutexLock lock(&mutex_);
  request_scripts_.push_back(std::move(script));
}

void FakeBackend::ScriptEveryRequest(BackendScript script) {
  absl::MutexLock lock(&mutex_);
  request_script_ = std::move(script);
}

void FakeBackend::ScriptNextConnection(BackendScript script) {
  absl::MutexLock lock(&mutex_);
  connection_scripts_.push_back(std::move(script));
}

BackendScript FakeBackend::TakeRequestScript() {
  if (request_scripts_.empty()) return request_script_;
  BackendScript script = std::move(request_scripts_.front());
  request_scripts_.pop_front();
  return script;
}

void FakeBackend::Listen() {
  if (endpoint_.family() == AF_UNIX) unlink(options_.unix_path.c_str());
  listener_ = Bind(endpoint_);
  // A small window has to be set before the handshake, so on the listener.
  SetBufferSize(listener_.get(), SO_RCVBUF, options_.receive_buffer_bytes);
  SetBufferSize(listener_.get(), SO_SNDBUF, options_.send_buffer_bytes);
  PCHECK(listen(listener_.get(), SOMAXCONN) == 0);
  stop_accepting_ = MakeEvent();
  acceptor_ = std::thread([this] { AcceptLoop(); });
}

void FakeBackend::StopListening() {
  if (!acceptor_.joinable()) return;
  CHECK_EQ(eventfd_write(stop_accepting_.get(), 1), 0);
  acceptor_.join();
  listener_.Reset();
  if (endpoint_.family() == AF_UNIX) unlink(options_.unix_path.c_str());
}

void FakeBackend::ListenAgain() {
  if (!acceptor_.joinable()) Listen();
}

void FakeBackend::AcceptLoop() {
  for (;;) {
    pollfd fds[] = {{listener_.get(), POLLIN, 0},
                    {stop_accepting_.get(), POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents != 0) return;
    UniqueFd fd(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (fd.valid()) Accept(std::move(fd));
  }
}

void FakeBackend::Accept(UniqueFd fd) {
  UniqueFd wake = MakeEvent();
  absl::MutexLock lock(&mutex_);
  const size_t index = connections_.size();
  Served& served = connections_.emplace_back();
  served.wake_fd = wake.get();
  BackendScript script;
  if (!connection_scripts_.empty()) {
    script = std::move(connection_scripts_.front());
    connection_scripts_.pop_front();
  }
  served.thread = std::thread(
      [this, index, script = std::move(script)](UniqueFd thread_fd,
                                                UniqueFd thread_wake) {
        BackendConnection connection(*this, index, std::move(thread_fd),
                                     std::move(thread_wake));
        Serve(connection, script);
      },
      std::move(fd), std::move(wake));
}

void FakeBackend::Serve(BackendConnection& connection,
                        const BackendScript& script) {
  if (script) {
    script(connection);
  } else {
    connection.ServeRequests();
  }
  connection.Close();
  // The wake descriptor dies with the connection.
  absl::MutexLock lock(&mutex_);
  connections_[connection.index()].wake_fd = -1;
}

void FakeBackend::EndConnections(BackendConnection::Order order) {
  size_t count;
  {
    absl::MutexLock lock(&mutex_);
    count = connections_.size();
    for (Served& served : connections_) {
      if (!served.record.open || served.wake_fd < 0) continue;
      served.order = order;
      CHECK_EQ(eventfd_write(served.wake_fd, 1), 0);
    }
  }
  WaitUntil(
      [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
        return std::none_of(
            connections_.begin(),
            connections_.begin() + static_cast<ptrdiff_t>(count),
            [](const Served& served) { return served.record.open; });
      },
      "connections to end");
}

size_t FakeBackend::CountOpen() const {
  return static_cast<size_t>(
      std::count_if(connections_.begin(), connections_.end(),
                    [](const Served& served) { return served.record.open; }));
}

size_t FakeBackend::CountComplete() const {
  return static_cast<size_t>(std::count_if(
      requests_.begin(), requests_.end(),
      [](const ReceivedRequest& request) { return request.complete; }));
}

size_t FakeBackend::accepted() const {
  absl::MutexLock lock(&mutex_);
  return connections_.size();
}

size_t FakeBackend::open() const {
  absl::MutexLock lock(&mutex_);
  return CountOpen();
}

ConnectionRecord FakeBackend::connection(size_t index) const {
  absl::MutexLock lock(&mutex_);
  CHECK_LT(index, connections_.size());
  return connections_[index].record;
}

std::vector<ReceivedRequest> FakeBackend::requests() const {
  absl::MutexLock lock(&mutex_);
  return requests_;
}

uint64_t FakeBackend::received_bytes() const {
  absl::MutexLock lock(&mutex_);
  return received_bytes_;
}

uint64_t FakeBackend::sent_bytes() const {
  absl::MutexLock lock(&mutex_);
  return sent_bytes_;
}

uint64_t FakeBackend::body_bytes() const {
  absl::MutexLock lock(&mutex_);
  return body_bytes_;
}

template <typename Condition>
bool FakeBackend::WaitUntil(Condition condition, absl::string_view what) const {
  absl::MutexLock lock(&mutex_);
  if (mutex_.AwaitWithTimeout(absl::Condition(&condition), kWaitMax)) {
    return true;
  }
  ADD_FAILURE() << "the backend waited " << kWaitMax << " for " << what
                << "; accepted " << connections_.size() << ", open "
                << CountOpen() << ", heads " << requests_.size()
                << ", complete requests " << CountComplete()
                << ", bytes received " << received_bytes_;
  return false;
}

bool FakeBackend::WaitForConnections(size_t accepted) const {
  return WaitUntil([&]() ABSL_SHARED_LOCKS_REQUIRED(
                       mutex_) { return connections_.size() >= accepted; },
                   absl::StrCat(accepted, " connections"));
}

bool FakeBackend::WaitForOpen(size_t open) const {
  return WaitUntil(
      [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return CountOpen() == open; },
      absl::StrCat(open, " open connections"));
}

bool FakeBackend::WaitForHeads(size_t heads) const {
  return WaitUntil([&]() ABSL_SHARED_LOCKS_REQUIRED(
                       mutex_) { return requests_.size() >= heads; },
                   absl::StrCat(heads, " heads"));
}

bool FakeBackend::WaitForRequests(size_t complete) const {
  return WaitUntil([&]() ABSL_SHARED_LOCKS_REQUIRED(
                       mutex_) { return CountComplete() >= complete; },
                   absl::StrCat(complete, " complete requests"));
}

bool FakeBackend::WaitForReceivedBytes(uint64_t bytes) const {
  return WaitUntil([&]() ABSL_SHARED_LOCKS_REQUIRED(
                       mutex_) { return received_bytes_ >= bytes; },
                   absl::StrCat(bytes, " bytes"));
}

bool FakeBackend::WaitForBodyBytes(uint64_t bytes) const {
  return WaitUntil(
      [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return body_bytes_ >= bytes; },
      absl::StrCat(bytes, " body bytes"));
}

}  // namespace rproxy::test
