// Times charts through Helm's SDK in process and prints what bench/render_time prints of Ship-it's engine:
// helmsdk DIR...
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

const runs = 5

type result struct {
	Chart  string `json:"chart"`
	Load   int64  `json:"load_us"`
	Render int64  `json:"render_us"`
	Bytes  int    `json:"bytes"`
}

func render(c *chart.Chart, caps *common.Capabilities) (int, error) {
	values := map[string]any{}
	if err := chartutil.ProcessDependencies(c, values); err != nil {
		return 0, err
	}
	options := common.ReleaseOptions{Name: "t", Namespace: "default", Revision: 1, IsInstall: true}
	all, err := util.ToRenderValues(c, values, options, caps)
	if err != nil {
		return 0, err
	}
	files, err := engine.Render(c, all)
	if err != nil {
		return 0, err
	}
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	_, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	bytes := 0
	for _, m := range manifests {
		bytes += len("---\n# Source: \n\n") + len(m.Name) + len(m.Content)
	}
	return bytes, err
}

func timeChart(dir string) (result, error) {
	caps := common.DefaultCapabilities.Copy()
	version, err := common.ParseKubeVersion("1.34.0")
	if err != nil {
		return result{}, err
	}
	caps.KubeVersion = *version
	out := result{Chart: dir, Load: 1 << 60, Render: 1 << 60}
	for range runs {
		started := time.Now()
		c, err := loader.LoadDir(dir)
		if err != nil {
			return out, err
		}
		out.Load = min(out.Load, time.Since(started).Microseconds())
		started = time.Now()
		if out.Bytes, err = render(c, caps); err != nil {
			return out, err
		}
		out.Render = min(out.Render, time.Since(started).Microseconds())
	}
	return out, nil
}

func main() {
	log.SetOutput(io.Discard)
	slog.SetDefault(slog.New(slog.DiscardHandler))
	for _, dir := range os.Args[1:] {
		out, err := timeChart(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, dir, strings.SplitN(err.Error(), "\n", 2)[0])
			continue
		}
		line, _ := json.Marshal(out)
		fmt.Println(string(line))
	}
}
