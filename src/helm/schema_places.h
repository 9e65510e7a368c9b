#pragma once
// Where schemas lie: documents by URL, the resources ($id) and anchors in them, and what references lead to.
// Documents are read when a reference first leads into them. What a schema says is schema.cpp's, the only
// caller. One thread.
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "helm/schema.h"
#include "helm/schema_tree.h"

namespace shipit::helm {

struct SchemaRoot;

/// A schema with an $id, or the root of a document.
struct SchemaResource {
  SchemaRoot* in;
  const text::Value* schema;
  std::string url;
  int draft;
  std::map<std::string, const text::Value*, std::less<>> anchors;
  std::set<std::string, std::less<>> dynamic_anchors;
};

/// A document whose resources are known.
struct SchemaRoot {
  SchemaDocument* document;
  std::deque<SchemaResource> resources;                               ///< that of the root first
  std::unordered_map<const text::Value*, SchemaResource*> by_schema;  ///< but the root
  std::unordered_set<const text::Value*> odd;  ///< schemas reached where no keyword has one
};

/// What a reference leads to: a schema, and the resource of what it lies in.
struct SchemaPlace {
  const text::Value* schema = nullptr;
  SchemaResource* resource = nullptr;
  bool odd = false;     ///< no keyword has a schema there: settle() it first
  std::string missing;  ///< there is nothing: what to say when its turn comes
};

/// *Source:* santhosh-tekuri/jsonschema v6, roots.go and root.go; vocabularies that a metaschema of one's own
/// names are taken for the usual ones.
class SchemaPlaces final {
 public:
  /// Says what is wrong with the form of a schema, by throwing. `where`: its URL.
  using CheckForm = std::function<void(const text::Value& schema, int draft, const std::string& where)>;

  /// Documents go into `documents`. Without a reader nothing is read. `check` may be empty.
  SchemaPlaces(std::deque<SchemaDocument>& documents, const SchemaReader& reader, CheckForm check)
      : documents_(documents), reader_(reader), check_(std::move(check)) {}

  /// The document's root. Errors: Invalid, in jsonschema's words.
  SchemaResource& add(SchemaDocument document);
  /// Errors: Invalid, in jsonschema's words, and the reader's.
  SchemaPlace resolve(std::string_view reference, SchemaResource& from);
  /// The anchor that a reference names, else "".
  static std::string_view anchor_of(std::string_view reference, const SchemaResource& from);
  /// The resource a schema belongs to; `parent` is that of what it lies in.
  static SchemaResource& resource_of(const text::Value* schema, SchemaResource& parent);
  /// Looks through a schema that lies in an odd place. Errors: as add().
  void settle(const SchemaPlace& place);

  /// The urns that references name, in order.
  std::vector<std::string> urns;

 private:
  SchemaDocument& load(const std::string& url);
  SchemaRoot& root(const std::string& url);
  SchemaRoot& root_of(SchemaDocument& document);
  std::string read(const std::string& url);
  void find_resources(const text::Value* schema, SchemaResource& parent, int depth);
  SchemaResource& note(const text::Value* schema, SchemaResource& parent, bool is_root);
  int draft_of_schema(const SchemaDocument& document, const text::Value* schema, int fallback);
  SchemaPlace place_at(SchemaResource& resource, std::string_view pointer);

  std::deque<SchemaDocument>& documents_;
  const SchemaReader& reader_;
  CheckForm check_;
  std::map<std::string, SchemaDocument*, std::less<>> loaded_;
  std::map<std::string, SchemaRoot, std::less<>> roots_;
  size_t resources_ = 0;
};

}  // namespace shipit::helm
