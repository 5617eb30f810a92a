package book

import (
	"errors"
	"go/doc/comment"
	"path/filepath"
	"strings"
)

const wireHead = `# Wire protocol

The bytes between clients and servers: frames, payloads, codes. For authors of clients in other languages, beside the
[golden vectors](../wire/testdata/README.md) and the [conformance suite](../sdk/conformance/README.md). It is the documentation of
[package wire](../wire/doc.go); ` + "`go test ./internal/book -update`" + ` writes this page.

`

// Wire makes docs/wire.md of the documentation of package wire.
func Wire(root string) (string, error) {
	files, err := parseDir(filepath.Join(root, "wire"))
	if err != nil {
		return "", err
	}
	text := documentation(files)
	if text == "" {
		return "", errors.New("package wire has no documentation")
	}
	var p comment.Parser
	printer := comment.Printer{
		HeadingLevel: 2,
		HeadingID:    func(*comment.Heading) string { return "" },
		DocLinkURL:   func(*comment.DocLink) string { return "../wire" },
	}
	page := string(printer.Markdown(p.Parse(text)))

	return wireHead + fenced(page), nil
}

// fenced turns blocks that are indented by a tab into blocks between fences.
func fenced(page string) string {
	var b strings.Builder
	open := false
	lines := strings.Split(strings.TrimRight(page, "\n"), "\n")
	for i, line := range lines {
		block := strings.HasPrefix(line, "\t") || open && line == "" && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "\t")
		if block != open {
			b.WriteString("```\n")
		}
		open = block
		b.WriteString(strings.TrimPrefix(line, "\t") + "\n")
	}
	if open {
		b.WriteString("```\n")
	}

	return b.String()
}
