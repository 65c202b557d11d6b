#include "rproxy/core/backend/connection_pool.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/loop_runner.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy {
namespace {

using test::FakeBackend;
using test::Gate;
using test::MakeResponse;
using Kind = PoolState::Grant::Kind;

// One GET, from the wish for a stream to its end. It writes what it hears to a
// log that it may share with others, and can be destroyed at any step of it.
class Client final : private PoolWaiter, private BackendStreamEvents {
 public:
  Client(ConnectionPool& pool, std::string name, std::string* log = nullptr)
      : pool_(pool), name_(std::move(name)), log_(log) {}

  void Ask(ConnectionPool::SetId set = 0) {
    ConnectionPool::AcquireResult result = pool_.Acquire(set, *this);
    kind = result.kind;
    ticket_ = std::move(result.ticket);
    if (result.kind == Kind::kAssigned) Begin(std::move(result.stream));
    if (result.kind == Kind::kOverloaded || result.kind == Kind::kUnavailable) {
      over = true;
    }
  }
  void GiveUp() {
    ticket_.Reset();
    stream_.Reset();
  }
  bool reused() const { return stream_.reused(); }

  // Called at each step; may destroy the client, and then returns false.
  std::function<bool(absl::string_view step)> on_step;

  Kind kind = Kind::kUnavailable;
  bool over = false;
  std::string body;
  std::string last;  // The last step.

 private:
  // False if this is gone.
  bool Step(absl::string_view step) {
    last = std::string(step);
    if (log_ != nullptr) absl::StrAppend(log_, name_, " ", step, "\n");
    return !on_step || on_step(step);
  }
  void Begin(BackendStream stream) {
    stream_ = std::move(stream);
    stream_.Begin(*this);
    RequestHead head;
    head.method = "GET";
    head.target = absl::StrCat("/", name_);
    head.headers.Add("Host", "a");
    stream_.SendHead(head, BodyFraming());
    stream_.FinishRequest(HeaderMap());
    stream_.Flush();
  }

  // PoolWaiter.
  void OnStream(BackendStream stream) override {
    ticket_ = PoolTicket();
    if (Step("stream")) Begin(std::move(stream));
  }
  void OnRefused(PoolRefusal refusal) override {
    over = true;
    switch (refusal) {
      case PoolRefusal::kOverloaded:
        Step("overloaded");
        return;
      case PoolRefusal::kExpired:
        Step("expired");
        return;
      case PoolRefusal::kUnavailable:
        Step("unavailable");
        return;
    }
  }

  // BackendStreamEvents.
  void OnInterimResponse(ResponseHead) override { Step("interim"); }
  void OnResponseHead(ResponseHead, const BodyFraming&) override {
    Step("head");
  }
  void OnResponseBody(Slice bytes) override {
    body.append(bytes.data(), bytes.size());
    Step("body");
  }
  void OnResponseEnd(const HeaderMap&) override {
    over = true;
    Step("end");
  }
  void OnResponseBatchEnd() override {
    if (!over) Step("batch");
  }
  void OnBackendDrained() override {}
  void OnFailure(BackendFailure failure) override {
    over = true;
    Step(ToString(failure));
  }

  ConnectionPool& pool_;
  const std::string name_;
  std::string* const log_;
  PoolTicket ticket_;
  BackendStream stream_;
};

// The test's thread runs the loop; the backend has threads of its own.
class ConnectionPoolTest : public ::testing::Test {
 protected:
  ConnectionPoolTest() : loop_(*EventLoop::Create()) {
    backend_options_.retry_min = absl::Milliseconds(1);
    backend_options_.retry_max = absl::Milliseconds(4);
  }
  ~ConnectionPoolTest() override { loop_->DeleteLater(std::move(pool_)); }

