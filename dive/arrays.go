package dive

// The elements of a slice or a list, all converted as [Result] says.

// ToBoolArray is the value as a []bool.
func (r *Result) ToBoolArray() ([]bool, error) { return as[[]bool](r) }

// ToIntArray is the value as a []int.
func (r *Result) ToIntArray() ([]int, error) { return as[[]int](r) }

// ToInt8Array is the value as a []int8.
func (r *Result) ToInt8Array() ([]int8, error) { return as[[]int8](r) }

// ToInt16Array is the value as a []int16.
func (r *Result) ToInt16Array() ([]int16, error) { return as[[]int16](r) }

// ToInt32Array is the value as a []int32.
func (r *Result) ToInt32Array() ([]int32, error) { return as[[]int32](r) }

// ToInt64Array is the value as a []int64.
func (r *Result) ToInt64Array() ([]int64, error) { return as[[]int64](r) }

// ToUintArray is the value as a []uint.
func (r *Result) ToUintArray() ([]uint, error) { return as[[]uint](r) }

// ToUint8Array is the value as a []uint8.
func (r *Result) ToUint8Array() ([]uint8, error) { return as[[]uint8](r) }

// ToUint16Array is the value as a []uint16.
func (r *Result) ToUint16Array() ([]uint16, error) { return as[[]uint16](r) }

// ToUint32Array is the value as a []uint32.
func (r *Result) ToUint32Array() ([]uint32, error) { return as[[]uint32](r) }

// ToUint64Array is the value as a []uint64.
func (r *Result) ToUint64Array() ([]uint64, error) { return as[[]uint64](r) }

// ToFloat32Array is the value as a []float32.
func (r *Result) ToFloat32Array() ([]float32, error) { return as[[]float32](r) }

// ToFloat64Array is the value as a []float64.
func (r *Result) ToFloat64Array() ([]float64, error) { return as[[]float64](r) }

// ToStringArray is the value as a []string.
func (r *Result) ToStringArray() ([]string, error) { return as[[]string](r) }

// ToBytesArray is the value as a [][]byte.
func (r *Result) ToBytesArray() ([][]byte, error) { return as[[][]byte](r) }

// ToInterfaceArray is the value as a []any, each element of its own type.
func (r *Result) ToInterfaceArray() ([]any, error) { return as[[]any](r) }
