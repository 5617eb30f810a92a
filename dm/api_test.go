package dm_test

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/parley-dm/parley/dm"
	"github.com/parley-dm/parley/user"
)

// The public API was given: these are its functions, with their exact types. What does not fit does
// not compile.
var (
	_ func(userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte)                    = dm.ClearCacheByUserID
	_ func()                                                                                                 = dm.ExposeCommands
	_ func(userData *user.User, yourUserID string, ver uint8, cmd uint16, message []byte, cb func(error))    = dm.SendMessageByUserID
	_ func(cb func(clearedUserID string, userData *user.User))                                               = dm.SetOnClearCache
	_ func(cb func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) []byte) bool = dm.SetOnMessage
	_ func(cb func(ver uint8, cmd uint16, message []byte, senderID string, receiver *user.User) bool) bool   = dm.SetOnReceiveMessage
	_ func(cb func(disconnectedUserData *user.User, peerUserID string) []byte) bool                          = dm.SetOnUserDisconnect
	_ func(confpath string)                                                                                  = dm.Setup

	_ encoding.BinaryAppender    = (*dm.FindData)(nil)
	_ encoding.BinaryUnmarshaler = (*dm.FindData)(nil)
	_ encoding.BinaryAppender    = (*dm.SendData)(nil)
	_ encoding.BinaryUnmarshaler = (*dm.SendData)(nil)
)

func TestDataHasExactlyTheGivenFieldsAndTags(t *testing.T) {
	const sendData = "MyUserID string json:\"myUserID\"; YourUserID string json:\"yourUserID\"; " +
		"Ver uint8 json:\"ver\"; Cmd uint16 json:\"cmd\"; Message []uint8 json:\"message\"; "
	findData := strings.Replace(sendData, "Ver ", "MyNodeAddr string json:\"myNodeAddr\"; Ver ", 1)
	for data, want := range map[reflect.Type]string{reflect.TypeFor[dm.FindData](): findData, reflect.TypeFor[dm.SendData](): sendData} {
		var got strings.Builder
		for f := range data.Fields() {
			fmt.Fprintf(&got, "%s %v %s; ", f.Name, f.Type, f.Tag)
		}
		if got.String() != want {
			t.Errorf("%v is\n%s, want\n%s", data, got.String(), want)
		}
	}
}
