package auth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/parley-dm/parley/internal/auth"
	"github.com/parley-dm/parley/user"
)

// signed makes a token with these claims, as any other program might.
func signed(t *testing.T, method jwt.SigningMethod, key any, claims string) string {
	t.Helper()

	return signedWith(t, method, key, `{"alg":"`+method.Alg()+`","typ":"JWT"}`, claims)
}

func signedWith(t *testing.T, method jwt.SigningMethod, key any, header, claims string) string {
	t.Helper()
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
	signature, err := method.Sign(text, key)
	if err != nil {
		t.Fatal(err)
	}

	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func refused(t *testing.T, key auth.Key, token string, want error) string {
	t.Helper()
	id, err := key.Verify(token)
	if !errors.Is(err, want) || id != "" {
		t.Fatalf("Verify = %q, %v; want %v", id, err, want)
	}
	text := err.Error()
	if strings.Contains(text, "\n") || (len(token) > 1 && strings.Contains(text, token)) {
		t.Errorf("text %q: several lines, or shows the token", text)
	}

	return text
}

func TestATokenOfAnotherAlgorithmIsForged(t *testing.T) {
	rsaPublic, edPublic := publicPEM(rsaPrivate().Public()), publicPEM(edPrivate().Public())
	rsaKey, edKey, hmacKey := parse(t, write(t, rsaPublic)), parse(t, write(t, edPublic)), parse(t, secret)
	const claims = `{"sub":"alice"}`
	for name, row := range map[string]struct {
		key   auth.Key
		token string
	}{
		"HS256 with the RSA public key's PEM": {rsaKey, signed(t, jwt.SigningMethodHS256, rsaPublic, claims)},
		"HS256 with the PEM without its end":  {rsaKey, signed(t, jwt.SigningMethodHS256, rsaPublic[:len(rsaPublic)-1], claims)},
		"HS256 with the Ed25519 PEM":          {edKey, signed(t, jwt.SigningMethodHS256, edPublic, claims)},
		"HS256 with the raw Ed25519 key":      {edKey, signed(t, jwt.SigningMethodHS256, []byte(edPrivate()[32:]), claims)},
		"none, secret":                        {hmacKey, signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims)},
		"none, RSA":                           {rsaKey, signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims)},
		"none, oddly spelled":                 {hmacKey, signedWith(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, `{"alg":"NoNe"}`, claims)},
		"no alg":                              {hmacKey, signedWith(t, jwt.SigningMethodHS256, []byte(secret), `{}`, claims)},
		"alg is a number":                     {hmacKey, signedWith(t, jwt.SigningMethodHS256, []byte(secret), `{"alg":5}`, claims)},
		"HS512 with the same secret":          {hmacKey, signed(t, jwt.SigningMethodHS512, []byte(secret), claims)},
		"PS256 with the same RSA key":         {rsaKey, signed(t, jwt.SigningMethodPS256, rsaPrivate(), claims)},
		"RS512 with the same RSA key":         {rsaKey, signed(t, jwt.SigningMethodRS512, rsaPrivate(), claims)},
		"another secret":                      {hmacKey, signed(t, jwt.SigningMethodHS256, []byte("x"+secret), claims)},
		"any token, no key":                   {auth.Key{}, signed(t, jwt.SigningMethodHS256, []byte(secret), claims)},
	} {
		t.Run(name, func(t *testing.T) { refused(t, row.key, row.token, auth.ErrTokenForged) })
	}
}

func TestATokenThatWasChangedIsForged(t *testing.T) {
	key := parse(t, secret)
	parts := strings.Split(mint(t, key, "alice"), ".")
	other := strings.Split(mint(t, key, "mallory"), ".")
	refused(t, key, parts[0]+"."+other[1]+"."+parts[2], auth.ErrTokenForged)
}

