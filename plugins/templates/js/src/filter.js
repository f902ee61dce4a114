// What {{name}} decides. `configure` says which attributes it looks at; nothing else reaches it.
// There is no clock, no randomness and no network in here; `write` of the log is for people.
import { write } from "sealog:filter/log@1.0.0";

const column = (image, ...path) => ({ image, path });
const columns = [
  column("old-image", "status"),
  column("new-image", "status"),
  column("old-image", "email"),
  column("new-image", "email"),
];
// Places in `columns`, and so in a change's cells.
const [OLD_STATUS, NEW_STATUS, OLD_EMAIL, NEW_EMAIL] = columns.keys();

let dropStatus = "DRAFT";

export function configure(config) {
  dropStatus = JSON.parse(config).drop_status ?? "DRAFT";
  write("debug", `drops ${dropStatus}`);
  return {
    name: "{{name}}",
    version: "0.1.0",
    columns,
    reasons: ["draft", "paid-cancelled"],
    verdicts: { drop: true, redact: true, tag: true, alert: true },
    configSchema: JSON.stringify({
      type: "object",
      properties: { drop_status: { type: "string" } },
      additionalProperties: false,
    }),
  };
}

export function evaluate(batch) {
  return batch.map(judge);
}

function judge(change) {
  const text = (place) => (change.cells[place].tag === "text" ? change.cells[place].val : undefined);
  const [before, after] = [text(OLD_STATUS), text(NEW_STATUS)];
  if (after === dropStatus) return { tag: "drop", val: "draft" };
  const redact = [OLD_EMAIL, NEW_EMAIL].filter((place) => change.cells[place].tag !== "absent");
  const by = change.identity;
  const byTtl = change.kind === "remove" && by?.kind === "Service" && by.principal === "dynamodb.amazonaws.com";
  const tags = byTtl ? [{ name: "deleted-by", value: "ttl" }] : [];
  const alert = before === "PAID" && after === "CANCELLED" ? "paid-cancelled" : undefined;
  if (redact.length === 0 && tags.length === 0 && alert === undefined) return { tag: "keep" };
  return { tag: "keep-with", val: { tags, redact, alert } };
}
