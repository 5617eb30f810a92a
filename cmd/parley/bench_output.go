package main

import (
	"fmt"
	"io"
	"os"

	"github.com/parley-dm/parley/internal/bench"
)

// benchOutput is where a report goes.
type benchOutput struct {
	JSON     string `name:"json" help:"Write all figures to this file." placeholder:"FILE"`
	SVG      string `name:"svg" help:"Write a chart to this file." placeholder:"FILE"`
	Markdown bool   `help:"Print the table as Markdown."`
}

// report runs measure, prints the report and writes the files. The files are created first, so that
// a wrong file name does not waste a long run.
func (o *benchOutput) report(s *streams, measure func() (*bench.Report, error)) error {
	files := []struct {
		flag, name string
		write      func(*bench.Report, io.Writer) error
		file       *os.File
	}{
		{flag: "--json", name: o.JSON, write: (*bench.Report).JSON},
		{flag: "--svg", name: o.SVG, write: func(r *bench.Report, w io.Writer) error { return r.Chart.SVG(w) }},
	}
	for i := range files {
		if f := &files[i]; f.name != "" {
			var err error
			if f.file, err = os.Create(f.name); err != nil {
				return fmt.Errorf("%s: %w", f.flag, err)
			}
		}
	}
	r, err := measure()
	if err == nil && o.Markdown {
		r.Markdown(s.out)
	} else if err == nil {
		r.Text(s.out)
	}
	for _, f := range files {
		if f.file == nil {
			continue
		}
		if err == nil {
			err = f.write(r, f.file)
		}
		if e := f.file.Close(); err == nil {
			err = e
		}
	}

	return err
}
