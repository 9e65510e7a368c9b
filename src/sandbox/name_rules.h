#pragma once
// What names, labels and ports may look like, in the words with which the API server refuses the rest. Pure.
// *Source:* k8s.io/apimachinery pkg/util/validation.
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/causes.h"
#include "text/value.h"

namespace shipit::sandbox {

inline constexpr std::string_view kSubdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
inline constexpr std::string_view kLabel1123 =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
bool is_label1123(std::string_view name);
bool is_subdomain(std::string_view name);
/// Letters, digits, '-', '_' and '.', with a letter or digit at both ends.
bool is_word(std::string_view text);

/// What is wrong with the key of a label ("example.com/name"); empty when nothing is.
std::vector<std::string> label_key_problems(std::string_view key);
/// Keys and values of labels.
void check_labels(Causes& causes, text::Value labels, const std::string& field);
/// A DNS label that must be there.
void check_label1123(Causes& causes, std::string_view name, const std::string& field);
void check_at_least(Causes& causes, text::Value number, int64_t least, const std::string& field);
void check_port_number(Causes& causes, int64_t port, const std::string& field);
/// A number or a service name.
void check_port(Causes& causes, text::Value port, const std::string& field);
/// A number from 0 or a percentage.
void check_int_or_percent(Causes& causes, text::Value value, const std::string& field);
/// The expressions of a label selector.
void check_selector(Causes& causes, text::Value selector, const std::string& field);

}  // namespace shipit::sandbox
