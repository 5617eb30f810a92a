package bench

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Chart draws a report: curves of latency percentiles, or bars.
type Chart struct {
	Title, Subtitle string
	Curves          []curve
	Groups          []group
}

// curve is one set of durations.
type curve struct {
	name string
	hist *hdrhistogram.Histogram
}

// group is a set of bars with one scale.
type group struct {
	name string
	bars []bar
}

type bar struct {
	name, text string
	value      float64
}

const (
	chartWidth = 860
	marginSide = 24
	plotLeft   = 84
	plotRight  = chartWidth - 120
	plotTop    = 84
	plotBottom = 384
	labelWidth = 150
	barHeight  = 20
	barStep    = 28
	maxNines   = 4 // the last percentile drawn is 99.99
)

const chartColour = "#2563eb"

// chartColours are the colours of the other servers.
var chartColours = map[string]string{
	machineFloorName: "#475569", goFloorName: "#94a3b8",
	natsName: "#d97706", "Centrifugo": "#059669", "MQTT": "#7c3aed", "XMPP": "#db2777",
}

// colour is that of a kind of servers: the part of the name before the first comma.
func colour(name string) string {
	kind, _, _ := strings.Cut(name, ",")

	return cmp.Or(chartColours[kind], chartColour)
}

// SVG writes the chart.
func (c *Chart) SVG(w io.Writer) error {
	var b strings.Builder
	bottom := plotTop
	if len(c.Curves) > 0 {
		c.curves(&b)
		bottom = plotBottom + 64
	}
	for _, g := range c.Groups {
		bottom = g.draw(&b, bottom)
	}
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d"
  font-family="system-ui, sans-serif" font-size="13">
<rect width="100%%" height="100%%" fill="#ffffff"/>
<text x="%d" y="34" font-size="18" font-weight="600" fill="#0f172a">%s</text>
<text x="%d" y="56" fill="#64748b">%s</text>
%s</svg>
`, chartWidth, bottom, chartWidth, bottom, marginSide, html.EscapeString(c.Title), marginSide, html.EscapeString(c.Subtitle), b.String())

	return err
}

func text(b *strings.Builder, x, y float64, anchor, colour, s string) {
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" fill=\"%s\">%s</text>\n", x, y, anchor, colour, html.EscapeString(s))
}

// curves draws latency over percentile, both logarithmic: 90, 99 and 99.9 % are equally far from
// each other.
func (c *Chart) curves(b *strings.Builder) {
	least, most := math.Inf(1), 0.0
	for _, one := range c.Curves {
		least = min(least, max(atNines(one.hist, 0), 1))
		most = max(most, atNines(one.hist, maxNines))
	}
	low, high := math.Floor(math.Log10(least)), math.Ceil(math.Log10(max(most, least+1)))
	high = max(high, low+1)
	x := func(nine float64) float64 { return plotLeft + nine/maxNines*(plotRight-plotLeft) }
	y := func(ns float64) float64 {
		return plotBottom - (math.Log10(max(ns, 1))-low)/(high-low)*(plotBottom-plotTop)
	}
	for decade := low; decade <= high; decade++ {
		at := y(math.Pow(10, decade))
		fmt.Fprintf(b, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#e2e8f0\"/>\n", plotLeft, plotRight, at, at)
		text(b, plotLeft-8, at+4, "end", "#64748b", formatMicros(math.Pow(10, decade)/1e3))
	}
	for _, share := range []float64{0, .5, .9, .99, .999, .9999} {
		label := "least"
		if share > 0 {
			label = fmt.Sprintf("%g %%", math.Round(share*1e6)/1e4)
		}
		text(b, x(-math.Log10(1-share)), plotBottom+20, "middle", "#64748b", label)
	}
	for _, one := range c.Curves {
		stroke := colour(one.name)
		var points []string
		const step = .05
		for nine := 0.0; nine <= maxNines+step/2; nine += step {
			ns := atNines(one.hist, nine)
			points = append(points, fmt.Sprintf("%.1f,%.1f", x(nine), y(ns)))
		}
		fmt.Fprintf(b, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"2\" points=\"%s\"/>\n", stroke, strings.Join(points, " "))
		end := atNines(one.hist, maxNines)
		text(b, plotRight+8, y(end)+4, "start", stroke, one.name)
	}
}

// draw draws the bars below y and returns where they end.
func (g group) draw(b *strings.Builder, y int) int {
	most := 0.0
	for _, one := range g.bars {
		most = max(most, one.value)
	}
	fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" font-weight=\"600\" fill=\"#0f172a\">%s</text>\n", marginSide, y+14, html.EscapeString(g.name))
	y += barStep
	for _, one := range g.bars {
		width := 0.0
		if most > 0 {
			width = max(one.value, 0) / most * (chartWidth - labelWidth - 160)
		}
		text(b, labelWidth-8, float64(y)+14, "end", "#334155", one.name)
		fmt.Fprintf(b, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n",
			labelWidth, y, width, barHeight, colour(one.name))
		text(b, labelWidth+width+8, float64(y)+14, "start", "#334155", one.text)
		y += barStep
	}

	return y + 16
}
