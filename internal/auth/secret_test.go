package auth_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/auth"
)

// sshPublic is an Ed25519 key as ssh-keygen writes it.
func sshPublic() string {
	var b []byte
	for _, part := range [][]byte{[]byte("ssh-ed25519"), edPrivate()[32:]} {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(part))), part...)
	}

	return "ssh-ed25519 " + base64.StdEncoding.EncodeToString(b) + " alice@example"
}

func TestWhatIsNoBareSecretIsNoSecret(t *testing.T) {
	der := must(x509.MarshalPKIXPublicKey(rsaPrivate().Public()))
	edDER := must(x509.MarshalPKIXPublicKey(edPrivate().Public()))
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotAfter: time.Now()}
	certificate := must(x509.CreateCertificate(rand.Reader, template, template, edPrivate().Public(), edPrivate()))
	set := jwks(rsaJWK("a", &rsaPrivate().PublicKey))
	for name, content := range map[string][]byte{
		"JWKS":                         []byte(set),
		"JWKS that was cut off":        []byte(set[:len(set)-3]),
		"JWK":                          []byte(rsaJWK("a", &rsaPrivate().PublicKey)),
		"SSH public key":               []byte(sshPublic() + "\n"),
		"SSH key without its kind":     []byte(strings.Fields(sshPublic())[1]),
		"SSH key with options":         []byte(`command="x" ` + sshPublic()),
		"SSH2 public key":              []byte("---- BEGIN SSH2 PUBLIC KEY ----\nAAAA\n---- END SSH2 PUBLIC KEY ----"),
		"DER RSA public key":           der,
		"DER Ed25519 public key":       edDER,
		"DER that ends in white space": append(bytes.Clone(edDER[:len(edDER)-1]), '\n'),
		"DER that was cut off":         der[:100],
		"DER in base64":                []byte(base64.StdEncoding.EncodeToString(der)),
		"DER in base64url":             []byte(base64.RawURLEncoding.EncodeToString(edDER)),
		"PKCS 1 in base64":             []byte(base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&rsaPrivate().PublicKey))),
		"certificate in base64":        []byte(base64.StdEncoding.EncodeToString(certificate)),
		"DER in lines of base64":       []byte(base64.StdEncoding.EncodeToString(der[:45]) + "\n" + base64.StdEncoding.EncodeToString(der[45:])),
		"DER certificate":              certificate,
		"PEM certificate":              encode("CERTIFICATE", certificate),
		"PKCS 1 in DER":                x509.MarshalPKCS1PublicKey(&rsaPrivate().PublicKey),
		"URL":                          []byte("https://login.example/.well-known/jwks.json"),
		"PuTTY":                        []byte("PuTTY-User-Key-File-3: ssh-ed25519 and more of it"),
		"raw bytes of a public key":    edPrivate()[32:],
		"two secrets":                  []byte(secret + "\n" + secret),
		"byte order mark":              []byte("\ufeff" + secret),
		"UTF-16":                       []byte(strings.Join(strings.Split(secret, ""), "\x00")),
	} {
		t.Run(name, func(t *testing.T) {
			for _, spec := range []string{write(t, content), string(content)} {
				key, err := auth.ParseKey(spec)
				if !errors.Is(err, auth.ErrKey) || key.CanMint() {
					t.Fatalf("accepted: %v", err)
				}
				if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, "want ") {
					t.Errorf("text %q", text)
				}
			}
		})
	}
}

func TestTheNameOfAFileIsNoSecret(t *testing.T) {
	path := strings.TrimPrefix(write(t, []byte(secret)), "file:")
	for _, spec := range []string{path, "FILE:" + path, "jwks:" + path, "File:" + strings.Repeat("x", 40)} {
		if _, err := auth.ParseKey(spec); !errors.Is(err, auth.ErrKey) {
			t.Errorf("ParseKey(%q): %v", spec, err)
		}
	}
}

func TestUsualSecretsAreAccepted(t *testing.T) {
	token := mint(t, parse(t, secret), "alice")
	for _, spec := range []string{secret + "\n", secret + "\r\n", " " + secret, write(t, []byte(secret+"\n")) + "\n"} {
		if id, err := parse(t, spec).Verify(token); id != "alice" || err != nil {
			t.Errorf("ParseKey(%q): %v", spec, err)
		}
	}
	for range 300 {
		b := make([]byte, 48)
		_, _ = rand.Read(b)
		parse(t, base64.StdEncoding.EncodeToString(b))
		parse(t, base64.RawURLEncoding.EncodeToString(b))
		parse(t, rand.Text()+rand.Text())
	}
	parse(t, "correct horse battery staple, 0 {and} [more] ünïcode")
	parse(t, base64.StdEncoding.EncodeToString(append([]byte{0x30, 0x82, 1, 0}, secret...))) // random, and begins like DER
	parse(t, `{0123456789abcdef0123456789abcdef`)
}
