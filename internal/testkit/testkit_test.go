package testkit_test

import (
	"crypto/tls"
	"net"
	"path/filepath"
	"testing"

	"github.com/parley-dm/parley/internal/testkit"
)

func TestAWrittenCertificateCanBeLoaded(t *testing.T) {
	cert, key := filepath.Join(t.TempDir(), "c.pem"), filepath.Join(t.TempDir(), "k.pem")
	serial := testkit.WriteCertificate(t, cert, key)
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil || pair.Leaf.SerialNumber.Cmp(serial) != 0 {
		t.Error(pair.Leaf, err)
	}
}

func TestACorePortIsFree(t *testing.T) {
	ln, err := net.Listen("tcp", testkit.CorePort(t))
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
}
