// Runs a fuzz test without a fuzzer: first every input of the corpus, then a
// fixed number of mutations of them.
//
// The mutations are the same in every run, so a failure is repeatable. These
// variables change them (give them to `bazel test` with --test_env):
//
//   RPROXY_FUZZ_SEED  where the pseudo-random numbers start (default 1)
//   RPROXY_FUZZ_RUNS  how many mutations to run (default 2000)
//
// When the fuzz test crashes or hangs, the input that it was given is written
// to the file `crash-input` in $TEST_UNDECLARED_OUTPUTS_DIR, or in $TMPDIR or
// /tmp. Give that file as the only argument, with RPROXY_FUZZ_RUNS=0, to see
// the crash again.

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

// Optional, as for libFuzzer.
extern "C" __attribute__((weak)) int LLVMFuzzerInitialize(int* argc,
                                                          char*** argv);

// Called by the sanitizers' runtimes before they end the program.
extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(
    void (*callback)());

namespace {

// Longer inputs cost more time than they find.
constexpr size_t kInputBytesMax = 64 * 1024;

// The input being run, for the crash handlers, which can take no arguments.
const uint8_t* current_data = nullptr;
size_t current_size = 0;
char crash_path[4096];

// Only async-signal-safe calls: this runs inside signal handlers.
void SaveCurrentInput() {
  if (current_data == nullptr) {
    return;
  }
  const int fd = open(crash_path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) {
    return;
  }
  size_t done = 0;
  while (done < current_size) {
    const ssize_t n = write(fd, current_data + done, current_size - done);
    if (n <= 0) {
      break;
    }
    done += static_cast<size_t>(n);
  }
  close(fd);
  constexpr char kMessage[] = "fuzz_replay: the input is in ";
  (void)!write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1);
  (void)!write(STDERR_FILENO, crash_path, strlen(crash_path));
  (void)!write(STDERR_FILENO, "\n", 1);
  current_data = nullptr;
}

void OnFatalSignal(int signal_number) {
  SaveCurrentInput();
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void InstallCrashHandlers() {
  const char* folder = getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  if (folder == nullptr) {
    folder = getenv("TMPDIR");
  }
  if (folder == nullptr) {
    folder = "/tmp";
  }
  snprintf(crash_path, sizeof(crash_path), "%s/crash-input", folder);

  // A sanitizer reports SIGSEGV and the like better than we would, so those
  // are left to it when there is one.
  signal(SIGABRT, OnFatalSignal);
  // Bazel ends a test that takes too long with this one.
  signal(SIGTERM, OnFatalSignal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(SaveCurrentInput);
    return;
  }
  for (const int signal_number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP}) {
    signal(signal_number, OnFatalSignal);
  }
}

void RunOne(const std::string& input) {
  // A copy of exact size, so that a read past the end is one past the heap
  // block's end too, where AddressSanitizer sees it.
  std::vector<uint8_t> bytes(input.begin(), input.end());
  bytes.shrink_to_fit();
  current_data = bytes.data();
  current_size = bytes.size();
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  current_data = nullptr;
}

bool ReadFile(const std::string& path, std::string& content) {
  FILE* file = fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return false;
  }
  char block[4096];
  size_t n;
  while ((n = fread(block, 1, sizeof(block), file)) > 0) {
    content.append(block, n);
  }
  const bool complete = ferror(file) == 0;
  fclose(file);
  return complete;
}

// Appends the content of `path`, or of every file below it, in an order that
// does not depend on the file system.
bool ReadInputs(const std::string& path, std::vector<std::string>& inputs) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    return false;
  }
  if (!S_ISDIR(status.st_mode)) {
    std::string content;
    if (!ReadFile(path, content)) {
      return false;
    }
    inputs.push_back(std::move(content));
    return true;
  }
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) {
    return false;
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") {
      names.emplace_back(name);
    }
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (!ReadInputs(path + "/" + name, inputs)) {
      return false;
    }
  }
  return true;
}

// Not std::uniform_int_distribution: its results differ between libraries.
size_t Below(std::mt19937_64& random, size_t bound) {
  return static_cast<size_t>(random() % bound);
}

// Bytes that protocols give a meaning to, and edges of integers.
constexpr unsigned char kInteresting[] = {
    0,   1,   '\t', '\n', '\r', ' ', '"', '%', ',', '-', '/',
    '0', '9', ':',  ';',  '=',  'A', 'f', 127, 128, 254, 255};

void MutateOnce(std::mt19937_64& random, const std::vector<std::string>& inputs,
                std::string& input) {
  const size_t position = Below(random, input.size() + 1);
  const size_t rest = input.size() - position;
  const size_t length = std::min(rest, 1 + Below(random, 16));
  switch (Below(random, 7)) {
    case 0:  // Change a bit.
      if (rest > 0) {
        input[position] =
            static_cast<char>(static_cast<unsigned char>(input[position]) ^
                              (1U << Below(random, 8)));
      }
      break;
    case 1:  // Overwrite a byte.
      if (rest > 0) {
        input[position] = static_cast<char>(
            kInteresting[Below(random, sizeof(kInteresting))]);
      }
      break;
    case 2:  // Insert a byte.
      input.insert(
          position, 1,
          static_cast<char>(kInteresting[Below(random, sizeof(kInteresting))]));
      break;
    case 3:  // Remove some bytes.
      input.erase(position, length);
      break;
    case 4:  // Repeat some bytes.
      input.insert(position, input.substr(position, length));
      break;
    case 5:  // Cut off the end.
      if (Below(random, 4) == 0) {
        input.resize(position);
      }
      break;
    case 6: {  // Go on as another input does.
      const std::string& other = inputs[Below(random, inputs.size())];
      const size_t start = Below(random, other.size() + 1);
      input.replace(position, std::string::npos, other, start);
      break;
    }
  }
  if (input.size() > kInputBytesMax) {
    input.resize(kInputBytesMax);
  }
}

uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise) {
  const char* text = getenv(name);
  if (text == nullptr || *text == '\0') {
    return otherwise;
  }
  char* end = nullptr;
  const uint64_t number = strtoull(text, &end, 10);
  if (*end != '\0') {
    fprintf(stderr, "fuzz_replay: %s is not a number: %s\n", name, text);
    exit(2);
  }
  return number;
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t seed = NumberFromEnvironment("RPROXY_FUZZ_SEED", 1);
  const uint64_t runs = NumberFromEnvironment("RPROXY_FUZZ_RUNS", 2000);
  if (LLVMFuzzerInitialize != nullptr) {
    LLVMFuzzerInitialize(&argc, &argv);
  }

  // The empty input is always part of the corpus.
  std::vector<std::string> inputs = {""};
  for (int i = 1; i < argc; ++i) {
    if (!ReadInputs(argv[i], inputs)) {
      fprintf(stderr, "fuzz_replay: cannot read %s\n", argv[i]);
      return 2;
    }
  }
  fprintf(stderr,
          "fuzz_replay: %zu inputs, %" PRIu64
          " mutations, RPROXY_FUZZ_SEED=%" PRIu64 "\n",
          inputs.size(), runs, seed);
  InstallCrashHandlers();

  for (const std::string& input : inputs) {
    RunOne(input);
  }
  std::mt19937_64 random(seed);
  for (uint64_t run = 0; run < runs; ++run) {
    std::string input = inputs[Below(random, inputs.size())];
    for (size_t changes = 1 + Below(random, 6); changes > 0; --changes) {
      MutateOnce(random, inputs, input);
    }
    RunOne(input);
  }
  return 0;
}
