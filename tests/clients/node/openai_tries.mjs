// What OpenAI's SDK is tried with, in Node and in a page.
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const model = "cipher";
const user = (content) => ({ role: "user", content });
const City = z.object({ city: z.string(), degrees: z.number() });
const temperature = {
  type: "function",
  function: {
    name: "temperature",
    description: "The temperature in a city.",
    parse: JSON.parse,
    function: ({ city }) => (city === "Paris" ? "21" : "0"),
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

function result(answer, ...usages) {
  const sum = (name) => usages.reduce((total, usage) => total + usage[name], 0);
  return { answer, usage: [sum("prompt_tokens"), sum("completion_tokens")] };
}

export const tries = (client) => ({
  async chat() {
    const messages = [user("Hello")];
    const first = await client.chat.completions.create({ model, messages });
    messages.push(first.choices[0].message, user("And now?"));
    const { data: second, response } = await client.chat.completions.create({ model, messages }).withResponse();
    if (!response.headers.get("x-request-cost-inr")) throw new Error("the billing headers cannot be read");
    return result([first, second].map((turn) => turn.choices[0].message.content), first.usage, second.usage);
  },
  async tools() {
    const messages = [user("How warm is it in Paris?")];
    const runner = client.chat.completions.runTools({ model, messages, tools: [temperature] });
    return result(await runner.finalContent(), await runner.totalUsage());
  },
  async stream() {
    const messages = [user("Count to three")];
    const events = client.chat.completions.stream({ model, messages, stream_options: { include_usage: true } });
    const done = await events.finalChatCompletion();
    return result(done.choices[0].message.content, done.usage);
  },
  async structured() {
    const messages = [user("Describe Paris")];
    const done = await client.chat.completions.parse({ model, messages, response_format: zodResponseFormat(City, "city") });
    return result(done.choices[0].message.parsed, done.usage);
  },
  async once() {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const create = () => client.chat.completions.create({ model, messages: [user("Once")] }, { headers });
    const [first, second] = [await create(), await create()];
    return result([first, second].map((turn) => turn.choices[0].message.content), first.usage);
  },
});
