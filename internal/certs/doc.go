// Package certs keeps the certificate of TLS listeners that run: it reads the files again, so that
// a renewed certificate needs no restart.
//
//	c, err := certs.Open(load, log)   // load reads certificate and key
//	listen(c.Config())
//	err = c.Reload()                  // on SIGHUP
//	c.Close()
//
// The files are read every 10 seconds. A pair that cannot be read, or does not belong together,
// keeps the old one in use and is logged once.
//
// # Limits
//
// Connections keep the certificate that they began with. Sessions that are resumed by a ticket are
// not shown the new one.
package certs
