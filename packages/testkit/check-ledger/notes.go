package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// rotation is what an entry of type key.rotated says.
type rotation struct {
	Seq       int64  `json:"seq"`
	Previous  string `json:"previous"`
	Next      string `json:"next"`
	Signature string `json:"signature"`
	entry     []byte
}

// keyring knows which key signs checkpoints of which sizes. It is built from the first key and from entries that each name the next one,
// signed by the key before.
type keyring struct {
	origin string
	keys   []string
	ends   []int64 // the size up to which the key signs

	rotations []rotation
}

func newKeyring(key string) (*keyring, error) {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return nil, err
	}
	return &keyring{origin: verifier.Name(), keys: []string{key}}, nil
}

func (k *keyring) add(r rotation) error {
	last := k.keys[len(k.keys)-1]
	if r.Previous != last {
		return fmt.Errorf("entry %d replaces a key that does not sign there", r.Seq)
	}
	verifier, err := note.NewVerifier(last)
	if err != nil {
		return err
	}
	signature, err := base64.StdEncoding.DecodeString(r.Signature)
	text := strings.Join([]string{"sqlwarden/key-rotation/v1", k.origin, r.Previous, r.Next, ""}, "\n")
	if err != nil || !verifier.Verify([]byte(text), signature) {
		return fmt.Errorf("entry %d names a key that the one before it did not sign", r.Seq)
	}
	k.keys = append(k.keys, r.Next)
	k.ends = append(k.ends, r.Seq+1)
	k.rotations = append(k.rotations, r)
	return nil
}

// knows is true for a rotation that was added before.
func (k *keyring) knows(r rotation) bool {
	for _, known := range k.rotations {
		if known.Seq == r.Seq {
			return bytes.Equal(known.entry, r.entry)
		}
	}
	return false
}

// readRotations reads the file of copies of key.rotated entries, which outlives the entries themselves. That they are those of the log is checked
// with its other entries.
func (k *keyring) readRotations(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, line := range bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n")) {
		r := rotation{entry: line}
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		if err := k.add(r); err != nil {
			return err
		}
	}
	return nil
}

func (k *keyring) keyAt(size int64) string {
	for i, end := range k.ends {
		if size <= end {
			return k.keys[i]
		}
	}
	return k.keys[len(k.keys)-1]
}

// open reads a note as a checkpoint that the right key has signed.
func (k *keyring) open(text string) (tlog.Tree, error) {
	size, err := sizeOf(text)
	if err != nil {
		return tlog.Tree{}, err
	}
	verifier, err := note.NewVerifier(k.keyAt(size))
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != k.origin {
		return tlog.Tree{}, errors.New("the note is not a checkpoint of this log")
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

func sizeOf(text string) (int64, error) {
	lines := strings.SplitN(text, "\n", 3)
	if len(lines) < 3 {
		return 0, errors.New("the note is not a checkpoint")
	}
	return strconv.ParseInt(lines[1], 10, 64)
}

// retained reads a file of every checkpoint that was signed. A last line without an end was cut off by a crash.
func retained(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := bytes.Split(data, []byte("\n"))
	var notes []string
	for n, line := range lines[:len(lines)-1] {
		var entry struct {
			N    int    `json:"n"`
			Note string `json:"note"`
		}
		if err := json.Unmarshal(line, &entry); err != nil || entry.N != n {
			return nil, fmt.Errorf("line %d of checkpoints is not the checkpoint of that number", n)
		}
		notes = append(notes, entry.Note)
	}
	return notes, nil
}
