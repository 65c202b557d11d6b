#include "rproxy/daemon/daemon.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/daemon/config/load.h"
#include "rproxy/daemon/daemon_process.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy {
namespace {

using test::Endpoint;
using test::FakeBackend;
using test::Gate;
using test::MakeRequest;
using test::RawClient;
using ::testing::HasSubstr;

absl::StatusOr<std::unique_ptr<Daemon>> Create(absl::string_view text) {
  const config::LoadResult loaded =
      config::LoadText(text, "f", {.allow_port_zero = true});
  EXPECT_TRUE(loaded.config.has_value()) << config::Text(loaded.diagnostics);
  if (!loaded.config) return absl::InternalError("the file is wrong");
  return Daemon::Create(*loaded.config);
}

// A server with two workers in front of `backend`.
std::string Server(const FakeBackend& backend, absl::string_view listen,
                   absl::string_view more = "") {
  return absl::StrCat(
      "server {\n", listen, "\nthreads = 2\n", more,
      "\nbackend app { addr = 127.0.0.1 port = ", backend.port(),
      " }\nvhost \"*\" { rule all { uri-gmatch = \"*\" backends = app } }\n}");
}

class DaemonTest : public ::testing::Test {
 protected:
  // Runs the daemon while `clients` does what it does, and then stops it,
  // unless that has been done.
  void RunDuring(const std::function<void()>& clients) {
    std::thread thread([&] {
      clients();
      daemon_->Stop();
    });
    daemon_->Run();
    thread.join();
  }
  void Start(absl::string_view text) {
    absl::StatusOr<std::unique_ptr<Daemon>> daemon = Create(text);
    ASSERT_TRUE(daemon.ok()) << daemon.status();
    daemon_ = *std::move(daemon);
  }
  Endpoint endpoint(size_t server = 0) const {
    return Endpoint::LoopbackV4(daemon_->addresses().at(server).port());
  }

  // Waits until nobody accepts any more. The daemon tells nobody that it has
  // begun to stop, so it is asked again and again.
  void WaitUntilRefused() {
    const absl::Time deadline = absl::Now() + test::kWaitMax;
    while (RawClient::TryConnect(endpoint()).has_value()) {
      ASSERT_LT(absl::Now(), deadline);
      poll(nullptr, 0, 1);  // Leave the processor to the daemon.
    }
  }
  void HoldNextRequest() {
    backend_.ScriptNextRequest([this](test::BackendConnection& connection) {
      reached_.Open();
      connection.WaitFor(go_on_);
      connection.Send(test::MakeResponse(200, "late"));
    });
  }

