#pragma once
// A packaged chart (.tgz) unpacked in memory, as Helm unpacks it. The archive is untrusted: everything is
// bounded, and no path leaves the chart. Pure; any thread.
#include <string_view>
#include <vector>

#include "helm/chart.h"

namespace shipit::helm {

/// The archive's regular files, the top folder cut from their paths, in their order there. Of two files with
/// one path both are there, as in Helm. Links and devices are never followed; they come as empty files, as in
/// Helm. Errors: Invalid: not gzip, broken tar, a limit passed, an absolute path or one that leaves the
/// chart.
std::vector<File> unpack_archive(std::string_view tgz, const ChartLimits& limits = {});

/// gzip of one stream, decompressed; at most `limit` bytes.
/// Errors: Invalid.
std::string gunzip(std::string_view packed, size_t limit);
/// gzip with Go's header (no name, no time), level 9.
std::string gzip(std::string_view bytes);

}  // namespace shipit::helm
