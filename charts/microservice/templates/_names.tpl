{{/* Names and labels. Objects of a release are called after the release, so `kubectl get deploy hello` finds it. */}}

{{/* The application: what app.kubernetes.io/name says. */}}
{{- define "microservice.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* The main workload's object name. */}}
{{- define "microservice.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* The object name of a part. Takes dict root, component, and optionally max (a CronJob's name has at most 52 characters); a
     long release name is cut, the component never. */}}
{{- define "microservice.partName" -}}
{{- $full := include "microservice.fullname" .root -}}
{{- if eq .component "main" -}}
{{- $full -}}
{{- else -}}
{{- $room := int (sub (default 63 .max) (add1 (len .component))) -}}
{{- printf "%s-%s" ($full | trunc $room | trimSuffix "-") .component -}}
{{- end -}}
{{- end }}

{{- define "microservice.serviceAccountName" -}}
{{- if .Values.serviceAccountName -}}
{{- .Values.serviceAccountName -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "microservice.fullname" . -}}
{{- end -}}
{{- end }}

{{/* What a selector matches: never changes over a release's life. Takes dict root, component. */}}
{{- define "microservice.selectorLabels" -}}
app.kubernetes.io/name: {{ include "microservice.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{/*
Labels of an object. Takes dict root, component, and optionally labels, and versioned with workload: only what runs the
image carries its version, so that a deploy leaves the Service and its like as they are.
*/}}
{{- define "microservice.labels" -}}
{{ include "microservice.selectorLabels" . }}
{{- with and .versioned (include "microservice.version" .) }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with include "microservice.extraLabels" .root }}
{{ . }}
{{- end }}
{{- with mergeOverwrite (dict) .root.Values.commonLabels (default (dict) .labels) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* metadata of an object. Takes dict root, component, name, and optionally versioned with workload, labels and annotations. */}}
{{- define "microservice.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "microservice.labels" . | nindent 2 }}
{{- with mergeOverwrite (dict) .root.Values.commonAnnotations (default (dict) .annotations) }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* The image tag in the form a label value may have; empty when only a digest is set. */}}
{{- define "microservice.version" -}}
{{- with .workload -}}
{{- with .image -}}
{{- regexReplaceAll "[^A-Za-z0-9_.-]+" (first (splitList "@" (toString (default "" .tag)))) "-" | trunc 63 | trimAll "-_." -}}
{{- end -}}
{{- end -}}
{{- end }}
