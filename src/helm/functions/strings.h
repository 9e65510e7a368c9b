#pragma once
// Text operations of Go's strings package that several families use. Pure; any thread.
#include <string>
#include <string_view>
#include <vector>

#include "helm/functions/function.h"

namespace shipit::helm {

std::string_view trim_space(std::string_view text);
/// strings.Split and SplitN: `limit` < 0 is no limit; an empty separator splits into characters.
std::vector<std::string_view> split(std::string_view text, std::string_view separator, int64_t limit = -1);
/// Where `what` begins from `from` on, in linear time whatever the texts; npos when it doesn't occur.
size_t find(std::string_view text, std::string_view what, size_t from = 0);
std::string replace_all(std::string_view text, std::string_view what, std::string_view with);
/// Go's message for text[begin:end] out of range; nothing when it is in range. A missing bound is -1 with its
/// flag unset.
void check_slice(int64_t begin, bool has_begin, int64_t end, bool has_end, size_t length);
/// sprig's strslice: the texts of a list's items, or of the value itself.
Value string_slice(Call& call, Value value);
/// Each line after `spaces` spaces.
Value indented(Call& call, int64_t spaces, std::string_view text, bool newline_first);

}  // namespace shipit::helm
