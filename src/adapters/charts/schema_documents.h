#pragma once
// What the $ref and $schema of a chart's values.schema.json lead to, over http and https. Charts are
// strangers': time, bytes and redirects are bounded here, the number of documents by helm::Schema.
#include "helm/schema.h"
#include "net/client.h"

namespace shipit::adapters {

/// `http` must outlive what it makes. Thread-safe; a reader belongs to one render.
/// Errors of a reader, in Helm's words and with the URL: Invalid for an answer that will stay (404, no such
/// scheme, too large), Throttled, Unavailable, Timeout and Denied as the client has them. A body is at most
/// 8 MiB, all of one render 32 MiB; one document has 15 seconds, as in Helm, all of them those of the Wait.
helm::OpenSchemaReader schema_documents(net::HttpClient& http);

}  // namespace shipit::adapters
