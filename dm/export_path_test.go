package dm

import "github.com/parley-dm/parley/internal/mesh"

// PathLost tells a module what the mesh tells it when a link breaks; mesh.Memory.LosePath loses packets besides.
func PathLost(m *Module, n mesh.NodeID) { watcher{m}.PathLost(n) }
