#include "helm/evaluator.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "helm/complex_value.h"
#include "helm/functions/builtins.h"
#include "helm/go_format.h"
#include "helm/unicode.h"

namespace shipit::helm {
namespace {

constexpr size_t kArgumentSlots = 4096;
constexpr int kDeepestTemplates = 100000;  // text/template's maxExecDepth
constexpr int kMostNestedIncludes = 1000;  // Helm's recursionMaxNums
constexpr uint64_t kStepsBetweenChecks = 4096;
constexpr std::string_view kNoValue = "<no value>";

/// What reflect says the type of a receiver is.
std::string_view static_type(Value value) { return is_boxed(value) ? "interface {}" : go_type(value); }

/// Steps for going over texts.
uint64_t text_work(std::span<const Value> values) {
  uint64_t steps = 0;
  for (const Value& value : values)
    if (value.is_string()) steps += value.as_string().size() / kBytesPerStep;
  return steps;
}

/// Steps for what a function made: the memory it took, and a text of lists or maps, which is printed item by
/// item.
uint64_t result_work(std::span<const Value> args, Value result, size_t bytes_taken) {
  uint64_t steps = bytes_taken / kBytesPerStep;
  if (result.as_string().size() < kBytesPerStep) return steps;
  bool printed =
      std::ranges::any_of(args, [](Value v) { return v.is_list() || v.is_map() || v.is_opaque(); });
  return steps + result.as_string().size() / (printed ? kPrintedBytesPerStep : kBytesPerStep);
}

void remove_all(std::string& text, std::string_view what) {
  size_t at = text.find(what);
  if (at == std::string::npos) return;
  size_t kept = at;
  while (at != std::string::npos) {
    size_t from = at + what.size();
    at = text.find(what, from);
    size_t length = (at == std::string::npos ? text.size() : at) - from;
    std::copy_n(text.begin() + static_cast<ptrdiff_t>(from), length,
                text.begin() + static_cast<ptrdiff_t>(kept));
    kept += length;
  }
  text.resize(kept);
}

bool can_be_nil(char type) { return type == 'a' || type == 'v' || type == 'm' || type == 'l'; }

/// reflect's AssignableTo for a value that is not nil.
bool assignable(Value value, char type) {
  switch (type) {
    case 'a':
    case 'v':
      return true;
    case 's':
      return is_text(value);
    case 'i':
      return value.is_int() && mark_of(value) == Mark::Int;
    case 'f':
      return value.kind() == text::Kind::Double;
    case 'b':
      return value.is_bool();
    case 'u':
      return value.is_int() && mark_of(value) == Mark::Uint32;
    case 'm':
      return value.is_map() && mark_of(value) != Mark::StringMap && mark_of(value) != Mark::NilStringMap;
    case 'l':
      return value.is_list() && (mark_of(value) == Mark::Default || mark_of(value) == Mark::NilList);
    case 't':
    case 'c': {
      const Object* object = Object::of(value);
      return object && object->type_name() == param_type_name(type);
    }
    default:
      return false;
  }
}

}  // namespace

class Evaluator::Arguments final {
 public:
  Arguments(Evaluator& owner, size_t count) : owner_(owner), before_(owner.argument_top_) {
    if (static_cast<size_t>(owner.argument_end_ - owner.argument_top_) >= count) {
      values_ = owner.argument_top_;
      owner.argument_top_ += count;
    } else {
      values_ = owner.arena_.allocate_array<Value>(count);
    }
    std::uninitialized_fill_n(values_, count, Value());
  }
  ~Arguments() { owner_.argument_top_ = before_; }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  Value* values() const { return values_; }

