package natsnode

import (
	"crypto/ed25519"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"time"
)

const (
	// purpose keeps the key apart from others that are made of the cluster secret.
	purpose = "parley storages 1"
	// stretching makes each guess at a secret cost a tenth of a second or so.
	stretching = 200_000

	certificateLife = 10 * 365 * 24 * time.Hour
	clockSkew       = 24 * time.Hour
)

var errStranger = errors.New("the other side does not know the cluster secret")

// credentials is TLS for both sides of a connection between nodes. Each side has the private key
// that the cluster secret gives, and takes only a peer that has it too.
func credentials(secret string) (*tls.Config, error) {
	seed, err := pbkdf2.Key(sha256.New, secret, []byte(purpose), stretching, ed25519.SeedSize)
	if err != nil {
		return nil, fmt.Errorf("key of the cluster secret: %w", err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: purpose},
		NotBefore:    now.Add(-clockSkew),
		NotAfter:     now.Add(certificateLife),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	public := key.Public()
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, public, key)
	if err != nil {
		return nil, fmt.Errorf("certificate of the cluster secret: %w", err)
	}

	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		Certificates:       []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}},
		ClientAuth:         tls.RequireAnyClientCert,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection compares the key itself
		// Tickets would let a session go on without the proof.
		SessionTicketsDisabled: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.PeerCertificates) == 0 {
				return errStranger
			}
			peer, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
			if !ok || !peer.Equal(public) {
				return errStranger
			}

			return nil
		},
	}, nil
}
