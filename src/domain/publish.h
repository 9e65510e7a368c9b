#pragma once
// Publish: facts and history folded into what a person sees, and into conditions that kubectl wait and
// kstatus read.
#include <string>
#include <vector>

#include "domain/commit.h"
#include "domain/reconcile.h"
#include "domain/rollout.h"
#include "domain/view.h"

namespace shipit::domain {

struct PublishFacts {
  ReconcileFacts reconcile;
  Decision decision;
  const ReleaseView* before = nullptr;  ///< the view before this look, for since-times
  std::string commit_diff;              ///< of the commit that brought the present version
  std::string commit_subject;
  std::string file;
};

ReleaseView publish(const PublishFacts& facts, Time now);

/// What the state change from one view to the next is called in Activity; sort empty when nothing happened.
Activity announce(const ReleaseView* before, const ReleaseView& after, Time now);

}  // namespace shipit::domain