  void Start(const std::vector<const FakeBackend*>& backends) {
    pool_ = std::make_unique<ConnectionPool>(*loop_, pool_options_);
    std::vector<ConnectionPool::BackendId> members;
    for (const FakeBackend* backend : backends) {
      ConnectionPool::Backend added;
      added.name = absl::StrCat("fake ", members.size());
      added.pool = backend_options_;
      added.connection = connection_options_;
      added.connection.address = SocketAddress::FromSockaddr(
          backend->endpoint().get(), backend->endpoint().size);
      members.push_back(pool_->AddBackend(std::move(added)));
    }
    pool_->AddSet(std::move(members), LoadBalancingMethod::kRoundRobin);
    pool_->Start();
  }
  void StartAndWait() {
    Start({&backend_});
    WaitForIdle(backend_options_.connections);
  }

  // The backend counts a connection a moment after we have it.
  void ExpectAccepted(size_t connections) {
    EXPECT_TRUE(backend_.WaitForConnections(connections));
    EXPECT_EQ(backend_.accepted(), connections);
  }
  bool RunUntil(absl::FunctionRef<bool()> done) {
    return test::RunUntil(*loop_, done);
  }
  void WaitForIdle(size_t connections) {
    ASSERT_TRUE(RunUntil([&] { return pool_->counts(0).idle == connections; }))
        << "down " << pool_->counts(0).down << ", active "
        << pool_->counts(0).active;
  }
  void RunToTheEnd(const Client& client) {
    ASSERT_TRUE(RunUntil([&] { return client.over; }));
  }
  std::string Get(absl::string_view name) {
    Client client(*pool_, std::string(name));
    client.Ask();
    RunToTheEnd(client);
    return client.last == "end" ? client.body : client.last;
  }
  // The next request is answered when go_on_ opens.
  void HoldNextRequest() {
    backend_.ScriptNextRequest([this](test::BackendConnection& connection) {
      reached_.Open();
      connection.WaitFor(go_on_);
      connection.Send(MakeResponse(200, "held"));
    });
  }

  std::unique_ptr<EventLoop> loop_;
  // Before the backend, so that they outlive its scripts.
  Gate reached_;
  Gate go_on_;
  Gate rest_;
  FakeBackend backend_;
  PoolState::Options pool_options_;
  PoolState::BackendOptions backend_options_;
  BackendConnectionOptions connection_options_;
  std::unique_ptr<ConnectionPool> pool_;
};

// --- Connections ---------------------------------------------------------

TEST_F(ConnectionPoolTest, EveryConnectionIsDialledAtTheStart) {
  backend_options_.connections = 5;
  StartAndWait();
  ExpectAccepted(5);
  EXPECT_EQ(pool_->counts(0).down, 0u);
  EXPECT_EQ(pool_->counts(0).active, 0u);
}

TEST_F(ConnectionPoolTest, ConnectionIsReused) {
  StartAndWait();
  for (int i = 0; i < 100; ++i) {
    Client client(*pool_, absl::StrCat(i));
    client.Ask();
    ASSERT_EQ(client.kind, Kind::kAssigned);
    EXPECT_EQ(client.reused(), i > 0);
    EXPECT_EQ(pool_->counts(0).active, 1u);
    RunToTheEnd(client);
    EXPECT_EQ(client.body, absl::StrCat("GET /", i, "\n"));
    EXPECT_EQ(pool_->counts(0).idle, 1u);
  }
  ExpectAccepted(1);
}

TEST_F(ConnectionPoolTest, BackendsTakeTurns) {
  FakeBackend other;
  Start({&backend_, &other});
  ASSERT_TRUE(RunUntil(
      [&] { return pool_->counts(0).idle + pool_->counts(1).idle == 2; }));
  for (int i = 0; i < 10; ++i) Get("x");
  EXPECT_EQ(backend_.requests().size(), 5u);
  EXPECT_EQ(other.requests().size(), 5u);
  loop_->DeleteLater(std::move(pool_));
}

TEST_F(ConnectionPoolTest, UnsolicitedBytesOnAnIdleConnectionReplaceIt) {
  backend_.ScriptNextConnection([this](test::BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.Send(MakeResponse(200, "not for you"));
    connection.ReadToEnd();
  });
  StartAndWait();
  go_on_.Open();
  ASSERT_TRUE(RunUntil([&] { return backend_.accepted() == 2; }));
  WaitForIdle(1);
  EXPECT_EQ(Get("x"), "GET /x\n");
}

TEST_F(ConnectionPoolTest, BytesBehindAResponseReplaceTheConnection) {
  StartAndWait();
  backend_.ScriptNextRequest([](test::BackendConnection& connection) {
    connection.Send(
        absl::StrCat(MakeResponse(200, "one"), MakeResponse(200, "two")));
    connection.ReadToEnd();
  });
  EXPECT_EQ(Get("1"), "one");
  EXPECT_EQ(Get("2"), "GET /2\n");
  ExpectAccepted(2);
}

TEST_F(ConnectionPoolTest, BytesBehindAResponseNeverReachTheNextInTheQueue) {
  StartAndWait();
  backend_.ScriptNextRequest([this](test::BackendConnection& connection) {
    connection.WaitFor(go_on_);
    connection.Send(
        absl::StrCat(MakeResponse(200, "one"), MakeResponse(200, "two")));
    connection.ReadToEnd();
  });
  Client first(*pool_, "1");
  first.Ask();
  Client second(*pool_, "2");
  second.Ask();
  EXPECT_EQ(second.kind, Kind::kWaiting);
  go_on_.Open();
  RunToTheEnd(second);
  EXPECT_EQ(first.body, "one");
  EXPECT_EQ(second.body, "GET /2\n");
}

TEST_F(ConnectionPoolTest, BackendThatClosesAfterEachResponseAnswersThemAll) {
  backend_options_.connections = 2;
  backend_.ScriptEveryRequest([](test::BackendConnection& connection) {
    connection.Send(MakeResponse(200, connection.request().target,
                                 "Connection: close\r\n"));
    connection.Close();
  });
  StartAndWait();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(Get(absl::StrCat(i)), absl::StrCat("/", i));
  }
  EXPECT_GE(backend_.accepted(), 1000u);
}

