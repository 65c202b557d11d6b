#include "rproxy/core/backend/waiter_queue.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "rproxy/core/base/logging.h"

namespace rproxy {

WaiterQueue::WaiterQueue(size_t waiting_max) : waiting_max_(waiting_max) {
  CHECK_LT(waiting_max, size_t{1} << 31);
}

void WaiterQueue::AddSet() { sets_.emplace_back(); }

WaiterQueue::WaiterId WaiterQueue::Push(uint32_t set, absl::Time deadline,
                                        void* context) {
  DCHECK(!full());
  uint32_t index;
  if (free_.empty()) {
    index = static_cast<uint32_t>(slots_.size());
    slots_.emplace_back();
    // Remove() then never allocates.
    free_.reserve(slots_.capacity());
  } else {
    index = free_.back();
    free_.pop_back();
  }
  last_deadline_ = std::max(last_deadline_, deadline);
  Slot& slot = slots_[index];
  slot.set = set;
  slot.arrival = ++arrivals_;
  slot.deadline = last_deadline_;
  slot.context = context;
  slot.phase = Phase::kWaiting;
  Link(all_, &Slot::in_all, index, kNowhere);
  Link(sets_[set], &Slot::in_set, index, kNowhere);
  ++waiting_;
  return IdAt(index);
}

void WaiterQueue::Leave(WaiterId id, uint32_t connection) {
  DCHECK(IsWaiting(id));
  const uint32_t index = IndexOf(id);
  UnlinkFromBoth(index);
  slots_[index].phase = Phase::kLeaving;
  slots_[index].connection = connection;
  if (connection != kNoConnection) ++with_connection_;
}

void WaiterQueue::PutBack(WaiterId id) {
  DCHECK(IsLeaving(id));
  const uint32_t index = IndexOf(id);
  Slot& slot = slots_[index];
  if (slot.connection != kNoConnection) --with_connection_;
  slot.connection = kNoConnection;
  List& in_set = sets_[slot.set];
  Link(all_, &Slot::in_all, index, FirstAfter(all_, &Slot::in_all, index));
  Link(in_set, &Slot::in_set, index, FirstAfter(in_set, &Slot::in_set, index));
  slot.phase = Phase::kWaiting;
  ++waiting_;
}

void WaiterQueue::Remove(WaiterId id) {
  DCHECK(IsWaiting(id) || IsLeaving(id));
  const uint32_t index = IndexOf(id);
  Slot& slot = slots_[index];
  if (slot.phase == Phase::kWaiting) UnlinkFromBoth(index);
  if (slot.connection != kNoConnection) --with_connection_;
  slot.connection = kNoConnection;
  slot.phase = Phase::kFree;
  slot.context = nullptr;
  ++slot.generation;
  if (slot.generation == 0) slot.generation = 1;  // So that no id is kNone.
  free_.push_back(index);
}

bool WaiterQueue::IsWaiting(WaiterId id) const {
  return IsIn(id, Phase::kWaiting);
}

bool WaiterQueue::IsLeaving(WaiterId id) const {
  return IsIn(id, Phase::kLeaving);
}

WaiterQueue::WaiterId WaiterQueue::IdAt(uint32_t index) const {
  if (index == kNowhere) return kNone;
  return (WaiterId{slots_[index].generation} << 32) | index;
}

bool WaiterQueue::IsIn(WaiterId id, Phase phase) const {
  const uint32_t index = IndexOf(id);
  return index < slots_.size() && slots_[index].phase == phase &&
         IdAt(index) == id;
}

void WaiterQueue::Link(List& list, Links Slot::*links, uint32_t index,
                       uint32_t next) {
  const uint32_t previous =
      next == kNowhere ? list.last : (slots_[next].*links).previous;
  (slots_[index].*links) = {previous, next};
  (previous == kNowhere ? list.first : (slots_[previous].*links).next) = index;
  (next == kNowhere ? list.last : (slots_[next].*links).previous) = index;
}

void WaiterQueue::Unlink(List& list, Links Slot::*links, uint32_t index) {
  const Links old = slots_[index].*links;
  (old.previous == kNowhere ? list.first : (slots_[old.previous].*links).next) =
      old.next;
  (old.next == kNowhere ? list.last : (slots_[old.next].*links).previous) =
      old.previous;
}

uint32_t WaiterQueue::FirstAfter(const List& list, Links Slot::*links,
                                 uint32_t index) const {
  uint32_t later = list.first;
  while (later != kNowhere && slots_[later].arrival < slots_[index].arrival) {
    later = (slots_[later].*links).next;
  }
  return later;
}

void WaiterQueue::UnlinkFromBoth(uint32_t index) {
  Unlink(all_, &Slot::in_all, index);
  Unlink(sets_[slots_[index].set], &Slot::in_set, index);
  --waiting_;
}

}  // namespace rproxy
