// The call that the playground shows, in three languages. The text stands in it as it is.
const address = () => `${location.origin}/v1/tokens/count`;

function body(text, models) {
  return JSON.stringify({ input: text, type: "text", models });
}

function curl(text, models) {
  const quoted = body(text, models).replaceAll("'", "'\\''");
  return `curl ${address()} -H "X-Api-Key: $KEY" -H 'Content-Type: application/json' -d '${quoted}'`;
}

function python(text, models) {
  return [
    "import json, os, urllib.request",
    "",
    `body = json.loads(${JSON.stringify(body(text, models))})`,
    "request = urllib.request.Request(",
    `    ${JSON.stringify(address())},`,
    "    data=json.dumps(body).encode(),",
    '    headers={"X-Api-Key": os.environ["KEY"], "Content-Type": "application/json"},',
    ")",
    "for entry in json.load(urllib.request.urlopen(request)):",
    '    print(entry["model"], entry["token_count"], entry["token_cost"])',
  ].join("\n");
}

function javascript(text, models) {
  return [
    `const answer = await fetch(${JSON.stringify(address())}, {`,
    '  method: "POST",',
    '  headers: { "X-Api-Key": process.env.KEY, "Content-Type": "application/json" },',
    `  body: JSON.stringify(${body(text, models)}),`,
    "});",
    "console.table(await answer.json());",
  ].join("\n");
}

export const snippets = { curl, python, javascript };
