// How much memory the daemon needs while it streams a body between a fast
// sender and a slow reader, in either direction. See README.md.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gflags/gflags.h"
#include "rproxy/core/base/logging.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/daemon/daemon_process.h"

DEFINE_string(program, "rproxy/daemon/rproxy", "the daemon");
DEFINE_uint64(mib, 1024, "size of the body, each way");
DEFINE_double(mib_per_second, 1,
              "how fast the reader reads; 0: a piece whenever the sender can "
              "send nothing more");
DEFINE_uint64(resident_mib_max, 32, "more than this is a failure");
DEFINE_bool(download, true, "measure a download");
DEFINE_bool(upload, true, "measure an upload");

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RPROXY_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RPROXY_SANITIZED 1
#endif
#endif

namespace rproxy {
namespace {

constexpr uint64_t kMiB = 1 << 20;
// What the reader takes at a time.
constexpr uint64_t kPiece = 64 * 1024;

// Whether the sender can send nothing more: then everything on the way is as
// full as it gets.
class Sender {
 public:
  void SetStuck(bool stuck) {
    const absl::MutexLock lock(&mutex_);
    stuck_ = stuck;
  }
  void WaitUntilStuck() {
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&stuck_));
  }

 private:
  absl::Mutex mutex_;
  bool stuck_ ABSL_GUARDED_BY(mutex_) = false;
};

// The body: a stretch of bytes again and again. Its length is a prime number,
// so that nothing that was lost or repeated fits.
const std::string& Stretch() {
  static const std::string* const stretch = [] {
    auto* bytes = new std::string(65521, '\0');
    for (size_t i = 0; i < bytes->size(); ++i) {
      (*bytes)[i] = static_cast<char>(i * 31 + i / 251);
    }
    return bytes;
  }();
  return *stretch;
}

void SendAll(int fd, absl::string_view bytes, Sender& sender) {
  while (!bytes.empty()) {
    const ssize_t sent =
        send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      continue;
    }
    PCHECK(errno == EAGAIN || errno == EINTR) << "sending";
    pollfd writable = {fd, POLLOUT, 0};
    sender.SetStuck(true);
    poll(&writable, 1, -1);
    sender.SetStuck(false);
  }
}

void SendBody(int fd, uint64_t size, Sender& sender) {
  for (uint64_t left = size; left > 0;) {
    const uint64_t now = std::min<uint64_t>(left, Stretch().size());
    SendAll(fd, absl::string_view(Stretch()).substr(0, now), sender);
    left -= now;
  }
  sender.SetStuck(true);  // For good.
}

// One byte at a time, so that nothing of the body is taken.
std::string ReadHead(int fd) {
  std::string head;
  while (!absl::EndsWith(head, "\r\n\r\n")) {
    char byte;
    PCHECK(recv(fd, &byte, 1, 0) == 1) << "in a head: " << head;
    head += byte;
  }
  return head;
}

void ReadBody(int fd, uint64_t size, Sender& sender) {
  const absl::Time start = absl::Now();
  std::vector<char> piece(kPiece);
  for (uint64_t done = 0; done < size;) {
    if (FLAGS_mib_per_second > 0) {
      const double seconds =
          static_cast<double>(done) / (FLAGS_mib_per_second * kMiB);
      absl::SleepFor(start + absl::Seconds(seconds) - absl::Now());
    } else {
      sender.WaitUntilStuck();
    }
    const uint64_t wanted = std::min<uint64_t>(size - done, kPiece);
    const ssize_t got = recv(fd, piece.data(), wanted, MSG_WAITALL);
    PCHECK(got == static_cast<ssize_t>(wanted)) << "after " << done << " bytes";
    for (uint64_t i = 0; i < wanted;) {
      const uint64_t at = (done + i) % Stretch().size();
      const uint64_t same =
          std::min<uint64_t>(wanted - i, Stretch().size() - at);
      CHECK(std::equal(&piece[i], &piece[i] + same, &Stretch()[at]))
          << "wrong bytes after " << done;
      i += same;
    }
    done += wanted;
  }
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

UniqueFd Connect(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  PCHECK(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address)) == 0);
  return fd;
}