// The same without a word of it in the response.
TEST_F(ConnectionPoolTest, BackendThatClosesSilentlyAnswersThemAll) {
  backend_.ScriptEveryRequest([](test::BackendConnection& connection) {
    connection.Send(MakeResponse(200, connection.request().target));
    connection.Close();
  });
  StartAndWait();
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(Get(absl::StrCat(i)), absl::StrCat("/", i));
    // Whoever comes at once may meet the stale connection: that is what
    // BackendStream::reused is for.
    const size_t dials = static_cast<size_t>(i) + 2;
    ASSERT_TRUE(RunUntil([&] { return backend_.accepted() == dials; }));
    WaitForIdle(1);
  }
}

// --- Backends that are not there -----------------------------------------

TEST_F(ConnectionPoolTest, DeadBackendRefusesThoseWhoWaitAndWhoCome) {
  backend_.StopListening();
  Start({&backend_});
  Client waiting(*pool_, "1");
  waiting.Ask();
  EXPECT_EQ(waiting.kind, Kind::kWaiting);  // The dial is under way.
  RunToTheEnd(waiting);
  EXPECT_EQ(waiting.last, "unavailable");

  Client late(*pool_, "2");
  late.Ask();
  EXPECT_EQ(late.kind, Kind::kUnavailable);
}

TEST_F(ConnectionPoolTest, BackendThatComesBackServesAgain) {
  backend_options_.connections = 3;
  StartAndWait();
  for (size_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(backend_.WaitForConnections(3 * (i + 1)));
    backend_.StopListening();
    backend_.CloseConnections();
    ASSERT_TRUE(RunUntil([&] { return pool_->counts(0).down == 3; }));
    ASSERT_TRUE(RunUntil([&] {
      Client client(*pool_, "x");
      client.Ask();
      return client.kind == Kind::kUnavailable;
    }));
    backend_.ListenAgain();
    WaitForIdle(3);
    EXPECT_EQ(Get("x"), "GET /x\n");
  }
}

