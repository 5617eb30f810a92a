//go:build !linux

package demo

import "syscall"

// dieWithParent has nothing to set here: see the package's Limits.
func dieWithParent() *syscall.SysProcAttr { return nil }
