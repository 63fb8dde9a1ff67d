// Code for the count of the playground, in three languages. If the page shows estimates, the call asks for them too;
// otherwise its counts would be null.
const address = () => `${location.origin}/v1/tokens/count`;

function body(text, models, estimate) {
  return JSON.stringify({ input: text, type: "text", models, ...(estimate && { estimate }) });
}

function curl(text, models, estimate) {
  const quoted = body(text, models, estimate).replaceAll("'", "'\\''");
  return `curl ${address()} -H "X-Api-Key: $KEY" -H 'Content-Type: application/json' -d '${quoted}'`;
}

function python(text, models, estimate) {
  return [
    "import json, os, urllib.request",
    "",
    `body = json.loads(${JSON.stringify(body(text, models, estimate))})`,
    "request = urllib.request.Request(",
    `    ${JSON.stringify(address())},`,
    "    data=json.dumps(body).encode(),",
    '    headers={"X-Api-Key": os.environ["KEY"], "Content-Type": "application/json"},',
    ")",
    "for entry in json.load(urllib.request.urlopen(request)):",
    '    print(entry["model"], entry["token_count"], entry["token_cost"])',
  ].join("\n");
}

function javascript(text, models, estimate) {
  return [
    `const answer = await fetch(${JSON.stringify(address())}, {`,
    '  method: "POST",',
    '  headers: { "X-Api-Key": process.env.KEY, "Content-Type": "application/json" },',
    `  body: JSON.stringify(${body(text, models, estimate)}),`,
    "});",
    "console.table(await answer.json());",
  ].join("\n");
}

export const snippets = { curl, python, javascript };
