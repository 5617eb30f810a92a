package auth_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/user"
)

// hs256 signs the claims with the tests' secret.
func hs256(t *testing.T, claims string) string {
	t.Helper()

	return signed(t, jwt.SigningMethodHS256, []byte(secret), claims)
}

func open(t *testing.T, config auth.KeyringConfig) *auth.Keyring {
	t.Helper()
	k, err := auth.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.Close)

	return k
}

func TestHostileClaimsAreRefused(t *testing.T) {
	key := parse(t, secret)
	deep := strings.Repeat("[", 70) + strings.Repeat("]", 70)
	for name, row := range map[string]struct {
		claims string
		want   error
	}{
		"sub twice":                          {`{"sub":"alice","sub":"bob"}`, auth.ErrTokenMalformed},
		"sub twice, once with escapes":       {`{"sub":"alice","\u0073ub":"bob"}`, auth.ErrTokenMalformed},
		"exp twice":                          {`{"sub":"alice","exp":1,"exp":9999999999}`, auth.ErrTokenMalformed},
		"a foreign name twice":               {`{"sub":"alice","x":1,"x":2}`, auth.ErrTokenMalformed},
		"nested name twice":                  {`{"sub":"alice","x":[{"a":{"b":1,"\u0062":2}}]}`, auth.ErrTokenMalformed},
		"lone surrogate in a name":           {`{"sub":"alice","\ud800":1}`, auth.ErrTokenMalformed},
		"name that is not UTF-8":             {"{\"sub\":\"alice\",\"\xff\":1}", auth.ErrTokenMalformed},
		"SUB alone":                          {`{"SUB":"alice"}`, auth.ErrTokenSubject},
		"Kelvin-like folding":                {`{"ſub":"alice"}`, auth.ErrTokenSubject},
		"Exp beside a passed exp":            {`{"sub":"alice","exp":1,"Exp":9999999999}`, auth.ErrTokenExpired},
		"high surrogate":                     {`{"sub":"\ud800"}`, auth.ErrTokenSubject},
		"low surrogate":                      {`{"sub":"\udc00"}`, auth.ErrTokenSubject},
		"surrogates in the wrong order":      {`{"sub":"\udc00\ud800"}`, auth.ErrTokenSubject},
		"high surrogate, then a letter":      {`{"sub":"\uD83Dx"}`, auth.ErrTokenSubject},
		"high surrogate twice":               {`{"sub":"\ud83d\ud83d\ude00"}`, auth.ErrTokenSubject},
		"sub is an object":                   {`{"sub":{"sub":"alice"}}`, auth.ErrTokenSubject},
		"exp is null":                        {`{"sub":"alice","exp":null}`, auth.ErrTokenMalformed},
		"exp is a text":                      {`{"sub":"alice","exp":"9999999999"}`, auth.ErrTokenMalformed},
		"exp has a fraction, and is past":    {`{"sub":"alice","exp":1500.75}`, auth.ErrTokenExpired},
		"exp has a fraction and an exponent": {`{"sub":"alice","exp":9.5e9}`, auth.ErrTokenMalformed},
		"exp has an exponent":                {`{"sub":"alice","exp":1e300}`, auth.ErrTokenMalformed},
		"exp beyond 64 bits":                 {`{"sub":"alice","exp":99999999999999999999}`, auth.ErrTokenMalformed},
		"exp beyond the year 9999":           {`{"sub":"alice","exp":253402300800}`, auth.ErrTokenMalformed},
		"exp is negative":                    {`{"sub":"alice","exp":-1}`, auth.ErrTokenMalformed},
		"exp is a list":                      {`{"sub":"alice","exp":[9999999999]}`, auth.ErrTokenMalformed},
		"exp is true":                        {`{"sub":"alice","exp":true}`, auth.ErrTokenMalformed},
		"nbf is a text":                      {`{"sub":"alice","nbf":"1"}`, auth.ErrTokenMalformed},
		"negative rate":                      {`{"sub":"alice","parley_rate_messages":-1}`, auth.ErrTokenMalformed},
		"rate is a text":                     {`{"sub":"alice","parley_rate_bytes":"0"}`, auth.ErrTokenMalformed},
		"rate is null":                       {`{"sub":"alice","parley_rate_bytes":null}`, auth.ErrTokenMalformed},
		"claims are a list":                  {`["sub","alice"]`, auth.ErrTokenMalformed},
		"claims are a text":                  {`"alice"`, auth.ErrTokenMalformed},
		"two documents":                      {`{"sub":"alice"}{"sub":"bob"}`, auth.ErrTokenMalformed},
		"no claims at all":                   {``, auth.ErrTokenMalformed},
		"nested too deep":                    {`{"sub":"alice","x":` + deep + `}`, auth.ErrTokenMalformed},
	} {
		t.Run(name, func(t *testing.T) { refused(t, key, hs256(t, row.claims), row.want) })
	}
}

