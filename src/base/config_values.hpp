// Kinds of configuration values: how each is read, shown and described. Only for config*.cpp.
#pragma once

#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>

#include "base/config_keys.hpp"

namespace guidepost::config {

/// Reads a value of a kind out of what was written; nothing where it is not one.
std::optional<std::string> as_text(const RawValue& raw);
std::optional<std::int64_t> as_integer(const RawValue& raw);
std::optional<bool> as_flag(const RawValue& raw);
std::optional<Millis> as_duration(const RawValue& raw);
std::optional<Bytes> as_size(const RawValue& raw);
std::optional<std::vector<std::string>> as_list(const RawValue& raw);

/// Of a secret; empty: none.
bool is_reference(std::string_view text);

std::string show_text(std::string_view text);  ///< as a TOML string
std::string show_list(const std::vector<std::string>& list);
std::string show_duration(Millis d);  ///< `15m`, in the largest unit that is exact
std::string show_size(Bytes size);    ///< `64KiB`

template <class Owner, class T>
using At = T& (*)(Owner&);

/// What a text must look like.
struct Shape {
  std::string expects;
  bool (*fits)(const std::string&) = [](const std::string&) { return true; };
};

template <class Owner>
Key<Owner> text(std::string name, At<Owner, std::string> at, std::string help, Shape shape = {"a text"}) {
  return {std::move(name), shape.expects, std::move(help),
          [at, fits = shape.fits](Owner& o, const RawValue& raw) {
            auto v = as_text(raw);
            if (!v || !fits(*v)) return false;
            at(o) = *std::move(v);
            return true;
          },
          [at](const Owner& o) { return show_text(at(const_cast<Owner&>(o))); }};
}

template <class Owner>
Key<Owner> list(std::string name, At<Owner, std::vector<std::string>> at, std::string help, Shape shape) {
  return {std::move(name), shape.expects, std::move(help),
          [at, fits = shape.fits](Owner& o, const RawValue& raw) {
            auto v = as_list(raw);
            if (!v) return false;
            for (const auto& item : *v) {
              if (!fits(item)) return false;
            }
            at(o) = *std::move(v);
            return true;
          },
          [at](const Owner& o) { return show_list(at(const_cast<Owner&>(o))); }};
}

template <class Owner>
Key<Owner> flag(std::string name, At<Owner, bool> at, std::string help) {
  return {std::move(name), "true or false", std::move(help),
          [at](Owner& o, const RawValue& raw) {
            const auto v = as_flag(raw);
            if (v) at(o) = *v;
            return v.has_value();
          },
          [at](const Owner& o) { return std::string(at(const_cast<Owner&>(o)) ? "true" : "false"); }};
}

template <class Owner, class Number>
Key<Owner> number(std::string name, At<Owner, Number> at, std::int64_t least, std::int64_t most, std::string help) {
  return {std::move(name), "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
          std::move(help),
          [=](Owner& o, const RawValue& raw) {
            const auto v = as_integer(raw);
            if (!v || *v < least || *v > most) return false;
            at(o) = static_cast<Number>(*v);
            return true;
          },
          [at](const Owner& o) { return std::to_string(at(const_cast<Owner&>(o))); }};
}

template <class Owner>
Key<Owner> size(std::string name, At<Owner, Bytes> at, Bytes least, Bytes most, std::string help) {
  return {std::move(name), "a size from " + show_size(least) + " to " + show_size(most), std::move(help),
          [=](Owner& o, const RawValue& raw) {
            const auto v = as_size(raw);
            if (!v || *v < least || *v > most) return false;
            at(o) = *v;
            return true;
          },
          [at](const Owner& o) { return show_text(show_size(at(const_cast<Owner&>(o)))); }};
}

template <class Owner>
Key<Owner> duration(std::string name, At<Owner, Millis> at, Millis least, Millis most, std::string help) {
  return {std::move(name), "a duration from " + show_duration(least) + " to " + show_duration(most), std::move(help),
          [=](Owner& o, const RawValue& raw) {
            const auto v = as_duration(raw);
            if (!v || *v < least || *v > most) return false;
            at(o) = *v;
            return true;
          },
          [at](const Owner& o) { return show_text(show_duration(at(const_cast<Owner&>(o)))); }};
}

template <class Owner, class Enum>
Key<Owner> choice(std::string name, At<Owner, Enum> at,
                  std::vector<std::pair<std::string, std::type_identity_t<Enum>>> words, std::string help) {
  std::string expects;
  for (std::size_t i = 0; i < words.size(); ++i) {
    expects += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i].first;
  }
  return {std::move(name), expects, std::move(help),
          [at, words](Owner& o, const RawValue& raw) {
            const auto v = as_text(raw);
            for (const auto& [word, value] : words) {
              if (v != word) continue;
              at(o) = value;
              return true;
            }
            return false;
          },
          [at, words](const Owner& o) {
            for (const auto& [word, value] : words) {
              if (value == at(const_cast<Owner&>(o))) return show_text(word);
            }
            return std::string("\"\"");
          }};
}

template <class Owner>
Key<Owner> secret(std::string name, At<Owner, Secret> at, std::string help) {
  return {std::move(name),
          "where the secret is: file:/path, env:NAME or credential:NAME, never the secret itself",
          std::move(help),
          [at](Owner& o, const RawValue& raw) {
            auto v = as_text(raw);
            if (!v || !is_reference(*v)) return false;
            at(o).reference = *std::move(v);
            return true;
          },
          [at](const Owner& o) { return show_text(at(const_cast<Owner&>(o)).reference); },
          true};
}

}  // namespace guidepost::config
