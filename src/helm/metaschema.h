#pragma once
// What a JSON Schema itself must look like, as a schema of the same draft. Pure; any thread.
#include <string>
#include <string_view>

#include "text/value.h"

namespace shipit::helm {

/// The draft (4, 6, 7, 2019 or 2020) that a "$schema" names; 0 for any other.
int draft_of(std::string_view url);
/// "https://json-schema.org/draft/2020-12/schema"
std::string_view metaschema_url(int draft);
/// Its assertions, without what explains. In drafts that are split into vocabularies they are the parts of
/// an allOf here, so that complaints read the same. *Source:* the metaschemas at json-schema.org.
std::string metaschema(int draft);
/// True when a look shows that the schema keeps to its metaschema; false decides nothing. Most schemas are of
/// plain parts, and going through their metaschema costs several times what compiling them does.
bool is_plainly_well_formed(text::Value schema, int draft);

}  // namespace shipit::helm