func TestClaimsNextToHostileOnesAreAccepted(t *testing.T) {
	key := parse(t, secret)
	for claims, want := range map[string]string{
		`{"sub":"alice","SUB":"bob","Sub":"carol"}`:           "alice",
		`{"sub":"alice","EXP":1500,"Nbf":9999999999}`:         "alice",
		`{"sub":"\ud83d\ude00"}`:                              "😀",
		`{"sub":"\\ud800"}`:                                   `\ud800`,
		`{"\u0073ub":"alice"}`:                                "alice",
		`{"sub":"alice","x":{"sub":"bob"},"y":{"sub":"eve"}}`: "alice",
		`{"sub":"alice","x":"\ud800"}`:                        "alice",
		"{ \"sub\" : \"alice\" , \"x\" : [ 1 , { } , [ ] ] }": "alice",
	} {
		if id, err := key.Verify(hs256(t, claims)); id != want || err != nil {
			t.Errorf("Verify of %s = %q, %v", claims, id, err)
		}
	}
}

func TestHostileHeadersAreRefused(t *testing.T) {
	key := parse(t, secret)
	for header, want := range map[string]error{
		`{"alg":"none","alg":"HS256"}`:      auth.ErrTokenMalformed,
		`{"alg":"HS256","\u0061lg":"none"}`: auth.ErrTokenMalformed,
		`{"alg":"HS256","kid":5}`:           auth.ErrTokenMalformed,
		`{"alg":"HS256","crit":[]}`:         auth.ErrTokenMalformed,
		`["HS256"]`:                         auth.ErrTokenMalformed,
		`{"ALG":"HS256"}`:                   auth.ErrTokenForged,
		`{"alg":"hs256"}`:                   auth.ErrTokenForged,
		`{"alg":["HS256"]}`:                 auth.ErrTokenForged,
	} {
		t.Run(header, func(t *testing.T) {
			refused(t, key, signedWith(t, jwt.SigningMethodHS256, []byte(secret), header, `{"sub":"alice"}`), want)
		})
	}
	good := mint(t, key, "alice")
	for _, token := range []string{good + "\n", "\r" + good, good[:20] + "\n" + good[20:], good + "=", strings.Repeat("A", 70_000) + good} {
		refused(t, key, token, auth.ErrTokenMalformed)
	}
}

func TestKeysGivenInATokenAreNotUsed(t *testing.T) {
	key := parse(t, write(t, publicPEM(rsaPrivate().Public())))
	header := `{"alg":"HS256","jwk":{"kty":"oct","k":"` + secret + `"},"jku":"http://127.0.0.1:1/","x5u":"http://127.0.0.1:1/"}`
	refused(t, key, signedWith(t, jwt.SigningMethodHS256, []byte(secret), header, `{"sub":"alice"}`), auth.ErrTokenForged)
}

func TestLeewayIsForNbfAndNotForExp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := func(claim string, ahead time.Duration) string {
			return hs256(t, `{"sub":"alice","`+claim+`":`+strconv.FormatInt(time.Now().Add(ahead).Unix(), 10)+`}`)
		}
		key := parse(t, secret)
		for token, want := range map[string]error{
			at("nbf", time.Second):    nil,
			at("nbf", 30*time.Second): nil,
			at("nbf", 31*time.Second): auth.ErrTokenNotYet,
			at("iat", time.Hour):      nil,
			at("exp", time.Second):    nil,
			at("exp", 0):              auth.ErrTokenExpired,
		} {
			if _, err := key.Verify(token); !errors.Is(err, want) {
				t.Errorf("Verify: %v, want %v", err, want)
			}
		}
		none, err := auth.Open(t.Context(), auth.KeyringConfig{Keys: []string{secret}})
		if err != nil {
			t.Fatal(err)
		}
		defer none.Close()
		if _, err := none.Verify(at("nbf", time.Second)); !errors.Is(err, auth.ErrTokenNotYet) {
			t.Errorf("without leeway: %v", err)
		}
	})
}

