package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

// log is a ledger whose newest checkpoint is to be trusted.
type log struct {
	directory string
	keys      *keyring
	tree      tlog.Tree
	hashes    storedHashes
	removed   int64 // entries before it may be gone: an entry that is there says so
	missing   int64 // entries that are gone
}

// checkDirectory checks the signature of the newest checkpoint, every entry against the tree under it, the inclusion of some by a proof, and
// that every checkpoint that was ever signed is a beginning of it, those of the file kept elsewhere too.
func checkDirectory(directory, key, kept string) (string, error) {
	keys, err := newKeyring(key)
	if err != nil {
		return "", err
	}
	notes, newest, err := ownNotes(directory)
	if err != nil {
		return "", err
	}
	size, err := sizeOf(newest)
	if err != nil {
		return "", err
	}
	if err := keys.readRotations(filepath.Join(directory, "keys", "rotations")); err != nil {
		return "", err
	}
	l := &log{directory: directory, keys: keys}
	// What entries say counts only when the tree under the signature holds them, which checkEntries sees to.
	if err := l.readOwn(size); err != nil {
		return "", err
	}
	if l.tree, err = keys.open(newest); err != nil {
		return "", fmt.Errorf("checkpoint: %w", err)
	}
	if err := l.checkEntries(); err != nil {
		return "", err
	}
	if err := l.checkTiles(); err != nil {
		return "", err
	}
	if kept != "" {
		more, err := retained(kept)
		if err != nil {
			return "", err
		}
		notes = append(notes, more...)
	}
	if err := l.checkRetained(notes); err != nil {
		return "", err
	}
	proofs, err := l.checkInclusion()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`{"entries":%d,"missing":%d,"checkpoints":%d,"keys":%d,"proofs":%d,"root":%q}`,
		l.tree.N, l.missing, len(notes), len(keys.keys), proofs, l.tree.Hash.String()), nil
}

// ownNotes reads the checkpoints in the directory and says which is the newest: the file of the newest one is written last, so that a crash
// may have left it behind.
func ownNotes(directory string) (notes []string, newest string, err error) {
	if notes, err = retained(filepath.Join(directory, "checkpoints")); err != nil {
		return nil, "", err
	}
	current, err := os.ReadFile(filepath.Join(directory, "checkpoint"))
	if err != nil {
		return nil, "", err
	}
	notes = append(notes, string(current))
	largest := int64(-1)
	for _, text := range notes {
		size, err := sizeOf(text)
		if err != nil {
			return nil, "", err
		}
		if size > largest {
			largest, newest = size, text
		}
	}
	return notes, newest, nil
}

// each calls visit with every entry of a tree of that size; what is gone is nil.
func (l *log) each(size int64, visit func(seq int64, entry []byte) error) error {
	for first := int64(0); first < size; first += tileWidth {
		width := int64(tileWidth)
		if size-first < width {
			width = size - first
		}
		entries, err := readBundle(l.directory, first/tileWidth, int(width))
		if errors.Is(err, fs.ErrNotExist) {
			entries = make([][]byte, width)
		} else if err != nil {
			return err
		}
		for i, entry := range entries {
			if err := visit(first+int64(i), entry); err != nil {
				return err
			}
		}
	}
	return nil
}

// readOwn reads what the log says of itself: which keys it had, and what was removed.
func (l *log) readOwn(size int64) error {
	return l.each(size, func(seq int64, entry []byte) error {
		var event struct {
			Type          string `json:"type"`
			Seq           int64  `json:"seq"`
			EntriesBefore int64  `json:"entriesBefore"`
		}
		if entry == nil {
			return nil
		}
		if err := json.Unmarshal(entry, &event); err != nil {
			return fmt.Errorf("entry %d is not json: %w", seq, err)
		}
		if event.Seq != seq {
			return fmt.Errorf("entry %d says that it is entry %d", seq, event.Seq)
		}
		if event.Type == "retention.applied" && event.EntriesBefore > l.removed {
			l.removed = event.EntriesBefore
		}
		if event.Type != "key.rotated" {
			return nil
		}
		next := rotation{entry: entry}
		if err := json.Unmarshal(entry, &next); err != nil {
			return fmt.Errorf("entry %d: %w", seq, err)
		}
		if l.keys.knows(next) {
			return nil
		}
		return l.keys.add(next)
	})
}

