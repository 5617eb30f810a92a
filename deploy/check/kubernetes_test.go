package check

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// build builds deploy/kubernetes as kubectl apply -k does: each object's YAML by kind and name.
func build(t *testing.T) map[string][]byte {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), "../kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string][]byte{}
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		objects[r.GetKind()+" "+r.GetName()] = text
	}

	return objects
}

// decode reads an object strictly: a field that its kind does not have is an error.
func decode[T any](t *testing.T, objects map[string][]byte, name string) (v T) {
	t.Helper()
	text, ok := objects[name]
	if !ok {
		t.Fatalf("there is no %s", name)
	}
	if err := yaml.UnmarshalStrict(text, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	delete(objects, name)

	return v
}

func TestKubernetesObjectsAreOfTheirKinds(t *testing.T) {
	objects := build(t)
	set := decode[appsv1.StatefulSet](t, objects, "StatefulSet parley")
	nodes := decode[corev1.Service](t, objects, "Service parley-nodes")
	clients := decode[corev1.Service](t, objects, "Service parley")
	admin := decode[corev1.Service](t, objects, "Service parley-admin")
	budget := decode[policyv1.PodDisruptionBudget](t, objects, "PodDisruptionBudget parley")
	scaler := decode[autoscalingv2.HorizontalPodAutoscaler](t, objects, "HorizontalPodAutoscaler parley")
	network := decode[networkingv1.NetworkPolicy](t, objects, "NetworkPolicy parley")
	for name := range objects {
		t.Errorf("%s is not checked", name)
	}

	if set.Spec.ServiceName != nodes.Name || nodes.Spec.ClusterIP != corev1.ClusterIPNone || !nodes.Spec.PublishNotReadyAddresses {
		t.Error("nodes do not find those that are not ready")
	}
	pod := set.Spec.Template
	for name, selector := range map[string]map[string]string{
		"StatefulSet": set.Spec.Selector.MatchLabels, "nodes": nodes.Spec.Selector, "clients": clients.Spec.Selector, "admin": admin.Spec.Selector,
		"budget": budget.Spec.Selector.MatchLabels, "network": network.Spec.PodSelector.MatchLabels,
	} {
		if len(selector) == 0 {
			t.Errorf("%s selects nothing", name)
		}
		for label, value := range selector {
			if pod.Labels[label] != value {
				t.Errorf("%s selects %s=%s, which pods do not have", name, label, value)
			}
		}
	}
	if ref := scaler.Spec.ScaleTargetRef; ref.Kind != "StatefulSet" || ref.Name != set.Name {
		t.Errorf("the autoscaler scales %s %s", ref.Kind, ref.Name)
	}
	checkPorts(t, &pod.Spec, nodes, clients, admin)
	checkPod(t, &pod.Spec)
}

// checkPorts finds ports of services that no container has.
func checkPorts(t *testing.T, pod *corev1.PodSpec, services ...corev1.Service) {
	t.Helper()
	ports := map[string]int32{}
	for _, p := range pod.Containers[0].Ports {
		ports[p.Name] = p.ContainerPort
	}
	for _, s := range services {
		for _, p := range s.Spec.Ports {
			if got, ok := ports[p.TargetPort.String()]; !ok || got != p.Port {
				t.Errorf("port %s of service %s is %d at the container", p.Name, s.Name, got)
			}
		}
	}
}

func checkPod(t *testing.T, pod *corev1.PodSpec) {
	t.Helper()
	c := pod.Containers[0]
	env := map[string]string{}
	for _, e := range c.Env {
		env[e.Name] = e.Value
	}
	mounts := map[string]bool{}
	for _, m := range c.VolumeMounts {
		mounts[m.MountPath] = true
	}
	for name, value := range env {
		path := strings.TrimPrefix(value, "file:")
		if strings.HasPrefix(path, "/") && !mounts[path[:strings.LastIndexByte(path, '/')]] {
			t.Errorf("%s is %s, which no volume has", name, value)
		}
	}
	security := c.SecurityContext
	if !*pod.SecurityContext.RunAsNonRoot || *security.AllowPrivilegeEscalation || !*security.ReadOnlyRootFilesystem {
		t.Error("the container may do more than it needs")
	}
	if c.ReadinessProbe.HTTPGet.Path != "/readyz" || c.LivenessProbe.HTTPGet.Path != "/healthz" {
		t.Error("the probes ask for other pages")
	}
	const drainAndGrace = 20 + 10
	if pre := c.Lifecycle.PreStop.Sleep.Seconds; *pod.TerminationGracePeriodSeconds < pre+drainAndGrace+5 {
		t.Error("a pod is killed before it has drained")
	}
}
