package user

// GetAs returns the value kept under key as a T; false if there is none, or one of another type.
func GetAs[T any](u *User, key string) (T, bool) {
	v, ok := u.Get(key).(T)

	return v, ok
}

// GetAsString is [GetAs] for string.
func (u *User) GetAsString(key string) (string, bool) { return GetAs[string](u, key) }

// GetAsBool is [GetAs] for bool.
func (u *User) GetAsBool(key string) (bool, bool) { return GetAs[bool](u, key) }

// GetAsInt is [GetAs] for int.
func (u *User) GetAsInt(key string) (int, bool) { return GetAs[int](u, key) }

// GetAsInt8 is [GetAs] for int8.
func (u *User) GetAsInt8(key string) (int8, bool) { return GetAs[int8](u, key) }

// GetAsInt16 is [GetAs] for int16.
func (u *User) GetAsInt16(key string) (int16, bool) { return GetAs[int16](u, key) }

// GetAsInt32 is [GetAs] for int32.
func (u *User) GetAsInt32(key string) (int32, bool) { return GetAs[int32](u, key) }

// GetAsInt64 is [GetAs] for int64.
func (u *User) GetAsInt64(key string) (int64, bool) { return GetAs[int64](u, key) }

// GetAsUint is [GetAs] for uint.
func (u *User) GetAsUint(key string) (uint, bool) { return GetAs[uint](u, key) }

// GetAsUint8 is [GetAs] for uint8.
func (u *User) GetAsUint8(key string) (uint8, bool) { return GetAs[uint8](u, key) }

// GetAsUint16 is [GetAs] for uint16.
func (u *User) GetAsUint16(key string) (uint16, bool) { return GetAs[uint16](u, key) }

// GetAsUint32 is [GetAs] for uint32.
func (u *User) GetAsUint32(key string) (uint32, bool) { return GetAs[uint32](u, key) }

// GetAsUint64 is [GetAs] for uint64.
func (u *User) GetAsUint64(key string) (uint64, bool) { return GetAs[uint64](u, key) }

// GetAsFloat32 is [GetAs] for float32.
func (u *User) GetAsFloat32(key string) (float32, bool) { return GetAs[float32](u, key) }

// GetAsFloat64 is [GetAs] for float64.
func (u *User) GetAsFloat64(key string) (float64, bool) { return GetAs[float64](u, key) }

// GetAsBytes is [GetAs] for []byte.
func (u *User) GetAsBytes(key string) ([]byte, bool) { return GetAs[[]byte](u, key) }
