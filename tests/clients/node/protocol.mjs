// A line names what to try, a line of JSON says what came of it.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

export async function attend(name, tries) {
  const { version } = JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url)));
  console.log(JSON.stringify({ version }));
  for await (const line of createInterface({ input: process.stdin })) {
    const said = await tries[line.trim()]().catch((error) => ({ error: String(error.stack) }));
    console.log(JSON.stringify(said));
  }
}
