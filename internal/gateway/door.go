package gateway

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

// The door: what one address, and all together, can hold before they are logged in. Each connection
// counts from its accept to its end:
//
//	enter ─▶ pending ─▶ admitted ─▶ open ─▶ leave
//	            └─ refused, and lingering ─▲
//
// An IPv6 address counts as its network of 64 bits, which is what a customer of a provider has.

// addressKey is an address: of IPv6 the network, of IPv4 all of it behind a prefix that no network
// has.
type addressKey uint64

// noAddress is the key of connections that no limit of an address is for: those of trusted proxies.
const noAddress = ^addressKey(0)

func keyOf(addr netip.Addr) addressKey {
	addr = addr.Unmap()
	if addr.Is4() {
		b := addr.As4()

		return addressKey(1<<32 | uint64(binary.BigEndian.Uint32(b[:])))
	}
	b := addr.As16()

	return addressKey(binary.BigEndian.Uint64(b[:8]))
}

// place is where a connection counts.
type place uint8

const (
	outside place = iota
	pendingPlace
	openPlace
)

// visits is what one address has.
type visits struct {
	pending, open int32
	// spent is until when the address has used up its logins, on the door's clock: a login moves it
	// on by the time that it costs.
	spent time.Duration
}

const (
	// loginBurst is how far ahead of the clock spent may be: ten seconds' worth of logins.
	loginBurst = 10 * time.Second
	// longestLoginWait bounds the wait of a login for its turn.
	longestLoginWait = 2 * time.Second
)

// door counts connections by address. An address without any is forgotten once its logins are paid
// for.
type door struct {
	maxPending, addressPending, addressOpen int           // 0: no limit
	loginCost                               time.Duration // 0: no limit
	begin                                   time.Time     // zero of its clock

	mu        sync.Mutex
	pending   int                   // guarded by mu
	addresses map[addressKey]visits // guarded by mu
	idle      []idleAddress         // guarded by mu; addresses without connections, oldest first
}

type idleAddress struct {
	key addressKey
	due time.Duration
}

func newDoor(cfg *Config) *door {
	d := &door{
		maxPending: max(0, cfg.MaxPending), addressPending: max(0, cfg.AddressPending), addressOpen: max(0, cfg.AddressOpen),
		begin: time.Now(), addresses: make(map[addressKey]visits),
	}
	if cfg.AddressLogins > 0 {
		d.loginCost = time.Second / time.Duration(cfg.AddressLogins)
	}

	return d
}

// enter counts a new connection as pending, unless a limit forbids it. It returns why, 0: it is in.
func (d *door) enter(key addressKey) Denial {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.maxPending > 0 && d.pending >= d.maxPending {
		return DeniedPending
	}
	if why := d.enterAddressLocked(key); why != 0 {
		return why
	}
	d.pending++

	return 0
}

func (d *door) enterAddressLocked(key addressKey) Denial {
	if key == noAddress {
		return 0
	}
	v := d.addresses[key]
	switch {
	case d.addressPending > 0 && int(v.pending) >= d.addressPending:
		return DeniedAddressPending
	case d.addressOpen > 0 && int(v.open) >= d.addressOpen:
		return DeniedAddressOpen
	}
	v.pending++
	d.addresses[key] = v

	return 0
}

// move counts a pending connection for another address: a proxy has said whose it is. If that has
// no room, nothing changes.
func (d *door) move(from, to addressKey) Denial {
	if from == to {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if why := d.enterAddressLocked(to); why != 0 {
		return why
	}
	d.leaveAddressLocked(from, pendingPlace)

	return 0
}

// open counts a pending connection as open, unless its address has too many.
func (d *door) open(key addressKey) Denial {
	d.mu.Lock()
	defer d.mu.Unlock()
	if key != noAddress {
		v := d.addresses[key]
		if d.addressOpen > 0 && int(v.open) >= d.addressOpen {
			return DeniedAddressOpen
		}
		v.pending--
		v.open++
		d.addresses[key] = v
	}
	d.pending--

	return 0
}

// leave counts a connection no more.
func (d *door) leave(key addressKey, at place) {
	if at == outside {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if at == pendingPlace {
		d.pending--
	}
	d.leaveAddressLocked(key, at)
}

func (d *door) leaveAddressLocked(key addressKey, at place) {
	if key == noAddress {
		return
	}
	v := d.addresses[key]
	if at == pendingPlace {
		v.pending--
	} else {
		v.open--
	}
	d.addresses[key] = v
	if v.pending == 0 && v.open == 0 {
		d.forgetLocked(key, v, time.Since(d.begin))
	}
}

// forgetLocked removes an address without connections, or has sweep do it once its logins are paid
// for.
func (d *door) forgetLocked(key addressKey, v visits, now time.Duration) {
	if v.spent <= now {
		delete(d.addresses, key)

		return
	}
	d.idle = append(d.idle, idleAddress{key, v.spent})
}

// sweep removes addresses that are due.
func (d *door) sweep() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Since(d.begin)
	n := 0
	for ; n < len(d.idle) && d.idle[n].due <= now; n++ {
		if v, ok := d.addresses[d.idle[n].key]; ok && v.pending == 0 && v.open == 0 {
			if v.spent <= now {
				delete(d.addresses, d.idle[n].key)
			} else {
				d.idle = append(d.idle, idleAddress{d.idle[n].key, v.spent})
			}
		}
	}
	d.idle = d.idle[n:]
	if len(d.idle) == 0 {
		d.idle = nil
	}
}

// login returns how long a login of the address has to wait for its turn. Beyond longestLoginWait
// it is refused, and costs nothing.
func (d *door) login(key addressKey) (wait time.Duration) {
	if d.loginCost == 0 || key == noAddress {
		return 0
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Since(d.begin)
	v := d.addresses[key]
	spent := max(v.spent, now)
	wait = spent - now - loginBurst
	if wait > longestLoginWait {
		return wait
	}
	v.spent = spent + d.loginCost
	d.addresses[key] = v

	return max(0, wait)
}

// held is the number of connections that are not logged in.
func (d *door) held() int {
	d.mu.Lock()
	defer d.mu.Unlock()

	return d.pending
}
