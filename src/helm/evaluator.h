#pragma once
// Executes parsed templates over values, with the semantics, the order and the error texts of Go's
// text/template exec. One output buffer, one arena; a template included into a pipeline is rendered at the
// buffer's end and cut off again. One Evaluator a render; not thread-safe.
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "helm/functions/function.h"
#include "helm/stack_guard.h"
#include "helm/template.h"
#include "helm/template_set.h"
#include "helm/tree.h"

namespace shipit::helm {

class Evaluator final {
 public:
  Evaluator(const TemplateSet::Impl& templates, text::Arena& arena, const RenderOptions& options);

  /// Renders a template into a string of its own. Errors: GoError.
  std::string execute(std::string_view name, Value dot);

  // For Helm's functions.
  /// The text of template `name`, in the arena. Errors: GoError as Helm's include.
  Value include(std::string_view name, Value dot);
  /// Parses and runs `source` with its definitions visible to it alone. Errors: GoError as Helm's tpl.
  Value tpl(std::string_view source, Value dot);

  void charge(uint64_t steps) {
    steps_ += steps;
    if (steps_ >= next_check_) check_limits();
  }
  /// Fails here and at every charge to come, for functions that turn failures into text. Errors: GoError.
  [[noreturn]] void stop(std::string why);
  Call& call() { return call_; }

 private:
  enum class Flow : uint8_t { Next, Break, Continue };
  /// Nodes side by side: a command's arguments.
  struct Operands {
    NodeId first = 0;
    uint32_t count = 0;
  };
  struct Variable {
    uint32_t name;
    Value value;
  };
  /// A template being executed.
  struct Frame {
    const Tree* tree;
    std::string_view name;
    size_t variables;  // where its own begin
    NodeId at;         // current node, for errors
  };
  /// The definitions of a running tpl.
  struct Overlay {
    const Tree* tree;
    const Overlay* outer;
  };
  /// Room for the arguments of calls, given back in reverse order.
  class Arguments;
  Value* first_argument() const { return reinterpret_cast<Value*>(argument_block_.get()); }

  void run(const TemplateRef& ref, Value dot);
  TemplateRef find(std::string_view name) const;

  Flow walk(Value dot, NodeId id);
  Flow walk_list(Value dot, NodeId id);
  Flow walk_if_with(Value dot, NodeId id);
  Flow walk_range(Value dot, NodeId id);
  void walk_template(Value dot, NodeId id);

  Value pipeline(Value dot, NodeId id);
  Value command(Value dot, NodeId id, const Value* final);
  Value chain_receiver(Value dot, NodeId chain);
  void not_a_function(NodeId command, const Value* final);
  Value constant(NodeId id);
  Value variable(uint32_t name);
  void set_variable(uint32_t name, Value value);
  /// Fields `keys` of `receiver`; the last may be a method that takes the command's arguments.
  Value field_chain(Value dot, Value receiver, NodeId node, std::span<const text::Key> keys, Operands args,
                    const Value* final);
  Value field(Value dot, const text::Key& key, NodeId node, Operands args, const Value* final,
              Value receiver);
  Value method(Value dot, const Method& method, const Object* self, Value receiver, NodeId node,
               Operands args, const Value* final);
  /// `cmd`: the node an error of the function is reported at. `args` without the function itself.
  Value function(Value dot, NodeId identifier, NodeId cmd, Operands args, const Value* final);
  Value and_or(Value dot, bool is_or, Operands args, const Value* final);
  Value call_function(Value dot, NodeId cmd, Operands args, const Value* final);
  /// Checks the count and evaluates arguments into `argv`, which has room for them and `final`.
  size_t count_arguments(std::string_view name, Params params, size_t args, bool final);
  void arguments(Value dot, Params params, Operands args, const Value* final, Value* argv);
  Value argument(Value dot, char type, NodeId id);
  Value literal_argument(char type, NodeId id);
  Value validate(Value value, char type);

  void print(NodeId node, Value value);
  void check_limits();
  [[noreturn]] void fail(const std::string& message);
  [[noreturn]] void fail_call(NodeId node, std::string_view name, GoError& error);
  std::string location() const;
  TemplateFailure failure_here() const;

  const TemplateSet::Impl& templates_;
  text::Arena& arena_;
  const RenderOptions& options_;
  Call call_;
  StackGuard stack_;
  std::string out_;
  std::vector<Variable> variables_;
  Frame* frame_ = nullptr;
  const Overlay* overlay_ = nullptr;
  std::vector<std::shared_ptr<const Tree>> kept_;       // tpl sources in use: values may refer into them
  std::unordered_map<std::string_view, int> included_;  // names are in trees or in the arena
  int template_depth_ = 0;
  uint64_t steps_ = 0;
  uint64_t next_check_ = 0;
  std::string stopped_;
  Value* argument_top_ = nullptr;
  Value* argument_end_ = nullptr;
  std::unique_ptr<std::byte[]> argument_block_;
};

}  // namespace shipit::helm
