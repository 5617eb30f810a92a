package mesh

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// serverLog turns the embedded server's log into this project's: what an operator must know becomes one
// line in our words, at most once in a while; the rest is for debugging.
type serverLog struct {
	log   *slog.Logger
	fatal chan string // why the server could not start

	mu   sync.Mutex
	said map[string]time.Time // guarded by mu; when which line was written last
}

const (
	sayAgain = 30 * time.Second
	maxSaid  = 256
)

func newServerLog(log *slog.Logger) *serverLog {
	return &serverLog{log: log, fatal: make(chan string, 1), said: make(map[string]time.Time)}
}

// refused: another node came with the wrong secret.
func (l *serverLog) refused(from string) {
	if l.due("refused " + from) {
		l.log.Warn("a node was refused: its cluster secret is not ours; all nodes need the same one", "from", from)
	}
}

// due tells whether it is time to write the line that key stands for.
func (l *serverLog) due(key string) bool {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if last, ok := l.said[key]; ok && now.Sub(last) < sayAgain {
		return false
	}
	if len(l.said) >= maxSaid {
		clear(l.said)
	}
	l.said[key] = now

	return true
}

func (l *serverLog) Errorf(format string, v ...any) {
	line := fmt.Sprintf(format, v...)
	where, _, _ := strings.Cut(line, " - ")
	switch {
	case strings.Contains(line, "Authorization Violation"):
		if l.due("refusal " + where) {
			l.log.Warn("a node refused this one: our cluster secret is not its own; all nodes need the same one", "node", where)
		}
	case strings.Contains(line, "authentication error"), // routeAuth has said it better
		strings.Contains(line, "trying to connect to route"), // the joining says it better
		strings.Contains(line, "authentication timeout"):
		l.debug(format, v)
	default:
		if l.due(where) {
			l.log.Warn("the embedded NATS server reports an error", "error", line)
		}
	}
}

func (l *serverLog) Warnf(format string, v ...any) { l.debug(format, v) }

func (l *serverLog) Fatalf(format string, v ...any) {
	line := fmt.Sprintf(format, v...)
	if strings.Contains(line, "invalid port") { // noPort: as it should be
		return
	}
	if i := strings.LastIndex(line, ": "); i >= 0 && strings.Contains(line, "listening") {
		line = line[i+2:]
	}
	select {
	case l.fatal <- line:
	default:
	}
}

func (l *serverLog) Noticef(format string, v ...any) { l.debug(format, v) }
func (l *serverLog) Debugf(format string, v ...any)  { l.debug(format, v) }
func (l *serverLog) Tracef(string, ...any)           {}

func (l *serverLog) debug(format string, v []any) {
	l.log.Debug("embedded NATS server", "line", fmt.Sprintf(format, v...))
}
