#include "rproxy/daemon/daemon_process.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rproxy/core/base/logging.h"

extern char** environ;

namespace rproxy {
namespace {

constexpr int kPatienceMs = 10'000;

// The reading end and the writing end.
std::pair<UniqueFd, UniqueFd> Pipe() {
  int ends[2];
  PCHECK(pipe2(ends, O_CLOEXEC) == 0);
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Appends what is there; closes `fd` at its end.
void ReadInto(std::string& text, UniqueFd& fd) {
  char bytes[4096];
  const ssize_t size = read(fd.get(), bytes, sizeof(bytes));
  if (size > 0) {
    text.append(bytes, static_cast<size_t>(size));
  } else if (size == 0 || errno != EINTR) {
    fd = UniqueFd();
  }
}

}  // namespace

DaemonProcess::DaemonProcess(const std::string& program,
                             const std::vector<std::string>& arguments) {
  auto [output, output_end] = Pipe();
  auto [errors, errors_end] = Pipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, output_end.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors_end.get(), STDERR_FILENO);
  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int error = posix_spawn(&pid_, program.c_str(), &actions, nullptr,
                                argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  CHECK_EQ(error, 0) << "cannot run " << program << ": "
                     << std::generic_category().message(error);
  output_fd_ = std::move(output);
  errors_fd_ = std::move(errors);
}

DaemonProcess::~DaemonProcess() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool DaemonProcess::ReadMore() {
  pollfd fds[] = {{output_fd_.get(), POLLIN, 0}, {errors_fd_.get(), POLLIN, 0}};
  if (!output_fd_.valid() && !errors_fd_.valid()) return false;
  const int ready = poll(fds, 2, kPatienceMs);
  if (ready < 0) return errno == EINTR;
  if (fds[0].revents != 0) ReadInto(output_, output_fd_);
  if (fds[1].revents != 0) ReadInto(errors_, errors_fd_);
  return ready > 0;
}

bool DaemonProcess::WaitForErrors(absl::string_view mark) {
  while (errors_.find(mark) == std::string::npos) {
    if (!ReadMore()) return false;
  }
  return true;
}

void DaemonProcess::Signal(int number) {
  CHECK_GE(pid_, 0);
  kill(pid_, number);
}

int DaemonProcess::Wait() {
  CHECK_GE(pid_, 0);
  while (ReadMore()) {
  }
  if (output_fd_.valid() || errors_fd_.valid()) kill(pid_, SIGKILL);
  int status = 0;
  PCHECK(waitpid(pid_, &status, 0) == pid_);
  pid_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

size_t DaemonProcess::ResidentBytesMax() const {
  std::ifstream status(absl::StrCat("/proc/", pid_, "/status"));
  std::string word;
  while (status >> word) {
    size_t kibibytes = 0;
    if (word == "VmHWM:" && status >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

ScratchDirectory::ScratchDirectory() {
  char path[] = "/tmp/rproxy.XXXXXX";
  PCHECK(mkdtemp(path) != nullptr);
  path_ = path;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ScratchDirectory::Path(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

std::string ScratchDirectory::Write(absl::string_view name,
                                    absl::string_view text) const {
  const std::string path = Path(name);
  std::ofstream file(path);
  file << text;
  file.close();
  CHECK(file.good()) << path;
  return path;
}

ReservedPort::ReservedPort()
    : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  PCHECK(setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0);
  PCHECK(setsockopt(fd_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  sockaddr* const any = reinterpret_cast<sockaddr*>(&address);
  PCHECK(bind(fd_.get(), any, size) == 0);
  PCHECK(getsockname(fd_.get(), any, &size) == 0);
  port_ = ntohs(address.sin_port);
}

}  // namespace rproxy
