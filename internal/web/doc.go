// Package web serves the pages for browsers that the binary embeds: the demo and the dashboard.
// Their sources are in the folder web; `make web` builds them into the folder dist.
package web
