package user_test

import "github.com/parley-dm/parley/user"

// The functions of the original engine, with their signatures: a server that calls them compiles.
var (
	_ func(sid, uid string) *user.User                       = user.CreateBlankUser
	_ func(sid string) *user.User                            = user.GetUserByID
	_ func(uid string) *user.User                            = user.GetUserByUID
	_ func(sid string) bool                                  = user.ExistsByID
	_ func() []string                                        = user.GetAllUserIDs
	_ func() int                                             = user.GetCCU
	_ func(f func(u *user.User))                             = user.OnNew
	_ func(f func(sid string, u *user.User))                 = user.OnDiscard
	_ func(f func(oldSID, newSID string, u *user.User))      = user.OnSIDUpdate
	_ func(u *user.User, key string) (struct{ X int }, bool) = user.GetAs[struct{ X int }]
	_ [user.TransportUnknown]struct{}                        = [4]struct{}{}
	_ [user.TransportWebSocket]struct{}                      = [3]struct{}{}
	_ [user.TransportUDP]struct{}                            = [2]struct{}{}
	_ [user.TransportTCP]struct{}                            = [1]struct{}{}
	_ interface {                                            //nolint:interfacebloat // all of them
		Get(key string) any
		Set(key string, value any)
		Delete(key string) bool
		Update(key string, op func(data any) any)
		GetClientTransport() int
		IsTCP() bool
		IsUDP() bool
		GetLatency() int64
		GetAsString(key string) (string, bool)
		GetAsBool(key string) (bool, bool)
		GetAsBytes(key string) ([]byte, bool)
		GetAsInt(key string) (int, bool)
		GetAsInt8(key string) (int8, bool)
		GetAsInt16(key string) (int16, bool)
		GetAsInt32(key string) (int32, bool)
		GetAsInt64(key string) (int64, bool)
		GetAsUint(key string) (uint, bool)
		GetAsUint8(key string) (uint8, bool)
		GetAsUint16(key string) (uint16, bool)
		GetAsUint32(key string) (uint32, bool)
		GetAsUint64(key string) (uint64, bool)
		GetAsFloat32(key string) (float32, bool)
		GetAsFloat64(key string) (float64, bool)
		ServerPush(ver uint8, cmd uint16, message []byte, reliable bool)
		ServerRespond(message []byte, ver uint8, cmd uint16, status uint8, reliable bool)
		Disconnect()
	} = (*user.User)(nil)
)
