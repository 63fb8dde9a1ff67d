// Vercel's AI SDK, with its provider for OpenAI-compatible servers.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, Output, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

import { attend } from "./protocol.mjs";

const { GATEWAY_BASE_URL: baseURL, GATEWAY_API_KEY: apiKey } = process.env;
const provider = createOpenAICompatible({
  name: "weighbridge",
  baseURL,
  apiKey,
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const model = provider("cipher");
const temperature = tool({
  description: "The temperature in a city.",
  inputSchema: z.object({ city: z.string() }),
  execute: async ({ city }) => (city === "Paris" ? "21" : "0"),
});

function result(answer, ...usages) {
  const sum = (name) => usages.reduce((total, usage) => total + usage[name], 0);
  return { answer, usage: [sum("inputTokens"), sum("outputTokens")] };
}

await attend("ai", {
  async chat() {
    const messages = [{ role: "user", content: "Hello" }];
    const first = await generateText({ model, messages });
    messages.push(...first.response.messages, { role: "user", content: "And now?" });
    const second = await generateText({ model, messages });
    return result([first.text, second.text], first.usage, second.usage);
  },
  async tools() {
    const options = { tools: { temperature }, stopWhen: stepCountIs(3) };
    const done = await generateText({ model, prompt: "How warm is it in Paris?", ...options });
    return result(done.text, done.totalUsage);
  },
  async stream() {
    const done = streamText({ model, prompt: "Count to three" });
    let text = "";
    for await (const piece of done.textStream) text += piece;
    return result(text, await done.usage);
  },
  async structured() {
    const output = Output.object({ schema: z.object({ city: z.string(), degrees: z.number() }) });
    const done = await generateText({ model, prompt: "Describe Paris", output });
    return result(done.output, done.usage);
  },
  async once() {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const generate = () => generateText({ model, prompt: "Once", headers });
    const [first, second] = [await generate(), await generate()];
    return result([first.text, second.text], first.usage);
  },
});
