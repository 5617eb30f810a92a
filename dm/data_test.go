package dm_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-dm/parley/dm"
)

func TestDataHasItsCompactForm(t *testing.T) {
	find := dm.FindData{MyUserID: "alice", YourUserID: "bob", MyNodeAddr: "n1#01", Ver: 2, Cmd: 700, Message: []byte("hi")}
	b, err := find.AppendBinary(nil)
	if err != nil || string(b) != "\x05alice\x03bob\x05n1#01\x02\x02\xbchi" {
		t.Errorf("%q, %v", b, err)
	}
	var back dm.FindData
	if err := back.UnmarshalBinary(b); err != nil || fmt.Sprint(back) != fmt.Sprint(find) {
		t.Errorf("%v, %v", back, err)
	}
	send := dm.SendData{MyUserID: "alice", YourUserID: "bob", Ver: 2, Cmd: 700, Message: []byte("hi")}
	if b, err = send.AppendBinary(nil); err != nil || string(b) != "\x05alice\x03bob\x02\x02\xbchi" {
		t.Errorf("%q, %v", b, err)
	}
	var sent dm.SendData
	if err := sent.UnmarshalBinary(b); err != nil || fmt.Sprint(sent) != fmt.Sprint(send) {
		t.Errorf("%v, %v", sent, err)
	}
	for n := range len(b) - 2 {
		if err := sent.UnmarshalBinary(b[:n]); err == nil {
			t.Errorf("%d bytes of %d were taken", n, len(b))
		}
	}
	send.MyUserID = strings.Repeat("x", 256)
	if _, err := send.AppendBinary(nil); err == nil {
		t.Error("a user ID of 256 bytes was taken")
	}
}

func FuzzDataTakesAnyBytes(f *testing.F) {
	f.Add([]byte("\x05alice\x03bob\x05n1#01\x02\x02\xbchi"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var find dm.FindData
		if find.UnmarshalBinary(b) == nil {
			if again, err := find.AppendBinary(nil); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x became %x, %v", b, again, err)
			}
		}
		var send dm.SendData
		if send.UnmarshalBinary(b) == nil {
			if again, err := send.AppendBinary(nil); err != nil || !bytes.Equal(again, b) {
				t.Errorf("%x became %x, %v", b, again, err)
			}
		}
	})
}
