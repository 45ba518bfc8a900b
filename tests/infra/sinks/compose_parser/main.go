// Docker compose's own parser of environment files: a JSON list of texts comes in, and for each one what it reads goes
// out, or null where it refuses the text.
package main

import (
	"encoding/json"
	"log"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/dotenv"
)

func main() {
	var texts []string
	if err := json.NewDecoder(os.Stdin).Decode(&texts); err != nil {
		log.Fatal(err)
	}
	results := make([]map[string]string, len(texts))
	for i, text := range texts {
		if values, err := dotenv.ParseWithLookup(strings.NewReader(text), nil); err == nil {
			results[i] = values
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(results); err != nil {
		log.Fatal(err)
	}
}
