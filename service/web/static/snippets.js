// Code for the count of the playground, in three languages. If the page shows estimates, the call asks for them too;
// otherwise its counts would be null. `what` has the type and the text or the chat.
const address = () => `${location.origin}/v1/tokens/count`;

function body(what, models, estimate) {
  return JSON.stringify({ ...what, models, ...(estimate && { estimate }) });
}

function curl(what, models, estimate) {
  const quoted = body(what, models, estimate).replaceAll("'", "'\\''");
  return `curl ${address()} -H "X-Api-Key: $KEY" -H 'Content-Type: application/json' -d '${quoted}'`;
}

function python(what, models, estimate) {
  return [
    "import json, os, urllib.request",
    "",
    `body = json.loads(${JSON.stringify(body(what, models, estimate))})`,
    "request = urllib.request.Request(",
    `    ${JSON.stringify(address())},`,
    "    data=json.dumps(body).encode(),",
    '    headers={"X-Api-Key": os.environ["KEY"], "Content-Type": "application/json"},',
    ")",
    "for entry in json.load(urllib.request.urlopen(request)):",
    '    print(entry["model"], entry["token_count"], entry["token_cost"])',
  ].join("\n");
}

function javascript(what, models, estimate) {
  return [
    `const answer = await fetch(${JSON.stringify(address())}, {`,
    '  method: "POST",',
    '  headers: { "X-Api-Key": process.env.KEY, "Content-Type": "application/json" },',
    `  body: JSON.stringify(${body(what, models, estimate)}),`,
    "});",
    "console.table(await answer.json());",
  ].join("\n");
}

export const snippets = { curl, python, javascript };
