package user

// Set keeps a value with the session.
func (u *User) Set(key string, value any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.set(key, value)
}

func (u *User) set(key string, value any) {
	if u.data == nil {
		u.data = make(map[string]any)
	}
	u.data[key] = value
}

// Get returns the value kept under key, nil if there is none.
func (u *User) Get(key string) any {
	u.mu.Lock()
	defer u.mu.Unlock()

	return u.data[key]
}

// Update replaces the value under key, nil if there is none, by what op makes of it, as one step:
// no other Set, Update or Delete of this user comes between. Op must not call methods of the same
// user.
func (u *User) Update(key string, op func(data any) any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.set(key, op(u.data[key]))
}

// Delete forgets the value under key. It reports whether there was one.
func (u *User) Delete(key string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	_, had := u.data[key]
	delete(u.data, key)

	return had
}
