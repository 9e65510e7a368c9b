{{/*
What a part of the release runs: the top level of the values for the main workload; for workers, cron jobs and jobs their
own entry on top of what they inherit.
*/}}

{{/*
Sets `workload` in the dict given (root, own). Maps are merged key by key, `own` wins; lists are replaced. What makes sense
for one process only (command, ports, probes, service, scaling, sidecars …) is not inherited, nor the digest by an entry with a tag of its own.
*/}}
{{- define "microservice.inherit" -}}
{{- $inherited := pick .root.Values "image" "env" "secretEnv" "envFrom" "envFromSecrets" "envFromConfigMaps" "volumes" "resources" "podSecurityContext" "securityContext" "podAnnotations" "podLabels" "nodeSelector" "tolerations" "priorityClassName" "iamRoleName" "strategy" "revisionHistoryLimit" "progressDeadlineSeconds" -}}
{{- $absent := dict "ports" (dict) "service" (dict) "ingress" (dict) "autoscaling" (dict) "autoscaler" (dict) "pdb" (dict) -}}
{{- $own := default (dict) .own -}}
{{- if and $own.image $own.image.tag -}}
{{- $_ := set $inherited "image" (omit $inherited.image "digest") -}}
{{- end -}}
{{- $_ := set . "workload" (mergeOverwrite $absent (deepCopy $inherited) (deepCopy $own)) -}}
{{- end }}

{{/*
Prints the named template once for the main workload and once for each worker, as separate documents.
Takes dict root, template. The template gets dict root, component, name, workload.
*/}}
{{- define "microservice.each" -}}
{{- $root := .root -}}
{{- $template := .template -}}
{{- if $root.Values.deployment.enabled -}}
{{- include $template (dict "root" $root "component" "main" "name" (include "microservice.fullname" $root) "workload" $root.Values) }}
{{- end }}
{{- range $component, $own := $root.Values.workers }}
{{- if ne (toString (default dict $own).enabled) "false" }}
{{- $context := dict "root" $root "component" $component "own" $own }}
{{- $_ := set $context "name" (include "microservice.partName" $context) }}
{{- include "microservice.inherit" $context }}
---
{{ include $template $context }}
{{- end }}
{{- end }}
{{- end }}

{{/* "true" when a HorizontalPodAutoscaler owns the replicas. Takes a workload. */}}
{{- define "microservice.autoscaled" -}}
{{- if or .autoscaling.enabled .autoscaler.maxPods -}}true{{- end -}}
{{- end }}
