package config

import "fmt"

// Retired is a setting of an earlier version. It is refused with a line that names its successor.
type Retired struct {
	Name    string // in files; as a flag and a variable it was named by the rules of Setting
	Instead string // the successor, and why
}

// RetiredSettings is the table of all retired settings.
func RetiredSettings() []Retired {
	return []Retired{
		{Name: "mesh", Instead: "leave it out and set cluster (--cluster): links of other nodes come in at the cluster address now"},
	}
}

// Flag is the retired setting's name on the command line, without the dashes before it.
func (r Retired) Flag() string { return Setting{Name: r.Name}.Flag() }

func (r Retired) refused(origin string) error {
	return fmt.Errorf("%s is no setting any more: %s", origin, r.Instead)
}
