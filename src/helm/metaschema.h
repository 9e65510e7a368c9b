#pragma once
// What a JSON Schema itself must look like, as a schema of the same draft. Pure; any thread.
#include <string>
#include <string_view>

namespace shipit::helm {

/// The draft (4, 6, 7, 2019 or 2020) that a "$schema" names; 0 for any other.
int draft_of(std::string_view url);
/// "https://json-schema.org/draft/2020-12/schema"
std::string_view metaschema_url(int draft);
/// Its assertions, without what explains. In drafts that are split into vocabularies they are the parts of
/// an allOf here, so that complaints read the same. *Source:* the metaschemas at json-schema.org.
std::string metaschema(int draft);

}  // namespace shipit::helm
