// A set of heap objects that their list owns and that know their own place.
//
// Sessions and dials live in such a list: each ends by asking its list to hand
// it back (`Remove`), which is O(1) and allocates nothing. Whatever is still
// inside when the list dies, dies with it, oldest first.
//
//   struct Session : OwnedListNode<Session> { ... };
//   OwnedList<Session> sessions;
//   Session& s = sessions.Add(std::make_unique<Session>());
//   std::unique_ptr<Session> last_words = sessions.Remove(s);
//
// Threading: belongs to one thread.

#ifndef RPROXY_CORE_BASE_OWNED_LIST_H_
#define RPROXY_CORE_BASE_OWNED_LIST_H_

#include <cstddef>
#include <memory>
#include <utility>

namespace rproxy {

template <typename T>
class OwnedList;

template <typename T>
class OwnedListNode {
 protected:
  OwnedListNode() = default;
  ~OwnedListNode() = default;

 private:
  friend class OwnedList<T>;
  T* previous_ = nullptr;
  T* next_ = nullptr;
};

template <typename T>
class OwnedList {
 public:
  OwnedList() = default;
  OwnedList(const OwnedList&) = delete;
  OwnedList& operator=(const OwnedList&) = delete;
  ~OwnedList() { Clear(); }

  // Appends `item`, which must be in no list.
  T& Add(std::unique_ptr<T> item) {
    T* added = item.release();
    Node& node = *added;
    node.previous_ = last_;
    node.next_ = nullptr;
    (last_ == nullptr ? first_ : static_cast<Node&>(*last_).next_) = added;
    last_ = added;
    ++size_;
    return *added;
  }

  // Takes `item`, which must be in this list, out of it.
  std::unique_ptr<T> Remove(T& item) {
    Node& node = item;
    (node.previous_ == nullptr ? first_
                               : static_cast<Node&>(*node.previous_).next_) =
        node.next_;
    (node.next_ == nullptr ? last_
                           : static_cast<Node&>(*node.next_).previous_) =
        node.previous_;
    node.previous_ = node.next_ = nullptr;
    --size_;
    return std::unique_ptr<T>(&item);
  }

  void Clear() {
    while (first_ != nullptr) Remove(*first_);
  }

  // Calls `visit` for each item, oldest first. `visit` may remove the item
  // that it is given, and no other.
  template <typename Visit>
  void ForEach(Visit visit) {
    for (T* item = first_; item != nullptr;) {
      T* next = static_cast<Node&>(*item).next_;
      visit(*item);
      item = next;
    }
  }

  T* first() const { return first_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  using Node = OwnedListNode<T>;

  T* first_ = nullptr;
  T* last_ = nullptr;
  size_t size_ = 0;
};

}  // namespace rproxy

#endif  // RPROXY_CORE_BASE_OWNED_LIST_H_
