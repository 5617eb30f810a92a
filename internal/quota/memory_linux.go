package quota

import "golang.org/x/sys/unix"

func machine() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 0
	}

	return int64(info.Totalram) * int64(info.Unit)
}
