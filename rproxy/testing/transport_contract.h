// What every Transport must do, as tests. A test file of an implementation
// says how to make a connected pair, and links transport_contract:
//
//   INSTANTIATE_TEST_SUITE_P(RawTransport, TransportContract,
//                            ::testing::Values(TransportContractCase{
//                                .make_pair = MakeRawPair}));
//
// Threading: each test runs one loop in its own thread.

#ifndef RPROXY_TESTING_TRANSPORT_CONTRACT_H_
#define RPROXY_TESTING_TRANSPORT_CONTRACT_H_

#include <functional>
#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "rproxy/core/event/event_loop.h"
#include "rproxy/core/net/transport.h"

namespace rproxy::test {

struct TransportContractCase {
  using Pair =
      std::pair<std::unique_ptr<Transport>, std::unique_ptr<Transport>>;

  // Two transports connected with each other, not started. Handshakes may be
  // still to come.
  std::function<Pair(EventLoop&)> make_pair;
  // After Abort the peer sees an error. Without: an error or an end.
  bool abort_is_seen = true;
  // TakeError tells of the peer's reset.
  bool takes_errors = true;
};

class TransportContract
    : public ::testing::TestWithParam<TransportContractCase> {
 protected:
  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
};

}  // namespace rproxy::test

#endif  // RPROXY_TESTING_TRANSPORT_CONTRACT_H_
