#include "helm/template.h"

#include <algorithm>

#include "base/error.h"
#include "helm/evaluator.h"
#include "helm/parser.h"
#include "helm/template_set.h"

namespace shipit::helm {
namespace {
/// Texts given to tpl come from charts and values: few and repeated, or made up for each call. What is kept
/// of them is no more than the templates' own text, and this much.
constexpr size_t kMostTplBytes = 1 << 20;
}  // namespace

TemplateSet::TemplateSet() : impl_(std::make_unique<Impl>()) {}
TemplateSet::~TemplateSet() = default;
TemplateSet::TemplateSet(TemplateSet&&) noexcept = default;
TemplateSet& TemplateSet::operator=(TemplateSet&&) noexcept = default;

void TemplateSet::parse(std::string_view name, std::string_view source) {
  std::unique_ptr<Tree> tree;
  try {
    if (!impl_->parser) impl_->parser = std::make_unique<Parser>();
    tree = impl_->parser->parse(name, source);
  } catch (const Error& e) {
    throw invalid(helm_parse_message(name, e.message()));
  }
  for (const Definition& d : tree->definitions) {
    auto [at, fresh] = impl_->by_name.try_emplace(d.name, TemplateRef{tree.get(), d.root, d.name});
    if (!fresh && !d.empty) at->second = {tree.get(), d.root, d.name};  // its key stays with the tree before
  }
  impl_->tpl_room = std::min(impl_->tpl_room + source.size(), kMostTplBytes);
  impl_->trees.push_back(std::move(tree));
}

void TemplateSet::seal() { impl_->parser = nullptr; }

bool TemplateSet::has(std::string_view name) const { return static_cast<bool>(impl_->find(name)); }

size_t TemplateSet::footprint() const {
  size_t bytes =
      sizeof *impl_ + impl_->by_name.size() * (sizeof(TemplateRef) + sizeof(std::string_view) + 32);
  for (const auto& tree : impl_->trees) bytes += tree->footprint();
  return bytes;
}

std::shared_ptr<const Tree> TemplateSet::Impl::parse_tpl(std::string_view source) const {
  {
    std::lock_guard lock(tpl_mutex);
    if (auto at = tpl_cache.find(source); at != tpl_cache.end()) return at->second;
  }
  std::shared_ptr<const Tree> tree = Parser().parse_copy("gotpl", source);
  std::lock_guard lock(tpl_mutex);
  size_t bytes = tree->footprint();
  if (tpl_bytes + bytes <= tpl_room && tpl_cache.emplace(tree->source, tree).second) tpl_bytes += bytes;
  return tree;
}

struct Execution::Impl {
  Impl(const TemplateSet& set, text::Arena& a, RenderOptions o)
      : options(std::move(o)), evaluator(set.impl(), a, options) {}
  RenderOptions options;
  Evaluator evaluator;
  TemplateFailure failure;
};

Execution::Execution(const TemplateSet& templates, text::Arena& arena, RenderOptions options)
    : impl_(std::make_unique<Impl>(templates, arena, std::move(options))) {}
Execution::~Execution() = default;

std::string Execution::execute(std::string_view name, Value dot) {
  try {
    return impl_->evaluator.execute(name, dot);
  } catch (GoError& e) {
    impl_->failure = std::move(e.where);
    impl_->failure.go_text = e.text();
    throw invalid(helm_message(name, e));
  }
}

const TemplateFailure& Execution::last_failure() const { return impl_->failure; }

}  // namespace shipit::helm
