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

// Update replaces the value under key by what op makes of it, as one step: no other Set, Update or
// Delete of this user comes between. Op must not call methods of the same user.
func (u *User) Update(key string, op func(value any, exists bool) any) {
	u.mu.Lock()
	defer u.mu.Unlock()
	value, exists := u.data[key]
	u.set(key, op(value, exists))
}

// Delete forgets the value under key.
func (u *User) Delete(key string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.data, key)
}
