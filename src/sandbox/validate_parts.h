#pragma once
// The checks of pods and of the kinds that run them; an inside of validate.h. *Source:* k8s.io/kubernetes
// pkg/apis/{core,apps,batch}/validation.
#include <set>
#include <string>
#include <string_view>

#include "sandbox/name_rules.h"

namespace shipit::sandbox {

/// `volumes` are names that containers may mount beside the volumes of the spec itself.
void check_pod_spec(Causes& causes, text::Value spec, const std::string& field,
                    std::set<std::string> volumes = {});
void check_pod(Causes& causes, text::Value object, text::Value old);

// The kinds that run pods. `old` is null on create.
void check_deployment(Causes& causes, text::Value object, text::Value old);
void check_replica_set(Causes& causes, text::Value object, text::Value old);
void check_stateful_set(Causes& causes, text::Value object, text::Value old);
void check_daemon_set(Causes& causes, text::Value object, text::Value old);
void check_job(Causes& causes, text::Value object, text::Value old);
void check_cron_job(Causes& causes, text::Value object, text::Value old);

}  // namespace shipit::sandbox
