{{/* The objects of a workload. Each takes dict root, component, name, workload and prints one document or nothing. */}}

{{- define "microservice.deployment" -}}
{{- $workload := .workload -}}
{{- $metadata := mergeOverwrite (dict) . (dict "versioned" true "labels" $workload.labels "annotations" $workload.annotations) -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "microservice.metadata" $metadata | nindent 2 }}
spec:
  {{- if and (not (include "microservice.autoscaled" $workload)) (not (kindIs "invalid" $workload.replicas)) }}
  replicas: {{ int64 $workload.replicas }}
  {{- end }}
  {{- if not (kindIs "invalid" $workload.revisionHistoryLimit) }}
  revisionHistoryLimit: {{ int64 $workload.revisionHistoryLimit }}
  {{- end }}
  {{- with $workload.minReadySeconds }}
  minReadySeconds: {{ int64 . }}
  {{- end }}
  {{- with $workload.progressDeadlineSeconds }}
  progressDeadlineSeconds: {{ int64 . }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "microservice.selectorLabels" . | nindent 6 }}
  {{- with $workload.strategy }}
  strategy:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  template:
    {{- include "microservice.podTemplate" . | nindent 4 }}
{{- end }}

{{- define "microservice.service" -}}
{{- $service := .workload.service -}}
{{- if $service.enabled -}}
{{- $metadata := mergeOverwrite (dict) . (dict "labels" $service.labels "annotations" $service.annotations) -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "microservice.metadata" $metadata | nindent 2 }}
spec:
  type: {{ default "ClusterIP" $service.type }}
  {{- with $service.spec }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  selector:
    {{- include "microservice.selectorLabels" . | nindent 4 }}
  ports:
    {{- range $name, $port := .workload.ports }}
    {{- if $port.servicePort }}
    - name: {{ $name }}
      port: {{ $port.servicePort }}
      targetPort: {{ $name }}
      protocol: {{ default "TCP" $port.protocol }}
      {{- with $port.appProtocol }}
      appProtocol: {{ . }}
      {{- end }}
      {{- with $port.nodePort }}
      nodePort: {{ . }}
      {{- end }}
    {{- end }}
    {{- end }}
{{- end }}
{{- end }}

{{- define "microservice.ingress" -}}
{{- $ingress := .workload.ingress -}}
{{- $name := .name -}}
{{- if $ingress.enabled -}}
{{- if not $ingress.hosts }}{{ fail (printf "%s: ingress.hosts needs at least one host" .component) }}{{ end -}}
{{- $metadata := mergeOverwrite (dict) . (dict "labels" $ingress.labels "annotations" $ingress.annotations) -}}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  {{- include "microservice.metadata" $metadata | nindent 2 }}
spec:
  {{- with $ingress.className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with $ingress.tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range $ingress.hosts }}
    - {{ with .host }}host: {{ . | quote }}
      {{ end }}http:
        paths:
          {{- range default (list (dict "path" "/")) .paths }}
          - path: {{ default "/" .path }}
            pathType: {{ default "Prefix" .pathType }}
            backend:
              service:
                name: {{ default $name .service }}
                port:
                  {{- if .servicePort }}
                  number: {{ .servicePort }}
                  {{- else }}
                  name: {{ default "http" .portName }}
                  {{- end }}
          {{- end }}
    {{- end }}
{{- end }}
{{- end }}

{{/* From `autoscaling`, or from the short form `autoscaler` {minPods, maxPods, targetCPUUtilizationPercent}. */}}
{{- define "microservice.hpa" -}}
{{- if include "microservice.autoscaled" .workload -}}
{{- $scaling := .workload.autoscaling -}}
{{- $short := .workload.autoscaler -}}
{{- $cpu := default $short.targetCPUUtilizationPercent $scaling.targetCPUUtilizationPercent -}}
{{- $memory := $scaling.targetMemoryUtilizationPercent -}}
{{- $min := int (coalesce $scaling.minReplicas $short.minPods 1) -}}
{{- $max := int (coalesce $scaling.maxReplicas $short.maxPods $min) -}}
{{- if lt $max $min }}{{ fail (printf "%s: autoscaling goes from %d to %d replicas: the maximum is below the minimum" .component $min $max) }}{{ end -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "microservice.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .name }}
  minReplicas: {{ $min }}
  maxReplicas: {{ $max }}
  metrics:
    {{- if or $cpu (not (or $memory $scaling.metrics)) }}
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ int (default 80 $cpu) }}
    {{- end }}
    {{- with $memory }}
    - type: Resource
      resource:
        name: memory
        target:
          type: Utilization
          averageUtilization: {{ int . }}
    {{- end }}
    {{- with $scaling.metrics }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with $scaling.behavior }}
  behavior:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "microservice.pdb" -}}
{{- $pdb := .workload.pdb -}}
{{- if $pdb.enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "microservice.metadata" . | nindent 2 }}
spec:
  {{- if not (kindIs "invalid" $pdb.minAvailable) }}
  minAvailable: {{ $pdb.minAvailable }}
  {{- else }}
  maxUnavailable: {{ if kindIs "invalid" $pdb.maxUnavailable }}1{{ else }}{{ $pdb.maxUnavailable }}{{ end }}
  {{- end }}
  {{- with $pdb.unhealthyPodEvictionPolicy }}
  unhealthyPodEvictionPolicy: {{ . }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "microservice.selectorLabels" . | nindent 6 }}
{{- end }}
{{- end }}

{{/* The spec of a Job, for CronJobs and hooks. */}}
{{- define "microservice.jobSpec" -}}
{{- $workload := .workload -}}
{{- range $key := list "backoffLimit" "activeDeadlineSeconds" "ttlSecondsAfterFinished" "parallelism" "completions" }}
{{- $value := get $workload $key }}
{{- if not (kindIs "invalid" $value) }}
{{- if ne (toString $value) "" }}
{{ $key }}: {{ int64 $value }}
{{- end }}
{{- end }}
{{- end }}
template:
  {{- include "microservice.podTemplate" (mergeOverwrite (dict) . (dict "restartPolicy" (default "Never" $workload.restartPolicy))) | nindent 2 }}
{{- end }}
