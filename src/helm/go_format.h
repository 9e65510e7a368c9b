#pragma once
// Go's fmt over document values: Sprint, Sprintln, Sprintf with every verb and flag. Pure; any thread.
#include <span>
#include <string>
#include <string_view>

#include "helm/go_type.h"

namespace shipit::helm {

void append_sprint(std::string& out, std::span<const Value> args, text::Arena& arena);
void append_sprintln(std::string& out, std::span<const Value> args, text::Arena& arena);
void append_sprintf(std::string& out, std::string_view format, std::span<const Value> args,
                    text::Arena& arena);
/// One value as %v.
void append_value(std::string& out, Value value, text::Arena& arena);
std::string format_value(Value value, text::Arena& arena);
/// What {{ value }} prints.
void append_printed(std::string& out, Value value, text::Arena& arena);
/// sprig's strval: strings and bytes as they are, Stringers' text, else %v.
std::string_view strval(Value value, text::Arena& arena);

}  // namespace shipit::helm
