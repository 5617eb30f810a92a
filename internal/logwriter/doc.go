// Package logwriter keeps a program going while the reader of its log does not read.
//
//	slog handler ─▶ Write ─▶ queue (lines, bytes) ─▶ goroutine ─▶ standard error
//	                           └─ full: dropped and counted ─▶ "N log lines were dropped", once it reads again
//
// [Writer.Write] takes a line and returns at once, whatever becomes of it: a stuck log shipper, a
// terminal that is halted or a closed pipe delay no caller, so logging is safe under a lock. The
// goroutine exists only while lines wait; a Writer that is not used any more needs no Close.
//
// # Limits
//
//   - The queue holds 4096 lines and 1 MiB. Beyond that lines are dropped until it is half empty, so
//     that a slow reader sees runs of lines and not every other one. The notice stands where the
//     dropped lines would have stood.
//   - A line whose write fails counts as dropped: the notice comes with the next line that can be
//     written.
//   - Each line is one call of Write of its own: lines of several processes on one pipe do not mix.
//   - [Writer.Close] waits for a bounded time. A goroutine that a write holds beyond that stays.
//   - A program whose standard error is a closed pipe is ended by SIGPIPE, unless it handles that
//     signal: commands do, this package does not.
package logwriter
