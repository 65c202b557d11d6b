// A file descriptor with exactly one owner.
//
// Threading: like an int; not synchronised.

#ifndef RPROXY_CORE_BASE_UNIQUE_FD_H_
#define RPROXY_CORE_BASE_UNIQUE_FD_H_

namespace rproxy {

class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes ownership of `fd`; negative means none.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  UniqueFd(const UniqueFd&) = delete;
  UniqueFd& operator=(const UniqueFd&) = delete;
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // Gives ownership to the caller.
  [[nodiscard]] int Release();

  // Closes what is held. Errors of close(2) are ignored: the descriptor is
  // gone either way on Linux.
  void Reset();

 private:
  int fd_ = -1;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BASE_UNIQUE_FD_H_
