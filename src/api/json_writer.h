#pragma once
// Writes JSON straight into a string, in the order it is told. For answers and feed frames; a document that
// is to be looked at is a text::Value. Not thread-safe; nothing here waits.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "text/json.h"

namespace shipit::api {

class JsonWriter final {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_list() { return open('['); }
  JsonWriter& end_list() { return close(']'); }

  JsonWriter& key(std::string_view name) {
    comma();
    text::append_json_string(out_, name);
    out_ += ':';
    first_ = true;  // the value needs no comma
    return *this;
  }
  JsonWriter& string(std::string_view value) {
    comma();
    text::append_json_string(out_, value);
    return *this;
  }
  JsonWriter& number(int64_t value) {
    comma();
    out_ += std::to_string(value);
    return *this;
  }
  JsonWriter& number(double value) {
    comma();
    text::append_json_number(out_, value);
    return *this;
  }
  JsonWriter& boolean(bool value) {
    comma();
    out_ += value ? "true" : "false";
    return *this;
  }
  /// JSON text that is already there.
  JsonWriter& raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
  }

  // Members. The `…_if` ones leave out what has nothing to say.
  JsonWriter& field(std::string_view name, std::string_view value) { return key(name).string(value); }
  JsonWriter& field(std::string_view name, const char* value) { return key(name).string(value); }
  JsonWriter& field(std::string_view name, int64_t value) { return key(name).number(value); }
  JsonWriter& field(std::string_view name, int value) {
    return key(name).number(static_cast<int64_t>(value));
  }
  JsonWriter& field(std::string_view name, bool value) { return key(name).boolean(value); }
  JsonWriter& field(std::string_view name, Time value) {
    return key(name).string(format_rfc3339_millis(value));
  }
  JsonWriter& field_if(std::string_view name, std::string_view value) {
    return value.empty() ? *this : field(name, value);
  }
  /// The epoch stands for "never" and is left out.
  JsonWriter& field_if(std::string_view name, Time value) {
    return value == Time{} ? *this : field(name, value);
  }
  JsonWriter& field_if(std::string_view name, std::optional<Time> value) {
    return value ? field_if(name, *value) : *this;
  }

 private:
  JsonWriter& open(char bracket) {
    comma();
    out_ += bracket;
    first_ = true;
    return *this;
  }
  JsonWriter& close(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
  }
  void comma() {
    if (!first_) out_ += ',';
    first_ = false;
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace shipit::api
