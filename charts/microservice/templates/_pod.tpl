{{/* The pod template of any workload. Takes dict root, component, workload, and restartPolicy for Jobs. */}}

{{- define "microservice.podTemplate" -}}
metadata:
  labels:
    {{- include "microservice.selectorLabels" . | nindent 4 }}
    {{- with include "microservice.version" . }}
    app.kubernetes.io/version: {{ . | quote }}
    {{- end }}
    {{- with include "microservice.extraLabels" .root }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with mergeOverwrite (dict) .root.Values.commonLabels (default (dict) .workload.podLabels) }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "microservice.podAnnotations" . | trim }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  {{- if .workload.podSpec }}
  {{- $spec := include "microservice.podSpec" . | fromYaml }}
  {{- toYaml (mergeOverwrite $spec .workload.podSpec) | nindent 2 }}
  {{- else }}
  {{- include "microservice.podSpec" . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* A changed ConfigMap of the release restarts the pods that use it: the checksum is part of the template. */}}
{{- define "microservice.podAnnotations" -}}
{{- with .root.Values.configMaps }}
checksum/config: {{ toJson . | sha256sum }}
{{- end }}
{{- with .workload.iamRoleName }}
iam.amazonaws.com/role: {{ . | quote }}
{{- end }}
{{- with include "microservice.extraPodAnnotations" .root }}
{{ . }}
{{- end }}
{{- with mergeOverwrite (dict) .root.Values.commonAnnotations (default (dict) .workload.podAnnotations) }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "microservice.podSpec" -}}
{{- $context := . -}}
{{- $workload := .workload -}}
{{- with .restartPolicy -}}
restartPolicy: {{ . }}
{{ end -}}
{{- with include "microservice.serviceAccountName" .root -}}
serviceAccountName: {{ . }}
{{ end -}}
automountServiceAccountToken: {{ .root.Values.serviceAccount.automountToken }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $workload.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $workload.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- if not (kindIs "invalid" $workload.terminationGracePeriodSeconds) }}
terminationGracePeriodSeconds: {{ int64 $workload.terminationGracePeriodSeconds }}
{{- end }}
{{- with $workload.initContainers }}
initContainers:
  {{- range $i, $container := . }}
  - {{ include "microservice.besideContainer" (dict "root" $context.root "workload" $workload "container" $container "where" (printf "initContainers[%d]" $i)) | nindent 4 | trim }}
  {{- end }}
{{- end }}
containers:
  - {{ include "microservice.mainContainer" . | nindent 4 | trim }}
  {{- range $i, $container := $workload.sidecars }}
  - {{ include "microservice.besideContainer" (dict "root" $context.root "workload" $workload "container" $container "where" (printf "sidecars[%d]" $i)) | nindent 4 | trim }}
  {{- end }}
  {{- if not .restartPolicy }}
  {{- with include "microservice.extraContainers" .root | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- end }}
{{- with include "microservice.volumes" . | trim }}
volumes:
  {{- . | nindent 2 }}
{{- end }}
{{- with $workload.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $workload.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $workload.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $workload.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  - {{ toYaml . | nindent 4 | trim }}
    {{- if not .labelSelector }}
    labelSelector:
      matchLabels:
        {{- include "microservice.selectorLabels" $context | nindent 8 }}
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{/* Every entry of `volumes` (a volume source, with where it is mounted beside it) and the ConfigMaps with a mountPath. */}}
{{- define "microservice.volumes" -}}
{{- $root := .root -}}
{{- range $name, $map := $root.Values.configMaps }}
{{- if $map.mountPath }}
- name: config-{{ $name }}
  configMap:
    name: {{ include "microservice.fullname" $root }}-{{ $name }}
{{- end }}
{{- end }}
{{- range $name, $volume := .workload.volumes }}
- name: {{ $name }}
  {{- toYaml (omit $volume "mountPath" "subPath" "subPathExpr" "readOnly" "mountPropagation") | nindent 2 }}
{{- end }}
{{- with include "microservice.extraVolumes" .root }}
{{ . }}
{{- end }}
{{- end }}
