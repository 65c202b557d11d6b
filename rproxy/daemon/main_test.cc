// What the program does, as a user of it sees: output, exit status, signals.

#include <signal.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/net/address.h"
#include "rproxy/core/net/socket.h"
#include "rproxy/daemon/daemon_process.h"
#include "rproxy/daemon/version.h"
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
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Where the build puts it, seen from where tests run.
constexpr char kProgram[] = "rproxy/daemon/rproxy";

struct Outcome {
  int status;
  std::string output;
  std::string errors;
};

Outcome RunProgram(const std::vector<std::string>& arguments) {
  DaemonProcess process(kProgram, arguments);
  const int status = process.Wait();
  return {status, process.output(), process.errors()};
}

// A port that another server has, who does not share it.
class TakenPort {
 public:
  TakenPort()
      : socket_(*Listen(*SocketAddress::Parse("127.0.0.1", 0),
                        {.reuse_port = false})) {}
  uint16_t port() const { return LocalAddress(socket_.get()).port(); }

 private:
  const UniqueFd socket_;
};

// A server at `listen` in front of a backend.
std::string Config(absl::string_view listen, uint16_t backend_port,
                   absl::string_view more = "") {
  return absl::StrCat(
      "server {\n  ", listen, "\n  threads = 2\n", more,
      "\n  backend app { addr = 127.0.0.1 port = ", backend_port,
      " }\n  vhost \"*\" { rule all { uri-gmatch = \"*\" backends = app } }\n",
      "}\n");
}

TEST(MainTest, HelpSaysHowToUseIt) {
  for (const char* flag : {"--help", "-h"}) {
    const Outcome outcome = RunProgram({flag});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, StartsWith("Usage: rproxy --config=FILE\n"));
    EXPECT_EQ(outcome.errors, "");
  }
}

TEST(MainTest, VersionIsOneLine) {
  const Outcome outcome = RunProgram({"--version"});
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.output, absl::StrCat("rproxy ", kVersion, "\n"));
  EXPECT_EQ(outcome.errors, "");
}

TEST(MainTest, WrongCommandLineSaysWhatIsWrongAndHowToUseIt) {
  for (const auto& [arguments, message] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{}, "rproxy: no configuration file is named\n\nUsage: "},
           {{"--bogus"}, "rproxy: bad option \"--bogus\"\n\nUsage: "},
           {{"a", "b"}, "rproxy: more than one configuration file: "}}) {
    const Outcome outcome = RunProgram(arguments);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.errors, StartsWith(message));
  }
}

TEST(MainTest, MissingFileIsNamed) {
  const ScratchDirectory scratch;
  const std::string path = scratch.Path("absent.conf");
  const Outcome outcome = RunProgram({path});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, StartsWith(absl::StrCat(path, ":1: ")));
  EXPECT_THAT(outcome.errors, HasSubstr("No such file or directory"));
}

TEST(MainTest, EveryMistakeIsReportedWithItsLine) {
  const ScratchDirectory scratch;
  const std::string path =
      scratch.Write("bad.conf",
                    "server {\n"
                    "  prot = 8080\n"
                    "  threads = many\n"
                    "  vhost x { rule r { uri-gmatch = \"*\" backends = a } }\n"
                    "}\n");
  for (const std::string& argument : {absl::StrCat("--config=", path), path}) {
    const Outcome outcome = RunProgram({argument});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.errors, StartsWith(absl::StrCat(path, ":2: ")));
    EXPECT_THAT(outcome.errors, HasSubstr(absl::StrCat("\n", path, ":3: ")));
    EXPECT_THAT(outcome.errors, HasSubstr(absl::StrCat("\n", path, ":4: ")));
  }
}

TEST(MainTest, CheckOpensNothing) {
  const ScratchDirectory scratch;
  const TakenPort taken;
  const std::string good = scratch.Write(
      "good.conf", Config(absl::StrCat("port = ", taken.port()), 1));
  for (const char* flag : {"--check", "-t"}) {
    const Outcome outcome = RunProgram({flag, good});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, StartsWith(good));
    EXPECT_EQ(outcome.errors, "");
  }
  const std::string bad = scratch.Write("bad.conf", "server { port = x }\n");
  EXPECT_EQ(RunProgram({"--check", bad}).status, 1);
}

