// Check-ledger verifies a ledger of sqlwarden, or a single proof from one, with the Go project's own implementations of signed notes and of
// transparency logs (golang.org/x/mod/sumdb). It shares no code and no author with the gateway that writes ledgers.
//
//	check-ledger -key <verifier key> [-retained <copy of its checkpoints file>] <directory>
//	check-ledger -key <verifier key> -proof <file>
//
// The key is that of the log's first checkpoint, or the one that signed the proof's. Nobody may write to the directory meanwhile. Exit status: 0 in order, 1 not so (standard error says what), 2 cannot be asked like that.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	key := flag.String("key", "", "the verifier key that the log is known by")
	proof := flag.String("proof", "", "a .tlog-proof file to be checked instead of a directory")
	kept := flag.String("retained", "", "a copy of the log's checkpoints file that was kept somewhere else")
	flag.Parse()
	if *key == "" || (*proof == "") == (flag.NArg() != 1) {
		flag.Usage()
		os.Exit(2)
	}
	var summary string
	var err error
	if *proof != "" {
		summary, err = checkProof(*proof, *key)
	} else {
		summary, err = checkDirectory(flag.Arg(0), *key, *kept)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "check-ledger:", err)
		os.Exit(1)
	}
	fmt.Println(summary)
}
