// What a transport knows of a verified peer: a value without TLS types.
//
// Threading: a plain value.

#ifndef RPROXY_CORE_NET_PEER_IDENTITY_H_
#define RPROXY_CORE_NET_PEER_IDENTITY_H_

#include <string>
#include <utility>
#include <vector>

namespace rproxy {

struct PeerIdentity {
  // Ready-made header fields (name, value), computed once a connection.
  std::vector<std::pair<std::string, std::string>> fields;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_NET_PEER_IDENTITY_H_
