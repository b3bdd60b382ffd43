package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8
const tileWidth = 1 << tileHeight

// tilePath is the path of a tile after c2sp.org/tlog-tiles, which is not that of sumdb: kind is a level or "entries".
func tilePath(kind string, index int64, width int) string {
	path := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		path = fmt.Sprintf("x%03d/%s", index%1000, path)
	}
	if width < tileWidth {
		path = fmt.Sprintf("%s.p/%d", path, width)
	}
	return filepath.Join("tile", kind, filepath.FromSlash(path))
}

// readHashTile reads the first hashes of a tile.
func readHashTile(directory string, level int, index int64, width int) ([]byte, error) {
	data, err := readTile(directory, fmt.Sprint(level), index, width)
	if err != nil {
		return nil, err
	}
	if len(data) < width*tlog.HashSize {
		return nil, fmt.Errorf("tile %d/%d has %d bytes, not %d hashes", level, index, len(data), width)
	}
	return data[:width*tlog.HashSize], nil
}

// readTile reads a tile of at least that width: the full one replaces its beginnings.
func readTile(directory, kind string, index int64, width int) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(directory, tilePath(kind, index, width)))
	if errors.Is(err, fs.ErrNotExist) && width < tileWidth {
		return os.ReadFile(filepath.Join(directory, tilePath(kind, index, tileWidth)))
	}
	return data, err
}

// readBundle reads the first entries of a bundle (tlog-tiles, "Log entries").
func readBundle(directory string, index int64, width int) ([][]byte, error) {
	data, err := readTile(directory, "entries", index, width)
	if err != nil {
		return nil, err
	}
	entries := make([][]byte, 0, width)
	for len(entries) < width {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("bundle %d ends inside of an entry", index)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:end])
		data = data[end:]
	}
	return entries, nil
}
