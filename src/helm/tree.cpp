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
  auto keys_of = [&](uint32_t first, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i) {
      out += '.';
      out += keys[first + i].view();
    }
  };
  auto argument = [&](NodeId arg) {
    bool parens = nodes[arg].kind == NodeKind::Chain && nodes[arg].count == 0;
    if (parens) out += '(';
    append(out, arg);
    if (parens) out += ')';
  };
  auto branch = [&](std::string_view word) {
    NodeId pipe = id + 1, body = after(pipe);
    out += "{{";
    out += word;
    out += ' ';
    append(out, pipe);
    out += "}}";
    append(out, body);
    if (n.flag) {
      out += "{{else}}";
      append(out, after(body));
    }
    out += "{{end}}";
  };
  switch (n.kind) {
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
      append_quoted(out, strings[n.a]);
      if (n.flag) {
        out += ' ';
        append(out, id + 1);
      }
      out += "}}";
      break;
    case NodeKind::Define:
      break;
    case NodeKind::List:
      for (NodeId part = id + 1; part < n.b; part = after(part)) {
        bool is_action = nodes[part].kind == NodeKind::Pipe;
        if (is_action) out += "{{";
        append(out, part);
        if (is_action) out += "}}";
      }
      break;
    case NodeKind::Pipe: {
      uint32_t i = 0;
      for (NodeId part = id + 1; part < n.b; part = after(part), ++i) {
        if (i < n.count)
          out += i ? ", " : "";
        else if (i == n.count)
          out += i == 0 ? "" : n.flag ? " = " : " := ";
        else
          out += " | ";
        append(out, part);
      }
      break;
    }
    case NodeKind::Command:
      for (NodeId part = id + 1; part < n.b; part = after(part)) {
        if (part > id + 1) out += ' ';
        argument(part);
      }
      break;
    case NodeKind::Chain: {
      bool parens = n.count > 0 && nodes[id + 1].kind == NodeKind::Pipe;
      if (parens) out += '(';
      append(out, id + 1);
      if (parens) out += ')';
      keys_of(n.a, n.count);
      break;
    }
    case NodeKind::Text:
      out += source.substr(n.pos, n.b);
      break;
    case NodeKind::Break:
      out += "{{break}}";
      break;
    case NodeKind::Continue:
      out += "{{continue}}";
      break;
    case NodeKind::Field:
      keys_of(n.a, n.b);
      break;
    case NodeKind::Variable:
      out += variables[n.count].view();
      keys_of(n.a, n.b);
      break;
    case NodeKind::Identifier:
      out += function_at(n.a).name;
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
  return sizeof *this + name.capacity() + bytes(nodes) + bytes(keys) + bytes(strings) + bytes(numbers) +
         bytes(variables) + bytes(definitions) + arena.footprint();
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