TEST_F(ConnectionPoolTest, FailedExchangeFreesItsConnectionForAnother) {
  StartAndWait();
  backend_.ScriptNextRequest(
      [](test::BackendConnection& connection) { connection.Reset(); });
  EXPECT_EQ(Get("1"), "backend_closed");
  EXPECT_EQ(pool_->counts(0).active, 0u);
  WaitForIdle(1);
  EXPECT_EQ(Get("2"), "GET /2\n");
}

// --- The queue -----------------------------------------------------------

TEST_F(ConnectionPoolTest, WaitersAreServedInOrder) {
  StartAndWait();
  HoldNextRequest();
  std::string log;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<Client>(*pool_, absl::StrCat(i), &log));
    clients.back()->Ask();
  }
  EXPECT_EQ(pool_->pending(), 9u);
  go_on_.Open();
  RunToTheEnd(*clients.back());
  for (size_t i = 0; i < clients.size(); ++i) {
    EXPECT_TRUE(clients[i]->over);
    EXPECT_EQ(backend_.requests().at(i).target, absl::StrCat("/", i));
  }
  EXPECT_EQ(pool_->pending(), 0u);
  ExpectAccepted(1);
}

TEST_F(ConnectionPoolTest, OneMoreThanTheBoundIsOverloaded) {
  pool_options_.pending_max = 2;
  StartAndWait();
  HoldNextRequest();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(*pool_, absl::StrCat(i)));
    clients.back()->Ask();
  }
  EXPECT_EQ(clients[0]->kind, Kind::kAssigned);
  EXPECT_EQ(clients[1]->kind, Kind::kWaiting);
  EXPECT_EQ(clients[2]->kind, Kind::kWaiting);
  EXPECT_EQ(clients[3]->kind, Kind::kOverloaded);
  go_on_.Open();
  RunToTheEnd(*clients[2]);
  EXPECT_EQ(clients[2]->last, "end");
}

TEST_F(ConnectionPoolTest, WaiterExpires) {
  pool_options_.pending_time_max = absl::Milliseconds(10);
  StartAndWait();
  HoldNextRequest();
  Client first(*pool_, "1");
  first.Ask();
  Client second(*pool_, "2");
  second.Ask();
  const absl::Time asked_at = loop_->Now();
  RunToTheEnd(second);
  EXPECT_EQ(second.last, "expired");
  EXPECT_GE(loop_->Now() - asked_at, absl::Milliseconds(10));
  EXPECT_EQ(pool_->pending(), 0u);
  EXPECT_FALSE(first.over);
  go_on_.Open();
  RunToTheEnd(first);
  EXPECT_EQ(first.last, "end");
}

TEST_F(ConnectionPoolTest, WithdrawnWaiterIsNeverCalled) {
  StartAndWait();
  HoldNextRequest();
  Client first(*pool_, "1");
  first.Ask();
  std::string log;
  Client second(*pool_, "2", &log);
  second.Ask();
  Client third(*pool_, "3");
  third.Ask();
  second.GiveUp();
  EXPECT_EQ(pool_->pending(), 1u);
  go_on_.Open();
  RunToTheEnd(third);
  EXPECT_EQ(log, "");
  EXPECT_EQ(backend_.requests().size(), 2u);
}

// What its turn would have been is the next one's, even if it leaves while
// those before it are being told.
TEST_F(ConnectionPoolTest, WaiterWithdrawnByAnotherIsNeverCalled) {
  backend_.StopListening();
  Start({&backend_});
  std::string log;
  Client first(*pool_, "1", &log);
  Client second(*pool_, "2", &log);
  Client third(*pool_, "3", &log);
  first.Ask();
  second.Ask();
  third.Ask();
  first.on_step = [&](absl::string_view) {
    second.GiveUp();
    return true;
  };
  RunToTheEnd(third);
  EXPECT_EQ(log, "1 unavailable\n3 unavailable\n");
}

// --- Destruction inside callbacks ----------------------------------------