  // Before the backend, so that they outlive its scripts.
  Gate reached_;
  Gate go_on_;
  FakeBackend backend_;
  std::unique_ptr<Daemon> daemon_;
};

TEST_F(DaemonTest, ServesUntilItIsStopped) {
  Start(Server(backend_, "port = 0"));
  ASSERT_EQ(daemon_->addresses().size(), 1u);
  EXPECT_EQ(daemon_->addresses()[0].HostToString(), "127.0.0.1");
  RunDuring([&] {
    std::vector<RawClient> clients;
    for (int i = 0; i < 20; ++i) clients.emplace_back(endpoint());
    for (RawClient& client : clients) {
      EXPECT_EQ(client.Exchange(MakeRequest("GET", "/x")).body, "GET /x\n");
    }
  });
  EXPECT_FALSE(RawClient::TryConnect(endpoint()).has_value());
}

TEST_F(DaemonTest, StopBeforeRunCounts) {
  Start(Server(backend_, "port = 0"));
  daemon_->Stop();
  daemon_->Run();
}

TEST_F(DaemonTest, MayGoWithoutHavingRun) {
  Start(Server(backend_, "port = 0"));
  RawClient client(endpoint());
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/x")).status, 200);
  daemon_ = nullptr;
  EXPECT_TRUE(client.ReadsEndOnly());
}

TEST_F(DaemonTest, StopLetsARunningRequestFinish) {
  Start(Server(backend_, "port = 0"));
  HoldNextRequest();
  RunDuring([&] {
    RawClient client(endpoint());
    ASSERT_TRUE(client.Send(MakeRequest("GET", "/")));
    ASSERT_TRUE(reached_.Wait());
    daemon_->Stop();
    WaitUntilRefused();
    go_on_.Open();
    const test::RawResponse response = client.ReadResponse();
    EXPECT_EQ(response.body, "late");
    EXPECT_EQ(response.head.Only("Connection"), "close");
    EXPECT_TRUE(client.ReadsEndOnly());
  });
}

TEST_F(DaemonTest, StopWaitsNoLongerThanTheShutdownTimeout) {
  Start(Server(backend_, "port = 0", "shutdown-timeout = 50ms"));
  HoldNextRequest();
  RawClient client(endpoint());
  RunDuring([&] {
    ASSERT_TRUE(client.Send(MakeRequest("GET", "/")));
    ASSERT_TRUE(reached_.Wait());
  });
  daemon_ = nullptr;
  EXPECT_TRUE(client.ReadsEndOnly());
  go_on_.Open();
}

TEST_F(DaemonTest, SignalStopsAndTheSecondOneAtOnce) {
  Start(Server(backend_, "port = 0", "shutdown-timeout = 1h"));
  HoldNextRequest();
  RawClient client(endpoint());
  RunDuring([&] {
    ASSERT_TRUE(client.Send(MakeRequest("GET", "/")));
    ASSERT_TRUE(reached_.Wait());
    kill(getpid(), SIGTERM);
    WaitUntilRefused();
    kill(getpid(), SIGINT);
  });
  daemon_ = nullptr;
  EXPECT_TRUE(client.ReadsEndOnly());
  go_on_.Open();
}

TEST_F(DaemonTest, SignalBeforeRunCounts) {
  Start(Server(backend_, "port = 0"));
  kill(getpid(), SIGTERM);
  daemon_->Run();
}

TEST_F(DaemonTest, EveryServerHasItsOwnAddressAndBackends) {
  FakeBackend other;
  // Two servers with one address are an error, even with port 0.
  Start(absl::StrCat(Server(backend_, "port = 0"), "\n",
                     Server(other, "addr = 127.0.0.2 port = 0")));
  ASSERT_EQ(daemon_->addresses().size(), 2u);
  EXPECT_EQ(daemon_->addresses()[1].HostToString(), "127.0.0.2");
  RunDuring([&] {
    RawClient one(endpoint(0));
    EXPECT_EQ(one.Exchange(MakeRequest("GET", "/1")).body, "GET /1\n");
    Endpoint second;
    std::memcpy(&second.storage, daemon_->addresses()[1].get(),
                daemon_->addresses()[1].size());
    second.size = daemon_->addresses()[1].size();
    RawClient two(second);
    EXPECT_EQ(two.Exchange(MakeRequest("GET", "/2")).body, "GET /2\n");
  });
  EXPECT_EQ(backend_.requests().size(), 1u);
  EXPECT_EQ(other.requests().size(), 1u);
}

TEST_F(DaemonTest, UnixSocketIsSharedByWorkersAndRemoved) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Path("s");
  Start(Server(backend_, absl::StrCat("addr = unix:", path)));
  EXPECT_EQ(daemon_->addresses().at(0).ToString(), absl::StrCat("unix:", path));
  RunDuring([&] {
    std::vector<RawClient> clients;
    for (int i = 0; i < 20; ++i) clients.emplace_back(Endpoint::UnixPath(path));
    for (RawClient& client : clients) {
      EXPECT_EQ(client.Exchange(MakeRequest("GET", "/x")).status, 200);
    }
  });
  daemon_ = nullptr;
  EXPECT_NE(access(path.c_str(), F_OK), 0);
}

TEST_F(DaemonTest, StaleUnixSocketIsReplacedAndALiveOneIsNot) {
  const ScratchDirectory scratch;
  const std::string listen = absl::StrCat("addr = unix:", scratch.Path("s"));
  ASSERT_TRUE(
      Listen(*SocketAddress::Parse(absl::StrCat("unix:", scratch.Path("s")), 0),
             ListenOptions())
          .ok());  // Closed at once; its file stays.
  Start(Server(backend_, listen));
  const auto second = Create(Server(backend_, listen));
  EXPECT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(),
            absl::StrCat("cannot listen on unix:", scratch.Path("s"),
                         ": address already in use"));
  RunDuring([&] {
    RawClient client(Endpoint::UnixPath(scratch.Path("s")));
    EXPECT_EQ(client.Exchange(MakeRequest("GET", "/x")).status, 200);
  });
}

TEST_F(DaemonTest, TakenPortIsNamedAndNothingElseStaysOpen) {
  const absl::StatusOr<UniqueFd> taken =
      Listen(*SocketAddress::Parse("127.0.0.1", 0), {.reuse_port = false});
  ASSERT_TRUE(taken.ok());
  const uint16_t port = LocalAddress(taken->get()).port();
  const auto daemon =
      Create(absl::StrCat(Server(backend_, "addr = 127.0.0.2 port = 0"), "\n",
                          Server(backend_, absl::StrCat("port = ", port))));
  ASSERT_FALSE(daemon.ok());
  EXPECT_EQ(daemon.status().message(),
            absl::StrCat("cannot listen on 127.0.0.1:", port,
                         ": address already in use"));
  EXPECT_EQ(backend_.accepted(), 0u);
}

// Its own workers share the port, and nobody else may join them.
TEST_F(DaemonTest, PortOfAnotherDaemonIsTaken) {
  const auto first = Create(Server(backend_, "port = 0"));
  ASSERT_TRUE(first.ok()) << first.status();
  const uint16_t port = (*first)->addresses().front().port();
  const auto second =
      Create(Server(backend_, absl::StrCat("threads = 2 port = ", port)));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().message(),
            absl::StrCat("cannot listen on 127.0.0.1:", port,
                         ": address already in use"));
}