func TestIssuerAndAudienceAreComparedExactly(t *testing.T) {
	k := open(t, auth.KeyringConfig{Keys: []string{secret}, Policy: auth.Policy{Issuer: "us", Audience: []string{"chat", "dm"}}})
	for claims, want := range map[string]error{
		`{"sub":"a","iss":"us","aud":"dm"}`:              nil,
		`{"sub":"a","iss":"us","aud":["x","chat"]}`:      nil,
		`{"sub":"a","aud":"dm"}`:                         auth.ErrTokenIssuer,
		`{"sub":"a","iss":"US","aud":"dm"}`:              auth.ErrTokenIssuer,
		`{"sub":"a","iss":["us"],"aud":"dm"}`:            auth.ErrTokenIssuer,
		`{"sub":"a","iss":"us"}`:                         auth.ErrTokenAudience,
		`{"sub":"a","iss":"us","aud":[]}`:                auth.ErrTokenAudience,
		`{"sub":"a","iss":"us","aud":"chat dm"}`:         auth.ErrTokenAudience,
		`{"sub":"a","iss":"us","aud":["dm",5]}`:          auth.ErrTokenAudience,
		`{"sub":"a","iss":"us","aud":["dm","\ud800"]}`:   auth.ErrTokenAudience,
		`{"sub":"a","iss":"us","aud":null}`:              auth.ErrTokenAudience,
		`{"sub":"a","iss":"us","AUD":"dm","aud":"none"}`: auth.ErrTokenAudience,
	} {
		if _, err := k.Verify(hs256(t, claims)); !errors.Is(err, want) {
			t.Errorf("Verify of %s: %v, want %v", claims, err, want)
		}
	}
}

func TestAnIdentityHasTheExpiryAndTheRates(t *testing.T) {
	k := open(t, auth.KeyringConfig{Keys: []string{secret}})
	id, err := k.Verify(hs256(t, `{"sub":"a","exp":9999999999,"parley_rate_messages":0,"parley_rate_bytes":4096}`))
	want := auth.Identity{UserID: "a", ExpiresAt: time.Unix(9999999999, 0), RateMessages: auth.Rate{Set: true}, RateBytes: auth.Rate{PerSecond: 4096, Set: true}}
	if id != want || err != nil {
		t.Errorf("Verify = %+v, %v", id, err)
	}
	if id, err = k.Verify(hs256(t, `{"sub":"a"}`)); id != (auth.Identity{UserID: "a"}) || err != nil {
		t.Errorf("Verify without claims = %+v, %v", id, err)
	}
	if id, err := (auth.Tokens{Verifier: k}).Identify(t.Context(), mint(t, k.Signer(), "bob"), nil); id.UserID != "bob" || err != nil {
		t.Errorf("Tokens.Identify = %+v, %v", id, err)
	}
}

func FuzzClaimsOfASignedTokenAreReadAsJSONReadsThem(f *testing.F) {
	key := must(auth.ParseKey(secret))
	for _, seed := range []string{`{"sub":"a","exp":1}`, `{"sub":"\ud83d\ude00","x":[{"a":1}]}`, `{"sub":"a","\u0073ub":"b"}`, `null`, `{"a":"\\\"","sub":"b"}`, `{`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		id, err := key.Verify(hs256(t, payload))
		if err != nil {
			return
		}
		var exact map[string]json.RawMessage // a map's keys match exactly
		var sub string
		if json.Unmarshal([]byte(payload), &exact) != nil || json.Unmarshal(exact["sub"], &sub) != nil || sub != id || user.CheckID(id) != nil {
			t.Fatalf("Verify of %q = %q", payload, id)
		}
	})
}