 private:
  Evaluator& owner_;
  Value* before_;
  Value* values_;
};

Evaluator::Evaluator(const TemplateSet::Impl& templates, text::Arena& arena, const RenderOptions& options)
    : templates_(templates),
      arena_(arena),
      options_(options),
      call_(*this, arena, options),
      stack_(options.limits.stack_bytes),
      argument_block_(new std::byte[kArgumentSlots * sizeof(Value)]) {
  argument_top_ = first_argument();
  argument_end_ = argument_top_ + kArgumentSlots;
}

std::string Evaluator::execute(std::string_view name, Value dot) {
  stack_ = StackGuard(options_.limits.stack_bytes);
  out_.clear();
  variables_.clear();
  frame_ = nullptr;
  overlay_ = nullptr;
  template_depth_ = 0;
  argument_top_ = first_argument();
  included_.clear();
  TemplateRef ref = find(name);
  if (!ref)
    throw GoError(fmt::format("template: no template {} associated with template \"gotpl\"", quoted(name)));
  run(ref, dot);
  remove_all(out_, kNoValue);
  return out_;  // a copy: the room is for the next
}

TemplateRef Evaluator::find(std::string_view name) const {
  TemplateRef emptied;
  for (const Overlay* o = overlay_; o; o = o->outer) {
    for (const Definition& d : o->tree->definitions) {
      if (d.name != name) continue;
      TemplateRef ref{o->tree, d.root, d.name};
      if (!d.empty) return ref;
      if (!emptied) emptied = ref;  // holds only if nothing further out has that name
    }
  }
  TemplateRef ref = templates_.find(name);
  return ref ? ref : emptied;
}

void Evaluator::run(const TemplateRef& ref, Value dot) {
  struct Entered {  // an error passes through here, and the caller reports it at its own place
    Entered(Frame*& current, Frame& inner) : current_(current), outer_(current) { current = &inner; }
    ~Entered() { current_ = outer_; }
    Frame*& current_;
    Frame* outer_;
  };
  Frame frame{ref.tree, ref.name, variables_.size(), ref.root};
  Entered entered(frame_, frame);
  if (stack_.exhausted()) fail("templates are nested too deeply");
  variables_.push_back({0, dot});
  walk_list(dot, ref.root);
  variables_.resize(frame.variables);
}

Value Evaluator::include(std::string_view name, Value dot) {
  int& running = included_[name];
  if (running > kMostNestedIncludes) {
    GoError error("unable to execute template");
    error.wrap(fmt::format("rendering template has a nested reference name: {}: ", name));
    throw error;
  }
  ++running;
  TemplateRef ref = find(name);
  if (!ref)
    throw GoError(fmt::format("template: no template {} associated with template \"gotpl\"", quoted(name)));
  size_t begin = out_.size();
  run(ref, dot);
  --running;
  Value text = Value::string(arena_, std::string_view(out_).substr(begin));
  out_.resize(begin);
  return text;
}

Value Evaluator::tpl(std::string_view source, Value dot) {
  std::shared_ptr<const Tree> tree;
  try {
    tree = templates_.parse_tpl(source);
  } catch (const Error& e) {
    GoError error(e.message());
    error.wrap(fmt::format("cannot parse template {}: ", quoted(source)));
    throw error;
  }
  if (kept_.empty() || kept_.back() != tree) kept_.push_back(tree);
  Overlay overlay{tree.get(), overlay_};
  overlay_ = &overlay;
  size_t begin = out_.size();
  NodeId root = std::ranges::find(tree->definitions, std::string_view("gotpl"), &Definition::name)->root;
  try {
    run({tree.get(), root, "gotpl"}, dot);
  } catch (GoError& error) {
    error.wrap(fmt::format("error during tpl function execution for {}: ", quoted(source)));
    throw;
  }
  overlay_ = overlay.outer;
  std::string text = out_.substr(begin);
  out_.resize(begin);
  remove_all(text, kNoValue);
  return Value::string(arena_, text);
}

// Actions.

Evaluator::Flow Evaluator::walk_list(Value dot, NodeId id) {
  const Tree& tree = *frame_->tree;
  NodeId end = tree[id].b;
  for (NodeId part = id + 1; part < end; part = tree.after(part)) {
    Flow flow = walk(dot, part);
    if (flow != Flow::Next) return flow;
  }
  return Flow::Next;
}

Evaluator::Flow Evaluator::walk(Value dot, NodeId id) {
  const Node& node = (*frame_->tree)[id];
  frame_->at = id;
  charge(1);
  switch (node.kind) {
    case NodeKind::Text:
      out_ += frame_->tree->source.substr(node.pos, node.b);
      return Flow::Next;
    case NodeKind::Pipe: {
      Value value = pipeline(dot, id);
      if (node.count == 0) print(id, value);
      return Flow::Next;
    }
    case NodeKind::If:
    case NodeKind::With:
      return walk_if_with(dot, id);
    case NodeKind::Range:
      return walk_range(dot, id);
    case NodeKind::Template:
      walk_template(dot, id);
      return Flow::Next;
    case NodeKind::Break:
      return Flow::Break;
    case NodeKind::Continue:
      return Flow::Continue;
    case NodeKind::Define:
      return Flow::Next;
    case NodeKind::List:
      return walk_list(dot, id);
    default:
      fail("unknown node: " + frame_->tree->str(id));
  }
}

Evaluator::Flow Evaluator::walk_if_with(Value dot, NodeId id) {
  if (stack_.exhausted()) fail("templates are nested too deeply");
  const Tree& tree = *frame_->tree;
  const Node& node = tree[id];
  size_t scope = variables_.size();
  Value value = pipeline(dot, id + 1);
  NodeId body = tree.after(id + 1);
  Flow flow = Flow::Next;
  if (truth(value))
    flow = walk_list(node.kind == NodeKind::With ? value : dot, body);
  else if (node.flag)
    flow = walk_list(dot, tree.after(body));
  variables_.resize(scope);
  return flow;
}

Evaluator::Flow Evaluator::walk_range(Value dot, NodeId id) {
  if (stack_.exhausted()) fail("templates are nested too deeply");
  const Tree& tree = *frame_->tree;
  size_t scope = variables_.size();
  NodeId pipe_id = id + 1, body = tree.after(pipe_id);
  const Node& pipe = tree[pipe_id];
  Value over = pipeline(dot, pipe_id);
  size_t mark = variables_.size();
  auto name = [&](uint32_t i) { return tree[pipe_id + 1 + i].count; };
  auto once = [&](Value index, Value item) {
    if (pipe.count > 0) {
      if (pipe.flag)
        set_variable(name(0), pipe.count > 1 ? index : item);
      else
        variables_[mark - 1].value = item;
    }
    if (pipe.count > 1) {
      if (pipe.flag)
        set_variable(name(1), item);
      else
        variables_[mark - 2].value = index;
    }
    charge(1);
    Flow flow = walk_list(item, body);
    variables_.resize(mark);
    return flow != Flow::Break;
  };
  bool ran = false;
  auto all = [&](size_t count, auto&& at) {
    ran = count > 0;
    for (size_t i = 0; i < count; ++i)
      if (!at(i)) return;
  };
  GoKind kind = go_kind(over);
  const Object* object = Object::of(over);
  if (is_signed(kind) || is_unsigned(kind)) {
    if (pipe.count > 1)
      fail(fmt::format("can't use {} to iterate over more than one variable", format_value(over, arena_)));
    int64_t count = over.as_int();
    if (over.kind() == text::Kind::Uint) count = INT64_MAX;
    all(static_cast<size_t>(std::max<int64_t>(count, 0)),
        [&](size_t i) { return once({}, Value(static_cast<int64_t>(i)).with_mark(over.mark())); });
  } else if (over.is_list()) {
    bool any = mark_of(over) == Mark::Default;
    all(over.size(), [&](size_t i) { return once(go_int(static_cast<int64_t>(i)), item_of(over, i, any)); });
  } else if (is_bytes(over)) {
    std::string_view bytes = over.as_string();
    all(bytes.size(), [&](size_t i) {
      return once(go_int(static_cast<int64_t>(i)),
                  marked(Value(static_cast<int64_t>(static_cast<unsigned char>(bytes[i]))), Mark::Uint8));
    });
  } else if (over.is_map()) {
    // The body may change the map: Go goes over a sorted copy.
    std::span<text::Member> members = over.members();
    auto* copy = arena_.allocate_array<text::Member>(members.size());
    std::uninitialized_copy(members.begin(), members.end(), copy);
    bool any = mark_of(over) != Mark::StringMap;
    all(members.size(), [&](size_t i) {
      return once(Value::borrowed(copy[i].key.view()), any ? boxed(copy[i].value) : copy[i].value);
    });
  } else if (object && object->kind() == GoKind::Map) {
    std::vector<Field> entries = object->fields(arena_);
    all(entries.size(),
        [&](size_t i) { return once(Value::string(arena_, entries[i].name), entries[i].value); });
  } else if (!over.is_null()) {
    fail(fmt::format("range can't iterate over {}", format_value(over, arena_)));
  }
  Flow flow = Flow::Next;
  if (!ran && tree[id].flag) flow = walk_list(dot, tree.after(body));
  variables_.resize(scope);
  return flow;
}

void Evaluator::walk_template(Value dot, NodeId id) {
  const Node& node = (*frame_->tree)[id];
  std::string_view name = frame_->tree->strings[node.a];
  TemplateRef ref = find(name);
  if (!ref) fail(fmt::format("template {} not defined", quoted(name)));
  if (template_depth_ == kDeepestTemplates)
    fail(fmt::format("exceeded maximum template depth ({})", kDeepestTemplates));
  Value inner = node.flag ? pipeline(dot, id + 1) : Value();
  frame_->at = id;
  if (stack_.exhausted()) fail("templates are nested too deeply");
  ++template_depth_;
  run(ref, inner);
  --template_depth_;
}

void Evaluator::print(NodeId node, Value value) {
  frame_->at = node;
  if (is_text(value))
    out_ += value.as_string();
  else
    append_printed(out_, value, arena_);
}

// Expressions.

Value Evaluator::pipeline(Value dot, NodeId id) {
  const Tree& tree = *frame_->tree;
  const Node& pipe = tree[id];
  frame_->at = id;
  NodeId part = id + 1 + pipe.count;
  Value value = unboxed(command(dot, part, nullptr));
  while ((part = tree[part].b) < pipe.b) {
    Value final = value;
    value = unboxed(command(dot, part, &final));
  }
  for (uint32_t i = 0; i < pipe.count; ++i) {
    uint32_t name = tree[id + 1 + i].count;
    if (pipe.flag)
      set_variable(name, value);
    else
      variables_.push_back({name, value});
  }
  return value;
}

Value Evaluator::command(Value dot, NodeId id, const Value* final) {
  const Tree& tree = *frame_->tree;
  NodeId first = id + 1;
  const Node& word = tree[first];
  Operands args{tree.after(first), tree[id].a - 1};
  switch (word.kind) {
    case NodeKind::Field:
      frame_->at = first;
      return field_chain(dot, dot, first, {tree.keys.data() + word.a, word.b}, args, final);
    case NodeKind::Chain: {
      if (word.count == 0) {
        not_a_function(id, final);
        if (stack_.exhausted()) fail("expression is nested too deeply");
        return pipeline(dot, first + 1);
      }
      frame_->at = first;
      Value receiver = chain_receiver(dot, first);
      return field_chain(dot, receiver, first, {tree.keys.data() + word.a, word.count}, args, final);
    }
    case NodeKind::Identifier:
      return function(dot, first, id, args, final);
    case NodeKind::Variable:
      frame_->at = first;
      if (word.b == 0) {
        Value value = variable(word.count);
        not_a_function(id, final);
        return value;
      }
      return field_chain(dot, variable(word.count), first, {tree.keys.data() + word.a, word.b}, args, final);
    default:
      break;
  }
  frame_->at = first;
  not_a_function(id, final);
  switch (word.kind) {
    case NodeKind::Dot:
      return dot;
    case NodeKind::Nil:
      fail("nil is not a command");
    default:
      return constant(first);
  }
}

/// What a chain's fields are looked up in.
Value Evaluator::chain_receiver(Value dot, NodeId chain) {
  NodeId receiver = chain + 1;
  if ((*frame_->tree)[receiver].kind == NodeKind::Identifier)
    return function(dot, receiver, receiver, {}, nullptr);
  frame_->at = receiver;
  if (stack_.exhausted()) fail("expression is nested too deeply");
  return pipeline(dot, receiver);
}

void Evaluator::not_a_function(NodeId command, const Value* final) {
  if ((*frame_->tree)[command].a > 1 || final)
    fail("can't give argument to non-function " + frame_->tree->str(command + 1));
}

Value Evaluator::constant(NodeId id) {
  const Tree& tree = *frame_->tree;
  const Node& node = tree[id];
  frame_->at = id;
  switch (node.kind) {
    case NodeKind::Bool:
      return Value(node.flag != 0);
    case NodeKind::String:
      return Value::borrowed(tree.string(node));
    case NodeKind::Number: {
      if (node.flag) return go_int(node.a);
      const Number& n = tree.numbers[node.a];
      std::string_view text = std::string_view(tree.source).substr(node.pos, node.b);
      if (n.is_complex) return complex_value(arena_, n.complex_value);
      bool hex = text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' &&
                 text.find_first_of("pP") == text.npos;
      if (n.is_float && !hex && text[0] != '\'' && text.find_first_of(".eEpP") != text.npos)
        return Value(n.float_value);
      if (n.is_int) return go_int(n.int_value);
      fail(fmt::format("{} overflows int", text));
    }
    default:
      fail("can't evaluate command " + quoted(tree.str(id)));
  }
}

Value Evaluator::variable(uint32_t name) {
  for (size_t i = variables_.size(); i-- > frame_->variables;)
    if (variables_[i].name == name) return variables_[i].value;
  fail(fmt::format("undefined variable: {}", frame_->tree->variables[name].view()));
}

void Evaluator::set_variable(uint32_t name, Value value) {
  for (size_t i = variables_.size(); i-- > frame_->variables;) {
    if (variables_[i].name != name) continue;
    variables_[i].value = value;
    return;
  }
  fail(fmt::format("undefined variable: {}", frame_->tree->variables[name].view()));
}

Value Evaluator::field_chain(Value dot, Value receiver, NodeId node, std::span<const text::Key> keys,
                             Operands args, const Value* final) {
  for (const text::Key& key : keys.first(keys.size() - 1))
    receiver = field(dot, key, node, {}, nullptr, receiver);
  return field(dot, keys.back(), node, args, final, receiver);
}

Value Evaluator::field(Value dot, const text::Key& key, NodeId node, Operands args, const Value* final,
                       Value receiver) {
  std::string_view name = key.view();
  if (receiver.is_null()) {
    if (is_boxed(receiver)) fail(fmt::format("nil pointer evaluating interface {{}}.{}", name));
    if (options_.strict) fail("nil data; no entry for key " + quoted(name));
    return {};
  }
  bool has_arguments = args.count > 0 || final;
  if (receiver.is_map()) {
    Mark mark = mark_of(receiver);
    if (mark == Mark::Values && name[0] <= 'Z')
      for (const Method& m : value_methods(receiver))
        if (m.name == name) return method(dot, m, nullptr, receiver, node, args, final);
    if (has_arguments) fail(fmt::format("{} is not a method but has arguments", name));
    bool texts = mark == Mark::StringMap || mark == Mark::NilStringMap;
    if (const Value* found = receiver.find(key)) return texts ? *found : boxed(*found);
    if (options_.strict) fail("map has no entry for key " + quoted(name));
    return texts ? Value("") : boxed(Value());
  }
  const Object* object = Object::of(receiver);
  if (object) {
    for (const Method& m : object->methods())
      if (m.name == name) return method(dot, m, object, receiver, node, args, final);
    if (has_arguments && object->kind() == GoKind::Map)
      fail(fmt::format("{} is not a method but has arguments", name));
    if (auto found = object->field(name, arena_)) {
      if (has_arguments) fail(fmt::format("{} has arguments but cannot be invoked as function", name));
      return *found;
    }
    if (object->kind() == GoKind::Map) {
      if (options_.strict) fail("map has no entry for key " + quoted(name));
      return marked(Value(""), Mark::NilBytes);
    }
  } else {
    for (const Method& m : value_methods(receiver))
      if (m.name == name) return method(dot, m, nullptr, receiver, node, args, final);
  }
  fail(fmt::format("can't evaluate field {} in type {}", name, static_type(receiver)));
}

Value Evaluator::method(Value dot, const Method& m, const Object* self, Value receiver, NodeId node,
                        Operands args, const Value* final) {
  size_t count = count_arguments(m.name, m.params, args.count, final);
  Arguments room(*this, count + 1);
  Value* argv = room.values();
  argv[0] = unboxed(receiver);
  arguments(dot, m.params, args, final, argv + 1);
  try {
    static const struct None final : Object {
      std::string_view type_name() const override { return "<nil>"; }
      GoKind kind() const override { return GoKind::Invalid; }
    } kNone;
    return self ? m.run(call_, *self, {argv + 1, count}) : m.run(call_, kNone, {argv, count + 1});
  } catch (GoError& error) {
    fail_call(node, m.name, error);
  }
}

Value Evaluator::function(Value dot, NodeId identifier, NodeId cmd, Operands args, const Value* final) {
  frame_->at = identifier;
  const FunctionEntry& entry = function_at((*frame_->tree)[identifier].a);
  charge(1);
  if (entry.special != Special::None) {
    if (entry.special == Special::CallFunction) return call_function(dot, cmd, args, final);
    count_arguments(entry.name, entry.params, args.count, final);
    return and_or(dot, entry.special == Special::Or, args, final);
  }
  size_t count = count_arguments(entry.name, entry.params, args.count, final);
  if (stack_.exhausted()) fail("expression is nested too deeply");
  Arguments room(*this, count);
  arguments(dot, entry.params, args, final, room.values());
  std::span<Value> given(room.values(), count);
  // index without indices hands out its argument, where that stands.
  bool in_place = count == 1 && entry.name == "index" && mark_of(given[0]) != Mark::Returned;
  for (Value& argument : given)
    if (argument.is_opaque()) argument = marked(argument, Mark::Returned);
  try {
    charge(text_work(given));
    size_t held = arena_.footprint();
    Value result = entry.run(call_, given);
    charge(result_work(given, result, arena_.footprint() - held));
    if (!result.is_opaque()) return result;
    return marked(result, in_place ? Mark::Default : Mark::Returned);
  } catch (GoError& error) {
    fail_call(cmd, entry.name, error);
  }
}

Value Evaluator::and_or(Value dot, bool is_or, Operands args, const Value* final) {
  Value value;
  NodeId arg = args.first;
  for (uint32_t i = 0; i < args.count; ++i, arg = frame_->tree->after(arg)) {
    value = argument(dot, 'v', arg);
    if (truth(value) == is_or) return value;
  }
  return final ? validate(*final, 'v') : value;
}

Value Evaluator::call_function(Value dot, NodeId cmd, Operands args, const Value* final) {
  constexpr std::string_view kName = "call", kParams = "vv*";
  size_t count = count_arguments(kName, kParams, args.count, final);
  Arguments room(*this, count);
  arguments(dot, kParams, args, final, room.values());
  Value callee = room.values()[0];
  std::string name = args.count == 0
                         ? is_text(callee) ? callee.str() : fmt::format("<{} Value>", go_type(callee))
                         : frame_->tree->str(args.first);
  GoError error(callee.is_null() ? "call of nil"
                                 : fmt::format("non-function {} of type {}", name, go_type(callee)));
  fail_call(cmd, kName, error);
}

size_t Evaluator::count_arguments(std::string_view name, Params params, size_t args, bool final) {
  size_t count = args + (final ? 1 : 0);
  if (params.ends_with('*')) {
    size_t fixed = params.size() - 2;
    if (count < fixed)
      fail(fmt::format("wrong number of args for {}: want at least {} got {}", name, fixed, args));
  } else if (count != params.size()) {
    fail(fmt::format("wrong number of args for {}: want {} got {}", name, params.size(), count));
  }
  return count;
}

void Evaluator::arguments(Value dot, Params params, Operands args, const Value* final, Value* argv) {
  size_t letters = params.ends_with('*') ? params.size() - 1 : params.size();
  auto type = [&](size_t i) { return params[std::min(i, letters - 1)]; };
  NodeId arg = args.first;
  for (size_t i = 0; i < args.count; ++i, arg = frame_->tree->after(arg))
    argv[i] = argument(dot, type(i), arg);
  if (final) argv[args.count] = validate(*final, type(args.count));
}

Value Evaluator::argument(Value dot, char type, NodeId id) {
  const Tree& tree = *frame_->tree;
  const Node& node = tree[id];
  frame_->at = id;
  Value value;
  switch (node.kind) {
    case NodeKind::Dot:
      value = dot;
      break;
    case NodeKind::Nil:
      if (can_be_nil(type)) return {};
      fail(fmt::format("cannot assign nil to {}", param_type_name(type)));
    case NodeKind::Field:
      value = field_chain(dot, dot, id, {tree.keys.data() + node.a, node.b}, {}, nullptr);
      break;
    case NodeKind::Variable:
      value = variable(node.count);
      if (node.b) value = field_chain(dot, value, id, {tree.keys.data() + node.a, node.b}, {}, nullptr);
      break;
    case NodeKind::Identifier:
      value = function(dot, id, id, {}, nullptr);
      break;
    case NodeKind::Chain:
      value = chain_receiver(dot, id);
      if (node.count)
        value = field_chain(dot, value, id, {tree.keys.data() + node.a, node.count}, {}, nullptr);
      break;
    default:
      return literal_argument(type, id);
  }
  return (type == 'a' || type == 'v') && !value.is_null() ? unboxed(value) : validate(value, type);
}

Value Evaluator::literal_argument(char type, NodeId id) {
  const Tree& tree = *frame_->tree;
  const Node& node = tree[id];
  Number number = node.kind == NodeKind::Number ? tree.number(node) : Number();
  auto wanted = [&](std::string_view what) {
    fail(fmt::format("expected {}; found {}", what, tree.str(id)));
  };
  switch (type) {
    case 'a':
    case 'v':
      return constant(id);
    case 's':
      if (node.kind != NodeKind::String) wanted("string");
      return Value::borrowed(tree.string(node));
    case 'b':
      if (node.kind != NodeKind::Bool) wanted("bool");
      return Value(node.flag != 0);
    case 'i':
      if (!number.is_int) wanted("integer");
      return go_int(number.int_value);
    case 'u':
      if (!number.is_uint) wanted("unsigned integer");
      return marked(Value(static_cast<int64_t>(static_cast<uint32_t>(number.uint_value))), Mark::Uint32);
    case 'f':
      if (!number.is_float) wanted("float");
      return Value(number.float_value);
    default:
      fail(fmt::format("can't handle {} for arg of type {}", tree.str(id), param_type_name(type)));
  }
}

Value Evaluator::validate(Value value, char type) {
  if (value.is_null()) {
    if (type == 'a') return {};
    if (type == 'v') return value;
    if (is_boxed(value))
      fail(fmt::format("wrong type for value; expected {}; got interface {{}}", param_type_name(type)));
    if (!can_be_nil(type)) fail(fmt::format("invalid value; expected {}", param_type_name(type)));
    return {};
  }
  if (!assignable(value, type))
    fail(fmt::format("wrong type for value; expected {}; got {}", param_type_name(type), go_type(value)));
  if (type == 'm') return mark_of(value) == Mark::NilMap ? Value() : value.with_mark(0);
  return unboxed(value);
}

// Failing.

void Evaluator::check_limits() {
  const Limits& limits = options_.limits;
  if (!stopped_.empty()) stop(stopped_);
  next_check_ = steps_ + kStepsBetweenChecks;
  auto over = [&](std::string_view what) {
    stop(fmt::format("the template uses more than the limit of {}", what));
  };
  if (steps_ > limits.steps) over(fmt::format("{} steps", limits.steps));
  if (out_.size() > limits.output_bytes) over(fmt::format("{} bytes of output", limits.output_bytes));
  if (arena_.footprint() > limits.memory_bytes) over(fmt::format("{} bytes of memory", limits.memory_bytes));
}

void Evaluator::stop(std::string why) {
  stopped_ = std::move(why);
  next_check_ = 0;
  if (frame_) fail(stopped_);
  throw GoError(stopped_);
}

TemplateFailure Evaluator::failure_here() const {
  TemplateFailure failure;
  const Tree& tree = *frame_->tree;
  auto at = tree.position(tree[frame_->at].pos);
  failure.file = tree.name;
  failure.line = at.line;
  failure.column = at.column;
  failure.expression = tree.str(frame_->at);
  failure.source_line = line_of(tree.source, at.line);
  return failure;
}

std::string Evaluator::location() const {
  const Tree& tree = *frame_->tree;
  auto at = tree.position(tree[frame_->at].pos);
  return fmt::format("template: {}:{}:{}: executing {} at <{}>: ", tree.name, at.line, at.column,
                     quoted(frame_->name), tree.str(frame_->at));
}

void Evaluator::fail(const std::string& message) {
  GoError error(location() + message);
  error.where = failure_here();
  constexpr std::string_view kNil = "nil pointer evaluating interface {}.";
  if (message.starts_with(kNil)) {
    std::string_view expression = error.where.expression;
    size_t at = expression.rfind("." + message.substr(kNil.size()));
    if (at != std::string_view::npos) error.where.missing = expression.substr(0, at);
  }
  throw error;
}

void Evaluator::fail_call(NodeId node, std::string_view name, GoError& error) {
  frame_->at = node;
  if (error.where.file.empty()) error.where = failure_here();
  error.wrap(location() + fmt::format("error calling {}: ", name));
  throw std::move(error);
}

}  // namespace shipit::helm
