#pragma once
// A number or character as a template writes it. Pure; any thread.
#include <optional>
#include <string>
#include <string_view>

#include "helm/lexer.h"
#include "helm/tree.h"

namespace shipit::helm {

/// A Number, Complex or CharConstant token under every type that it fits; nothing when it is none, and `why`,
/// in Go's words: "illegal number syntax: \"0b2\"". *Source:* newNumber of text/template/parse.
std::optional<Number> number_literal(std::string_view text, TokenKind kind, std::string& why);

}  // namespace shipit::helm
