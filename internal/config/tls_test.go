package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-dm/parley/internal/config"
)

func TestTLSIsReadFromTheTwoFiles(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, cert, key)

	c := config.Config{TLSCert: cert, TLSKey: key}
	made, err := c.Certificate()
	if err != nil || len(made.Certificate) != 1 || made.Leaf == nil {
		t.Errorf("got %v, %v", made, err)
	}

	c = load(t, config.Sources{Flags: map[string]string{"tls-cert": filepath.Join(dir, "none"), "tls-key": key}})
	if _, err := c.Certificate(); err == nil || !strings.HasPrefix(err.Error(), "--tls-cert, --tls-key: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error is %v", err)
	}
	c = config.Config{TLSCert: key, TLSKey: cert}
	if _, err := c.Certificate(); err == nil || !strings.HasPrefix(err.Error(), "tls_cert, tls_key: ") {
		t.Errorf("error is %v", err)
	}
}

func writePair(t *testing.T, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
