package user

import (
	"testing"
	"unsafe"
)

// An idle user costs this for as long as it is connected: 112 is a size of Go's allocator, the next
// is 128.
func TestAUserIsSmall(t *testing.T) {
	if size := unsafe.Sizeof(User{}); size > 112 {
		t.Errorf("a User has %d bytes", size)
	}
}
