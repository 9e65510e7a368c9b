#include "helm/tree.h"

#include <algorithm>

#include "helm/functions/function.h"
#include "helm/unicode.h"

namespace shipit::helm {

std::string Tree::str(NodeId id) const {
  std::string out;
  append(out, id);
  return out;
}

void Tree::append(std::string& out, NodeId id) const {
  const Node& n = nodes[id];
  auto link = [&](uint32_t i) { return links[n.a + i]; };
  auto keys_of = [&](uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      out += '.';
      out += keys[first + i].view();
    }
  };
  auto nested = [&](NodeId arg) {
    bool parens = nodes[arg].kind == NodeKind::Pipe;
    if (parens) out += '(';
    append(out, arg);
    if (parens) out += ')';
  };
  auto branch = [&](std::string_view word) {
    out += "{{";
    out += word;
    out += ' ';
    append(out, link(0));
    out += "}}";
    append(out, link(1));
    if (link(2) != kNoNode) {
      out += "{{else}}";
      append(out, link(2));
    }
    out += "{{end}}";
  };
  switch (n.kind) {
    case NodeKind::Text:
      out += source.substr(n.a, n.b);
      break;
    case NodeKind::Action:
      out += "{{";
      append(out, n.a);
      out += "}}";
      break;
    case NodeKind::If:
      branch("if");
      break;
    case NodeKind::Range:
      branch("range");
      break;
    case NodeKind::With:
      branch("with");
      break;
    case NodeKind::Template:
      out += "{{template ";
      append_quoted(out, strings[n.b]);
      if (n.a != kNoNode) {
        out += ' ';
        append(out, n.a);
      }
      out += "}}";
      break;
    case NodeKind::Break:
      out += "{{break}}";
      break;
    case NodeKind::Continue:
      out += "{{continue}}";
      break;
    case NodeKind::List:
      for (uint32_t i = 0; i < n.b; ++i) append(out, link(i));
      break;
    case NodeKind::Pipe:
      for (uint32_t i = 0; i < n.count; ++i) {
        if (i) out += ", ";
        append(out, link(i));
      }
      if (n.count) out += n.flag ? " = " : " := ";
      for (uint32_t i = 0; i < n.b; ++i) {
        if (i) out += " | ";
        append(out, link(n.count + i));
      }
      break;
    case NodeKind::Command:
      for (uint32_t i = 0; i < n.b; ++i) {
        if (i) out += ' ';
        nested(link(i));
      }
      break;
    case NodeKind::Field:
      keys_of(n.a, n.b);
      break;
    case NodeKind::Variable:
      out += variables[n.b].view();
      keys_of(n.a, n.count);
      break;
    case NodeKind::Chain:
      nested(n.a);
      keys_of(n.b, n.count);
      break;
    case NodeKind::Identifier:
      out += functions[n.a]->name;
      break;
    case NodeKind::Dot:
      out += '.';
      break;
    case NodeKind::Nil:
      out += "nil";
      break;
    case NodeKind::Bool:
      out += n.flag ? "true" : "false";
      break;
    case NodeKind::Number:
    case NodeKind::String:
      out += source.substr(n.pos, n.b);
      break;
  }
}

size_t Tree::footprint() const {
  auto bytes = [](const auto& v) { return v.capacity() * sizeof(v[0]); };
  return sizeof *this + name.capacity() + bytes(nodes) + bytes(links) + bytes(keys) + bytes(strings) +
         bytes(numbers) + bytes(variables) + bytes(functions) + bytes(definitions) + arena.footprint();
}

Tree::Position Tree::position(uint32_t offset) const {
  std::string_view before = source.substr(0, offset);
  size_t newline = before.rfind('\n');
  auto column = newline == std::string_view::npos ? offset : offset - newline - 1;
  return {1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')), static_cast<int>(column)};
}

std::string_view line_of(std::string_view text, int line) {
  for (; line > 1; --line) {
    size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

}  // namespace shipit::helm
