#!/bin/sh
# kubectl as people use it, and helm when it is there, against the sandbox on a port.
# Usage: kubectl_test.sh PATH_TO_SANDBOX_SERVER. Needs kubectl; HELM names a helm binary (default: the one in PATH).
set -eu
server=$1
work=$(mktemp -d)
trap 'kill $pid 2>/dev/null || true; rm -rf "$work"' EXIT
"$server" 0 "$work/state" >"$work/log" &
pid=$!
port=
for _ in $(seq 100); do
  port=$(sed -n 's/^listening //p' "$work/log")
  [ -n "$port" ] && break
  sleep 0.1
done
export HOME=$work KUBECONFIG=$work/config
cat >"$KUBECONFIG" <<CONFIG
apiVersion: v1
kind: Config
clusters: [{name: s, cluster: {server: "http://127.0.0.1:$port"}}]
contexts: [{name: s, context: {cluster: s, user: u}}]
current-context: s
users: [{name: u, user: {}}]
CONFIG

fail() { echo "FAILED: $1"; exit 1; }
expect() { # WANTED COMMAND…
  wanted=$1; shift
  out=$("$@" 2>&1) || true
  case $out in *"$wanted"*) ;; *) echo "$out"; fail "$* did not say: $wanted" ;; esac
}

cat >"$work/web.yaml" <<'WEB'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.25"}]}
WEB
expect "deployment.apps/web created" kubectl apply -f "$work/web.yaml"
expect "successfully rolled out" kubectl rollout status deploy/web --timeout=30s
expect "unchanged" kubectl apply -f "$work/web.yaml"
kubectl diff -f "$work/web.yaml" || fail "diff of what is applied"
expect "2/2" kubectl get deploy web
expect "nginx:1.25" kubectl get deploy web -o wide
expect "image updated" kubectl set image deploy/web web=nginx:1.26
expect "successfully rolled out" kubectl rollout status deploy/web --timeout=30s
expect "rolled back" kubectl rollout undo deploy/web
expect "nginx:1.25" kubectl get deploy web -o jsonpath='{.spec.template.spec.containers[0].image}'
expect "scaled" kubectl scale deploy web --replicas=3
expect "labeled" kubectl label deploy web a=b
expect "patched" kubectl patch deploy web -p '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"b"}]}]}}}}'
expect "serverside-applied" kubectl apply --server-side --force-conflicts -f "$work/web.yaml"
expect "ScalingReplicaSet" kubectl describe deploy web
expect "yes" kubectl auth can-i create pods
expect "unknown field \"spec.replica\"" kubectl create --dry-run=server -f - <<BAD
{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"x"},"spec":{"replica":1}}
BAD
expect "configmap/c created" kubectl create configmap c --from-literal=a=b
expect "secret/s created" kubectl create secret generic s --from-literal=a=b
expect "NotImplemented" kubectl exec deploy/web -- true
expect "condition met" kubectl wait --for=condition=Available deploy/web --timeout=30s
expect "deleted" kubectl delete deploy web --wait --timeout=30s
expect "not found" kubectl get deploy web

helm=${HELM:-$(command -v helm || true)}
if [ -n "$helm" ]; then
  "$helm" create "$work/demo" >/dev/null
  expect "STATUS: deployed" "$helm" install demo "$work/demo" --wait --timeout 60s
  expect "STATUS: deployed" "$helm" upgrade demo "$work/demo" --set replicaCount=2 --wait --timeout 60s
  expect "superseded" "$helm" history demo
  expect "Rollback was a success" "$helm" rollback demo 1 --wait
  expect "Succeeded" "$helm" test demo
  expect "demo-0.1.0" "$helm" list
  expect "uninstalled" "$helm" uninstall demo --wait
fi
echo "kubectl and helm: ok"