// A client that is destroyed at a step of its exchange: nothing is called
// afterwards, and the connection serves the next one or is replaced.
class DestructionTest : public ConnectionPoolTest,
                        public ::testing::WithParamInterface<const char*> {};

TEST_P(DestructionTest, ClientMayBeDestroyedInEveryCallback) {
  const absl::string_view step = GetParam();
  StartAndWait();
  HoldNextRequest();
  Client holder(*pool_, "holder");
  holder.Ask();
  backend_.ScriptNextRequest([this, step](test::BackendConnection& connection) {
    connection.Send("HTTP/1.1 103 Early Hints\r\n\r\n");
    connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
    connection.WaitFor(rest_);
    if (step == "backend_closed") {
      connection.Close();
    } else {
      connection.Send("half");
    }
  });
  auto doomed = std::make_unique<Client>(*pool_, "doomed");
  doomed->Ask();
  ASSERT_EQ(doomed->kind, Kind::kWaiting);
  doomed->on_step = [&](absl::string_view now) {
    if (now != step) return true;
    // The function lives in the client that it destroys.
    std::unique_ptr<Client>& owner = doomed;
    owner = nullptr;
    return false;
  };
  go_on_.Open();
  ASSERT_TRUE(RunUntil([&] {
    if (doomed == nullptr || doomed->body == "half") rest_.Open();
    return doomed == nullptr;
  }));
  test::RunTurns(*loop_, 5);
  WaitForIdle(1);
  if (step == "stream") {
    // The script is still there for the next request.
    EXPECT_EQ(Get("next"), "halfhalf");
  }
  EXPECT_EQ(Get("last"), "GET /last\n");
  EXPECT_EQ(pool_->pending(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Steps, DestructionTest,
                         ::testing::Values("stream", "interim", "head", "body",
                                           "batch", "end", "backend_closed"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

TEST_F(ConnectionPoolTest, RefusedWaiterMayBeDestroyedInItsCallback) {
  pool_options_.pending_time_max = absl::Milliseconds(5);
  StartAndWait();
  HoldNextRequest();
  Client holder(*pool_, "holder");
  holder.Ask();
  auto doomed = std::make_unique<Client>(*pool_, "doomed");
  doomed->Ask();
  doomed->on_step = [&](absl::string_view) {
    std::unique_ptr<Client>& owner = doomed;
    owner = nullptr;
    return false;
  };
  ASSERT_TRUE(RunUntil([&] { return doomed == nullptr; }));
  go_on_.Open();
  RunToTheEnd(holder);
}

// A client that asks again from inside its last callback, as a retry does.
TEST_F(ConnectionPoolTest, StreamMayBeAskedForInsideAnyEnd) {
  StartAndWait();
  ASSERT_EQ(Get("1"), "GET /1\n");
  backend_.CloseConnections();
  Client again(*pool_, "again");
  Client first(*pool_, "first");
  first.on_step = [&](absl::string_view step) {
    if (step == "backend_closed") again.Ask();
    return true;
  };
  first.Ask();
  RunToTheEnd(again);
  EXPECT_EQ(first.last, "backend_closed");
  EXPECT_EQ(again.body, "GET /again\n");

  Client third(*pool_, "third");
  Client second(*pool_, "second");
  second.on_step = [&](absl::string_view step) {
    if (step == "end") third.Ask();
    return true;
  };
  second.Ask();
  RunToTheEnd(third);
  EXPECT_EQ(third.body, "GET /third\n");
}

TEST_F(ConnectionPoolTest, PoolMayGoWhileEverythingIsUnderWay) {
  backend_options_.connections = 3;
  StartAndWait();
  HoldNextRequest();
  {
    Client active(*pool_, "active");
    active.Ask();
    ASSERT_TRUE(RunUntil([&] { return reached_.open(); }));
  }
  loop_->DeleteLater(std::move(pool_));
  test::RunTurns(*loop_, 3);
  go_on_.Open();
  ASSERT_TRUE(backend_.WaitForOpen(0));
}

}  // namespace
}  // namespace rproxy
