package bench

import "slices"

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 0 {
		return (values[middle-1] + values[middle]) / 2
	}

	return values[middle]
}

// lowest and highest are 0 without values.
func lowest(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}

	return slices.Min(values)
}

func highest(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}

	return slices.Max(values)
}