func TestATokenThatIsNoJWTIsMalformed(t *testing.T) {
	key := parse(t, secret)
	refused(t, key, "", auth.ErrTokenMissing)
	good := mint(t, key, "alice")
	for _, token := range []string{
		" ", ".", "..", "...", "a.b.c", "null", good + ".", "." + good, good[1:], strings.Repeat(".", 10_000), "\x00\xff",
		strings.ReplaceAll(good, ".", "\n"), good[:strings.LastIndexByte(good, '.')],
		signed(t, jwt.SigningMethodHS256, []byte(secret), `not JSON`),
		signed(t, jwt.SigningMethodHS256, []byte(secret), `{"sub":"alice","exp":"soon"}`),
		signedWith(t, jwt.SigningMethodHS256, []byte(secret), `{"alg":"HS256","crit":["x"]}`, `{"sub":"alice"}`),
	} {
		refused(t, key, token, auth.ErrTokenMalformed)
	}
}

func TestExpAndNbfAreHonouredToTheSecondAndMayBeMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		key := parse(t, secret)
		time.Sleep(300 * time.Millisecond) // of virtual time, so that now is no whole second
		day := signed(t, jwt.SigningMethodHS256, []byte(secret), `{"sub":"alice"}`)
		minute, err := key.Mint("alice", time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		later, err := json.Marshal(map[string]any{"sub": "alice", "nbf": time.Now().Add(time.Hour).Unix()})
		if err != nil {
			t.Fatal(err)
		}
		notYet := signed(t, jwt.SigningMethodHS256, []byte(secret), string(later))

		accepted := func(token string) {
			t.Helper()
			if id, err := key.Verify(token); id != "alice" || err != nil {
				t.Fatalf("Verify = %q, %v", id, err)
			}
		}
		accepted(minute)
		refused(t, key, notYet, auth.ErrTokenNotYet)
		time.Sleep(time.Minute)
		accepted(minute)
		time.Sleep(time.Second)
		refused(t, key, minute, auth.ErrTokenExpired)
		time.Sleep(time.Hour)
		accepted(notYet)
		time.Sleep(1000 * time.Hour)
		accepted(day)
	})
}

func TestSubMustBeAUserID(t *testing.T) {
	key := parse(t, secret)
	for name, row := range map[string]struct{ claims, says string }{
		"missing":           {`{}`, "no user ID in sub"},
		"claims are null":   {`null`, "no user ID in sub"},
		"null":              {`{"sub":null}`, "no user ID in sub"},
		"a number":          {`{"sub":7}`, "no user ID in sub"},
		"a list":            {`{"sub":["alice"]}`, "no user ID in sub"},
		"empty":             {`{"sub":""}`, "it is empty"},
		"control character": {`{"sub":"a\u0007b"}`, "U+0007"},
		"line break":        {`{"sub":"a\nb"}`, "U+000A"},
		"129 bytes":         {`{"sub":"` + strings.Repeat("x", 129) + `"}`, "129 bytes"},
		"not UTF-8":         {"{\"sub\":\"a\xffb\"}", "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			text := refused(t, key, signed(t, jwt.SigningMethodHS256, []byte(secret), row.claims), auth.ErrTokenSubject)
			if !strings.Contains(text, row.says) {
				t.Errorf("text %q does not say %q", text, row.says)
			}
		})
	}
	for _, id := range []string{"a", strings.Repeat("x", 128), "a.b *>", "日本", "\ufffd"} {
		if got, err := key.Verify(mint(t, key, id)); got != id || err != nil {
			t.Errorf("Verify of a token for %q = %q, %v", id, got, err)
		}
	}
	if _, err := key.Mint("", 0); !errors.Is(err, user.ErrBadID) {
		t.Errorf("Mint of no user ID: %v", err)
	}
}

func TestOtherClaimsMayHoldAnything(t *testing.T) {
	key := parse(t, secret)
	token := signed(t, jwt.SigningMethodHS256, []byte(secret), `{"sub":"alice","aud":5,"iss":[],"iat":99999999999,"roles":{"a":1}}`)
	if id, err := key.Verify(token); id != "alice" || err != nil {
		t.Fatalf("Verify = %q, %v", id, err)
	}
}

func FuzzVerifyTakesAnyToken(f *testing.F) {
	key := must(auth.ParseKey(secret))
	f.Add(must(key.Mint("alice", 0)))
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, token string) {
		id, err := key.Verify(token)
		if (err == nil) != (id != "") {
			t.Fatalf("Verify = %q, %v", id, err)
		}
		if err == nil && user.CheckID(id) != nil {
			t.Fatalf("Verify accepted the user ID %q", id)
		}
	})
}
