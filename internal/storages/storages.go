package storages

import (
	"context"

	"github.com/parley-dm/parley/internal/natsnode"
)

// Engine is the running half of a module of package dive.
type Engine interface {
	// Configure reads the text of dive.json, unless Setup has read a file. Each warning and the
	// error is one line. It must be called before the node starts.
	Configure(data []byte) (warnings []string, err error)
	// SetupError is what was wrong with the file that Setup read, else nil.
	SetupError() error
	// Configured tells whether there is any storage.
	Configured() bool
	// Start opens the way to the storages. Without any, and if the node is no core node, it only
	// remembers cfg, for those that are made later. It does not wait for other nodes. Replicas is
	// how many the storages can have at most, 0 if that is not known.
	Start(cfg natsnode.Config, replicas int) error
	// Stats reads what metrics show. It asks storages for their sizes, and waits a moment for that.
	Stats(ctx context.Context) Stats
	// Stop ends the operations under way when they are done or ctx ends, and closes everything.
	Stop(ctx context.Context)
}

var engineOf func(module any) Engine

// Register tells how a module's engine is found. Package dive calls it when the program begins.
func Register(f func(module any) Engine) { engineOf = f }

// Of is the running half of a dive.Module.
func Of(module any) Engine { return engineOf(module) }
