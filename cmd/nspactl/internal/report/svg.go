// SPDX-License-Identifier: LGPL-2.1-or-later

package report

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"strings"

	"github.com/nspa-dev/nspa/cmd/nspactl/internal/stats"
)

// The plot's measures, in pixels.
const (
	svgWidth   = 880
	svgMargin  = 32
	labelWidth = 150
	valueWidth = 230
	barHeight  = 20
	barStep    = 30
	panelHead  = 52
	panelFoot  = 38
)

type bar struct {
	label, colour, note string
	run                 *Run
}

// SVG draws the report: one panel for each workload, one bar for each mode at
// its median, one dot for each run.
func (r *Report) SVG() []byte {
	var body bytes.Buffer
	y := svgMargin
	text(&body, svgMargin, y+8, 20, "600", "#111827", "Wall time of the same Windows programs, three ways")
	text(&body, svgMargin, y+30, 13, "400", "#4b5563",
		"debian: untouched Wine packages.  off: nspa built in, switched off.  on: nspa at work.  Bars: medians; dots: runs.")
	y += 58
	for i := range r.Workloads {
		y = panel(&body, &r.Workloads[i], y)
	}
	text(&body, svgMargin, y+6, 12, "400", "#6b7280", r.Machine.String())
	y += 18
	text(&body, svgMargin, y+6, 12, "400", "#6b7280", r.Created)
	height := y + svgMargin

	var out bytes.Buffer
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="Inter, 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif" role="img">`+"\n", svgWidth, height, svgWidth, height)
	out.WriteString("<title>Wall time of Windows programs under Wine, with and without nspa</title>\n")
	fmt.Fprintf(&out, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", svgWidth, height)
	body.WriteTo(&out)
	out.WriteString("</svg>\n")
	return out.Bytes()
}

func panel(b *bytes.Buffer, w *Workload, y int) int {
	on, off := w.Runs["on"], w.Runs["off"]
	bars := []bar{
		{"debian", "#9ca3af", "", w.Runs["debian"]},
		{"off", "#6b7280", "", off},
		{"on", "#0f766e", "", on},
	}
	if on != nil && off != nil {
		bars[2].note = gain(off.WallMS, on.WallMS)
	}
	if w.Native != nil {
		bars = append(bars, bar{"native Linux", "#93c5fd", "", w.Native})
	}
	longest := 0.0
	for _, x := range bars {
		if x.run != nil {
			_, hi := stats.Spread(x.run.WallMSRuns)
			longest = math.Max(longest, math.Max(x.run.WallMS, hi))
		}
	}
	if !(longest > 0) {
		longest = 1
	}
	left := svgMargin + labelWidth
	room := float64(svgWidth - svgMargin - valueWidth - left)

	text(b, svgMargin, y+16, 16, "600", "#111827", w.Name)
	text(b, svgMargin, y+36, 13, "400", "#4b5563", w.What)
	y += panelHead
	fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="#d1d5db"/>`+"\n", left, y-2, left, y+barStep*len(bars)-barStep+barHeight+2)
	for _, x := range bars {
		mid := y + barHeight/2
		fmt.Fprintf(b, `<text x="%d" y="%d" font-size="13" fill="#374151" text-anchor="end">%s</text>`+"\n", left-10, mid+5, escape(x.label))
		if x.run == nil {
			text(b, left+8, mid+5, 13, "400", "#9ca3af", "not run")
			y += barStep
			continue
		}
		length := room * x.run.WallMS / longest
		fmt.Fprintf(b, `<rect x="%d" y="%d" width="%.1f" height="%d" rx="2" fill="%s"/>`+"\n", left, y, math.Max(length, 1), barHeight, x.colour)
		end := length
		for _, v := range x.run.WallMSRuns {
			at := room * v / longest
			end = math.Max(end, at)
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%d" r="2.6" fill="#111827" fill-opacity="0.55" stroke="#ffffff" stroke-width="0.8"/>`+"\n", float64(left)+at, mid)
		}
		label := Number(x.run.WallMS) + " ms"
		fmt.Fprintf(b, `<text x="%.1f" y="%d" font-size="13" fill="#111827"><tspan font-weight="600">%s</tspan>`, float64(left)+end+10, mid+5, escape(label))
		if x.note != "" {
			fmt.Fprintf(b, `<tspan fill="#0f766e" dx="10">%s</tspan>`, escape(x.note))
		}
		b.WriteString("</text>\n")
		y += barStep
	}
	if s := requestLine(w); s != "" {
		text(b, left, y+10, 13, "400", "#374151", s)
		y += 8
	}
	return y + panelFoot
}

// gain says how on compares with off; a few per cent are noise.
func gain(off, on float64) string {
	switch r := off / on; {
	case r >= 1.05:
		return Number(r) + "x faster than off"
	case r > 1/1.05:
		return "as fast as off"
	default:
		return Number(1/r) + "x slower than off"
	}
}

func requestLine(w *Workload) string {
	off, on := w.Runs["off"], w.Runs["on"]
	if off == nil || on == nil || off.Requests == nil || on.Requests == nil {
		return ""
	}
	a, b := off.Requests["total"], on.Requests["total"]
	s := fmt.Sprintf("wineserver requests: %s off, %s on", Count(a), Count(b))
	if w.Items > 0 {
		s += fmt.Sprintf(" (%s and %s per %s)", Number(float64(a)/float64(w.Items)), Number(float64(b)/float64(w.Items)), singular(w.Item))
	}
	return s
}

// singular turns "opens", "files" and "directories" into one of them.
func singular(items string) string {
	if stem, ok := strings.CutSuffix(items, "ies"); ok {
		return stem + "y"
	}
	return strings.TrimSuffix(items, "s")
}

func text(b *bytes.Buffer, x, y, size int, weight, colour, s string) {
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="%d" font-weight="%s" fill="%s">%s</text>`+"\n", x, y, size, weight, colour, escape(s))
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer does not fail
	return b.String()
}
