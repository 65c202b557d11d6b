#include "rproxy/core/net/raw_transport.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "rproxy/core/base/unique_fd.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/net/test_sockets.h"
#include "rproxy/core/net/transport.h"
#include "rproxy/testing/transport_contract.h"

namespace rproxy {
namespace {

using test::TransportContract;
using test::TransportContractCase;

TransportContractCase::Pair OverSockets(EventLoop& loop,
                                        std::pair<UniqueFd, UniqueFd> fds) {
  return {std::make_unique<RawTransport>(loop, std::move(fds.first)),
          std::make_unique<RawTransport>(loop, std::move(fds.second))};
}

INSTANTIATE_TEST_SUITE_P(RawTransportOverTcp, TransportContract,
                         ::testing::Values(TransportContractCase{
                             .make_pair = [](EventLoop& loop) {
                               return OverSockets(loop, TcpPair());
                             }}));

INSTANTIATE_TEST_SUITE_P(RawTransportOverUnix, TransportContract,
                         ::testing::Values(TransportContractCase{
                             .make_pair =
                                 [](EventLoop& loop) {
                                   return OverSockets(loop, UnixPair());
                                 },
                             .abort_is_seen = false}));

class RawTransportTest : public ::testing::Test {
 protected:
  RawTransportTest() {
    auto fds = TcpPair();
    transport_.emplace(*loop_, std::move(fds.first));
    far_ = std::move(fds.second);
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  std::optional<RawTransport> transport_;
  UniqueFd far_;
  std::array<char, 10> into_;
};

TEST_F(RawTransportTest, ShortReadIsDrainedAndFullReadIsNot) {
  ASSERT_EQ(send(far_.get(), "0123456789ab", 12, 0), 12);
  IoResult result = transport_->Read(absl::MakeSpan(into_));
  EXPECT_EQ(result.bytes, 10u);
  EXPECT_FALSE(result.drained);
  result = transport_->Read(absl::MakeSpan(into_));
  EXPECT_EQ(result.bytes, 2u);
  EXPECT_TRUE(result.drained);
}

TEST_F(RawTransportTest, ShortWriteIsDrainedAndFullWriteIsNot) {
  std::string much(64 * 1024 * 1024, 'x');
  std::array<iovec, 2> pieces = {iovec{.iov_base = much.data(), .iov_len = 10},
                                 iovec{.iov_base = much.data(), .iov_len = 5}};
  IoResult result = transport_->Write(pieces);
  EXPECT_EQ(result.bytes, 15u);
  EXPECT_FALSE(result.drained);

  pieces[1].iov_len = much.size();
  result = transport_->Write(pieces);
  EXPECT_EQ(result.status, IoResult::Status::kOk);
  EXPECT_LT(result.bytes, 10 + much.size());
  EXPECT_TRUE(result.drained);

  // The kernel may move some of it on meanwhile, so not at once.
  do {
    result = transport_->Write(pieces);
  } while (result.status == IoResult::Status::kOk);
  EXPECT_EQ(result.status, IoResult::Status::kWouldBlock);
}

TEST_F(RawTransportTest, AbortSendsAReset) {
  transport_->Abort();
  transport_.reset();
  // No more waiting is necessary: loopback delivers inside close.
  EXPECT_EQ(recv(far_.get(), into_.data(), into_.size(), 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(RawTransportTest, WriteAfterAResetNamesItAndRaisesNoSignal) {
  ResetOnClose(far_.get());
  far_.Reset();
  char byte = 'x';
  const iovec piece = {.iov_base = &byte, .iov_len = 1};
  EXPECT_EQ(transport_->Write(absl::MakeConstSpan(&piece, 1)).error,
            ECONNRESET);
  EXPECT_EQ(transport_->Write(absl::MakeConstSpan(&piece, 1)).error, EPIPE);
}

}  // namespace
}  // namespace rproxy