TEST(MainTest, TakenPortIsNamed) {
  const ScratchDirectory scratch;
  const TakenPort taken;
  const std::string path = scratch.Write(
      "taken.conf", Config(absl::StrCat("port = ", taken.port()), 1));
  const Outcome outcome = RunProgram({path});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.errors, HasSubstr(absl::StrCat(
                                  "rproxy: cannot listen on 127.0.0.1:",
                                  taken.port(), ": address already in use\n")));
}

TEST(MainTest, ServesUntilEitherSignal) {
  for (const int signal_number : {SIGTERM, SIGINT}) {
    const ScratchDirectory scratch;
    const ReservedPort port;
    FakeBackend backend;
    DaemonProcess process(
        kProgram,
        {"--config", scratch.Write("rproxy.conf",
                                   Config(absl::StrCat("port = ", port.port()),
                                          backend.port()))});
    ASSERT_TRUE(process.WaitForErrors("serving http")) << process.errors();
    RawClient client(test::Endpoint::LoopbackV4(port.port()));
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(client.Exchange(MakeRequest("GET", "/x")).body, "GET /x\n");
    }
    process.Signal(signal_number);
    EXPECT_EQ(process.Wait(), 0) << process.errors();
    EXPECT_TRUE(client.ReadsEndOnly());
  }
}

TEST(MainTest, SignalRightAfterTheStartIsAnOrderlyEnd) {
  const ScratchDirectory scratch;
  DaemonProcess process(
      kProgram,
      {scratch.Write(
          "rproxy.conf",
          Config(absl::StrCat("addr = unix:", scratch.Path("s")), 1))});
  ASSERT_TRUE(process.WaitForErrors("serving http")) << process.errors();
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0) << process.errors();
  EXPECT_EQ(RawClient::TryConnect(test::Endpoint::UnixPath(scratch.Path("s"))),
            std::nullopt);
}

TEST(MainTest, SignalLetsARunningRequestFinish) {
  const ScratchDirectory scratch;
  Gate reached, go_on;
  FakeBackend backend;
  backend.ScriptNextRequest([&](test::BackendConnection& connection) {
    reached.Open();
    connection.WaitFor(go_on);
    connection.Send(test::MakeResponse(200, "late"));
  });
  const test::Endpoint endpoint = test::Endpoint::UnixPath(scratch.Path("s"));
  DaemonProcess process(
      kProgram,
      {scratch.Write("rproxy.conf",
                     Config(absl::StrCat("addr = unix:", scratch.Path("s")),
                            backend.port()))});
  ASSERT_TRUE(process.WaitForErrors("serving http")) << process.errors();
  RawClient client(endpoint);
  ASSERT_TRUE(client.Send(MakeRequest("GET", "/")));
  ASSERT_TRUE(reached.Wait());
  process.Signal(SIGTERM);
  ASSERT_TRUE(process.WaitForErrors("stopping")) << process.errors();
  go_on.Open();
  EXPECT_EQ(client.ReadResponse().body, "late");
  EXPECT_EQ(process.Wait(), 0) << process.errors();
}

TEST(MainTest, SecondSignalEndsItAtOnce) {
  const ScratchDirectory scratch;
  Gate reached, never;
  FakeBackend backend;
  backend.ScriptNextRequest([&](test::BackendConnection& connection) {
    reached.Open();
    connection.WaitFor(never);
  });
  DaemonProcess process(
      kProgram,
      {scratch.Write("rproxy.conf",
                     Config(absl::StrCat("addr = unix:", scratch.Path("s")),
                            backend.port()))});
  ASSERT_TRUE(process.WaitForErrors("serving http")) << process.errors();
  RawClient client(test::Endpoint::UnixPath(scratch.Path("s")));
  ASSERT_TRUE(client.Send(MakeRequest("GET", "/")));
  ASSERT_TRUE(reached.Wait());
  process.Signal(SIGTERM);
  ASSERT_TRUE(process.WaitForErrors("stopping")) << process.errors();
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 0) << process.errors();
  EXPECT_TRUE(client.ReadsEndOnly());
  never.Open();
}

}  // namespace
}  // namespace rproxy