UniqueFd ListenAnywhere(uint16_t& port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  sockaddr* const any = reinterpret_cast<sockaddr*>(&address);
  PCHECK(bind(fd.get(), any, size) == 0);
  PCHECK(listen(fd.get(), 8) == 0);
  PCHECK(getsockname(fd.get(), any, &size) == 0);
  port = ntohs(address.sin_port);
  return fd;
}

// What each side does once it is connected; both see the same Sender.
using Side = std::function<void(int fd, uint64_t size, Sender& sender)>;

// Runs a daemon between the two. Returns the most memory that it had.
size_t Measure(const Side& client, const Side& backend) {
  uint16_t backend_port = 0;
  const UniqueFd listener = ListenAnywhere(backend_port);
  const ReservedPort port;
  const ScratchDirectory scratch;
  DaemonProcess process(
      FLAGS_program,
      {scratch.Write("rproxy.conf",
                     absl::StrCat("server { port = ", port.port(),
                                  " threads = 1\n"
                                  "  backend b { addr = 127.0.0.1 port = ",
                                  backend_port,
                                  " }\n"
                                  "  vhost \"*\" { rule r {"
                                  " uri-gmatch = \"*\" backends = b } }\n"
                                  "}\n"))});
  CHECK(process.WaitForErrors("serving http")) << process.errors();

  const uint64_t size = FLAGS_mib * kMiB;
  Sender sender;
  std::thread backend_thread([&] {
    const UniqueFd fd(accept(listener.get(), nullptr, nullptr));
    PCHECK(fd.valid());
    ReadHead(fd.get());
    backend(fd.get(), size, sender);
    // Stay until the daemon has gone: it has nothing to reconnect for.
    char byte;
    while (recv(fd.get(), &byte, 1, 0) > 0) {
    }
  });
  {
    const UniqueFd fd = Connect(port.port());
    client(fd.get(), size, sender);
  }
  const size_t peak = process.ResidentBytesMax();
  process.Signal(SIGTERM);
  CHECK_EQ(process.Wait(), 0) << process.errors();
  backend_thread.join();
  return peak;
}

size_t MeasureDownload() {
  return Measure(
      [](int fd, uint64_t size, Sender& sender) {
        Sender request;
        SendAll(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", request);
        CHECK(absl::StartsWith(ReadHead(fd), "HTTP/1.1 200 "));
        ReadBody(fd, size, sender);
      },
      [](int fd, uint64_t size, Sender& sender) {
        SendAll(fd,
                absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", size,
                             "\r\n\r\n"),
                sender);
        SendBody(fd, size, sender);
      });
}

size_t MeasureUpload() {
  return Measure(
      [](int fd, uint64_t size, Sender& sender) {
        SendAll(fd,
                absl::StrCat("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ",
                             size, "\r\n\r\n"),
                sender);
        SendBody(fd, size, sender);
        CHECK(absl::StartsWith(ReadHead(fd), "HTTP/1.1 200 "));
      },
      [](int fd, uint64_t size, Sender& sender) {
        ReadBody(fd, size, sender);
        Sender response;
        SendAll(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", response);
      });
}

bool Report(absl::string_view direction, size_t (*measure)()) {
  const absl::Time start = absl::Now();
  const size_t peak = measure();
  std::printf("%-8s %6zu MiB in %7.1f s: peak resident memory %6.1f MiB\n",
              std::string(direction).c_str(), size_t{FLAGS_mib},
              absl::ToDoubleSeconds(absl::Now() - start),
              static_cast<double>(peak) / kMiB);
  std::fflush(stdout);
#ifdef RPROXY_SANITIZED
  return true;  // Most of it is the sanitizer's.
#else
  if (peak > 0 && peak <= FLAGS_resident_mib_max * kMiB) return true;
  std::fprintf(stderr, "%s: more than %zu MiB, or unknown\n",
               std::string(direction).c_str(), size_t{FLAGS_resident_mib_max});
  return false;
#endif
}

int Main() {
  bool good = true;
  if (FLAGS_download) good = Report("download", MeasureDownload) && good;
  if (FLAGS_upload) good = Report("upload", MeasureUpload) && good;
  return good ? 0 : 1;
}

}  // namespace
}  // namespace rproxy

int main(int argc, char** argv) {
  gflags::ParseCommandLineFlags(&argc, &argv, true);
  FLAGS_logtostderr = true;
  google::InitGoogleLogging(argv[0]);
  return rproxy::Main();
}
