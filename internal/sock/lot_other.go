//go:build !linux

package sock

// Lot is a place where connections wait without a goroutine each. Here it takes nobody.
type Lot struct{}

// Waiter is whose connection waits.
type Waiter interface{ Wake() }

// NewLot returns nil, a Lot that takes nobody.
func NewLot() *Lot { return nil }

// Park returns false.
func (*Lot) Park(*Conn, Waiter) bool { return false }

// Leave does nothing.
func (*Lot) Leave(*Conn, Waiter) {}

// Close does nothing.
func (*Lot) Close() {}
