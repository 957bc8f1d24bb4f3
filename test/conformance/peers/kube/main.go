// One binary that is etcd, kube-apiserver or kubectl, by the name it is called by (a link to it) or by its first
// argument: the real peers of the cluster port, built from their own Go modules and sharing most of their code.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	_ "time/tzdata"

	"go.etcd.io/etcd/server/v3/etcdmain"
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
)

const usage = "usage: kube etcd|kube-apiserver|kubectl [arguments], or call a link of one of these names"

func main() {
	role := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if !known(role) && len(os.Args) > 1 {
		role = os.Args[1]
		os.Args = os.Args[1:]
	}
	switch role {
	case "etcd":
		etcdmain.Main(os.Args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kubectl":
		if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
			kubectlutil.CheckErr(err)
		}
	default:
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
}

func known(role string) bool {
	return role == "etcd" || role == "kube-apiserver" || role == "kubectl"
}
