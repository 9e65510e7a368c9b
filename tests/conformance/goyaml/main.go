// Answers what sigs.k8s.io/yaml makes of documents, for the differential test beside it.
//
// On stdin, again and again: a line with the number of bytes, then the bytes. On stdout for each: "ok J Y\n" and
// J bytes of JSON and Y bytes of the YAML that Marshal prints for it, or "error N\n" and N bytes of message.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"sigs.k8s.io/yaml"
)

func answer(document []byte) (json, again []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if json, err = yaml.YAMLToJSON(document); err != nil {
		return nil, nil, err
	}
	if again, err = yaml.JSONToYAML(json); err != nil {
		return json, []byte("error: " + err.Error()), nil
	}
	return json, again, nil
}

func main() {
	in, out := bufio.NewReaderSize(os.Stdin, 1<<20), bufio.NewWriterSize(os.Stdout, 1<<20)
	for {
		var size int
		if _, err := fmt.Fscanf(in, "%d\n", &size); err != nil {
			return
		}
		document := make([]byte, size)
		if _, err := io.ReadFull(in, document); err != nil {
			return
		}
		json, again, err := answer(document)
		if err != nil {
			fmt.Fprintf(out, "error %d\n%s", len(err.Error()), err.Error())
		} else {
			fmt.Fprintf(out, "ok %d %d\n", len(json), len(again))
			out.Write(json)
			out.Write(again)
		}
		out.Flush()
	}
}
