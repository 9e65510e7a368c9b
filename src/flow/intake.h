#pragma once
// The intake stage's effects: receive, write the `seen` record or the refusal, acknowledge, wake commit. One
// object a source; domain/intake.h decides.
#include <map>
#include <string>

#include "domain/intake.h"
#include "flow/context.h"
#include "ports/views.h"

namespace shipit::flow {

class Intake final {
 public:
  Intake(Context context, ports::ImageEvents& source) : context_(context), source_(source) {}

  /// Receives once (waiting at most `poll`) and deals with what came; when to come again.
  /// Guarantees: a message is acknowledged only once a restart would still act on it (rule 1); while that
  /// can't be written, nothing is received.
  Time step(Time now, Duration poll, std::stop_token stop);

 private:
  bool known(const domain::ImageName& image) const;
  void refuse(const ports::ImageMessage& message, const std::string& reason, Time now, std::stop_token stop);
  void remember(const domain::ImagePushed& event, Time now, std::stop_token stop);

  Context context_;
  ports::ImageEvents& source_;
  ports::SourceView view_;
};

/// Name of the ledger page of an image: by hash, since names may be longer than a page's may be.
std::string seen_page(const domain::ImageName& image);
inline constexpr std::string_view kRefusalsPage = "refusals";
/// Refusals written down before, for Activity after a restart.
std::vector<domain::Activity> refusals_from_json(std::string_view json);

}  // namespace shipit::flow
