#pragma once
// Runs a post-renderer: a program that reads manifests from its standard input and prints them changed.
#include <string>
#include <string_view>
#include <vector>

namespace shipit::cli {

/// The program's output for `input`. Its standard error goes to ours.
/// Errors: NotFound, when it can't be started; Invalid, when it fails or prints nothing.
std::string run_program(const std::string& program, const std::vector<std::string>& arguments,
                        std::string_view input);

}  // namespace shipit::cli
