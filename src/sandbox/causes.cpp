#include "sandbox/causes.h"

#include <fmt/format.h>

namespace shipit::sandbox {

void Causes::required(std::string field, std::string_view why) {
  list.push_back({"FieldValueRequired",
                  why.empty() ? "Required value" : fmt::format("Required value: {}", why), std::move(field)});
}

void Causes::invalid(std::string field, std::string value, std::string_view why) {
  list.push_back({"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value, why), std::move(field)});
}

void Causes::unsupported(std::string field, std::string_view value,
                         const std::vector<std::string_view>& allowed) {
  unsupported_value(std::move(field), quoted(value), allowed);
}

void Causes::unsupported_value(std::string field, std::string_view value,
                               const std::vector<std::string_view>& allowed) {
  std::string names;
  for (auto name : allowed) names += (names.empty() ? "" : ", ") + quoted(name);
  list.push_back({"FieldValueNotSupported",
                  fmt::format("Unsupported value: {}: supported values: {}", value, names),
                  std::move(field)});
}

void Causes::duplicate(std::string field, std::string value) {
  list.push_back({"FieldValueDuplicate", "Duplicate value: " + value, std::move(field)});
}

void Causes::forbidden(std::string field, std::string_view why) {
  list.push_back({"FieldValueForbidden", fmt::format("Forbidden: {}", why), std::move(field)});
}

void Causes::too_long(std::string field, int bytes) {
  list.push_back(
      {"FieldValueTooLong", fmt::format("Too long: may not be more than {} bytes", bytes), std::move(field)});
}

}  // namespace shipit::sandbox
