// Package filter is what {{name}} decides. Configure says which attributes it looks at; nothing else reaches it.
package filter

import (
	"encoding/json"

	log "wit_component/sealog_filter_log"
	. "wit_component/sealog_filter_types"

	wit "go.bytecodealliance.org/pkg/wit/types"
)

// Places in the list of columns that Configure gives, and so in Change.Cells.
const (
	oldStatus = iota
	newStatus
	oldEmail
	newEmail
)

const schema = `{"type":"object","properties":{"drop_status":{"type":"string"}},"additionalProperties":false}`

var settings = struct {
	DropStatus string `json:"drop_status"`
}{DropStatus: "DRAFT"}

func Configure(config string) wit.Result[Manifest, string] {
	if err := json.Unmarshal([]byte(config), &settings); err != nil {
		return wit.Err[Manifest, string](err.Error())
	}
	log.Write(log.Level_Debug, "drops "+settings.DropStatus)
	return wit.Ok[Manifest, string](Manifest{
		Name:    "{{name}}",
		Version: "0.1.0",
		Columns: []Column{
			oldStatus: {Image: Image_OldImage, Path: []string{"status"}},
			newStatus: {Image: Image_NewImage, Path: []string{"status"}},
			oldEmail:  {Image: Image_OldImage, Path: []string{"email"}},
			newEmail:  {Image: Image_NewImage, Path: []string{"email"}},
		},
		Reasons:      []string{"draft", "paid-cancelled"},
		Verdicts:     VerdictKinds_Drop | VerdictKinds_Redact | VerdictKinds_Tag | VerdictKinds_Alert,
		ConfigSchema: wit.Some(schema),
	})
}

func Evaluate(batch []Change) wit.Result[[]Verdict, string] {
	verdicts := make([]Verdict, len(batch))
	for i := range batch {
		verdicts[i] = judge(&batch[i])
	}
	return wit.Ok[[]Verdict, string](verdicts)
}

func judge(change *Change) Verdict {
	before, after := text(change, oldStatus), text(change, newStatus)
	if after == settings.DropStatus {
		return MakeVerdictDrop("draft")
	}
	edits := Edits{Alert: wit.None[string]()}
	for _, column := range []uint32{oldEmail, newEmail} {
		if change.Cells[column].Tag() != Value_Absent {
			edits.Redact = append(edits.Redact, column)
		}
	}
	if change.Kind == ChangeKind_Remove && byTTL(change) {
		edits.Tags = append(edits.Tags, Tag{Name: "deleted-by", Value: "ttl"})
	}
	if before == "PAID" && after == "CANCELLED" {
		edits.Alert = wit.Some("paid-cancelled")
	}
	if len(edits.Redact) == 0 && len(edits.Tags) == 0 && edits.Alert.IsNone() {
		return MakeVerdictKeep()
	}
	return MakeVerdictKeepWith(edits)
}

func byTTL(change *Change) bool {
	if change.Identity.IsNone() {
		return false
	}
	by := change.Identity.Some()
	return by.Kind == "Service" && by.Principal == "dynamodb.amazonaws.com"
}

// text is "" for what is no text.
func text(change *Change, column int) string {
	if cell := &change.Cells[column]; cell.Tag() == Value_Text {
		return cell.Text()
	}
	return ""
}
