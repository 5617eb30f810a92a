// Package strictjson reads files of settings that people write: one JSON object whose keys are all
// known.
//
//	bytes ──▶ Object(data, valid) ──▶ []Field, in the file's order ──▶ Field.String, Bool, Int, Duration, Strings
//	              │                                                        │
//	              └── unknown key, key given twice, broken JSON ───────────┴── value of another type ──▶ *Error (line, sentence)
//
// What encoding/json ignores in silence is an error here: a mistyped key would leave its setting at
// the default. Every error is one line that says where, what is wrong and what would be right.
//
// # Limits
//
// Objects inside the object are handed on as they stand ([Field.Raw]); code that understands them
// calls [Object] again. Everything is kept in memory at once, and nesting is as deep as
// encoding/json allows.
package strictjson
