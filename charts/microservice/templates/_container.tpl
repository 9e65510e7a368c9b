{{/* Containers: image references, environment, probes. */}}

{{/* A container image: a string as it is, or {repository, tag, digest}. Takes dict image, where (for the message). */}}
{{- define "microservice.image" -}}
{{- if kindIs "string" .image -}}
{{- .image -}}
{{- else -}}
{{- $image := default (dict) .image -}}
{{- $reference := required (printf "%s.repository is required: the image to run" .where) $image.repository -}}
{{- if not (or $image.tag $image.digest) -}}
{{- $_ := required (printf "%s.tag is required (or %s.digest): the version to run" .where .where) "" -}}
{{- end -}}
{{- with $image.tag }}{{ $reference = printf "%s:%s" $reference (toString .) }}{{ end -}}
{{- with $image.digest }}{{ $reference = printf "%s@%s" $reference . }}{{ end -}}
{{- $reference -}}
{{- end -}}
{{- end }}

{{/* An `env` list from a map name → scalar or {value | valueFrom}, or a list as it is (when the order matters). */}}
{{- define "microservice.envList" -}}
{{- if kindIs "slice" . -}}
{{- with . }}{{ toYaml . }}{{ end -}}
{{- else -}}
{{- range $name, $value := . }}
{{- if kindIs "map" $value }}
- name: {{ $name | quote }}
  {{- toYaml $value | nindent 2 }}
{{- else if kindIs "string" $value }}
- name: {{ $name | quote }}
  value: {{ $value | quote }}
{{- else if not (kindIs "invalid" $value) }}
- name: {{ $name | quote }}
  value: {{ toJson $value | quote }}
{{- end }}
{{- end }}
{{- end -}}
{{- end }}

{{/* The environment of an own container: `env` wins over `secretEnv` of the same name. Takes dict root, workload. */}}
{{- define "microservice.env" -}}
{{- $plain := .workload.env -}}
{{- include "microservice.envList" $plain }}
{{- range $name, $from := .workload.secretEnv }}
{{- if not (and (kindIs "map" $plain) (hasKey $plain $name)) }}
- name: {{ $name | quote }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.secret }}
      key: {{ default $name $from.key }}
      {{- if $from.optional }}
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- with include "microservice.extraEnv" .root }}
{{ . }}
{{- end }}
{{- end }}

{{/* envFrom of an own container. Takes dict root, workload. */}}
{{- define "microservice.envFrom" -}}
{{- $root := .root -}}
{{- range $name, $map := $root.Values.configMaps }}
{{- if $map.env }}
- configMapRef:
    name: {{ include "microservice.fullname" $root }}-{{ $name }}
{{- end }}
{{- end }}
{{- range .workload.envFromConfigMaps }}
- configMapRef:
    name: {{ . }}
{{- end }}
{{- range .workload.envFromSecrets }}
- secretRef:
    name: {{ . }}
{{- end }}
{{- with .workload.envFrom }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* volumeMounts of an own container: every volume and ConfigMap that names a mountPath. Takes dict root, workload. */}}
{{- define "microservice.volumeMounts" -}}
{{- range $name, $map := .root.Values.configMaps }}
{{- if $map.mountPath }}
- name: config-{{ $name }}
  mountPath: {{ $map.mountPath }}
  readOnly: true
{{- end }}
{{- end }}
{{- range $name, $volume := .workload.volumes }}
{{- if $volume.mountPath }}
- name: {{ $name }}
  {{- toYaml (pick $volume "mountPath" "subPath" "subPathExpr" "readOnly" "mountPropagation") | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Probes: what is given; else, where healthPath is set, readiness and liveness by HTTP. Takes a workload. */}}
{{- define "microservice.probes" -}}
{{- if .startupProbe }}
startupProbe:
  {{- toYaml .startupProbe | nindent 2 }}
{{- end }}
{{- if .readinessProbe }}
readinessProbe:
  {{- toYaml .readinessProbe | nindent 2 }}
{{- else if .healthPath }}
readinessProbe:
  httpGet:
    path: {{ .healthPath }}
    port: http
  periodSeconds: 5
  failureThreshold: 2
{{- end }}
{{- if .livenessProbe }}
livenessProbe:
  {{- toYaml .livenessProbe | nindent 2 }}
{{- else if .healthPath }}
livenessProbe:
  httpGet:
    path: {{ .healthPath }}
    port: http
  periodSeconds: 10
  timeoutSeconds: 3
  failureThreshold: 3
{{- end }}
{{- end }}

{{/* The workload's own container. Takes dict root, component, workload, where. */}}
{{- define "microservice.mainContainer" -}}
{{- $workload := .workload -}}
name: {{ default (include "microservice.name" .root) $workload.containerName }}
image: {{ include "microservice.image" (dict "image" $workload.image "where" "image") | quote }}
{{- with $workload.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- with $workload.command }}
command:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $workload.args }}
args:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $workload.workingDir }}
workingDir: {{ . }}
{{- end }}
{{- with $workload.ports }}
ports:
  {{- range $name, $port := . }}
  - name: {{ $name }}
    containerPort: {{ $port.port }}
    protocol: {{ default "TCP" $port.protocol }}
  {{- end }}
{{- end }}
{{- with include "microservice.env" . | trim }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- with include "microservice.envFrom" . | trim }}
envFrom:
  {{- . | nindent 2 }}
{{- end }}
{{- with include "microservice.probes" $workload | trim }}
{{ . }}
{{- end }}
{{- with $workload.lifecycle }}
lifecycle:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $workload.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $workload.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with include "microservice.volumeMounts" . | trim }}
volumeMounts:
  {{- . | nindent 2 }}
{{- end }}
{{- with $workload.container }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/*
A container beside the own one: any field of a Kubernetes container, but that `image` may be {repository, tag, digest} and
`env` a map. Without an image it runs the workload's, with that one's environment and mounts (a migration, say).
Takes dict root, workload, container, where.
*/}}
{{- define "microservice.besideContainer" -}}
{{- $container := omit .container "image" "env" "name" -}}
{{- $env := include "microservice.envList" (default (dict) .container.env) | trim -}}
name: {{ .container.name }}
{{- if .container.image }}
image: {{ include "microservice.image" (dict "image" .container.image "where" (printf "%s.image" .where)) | quote }}
{{- with and (kindIs "map" .container.image) .container.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- else }}
image: {{ include "microservice.image" (dict "image" .workload.image "where" "image") | quote }}
{{- with .workload.image.pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- if or (kindIs "slice" .container.env) (kindIs "slice" .workload.env) }}
{{- $env = printf "%s\n%s" (include "microservice.env" .) $env | trim }}
{{- else }}
{{- $merged := mergeOverwrite (dict) (default (dict) .workload.env) (default (dict) .container.env) }}
{{- $env = include "microservice.env" (dict "root" .root "workload" (dict "env" $merged "secretEnv" .workload.secretEnv)) | trim }}
{{- end }}
{{- $from := include "microservice.envFrom" . | trim }}
{{- if and $from (not $container.envFrom) }}
envFrom:
  {{- $from | nindent 2 }}
{{- end }}
{{- $mounts := include "microservice.volumeMounts" . | trim }}
{{- if and $mounts (not $container.volumeMounts) }}
volumeMounts:
  {{- $mounts | nindent 2 }}
{{- end }}
{{- end }}
{{- with $env }}
env:
  {{- . | nindent 2 }}
{{- end }}
{{- if not $container.securityContext }}
{{- with .workload.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with $container }}
{{ toYaml . }}
{{- end }}
{{- end }}
