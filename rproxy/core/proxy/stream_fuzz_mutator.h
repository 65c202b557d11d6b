// Mutations that keep the structure of HTTP/1 messages: whole lines come, go
// and change places, and are made of what parsers disagree about.
//
// Threading: plain functions.

#ifndef RPROXY_CORE_PROXY_STREAM_FUZZ_MUTATOR_H_
#define RPROXY_CORE_PROXY_STREAM_FUZZ_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace rproxy::test {

// Changes `input`, a few times, by what `seed` says. `pieces` are inserted
// between or in lines.
void MutateLines(std::string& input, absl::Span<const absl::string_view> pieces,
                 uint32_t seed);

// The same for LLVMFuzzerCustomMutator; now and then the fuzzer's own mutations
// instead. Returns the new size, `max_size` at most.
size_t MutateForFuzzer(uint8_t* input, size_t size, size_t max_size,
                       uint32_t seed,
                       absl::Span<const absl::string_view> pieces);

}  // namespace rproxy::test

#endif  // RPROXY_CORE_PROXY_STREAM_FUZZ_MUTATOR_H_
