// Connected sockets, and a place for socket files, for the tests of this
// package.
//
// Threading: plain functions and values.

#ifndef RPROXY_CORE_NET_TEST_SOCKETS_H_
#define RPROXY_CORE_NET_TEST_SOCKETS_H_

#include <sys/resource.h>

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "rproxy/core/base/unique_fd.h"

namespace rproxy {

// Two non-blocking sockets connected with each other, over loopback TCP or in
// the Unix domain.
std::pair<UniqueFd, UniqueFd> TcpPair();
std::pair<UniqueFd, UniqueFd> UnixPair();

// Makes closing `fd` send a reset, for TCP.
void ResetOnClose(int fd);

// A new directory with a short path (the paths of Unix sockets are limited),
// removed with the files in it.
class TestDirectory {
 public:
  TestDirectory();
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  ~TestDirectory();

  std::string Path(absl::string_view name) const;

 private:
  std::string path_;
};

// No descriptor can be opened while this lives.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft();
  NoDescriptorsLeft(const NoDescriptorsLeft&) = delete;
  NoDescriptorsLeft& operator=(const NoDescriptorsLeft&) = delete;
  ~NoDescriptorsLeft();

 private:
  rlimit before_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_NET_TEST_SOCKETS_H_
