//go:build linux

package link

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/testkit"
)

// BenchmarkRoundTrip is one packet there and back, over TCP on loopback.
func BenchmarkRoundTrip(b *testing.B) {
	for _, size := range []int{64, 1024} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			x, y := open(b, "x", 1), open(b, "y", 2)
			back := make(chan struct{}, 1)
			y.on = func(l *Link, port uint8, p []byte) { _ = l.Send(port, p) }
			x.on = func(*Link, uint8, []byte) { back <- struct{}{} }
			quiet(x, y)
			l := linked(b, x, y)
			packet := make([]byte, size)
			b.ReportAllocs()
			b.ResetTimer()
			cpuOf(b, func() {
				for range b.N {
					_ = l.Send(1, packet)
					<-back
				}
			})
		})
	}
}

// BenchmarkBatch is packets one way, in batches, by TCP on loopback.
func BenchmarkBatch(b *testing.B) {
	for _, size := range []int{64, 1024} {
		for _, batch := range []int{8, 64} {
			b.Run(fmt.Sprintf("%d of %d bytes", batch, size), func(b *testing.B) {
				cork := new(Cork)
				x, y := open(b, "x", 1, func(c *Config) { c.Cork = cork }), open(b, "y", 2)
				back := make(chan struct{}, 1)
				n := 0
				y.on = func(l *Link, port uint8, p []byte) {
					n++
					if n%batch == 0 {
						_ = l.Send(port, p)
					}
				}
				x.on = func(*Link, uint8, []byte) { back <- struct{}{} }
				quiet(x, y)
				l := linked(b, x, y)
				packet := make([]byte, size)
				b.ReportAllocs()
				b.ResetTimer()
				cpuOf(b, func() {
					for i := 0; i < b.N; i += batch {
						cork.Begin()
						for range batch {
							_ = l.Send(1, packet)
						}
						cork.End()
						<-back
					}
				})
			})
		}
	}
}

// BenchmarkStream is packets one way, as many as go, by TCP on loopback.
func BenchmarkStream(b *testing.B) {
	for _, size := range []int{64, 1024} {
		b.Run(fmt.Sprintf("%d bytes", size), func(b *testing.B) {
			x, y := open(b, "x", 1), open(b, "y", 2)
			var mu sync.Mutex
			got := 0
			all := make(chan struct{})
			y.on = func(*Link, uint8, []byte) {
				mu.Lock()
				defer mu.Unlock()
				got++
				if got == b.N {
					close(all)
				}
			}
			quiet(x, y)
			l := linked(b, x, y)
			packet := make([]byte, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				for l.Send(1, packet) != nil {
					time.Sleep(100 * time.Microsecond)
				}
			}
			<-all
		})
	}
}

func linked(b *testing.B, x, y *member) *Link {
	b.Helper()
	x.Want(y.id, y.Advertised())
	testkit.Eventually(b, "a link", func() bool { return x.To(y.id) != nil && y.To(x.id) != nil })

	return x.To(y.id)
}

func BenchmarkLeased(b *testing.B) {
	a := open(b, "a", 1)
	for range b.N {
		_ = a.Leased()
	}
}
