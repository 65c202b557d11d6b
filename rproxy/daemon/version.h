// Which rproxy this is.
//
// Threading: a constant.

#ifndef RPROXY_DAEMON_VERSION_H_
#define RPROXY_DAEMON_VERSION_H_

namespace rproxy {

inline constexpr char kVersion[] = "0.1.0";

}  // namespace rproxy

#endif  // RPROXY_DAEMON_VERSION_H_
