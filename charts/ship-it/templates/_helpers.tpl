{{- define "ship-it.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "ship-it.serviceAccountName" -}}
{{- default (include "ship-it.fullname" .) .Values.serviceAccount.name -}}
{{- end }}

{{- define "ship-it.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ship-it.labels" -}}
{{ include "ship-it.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
{{- end }}

{{/* Takes the root; the tag defaults to the chart's appVersion. */}}
{{- define "ship-it.image" -}}
{{- $image := .Values.image -}}
{{- $image.repository }}:{{ default .Chart.AppVersion $image.tag }}{{ with $image.digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* The configured variables, without the empty ones, as a ConfigMap's data. */}}
{{- define "ship-it.environment" -}}
{{- $data := dict }}
{{- range $name, $value := .Values.env }}
{{- if not (or (kindIs "invalid" $value) (eq (toString $value) "")) }}
{{- $_ := set $data $name (kindIs "string" $value | ternary $value (toJson $value)) }}
{{- end }}
{{- end }}
{{- toYaml $data }}
{{- end }}
