// A move-only callable. std::function demands copies, and batches must not be copied.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace guidepost {

template <class Signature>
class UniqueFunction;

/// Holds any callable, also one that owns move-only things; empty by default. Call once or often.
template <class R, class... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, UniqueFunction>)
  UniqueFunction(F&& f) : impl_(std::make_unique<Model<std::decay_t<F>>>(std::forward<F>(f))) {}

  R operator()(Args... args) { return impl_->call(std::forward<Args>(args)...); }
  explicit operator bool() const { return impl_ != nullptr; }

 private:
  struct Concept {
    virtual ~Concept() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct Model final : Concept {
    explicit Model(F f) : f_(std::move(f)) {}
    R call(Args... args) override { return f_(std::forward<Args>(args)...); }
    F f_;
  };
  std::unique_ptr<Concept> impl_;
};

using Task = UniqueFunction<void()>;

}  // namespace guidepost
