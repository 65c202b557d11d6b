// Who waits, for which set, since when: a bounded first-in-first-out queue for
// each set, all in one order of arrival.
//
// A waiter is WAITING, then perhaps LEAVING (its end is decided but not yet
// told to it), then gone. Every operation but PutBack takes constant time,
// and none allocates once the queue has been as long as it gets.
//
//            Push            Leave             Remove
//   (none) --------> WAITING ------> LEAVING ----------> (gone)
//                     |  ^              |
//                     |  +--------------+
//              Remove |      PutBack
//                     +------------------> (gone)
//
// Threading: belongs to one loop.

#ifndef RPROXY_CORE_BACKEND_WAITER_QUEUE_H_
#define RPROXY_CORE_BACKEND_WAITER_QUEUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"

namespace rproxy {

class WaiterQueue {
 public:
  using WaiterId = uint64_t;
  static constexpr WaiterId kNone = 0;
  static constexpr uint32_t kNoConnection = UINT32_MAX;

  // At most `waiting_max` are WAITING at once, below 2^31.
  explicit WaiterQueue(size_t waiting_max);

  // Adds a set; they are numbered from 0.
  void AddSet();

  // Adds a waiter behind all others; the queue is not full. A deadline earlier
  // than the last waiter's counts as that one's.
  WaiterId Push(uint32_t set, absl::Time deadline, void* context);

  // WAITING -> LEAVING. `connection` is kept for the caller: what the waiter
  // leaves with, kNoConnection if with nothing.
  void Leave(WaiterId id, uint32_t connection);
  // LEAVING -> WAITING, where it was. Takes time with the number of waiters
  // that are older.
  void PutBack(WaiterId id);
  // Forgets the waiter, which is WAITING or LEAVING.
  void Remove(WaiterId id);

  bool IsWaiting(WaiterId id) const;
  bool IsLeaving(WaiterId id) const;
  void* context(WaiterId id) const { return slots_[IndexOf(id)].context; }
  uint32_t set(WaiterId id) const { return slots_[IndexOf(id)].set; }
  // As given to Leave.
  uint32_t connection(WaiterId id) const {
    return slots_[IndexOf(id)].connection;
  }
  // The n-th waiter that ever came has arrival n.
  uint64_t arrival(WaiterId id) const { return slots_[IndexOf(id)].arrival; }
  absl::Time deadline(WaiterId id) const {
    return slots_[IndexOf(id)].deadline;
  }

  // The WAITING that came first, of all or of `set`; kNone if nobody waits.
  WaiterId Oldest() const { return IdAt(all_.first); }
  WaiterId Oldest(uint32_t set) const { return IdAt(sets_[set].first); }

  size_t waiting() const { return waiting_; }
  // Whether nobody else may wait. Those who leave with a connection count
  // until they are gone, because they may be put back.
  bool full() const { return waiting_ + with_connection_ >= waiting_max_; }

 private:
  static constexpr uint32_t kNowhere = UINT32_MAX;

  struct Links {
    uint32_t previous = kNowhere;
    uint32_t next = kNowhere;
  };
  struct List {
    uint32_t first = kNowhere;
    uint32_t last = kNowhere;
  };
  enum class Phase : uint8_t { kFree, kWaiting, kLeaving };
  struct Slot {
    // Part of the id: tells this waiter from earlier ones in the same slot.
    uint32_t generation = 1;
    uint32_t set = 0;
    uint32_t connection = kNoConnection;
    Links in_all;
    Links in_set;
    uint64_t arrival = 0;
    absl::Time deadline;
    void* context = nullptr;
    Phase phase = Phase::kFree;
  };

  static uint32_t IndexOf(WaiterId id) { return static_cast<uint32_t>(id); }
  WaiterId IdAt(uint32_t index) const;
  bool IsIn(WaiterId id, Phase phase) const;
  // Puts the slot into a list before `next`, or at its end for kNowhere.
  void Link(List& list, Links Slot::*links, uint32_t index, uint32_t next);
  void Unlink(List& list, Links Slot::*links, uint32_t index);
  // The first in the list that came after the slot's waiter.
  uint32_t FirstAfter(const List& list, Links Slot::*links,
                      uint32_t index) const;
  void UnlinkFromBoth(uint32_t index);

  const size_t waiting_max_;
  size_t waiting_ = 0;
  size_t with_connection_ = 0;  // LEAVING with a connection.
  uint64_t arrivals_ = 0;
  absl::Time last_deadline_ = absl::InfinitePast();
  List all_;
  std::vector<List> sets_;
  std::vector<Slot> slots_;
  std::vector<uint32_t> free_;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BACKEND_WAITER_QUEUE_H_
