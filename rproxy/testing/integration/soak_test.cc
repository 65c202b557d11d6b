// Mixed traffic with faults on both sides, for as long as one likes: nothing
// may hang, leak, or hand one client another's response.
//
// RPROXY_SOAK_SECONDS says how long (3 by default), RPROXY_SOAK_SEED repeats a
// run. tools/soak runs it for minutes with AddressSanitizer.

#include <dirent.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/integration/proxy_fixture.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy::test {
namespace {

constexpr size_t kBackends = 3;
constexpr uint32_t kConnections = 8;
constexpr size_t kClients = 12;

uint64_t FromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  uint64_t value = 0;
  return text != nullptr && absl::SimpleAtoi(text, &value) ? value : otherwise;
}

size_t ResidentKiB() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    size_t value = 0;
    if (absl::StartsWith(line, "VmRSS:") &&
        absl::SimpleAtoi(absl::StripSuffix(line.substr(6), "kB"), &value)) {
      return value;
    }
  }
  return 0;
}

size_t Descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  size_t count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

// What a target asks for: "/<deed>/<id>/<size>".
struct Wish {
  std::string deed;
  std::string id;
  size_t size = 0;
};

Wish ParseWish(absl::string_view target) {
  const std::vector<std::string> parts = absl::StrSplit(target, '/');
  Wish wish;
  if (parts.size() != 4) return wish;
  wish.deed = parts[1];
  wish.id = parts[2];
  if (!absl::SimpleAtoi(parts[3], &wish.size)) wish.size = 0;
  return wish;
}

std::string BodyOf(const Wish& wish) {
  return MakePattern(wish.size,
                     static_cast<uint32_t>(std::hash<std::string>()(wish.id)));
}

// The backend's side: does what the target says.
void Serve(BackendConnection& connection) {
  const Wish wish = ParseWish(connection.request().target);
  const std::string fields = absl::StrCat("X-Id: ", wish.id, "\r\n");
  const std::string body = BodyOf(wish);
  const std::string whole = MakeResponse(200, body, fields);
  const std::string chunked =
      absl::StrCat("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", fields,
                   "\r\n", MakeChunked(body, 5000, "X-Trailer: 1\r\n"));
  if (wish.deed == "early") {
    connection.Send(whole);  // Before the body, if there is one.
    return;
  }
  if (wish.deed == "reset") return connection.Reset();
  if (wish.deed == "stall") {
    connection.ReadToEnd();  // Until the proxy has had enough.
    return;
  }
  if (!connection.ReadBody()) return;
  if (wish.deed == "chunked") {
    connection.SendInPieces(chunked, 1000);
  } else if (wish.deed == "interim") {
    connection.Send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n");
    connection.Send(whole);
  } else if (wish.deed == "close") {
    connection.Send(absl::StrCat("HTTP/1.1 200 OK\r\n", fields, "\r\n", body));
    connection.Close();
  } else if (wish.deed == "once") {
    connection.Send(MakeResponse(200, body, fields + "Connection: close\r\n"));
    connection.Close();
  } else if (wish.deed == "silent-close") {
    connection.Send(whole);
    connection.Close();  // Without having said so.
  } else if (wish.deed == "cut") {
    connection.Send(whole.substr(0, whole.size() - body.size() / 2 - 1));
    connection.Close();
  } else if (wish.deed == "cut-reset") {
    connection.Send(chunked.substr(0, chunked.size() / 2));
    connection.Reset();
  } else if (wish.deed == "garbage") {
    connection.Send("HTTP/1.1 200 OK\r\nbad header line\r\n\r\nxxx");
  } else if (wish.deed == "extra") {
    connection.Send(whole + "HTTP/1.1 200 OK\r\nX-Id: stolen\r\n\r\n");
  } else if (wish.deed == "bad-chunk") {
    connection.Send(absl::StrCat("HTTP/1.1 200 OK\r\n", fields,
                                 "Transfer-Encoding: chunked\r\n\r\n"
                                 "5\r\nhello\r\nzz\r\n"));
  } else {
    connection.Send(whole);
  }
}

class Soak {
 public:
  Soak(const Endpoint& proxy, uint64_t seed) : proxy_(proxy), seed_(seed) {}

