// Each input byte is one choice: first of the pool's set-up, then of events and
// of what they happen to. Property: PoolState does what the naive model
// foretells, and the five invariants of pool_state.h hold after each step.

#include "rproxy/core/backend/pool_state.h"

#include <cstddef>
#include <cstdint>

#include "rproxy/core/backend/pool_state_model.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  size_t position = 0;
  rproxy::PoolStateModel model([&](uint32_t bound) -> uint32_t {
    return position < size ? data[position++] % bound : 0;
  });
  while (position < size) model.Step();
  model.Finish();
  return 0;
}
