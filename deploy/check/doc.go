// Package check holds the tests of what stands in the folder deploy: a Kubernetes client's types
// and kustomize read deploy/kubernetes, the library of Docker Compose reads deploy/compose.yaml,
// and Prometheus' own parser the queries of the dashboard and the alerts. It is a module of its
// own, so that Parley does not depend on them: go test in this folder, or make deploy.
//
// # Limits
//
// Nothing is deployed: there is no cluster, no Docker and no Prometheus in these tests. That names
// of metrics and settings exist is checked by the tests of package parley.
package check