// storedHashes are all hashes of a tree, in the order of tlog.StoredHashIndex.
type storedHashes []tlog.Hash

func (s storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	read := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(s)) {
			return nil, fmt.Errorf("there is no hash %d", index)
		}
		read[i] = s[index]
	}
	return read, nil
}

// checkEntries compares the hash of every entry with its leaf, and grows the tree from the leaves: its root must be the one that was signed.
func (l *log) checkEntries() error {
	var leaves []byte
	err := l.each(l.tree.N, func(seq int64, entry []byte) error {
		if seq%tileWidth == 0 {
			width := int64(tileWidth)
			if l.tree.N-seq < width {
				width = l.tree.N - seq
			}
			var err error
			if leaves, err = readHashTile(l.directory, 0, seq/tileWidth, int(width)); err != nil {
				return err
			}
		}
		var leaf tlog.Hash
		copy(leaf[:], leaves[seq%tileWidth*tlog.HashSize:])
		if entry == nil {
			l.missing++
			if seq >= l.removed {
				return fmt.Errorf("entry %d is missing, and no entry says that it was removed", seq)
			}
		} else if tlog.RecordHash(entry) != leaf {
			return fmt.Errorf("entry %d does not have the hash that the tile holds", seq)
		}
		more, err := tlog.StoredHashesForRecordHash(seq, leaf, l.hashes)
		l.hashes = append(l.hashes, more...)
		return err
	})
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(l.tree.N, l.hashes)
	if err != nil {
		return err
	}
	if root != l.tree.Hash {
		return errors.New("the entries do not make the root that was signed")
	}
	for _, r := range l.keys.rotations {
		if r.Seq < l.tree.N && l.hashes[tlog.StoredHashIndex(0, r.Seq)] != tlog.RecordHash(r.entry) {
			return fmt.Errorf("the log does not hold the change of keys at entry %d", r.Seq)
		}
	}
	return nil
}

// checkTiles compares every tile of the tree with its hashes.
func (l *log) checkTiles() error {
	tiles := tlog.NewTiles(tileHeight, 0, l.tree.N)
	for i, tile := range tiles {
		// Of a partial tile it names all widths, ascending.
		if i+1 < len(tiles) && tiles[i+1].L == tile.L && tiles[i+1].N == tile.N {
			continue
		}
		data, err := readHashTile(l.directory, tile.L, tile.N, tile.W)
		if err != nil {
			return err
		}
		wanted, err := tlog.ReadTileData(tile, l.hashes)
		if err != nil {
			return err
		}
		if !bytes.Equal(data, wanted) {
			return fmt.Errorf("tile %d/%d does not hold the hashes of the tree", tile.L, tile.N)
		}
	}
	return nil
}

// checkRetained checks that every checkpoint is a beginning of the log, by a consistency proof (RFC 6962 section 2.1.2).
func (l *log) checkRetained(notes []string) error {
	for n, text := range notes {
		older, err := l.keys.open(text)
		if err != nil {
			return fmt.Errorf("checkpoint %d: %w", n, err)
		}
		if older.N > l.tree.N {
			return fmt.Errorf("checkpoint %d is over %d entries, the log has %d: the end was cut off", n, older.N, l.tree.N)
		}
		if older.N == 0 {
			continue
		}
		proof, err := tlog.ProveTree(l.tree.N, older.N, l.hashes)
		if err != nil {
			return fmt.Errorf("checkpoint %d: %w", n, err)
		}
		if err := tlog.CheckTree(proof, l.tree.N, l.tree.Hash, older.N, older.Hash); err != nil {
			return fmt.Errorf("checkpoint %d is not a beginning of the log: %w", n, err)
		}
	}
	return nil
}

// checkInclusion proves the first, the last and some entries between (RFC 6962 section 2.1.1).
func (l *log) checkInclusion() (int, error) {
	step := l.tree.N/64 + 1
	proofs := 0
	err := l.each(l.tree.N, func(seq int64, entry []byte) error {
		if entry == nil || (seq%step != 0 && seq != l.tree.N-1) {
			return nil
		}
		proof, err := tlog.ProveRecord(l.tree.N, seq, l.hashes)
		if err != nil {
			return err
		}
		proofs++
		return tlog.CheckRecord(proof, l.tree.N, l.tree.Hash, seq, tlog.RecordHash(entry))
	})
	return proofs, err
}
