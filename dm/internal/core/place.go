package core

import "github.com/parley-dm/parley/internal/node"

// Node is one life of one node.
type Node = node.ID

// SID is a session's ID.
type SID = node.SID

// Place is a session on a node. The zero Place is nowhere.
type Place = node.Place
