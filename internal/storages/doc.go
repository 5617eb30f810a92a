// Package storages is the seam between package parley, which runs a node, and package dive, whose
// public type has no methods for that.
//
//	parley ──▶ storages.Of(module) ──▶ Engine ◀── dive registers it
package storages
