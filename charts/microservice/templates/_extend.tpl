{{/*
Places for a parent chart to add to every service at once: define a template of the same name in the parent chart, and
Helm uses that one. Each is empty here. Those that get the chart's context take `.`; what they print is YAML at column 0.
*/}}

{{/* Labels of every object. */}}
{{- define "microservice.extraLabels" -}}{{- end }}

{{/* Annotations of every pod. */}}
{{- define "microservice.extraPodAnnotations" -}}{{- end }}

{{/* Entries of every own container's `env` list (not of sidecars). */}}
{{- define "microservice.extraEnv" -}}{{- end }}

{{/* Entries of every pod's `containers` list, after the sidecars; not of Jobs, which such a container would keep running. */}}
{{- define "microservice.extraContainers" -}}{{- end }}

{{/* Entries of every pod's `volumes` list. */}}
{{- define "microservice.extraVolumes" -}}{{- end }}
