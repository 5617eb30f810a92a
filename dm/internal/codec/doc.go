// Package codec is what nodes say to each other about direct messages, in bytes: packets, and the
// binary forms of FindData and SendData.
//
// # Limits
//
// Names have at most 255 bytes. A packet that is malformed is an error, never a panic; what is read
// of one aliases it.
package codec