TEST_F(DaemonTest, MoreDescriptorsThanAllowedAreAnError) {
  const auto daemon = Create(
      absl::StrCat("max-nofile = 1073741824\n", Server(backend_, "port = 0")));
  // Somebody may be allowed so many.
  if (!daemon.ok()) {
    EXPECT_THAT(daemon.status().message(), HasSubstr("1073741824"));
  }
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST_F(DaemonTest, LogsWhatTheProxyKnowsOfEachExchange) {
  const ScratchDirectory scratch;
  Start(Server(backend_, "port = 0",
               absl::StrCat(R"(
      logging {
        request { enabled = true output = "file:)",
                            scratch.Path("r"), R"("
                  format = "{METH} {URI} {QUERY} {STATUS} {RULE} {PROXY} {ATTEMPTS} {CAUSE} {US_HDR}:'Connection'" }
        error { enabled = true output = "file:)",
                            scratch.Path("e"), R"("
                level = warn format = "{METH}" }
      })")));
  RunDuring([&] {
    RawClient client(endpoint());
    client.Exchange(MakeRequest("GET", "/a?b=c", "Connection: keep-alive\r\n"));
    backend_.ScriptNextRequest([](test::BackendConnection& connection) {
      connection.Send("bad\r\n\r\n");
    });
    EXPECT_EQ(client.Exchange(MakeRequest("POST", "/d", "", "x")).status, 502);
    client.Exchange("nonsense\r\n\r\n");
  });
  daemon_ = nullptr;
  const std::string proxy = absl::StrCat(" all 127.0.0.1:", backend_.port());
  EXPECT_EQ(ReadFile(scratch.Path("r")),
            absl::StrCat("GET /a b=c 200", proxy, " 1 - keep-alive\n",
                         "POST /d - 502", proxy, " 1 backend_bad_response -\n",
                         "- - - 400 - - 0 bad_request_bad_start_line -\n"));
  EXPECT_EQ(ReadFile(scratch.Path("e")),
            "POST, backend_bad_response\n-, bad_request_bad_start_line\n");
}

TEST_F(DaemonTest, UserSignalOpensTheLogsAnew) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Path("r");
  Start(Server(backend_, "port = 0",
               absl::StrCat("logging { request { enabled = true output = "
                            "\"file:",
                            path, "\" format = \"{URI}\" } }")));
  RunDuring([&] {
    RawClient client(endpoint());
    client.Exchange(MakeRequest("GET", "/before"));
    while (ReadFile(path).empty()) poll(nullptr, 0, 1);
    ASSERT_EQ(0, rename(path.c_str(), (path + ".1").c_str()));
    ASSERT_EQ(0, kill(getpid(), SIGUSR1));
    while (access(path.c_str(), F_OK) != 0) poll(nullptr, 0, 1);
    client.Exchange(MakeRequest("GET", "/after"));
  });
  daemon_ = nullptr;
  EXPECT_EQ(ReadFile(path + ".1"), "/before\n");
  EXPECT_EQ(ReadFile(path), "/after\n");
}

TEST_F(DaemonTest, LogThatCannotBeOpenedIsAnError) {
  const auto daemon = Create(Server(
      backend_, "port = 0",
      "logging { request { enabled = true output = file:/no/such/log } }"));
  ASSERT_FALSE(daemon.ok());
  EXPECT_THAT(daemon.status().message(), HasSubstr("/no/such/log"));
}

// The client's own id is replaced: nobody vouches for it.
TEST_F(DaemonTest, RequestIdGoesToTheBackendIfAsked) {
  Start(
      absl::StrCat("server { port = 0 threads = 1 backend app { addr = "
                   "127.0.0.1 port = ",
                   backend_.port(),
                   " } vhost \"*\" { rule plain { uri-match = /plain "
                   "backends = app } rule id { uri-gmatch = \"*\" backends "
                   "= app headers { x-request-id = on } } } }"));
  RunDuring([&] {
    RawClient client(endpoint());
    client.Exchange(MakeRequest("GET", "/", "X-Request-Id: mine\r\n"));
    client.Exchange(MakeRequest("GET", "/plain", "X-Request-Id: mine\r\n"));
  });
  const std::vector<test::ReceivedRequest> requests = backend_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].head.Only("X-Request-Id").size(), 32u);
  EXPECT_EQ(requests[1].head.Only("X-Request-Id"), "mine");
}

TEST_F(DaemonTest, ConnectionsAreCountedOverAllWorkers) {
  Start(Server(backend_, "port = 0", "max-connections-per-client = 2"));
  RunDuring([&] {
    RawClient one(endpoint());
    RawClient two(endpoint());
    EXPECT_EQ(one.Exchange(MakeRequest("GET", "/")).status, 200);
    EXPECT_EQ(two.Exchange(MakeRequest("GET", "/")).status, 200);
    RawClient three(endpoint());
    const test::RawResponse response = three.Exchange(MakeRequest("GET", "/"));
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.head.Only("Connection"), "close");
  });
}

}  // namespace
}  // namespace rproxy
