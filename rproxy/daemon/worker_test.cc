#include "rproxy/daemon/worker.h"

#include <fcntl.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/daemon/config/load.h"
#include "rproxy/daemon/server_plan.h"
#include "rproxy/testing/fake_backend.h"
#include "rproxy/testing/gate.h"
#include "rproxy/testing/raw_client.h"
#include "rproxy/testing/wire_message.h"

namespace rproxy {
namespace {

using test::FakeBackend;
using test::Gate;
using test::MakeRequest;
using test::RawClient;

class WorkerTest : public ::testing::Test {
 protected:
  WorkerTest() {
    const config::LoadResult loaded = config::LoadText(
        absl::StrCat("server { port = 0\n"
                     "backend a { addr = 127.0.0.1 connections = 2 port = ",
                     backend_.port(),
                     " }\n"
                     "vhost \"*\" { headers { x-forwarded-for = true }\n"
                     "rule r { uri-gmatch = \"/x*\" backends = a } } }\n"),
        "f", {.allow_port_zero = true});
    EXPECT_TRUE(loaded.config.has_value()) << config::Text(loaded.diagnostics);
    plan_ = *BuildServerPlan(loaded.config->servers.at(0));
  }

  std::unique_ptr<Worker> Start(size_t index = 0) {
    absl::StatusOr<UniqueFd> socket = Listen(plan_->address, plan_->listen);
    EXPECT_TRUE(socket.ok()) << socket.status();
    endpoint_ = test::Endpoint::LoopbackV4(LocalAddress(socket->get()).port());
    absl::StatusOr<std::unique_ptr<Worker>> worker =
        Worker::Create(plan_, index, *std::move(socket));
    EXPECT_TRUE(worker.ok()) << worker.status();
    return *std::move(worker);
  }

  // Before the backend, so that they outlive its scripts.
  Gate reached_;
  Gate go_on_;
  FakeBackend backend_;
  std::shared_ptr<const ServerPlan> plan_;
  test::Endpoint endpoint_;
};

TEST_F(WorkerTest, DialsAtOnceAndServesByThePlan) {
  const std::unique_ptr<Worker> worker = Start();
  EXPECT_TRUE(backend_.WaitForConnections(2));
  RawClient client(endpoint_);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/x1")).body, "GET /x1\n");
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/y")).status, 404);
  EXPECT_EQ(backend_.requests().at(0).head.Only("X-Forwarded-For"),
            "127.0.0.1");
}

TEST_F(WorkerTest, WorkersShareAPlanAndNothingElse) {
  const std::unique_ptr<Worker> one = Start(0);
  const test::Endpoint endpoint_of_one = endpoint_;
  std::unique_ptr<Worker> other = Start(1);
  EXPECT_TRUE(backend_.WaitForConnections(4));
  plan_ = nullptr;
  other = nullptr;
  EXPECT_TRUE(backend_.WaitForOpen(2));
  RawClient client(endpoint_of_one);
  EXPECT_EQ(client.Exchange(MakeRequest("GET", "/x")).status, 200);
}

TEST_F(WorkerTest, DestructionEndsWhatRuns) {
  backend_.ScriptNextRequest([this](test::BackendConnection& connection) {
    reached_.Open();
    connection.ReadToEnd();
  });
  std::unique_ptr<Worker> worker = Start();
  RawClient idle(endpoint_);
  EXPECT_EQ(idle.Exchange(MakeRequest("GET", "/none")).status, 404);
  RawClient running(endpoint_);
  ASSERT_TRUE(running.Send(MakeRequest("GET", "/x")));
  ASSERT_TRUE(reached_.Wait());
  worker = nullptr;
  EXPECT_TRUE(idle.ReadsEndOnly());
  EXPECT_TRUE(running.ReadsEndOnly());
  EXPECT_TRUE(backend_.WaitForOpen(0));
}

TEST_F(WorkerTest, DrainWaitsForWhatRunsAndForNothingElse) {
  backend_.ScriptNextRequest([this](test::BackendConnection& connection) {
    reached_.Open();
    connection.WaitFor(go_on_);
    connection.Send(test::MakeResponse(200, "late"));
  });
  Gate drained;
  const std::unique_ptr<Worker> worker = Start();
  RawClient idle(endpoint_);
  EXPECT_EQ(idle.Exchange(MakeRequest("GET", "/none")).status, 404);
  RawClient running(endpoint_);
  ASSERT_TRUE(running.Send(MakeRequest("GET", "/x")));
  ASSERT_TRUE(reached_.Wait());
  worker->Drain([&] { drained.Open(); });
  EXPECT_TRUE(idle.ReadsEndOnly());
  EXPECT_FALSE(drained.open());
  EXPECT_FALSE(RawClient::TryConnect(endpoint_).has_value());
  go_on_.Open();
  const test::RawResponse response = running.ReadResponse();
  EXPECT_EQ(response.body, "late");
  EXPECT_EQ(response.head.Only("Connection"), "close");
  EXPECT_TRUE(running.ReadsEndOnly());
  EXPECT_TRUE(drained.Wait());
}

TEST_F(WorkerTest, DrainOfNobodyIsOverAtOnce) {
  Gate drained;
  const std::unique_ptr<Worker> worker = Start();
  worker->Drain([&] { drained.Open(); });
  EXPECT_TRUE(drained.Wait());
}

TEST_F(WorkerTest, DescriptorThatCannotBeWatchedIsAnError) {
  UniqueFd no_socket(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const absl::StatusOr<std::unique_ptr<Worker>> worker =
      Worker::Create(plan_, 0, std::move(no_socket));
  EXPECT_FALSE(worker.ok());
}

}  // namespace
}  // namespace rproxy
