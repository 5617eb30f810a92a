package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/parley-dm/parley"
	"github.com/parley-dm/parley/dive"
	"github.com/parley-dm/parley/internal/chaos/storageop"
	"github.com/parley-dm/parley/user"
)

// storages has a timeout that is longer than an election takes.
const storages = `{"storages": {"` + storageop.Storage + `": {"replicas": 3, "timeout": "10s"}}}`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "storagenode:", err)
		os.Exit(1) //nolint:gocritic // the process ends here
	}
}

func run(ctx context.Context, args []string) error {
	cfg, err := parley.LoadConfig("", nil, settings(args))
	if err != nil {
		return err
	}
	cfg.DM = json.RawMessage(`{"reliableTimeout": "15s"}`) // longer than an operation may take
	cfg.Dive = json.RawMessage(storages)
	s, err := parley.New(cfg) //nolint:contextcheck // it only reads files
	if err != nil {
		return err
	}
	var storage *dive.Storage
	s.HandleCommand(storageop.Ver, storageop.Cmd, func(ver uint8, cmd uint16, payload []byte, u *user.User, next func(error)) {
		go func() {
			u.ServerRespond(storageop.Serve(storage, payload), ver, cmd, parley.StatusOK, true)
			next(nil)
		}()
	})
	storage = s.Dive().GetStorageByName(storageop.Storage)
	if err := s.Start(ctx); err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, "ready")
	select {
	case <-ctx.Done():
	case <-s.Done():
		return s.Err()
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.StopTime())
	defer cancel()

	return s.Stop(last)
}

// settings are the flags; one without a value is true.
func settings(args []string) map[string]string {
	given := map[string]string{}
	for i := 0; i < len(args); i++ {
		name, ok := strings.CutPrefix(args[i], "--")
		if !ok {
			continue // serve
		}
		given[name] = "true"
		if i+1 < len(args) && !strings.HasPrefix(args[i+1], "--") {
			i++
			given[name] = args[i]
		}
	}

	return given
}