  void Run(absl::Duration time) {
    const absl::Time end = absl::Now() + time;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < kClients; ++i) {
      threads.emplace_back([this, end, i] {
        std::mt19937_64 random(seed_ + 1000 * ++generation_ + i);
        while (absl::Now() < end) RunClient(random);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  void Report() {
    absl::MutexLock lock(&mutex_);
    for (const auto& [what, count] : outcomes_) {
      std::cout << "  " << what << ": " << count << "\n";
    }
  }

 private:
  void Count(absl::string_view what) {
    absl::MutexLock lock(&mutex_);
    ++outcomes_[std::string(what)];
  }

  Wish RandomWish(std::mt19937_64& random, bool good) {
    static constexpr const char* kGood[] = {"plain", "chunked", "interim",
                                            "once",  "close",   "silent-close",
                                            "extra", "early"};
    static constexpr const char* kBad[] = {"reset",     "stall",   "cut",
                                           "cut-reset", "garbage", "bad-chunk"};
    Wish wish;
    wish.deed = good ? kGood[random() % std::size(kGood)]
                     : kBad[random() % std::size(kBad)];
    wish.id = absl::StrCat("i", ++last_id_);
    wish.size = random() % 8 == 0 ? random() % 300'000 : random() % 3000;
    return wish;
  }

  static std::string TargetOf(const Wish& wish) {
    return absl::StrCat("/", wish.deed, "/", wish.id, "/", wish.size);
  }

  // A 200 must be ours, and whole if it says so.
  void Check(const Wish& wish, bool good, const RawResponse& response) {
    if (response.status == 200) {
      EXPECT_EQ(response.head.Only("X-Id"), wish.id) << wish.deed;
      if (response.complete() && wish.deed != "bad-chunk") {
        EXPECT_TRUE(response.body == BodyOf(wish)) << wish.deed;
      }
    }
    if (good) {
      EXPECT_EQ(response.status, 200) << wish.deed << ": " << response.raw;
      EXPECT_TRUE(response.complete()) << wish.deed << ": " << response.end;
    } else {
      EXPECT_NE(response.end, ResponseEnd::kMalformed) << response.raw;
      EXPECT_NE(response.end, ResponseEnd::kTimeout) << wish.deed;
    }
    Count(absl::StrCat(wish.deed, " ", response.status,
                       response.complete() ? "" : " incomplete"));
  }

  void RunClient(std::mt19937_64& random) {
    RawClient client(proxy_);
    const size_t requests = 1 + random() % 20;
    for (size_t i = 0; i < requests; ++i) {
      switch (random() % 10) {
        case 0: {  // Faulty backend.
          const Wish wish = RandomWish(random, false);
          ASSERT_TRUE(client.Send(MakeRequest("GET", TargetOf(wish))));
          const RawResponse response = client.ReadFinalResponse();
          Check(wish, false, response);
          if (!response.complete()) return;
          break;
        }
        case 1: {  // Upload.
          Wish wish = RandomWish(random, true);
          wish.deed = "chunked";
          client.Send(MakeRequest("PUT", TargetOf(wish), "",
                                  MakePattern(random() % 200'000)));
          const RawResponse response = client.ReadFinalResponse("PUT");
          // A large body cannot be sent again when the backend hangs up on an
          // idle connection just as it is sent.
          Check(wish, response.status != 502, response);
          if (!response.complete() || response.head.Has("Connection")) return;
          break;
        }
        case 2: {  // Gone in the middle of a response.
          Wish wish = RandomWish(random, true);
          wish.size = 300'000;
          client.Send(MakeRequest("GET", TargetOf(wish)));
          client.ReadUntil("\r\n\r\n");
          client.Reset();
          Count("client reset in response");
          return;
        }
        case 3: {  // Gone in the middle of a request.
          const Wish wish = RandomWish(random, true);
          const std::string request =
              MakeRequest("PUT", TargetOf(wish), "", MakePattern(100'000));
          client.Send(request.substr(0, random() % request.size()));
          random() % 2 == 0 ? client.Reset() : client.Close();
          Count("client gone in request");
          return;
        }
        case 4: {  // Nonsense.
          client.Send("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n");
          EXPECT_EQ(client.ReadFinalResponse().status, 400);
          EXPECT_TRUE(client.ReadsEndOnly());
          Count("nonsense refused");
          return;
        }
        case 5: {  // Pipelining, and no more.
          std::vector<Wish> wishes;
          std::string all;
          for (int k = 0; k < 5; ++k) {
            wishes.push_back(RandomWish(random, true));
            all += MakeRequest("GET", TargetOf(wishes.back()));
          }
          ASSERT_TRUE(client.Send(all));
          const bool half_close = random() % 2 == 0;
          if (half_close) client.HalfClose();
          for (const Wish& wish : wishes) {
            Check(wish, true, client.ReadFinalResponse());
          }
          if (half_close) {
            EXPECT_TRUE(client.ReadsEndOnly());
            return;
          }
          break;
        }
        default: {
          const Wish wish = RandomWish(random, true);
          ASSERT_TRUE(client.Send(MakeRequest("GET", TargetOf(wish))));
          Check(wish, true, client.ReadFinalResponse());
        }
      }
    }
  }

  const Endpoint proxy_;
  const uint64_t seed_;
  std::atomic<uint64_t> last_id_ = 0;
  std::atomic<uint64_t> generation_ = 0;
  absl::Mutex mutex_;
  std::map<std::string, uint64_t> outcomes_ ABSL_GUARDED_BY(mutex_);
};

// One round, with peers and a proxy of its own, because the fake backends keep
// records of everything.
void RunRound(absl::Duration time, uint64_t seed) {
  std::vector<std::unique_ptr<FakeBackend>> backends;
  std::vector<const FakeBackend*> pointers;
  FakeBackend::Options backend_options;
  backend_options.keep_bytes = false;
  for (size_t i = 0; i < kBackends; ++i) {
    backends.push_back(std::make_unique<FakeBackend>(backend_options));
    backends.back()->ScriptEveryRequest(Serve);
    pointers.push_back(backends.back().get());
  }
  ProxyOptions options;
  options.backend.connections = kConnections;
  // Stalled backends are given up after this; honest ones are never so slow.
  options.connection.read_idle_max = absl::Seconds(3);
  ProxyFixture proxy(pointers, std::move(options));
  for (const auto& backend : backends) {
    EXPECT_TRUE(backend->WaitForOpen(kConnections));
  }
  const size_t descriptors = Descriptors();

  Soak soak(proxy.endpoint(), seed);
  soak.Run(time);

  EXPECT_TRUE(proxy.WaitForSessions(0));
  EXPECT_EQ(proxy.pending(), 0u);
  for (size_t i = 0; i < kBackends; ++i) {
    EXPECT_TRUE(proxy.WaitForIdle(kConnections, static_cast<uint32_t>(i)));
    EXPECT_TRUE(backends[i]->WaitForOpen(kConnections));
  }
  // The backends' threads may still be closing theirs.
  const absl::Time patience = absl::Now() + kWaitMax;
  while (Descriptors() != descriptors && absl::Now() < patience) {
  }
  EXPECT_EQ(Descriptors(), descriptors);
  std::cout << proxy.requests() << " requests, " << ResidentKiB()
            << " KiB resident\n";
  soak.Report();
}

TEST(SoakTest, FaultsOnBothSidesLeaveNothingBehind) {
  const uint64_t seconds = FromEnvironment("RPROXY_SOAK_SECONDS", 3);
  const uint64_t seed = FromEnvironment("RPROXY_SOAK_SEED", 1);
  constexpr uint64_t kRoundSeconds = 20;
  const uint64_t rounds = (seconds + kRoundSeconds - 1) / kRoundSeconds;
  std::cout << "seed " << seed << ", " << seconds << " s\n";
  size_t resident_then = 0;
  for (uint64_t round = 0; round < rounds && !HasFailure(); ++round) {
    RunRound(absl::Seconds(seconds) / rounds, seed + round);
    // What stays is in place after a few rounds.
    if (round == 4) resident_then = ResidentKiB();
  }
  if (resident_then > 0) {
    EXPECT_LT(ResidentKiB(), resident_then + 64 * 1024);
  }
}

}  // namespace
}  // namespace rproxy::test
